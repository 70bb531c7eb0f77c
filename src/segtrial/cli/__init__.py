"""The command line: parse, call the pipeline, exit codes. Nothing is computed here."""

from __future__ import annotations


def main() -> None:
    """Entry point of the `segtrial` command."""
    from segtrial.cli.app import app

    app()
