"""Errors and Ctrl-C become one clear block and an exit code."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
from collections.abc import Iterator

import typer

from segtrial.cli.streams import clean
from segtrial.types.errors import InputError, SegtrialError

BAD_INPUT = 2
RUNS_FAILED = 3
INTERRUPTED = 130

# What to do about the errors of the system that a user meets.
NEXT_STEPS = {
    errno.ENOTDIR: "name a folder: a file stands where one is needed",
    errno.EEXIST: "name a folder: a file stands where one is needed",
    errno.EACCES: "check who may read and write there",
    errno.EPERM: "check who may read and write there",
    errno.EROFS: "name a folder that can be written to",
    errno.ENOSPC: "free space on this disk, then run the same command again",
    errno.EDQUOT: "free space within your quota, then run the same command again",
}


@contextlib.contextmanager
def guarded(resume: str | None = None) -> Iterator[None]:
    """Turn InputError and OSError into a block and exit code 2, Ctrl-C (or SIGTERM) into 130."""
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except InputError as error:
        typer.echo(block(error), err=True)
        raise typer.Exit(BAD_INPUT) from error
    except OSError as error:
        typer.echo(block(refused(error)), err=True)
        raise typer.Exit(BAD_INPUT) from error
    except SegtrialError as error:
        typer.echo(f"error: {clean(str(error))}", err=True)
        raise typer.Exit(RUNS_FAILED) from error
    except KeyboardInterrupt as error:
        hint = f" To go on where it stopped:\n  {clean(resume)}" if resume else ""
        typer.echo(f"\nInterrupted; nothing finished is lost.{hint}", err=True)
        raise typer.Exit(INTERRUPTED) from error
    finally:
        signal.signal(signal.SIGTERM, previous)


def refused(error: OSError) -> InputError:
    """What the operating system refused, as an error of the tree: file, reason, next step."""
    names = [name for name in (error.filename, error.filename2) if isinstance(name, str | bytes)]
    return InputError(
        "The system refused to read or write.",
        where=", ".join(os.fsdecode(name) for name in names),
        got=error.strerror or str(error) or type(error).__name__,
        next_step=NEXT_STEPS.get(error.errno or 0, ""),
    )


def block(error: InputError) -> str:
    """The error as a person reads it: what, where, expected, got, next step."""
    rows = error.rows()
    lines = [f"error: {clean(rows[0][1])}"]
    lines += [f"  {label + ':':<11}{clean(text)}" for label, text in rows[1:]]
    return "\n".join(lines)
