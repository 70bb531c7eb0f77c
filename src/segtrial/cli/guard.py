"""Errors and Ctrl-C become one clear block and an exit code."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator

import typer

from segtrial.types.errors import InputError, SegtrialError

BAD_INPUT = 2
RUNS_FAILED = 3
INTERRUPTED = 130


@contextlib.contextmanager
def guarded(resume: str | None = None) -> Iterator[None]:
    """Turn an InputError into its block and exit code 2, and Ctrl-C (or SIGTERM) into 130."""
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except InputError as error:
        typer.echo(block(error), err=True)
        raise typer.Exit(BAD_INPUT) from error
    except SegtrialError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(RUNS_FAILED) from error
    except KeyboardInterrupt as error:
        hint = f" To go on where it stopped:\n  {resume}" if resume else ""
        typer.echo(f"\nInterrupted; nothing finished is lost.{hint}", err=True)
        raise typer.Exit(INTERRUPTED) from error
    except BrokenPipeError:
        # The reader of our output went away (`| head`): not an error of ours.
        os._exit(0)
    finally:
        signal.signal(signal.SIGTERM, previous)


def block(error: InputError) -> str:
    """The error as a person reads it: what, where, expected, got, next step."""
    rows = error.rows()
    lines = [f"error: {clean(rows[0][1])}"]
    lines += [f"  {label + ':':<11}{clean(text)}" for label, text in rows[1:]]
    return "\n".join(lines)


def clean(text: str) -> str:
    """Text from files without control characters, which a terminal would obey."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)
