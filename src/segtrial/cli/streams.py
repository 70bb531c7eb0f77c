"""What is written where: answers to standard output, everything for people to standard error.

Text from files reaches a terminal only through `clean`, `plain` or `say`.
"""

from __future__ import annotations

import os
import signal
import sys

import typer
from rich.console import Console
from rich.text import Text

PIPE_CLOSED = 128 + signal.SIGPIPE  # what a shell reports for a writer whose reader is gone


def clean(text: str) -> str:
    """Text from files without control characters, which a terminal would obey."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


def plain(text: str, style: str = "") -> Text:
    """Text as it stands: neither control characters nor rich's markup have an effect."""
    return Text(clean(text), style=style)


def say(console: Console, text: str, *, style: str = "", whole: bool = False) -> None:
    """Print a line for people. `whole`: never broken, so that it can be copied."""
    console.print(plain(text, style), soft_wrap=whole)


def stderr() -> Console:
    """Where people read; wide enough for tables when it is no terminal."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        console.width = 110
    return console


def write_out(data: bytes) -> None:
    """Write an answer to standard output; exit code 141 where its reader is gone (`| head`)."""
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError as error:
        # What is left in the buffer goes nowhere: Python flushes it once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(PIPE_CLOSED) from error
