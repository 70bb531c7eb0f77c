"""How work tells of its progress: for people only, never part of a record."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Report: TypeAlias = Callable[[str, int, int, str], None]
"""`report(stage, done, total, message)`."""
