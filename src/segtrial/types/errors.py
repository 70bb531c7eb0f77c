"""Every error segtrial raises on purpose.

SegtrialError
├── InputError            the user can mend it: exit code 2, nothing written
│   ├── TrialError        a trial file or an option
│   │   └── ConfoundedError   an arm that differs in more than its declared change
│   ├── DataError         labels or pictures
│   └── RecordError       a run folder that does not fit, or a damaged record
└── RunError              one run failed; the others go on, exit code 3
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class SegtrialError(Exception):
    """Base of all errors raised on purpose."""


class InputError(SegtrialError):
    """Input that cannot be used.

    `what` is one sentence; `where` names file, key, line or record; `expected` and `got`
    say what was wrong; `next_step` says what to do. Empty parts are not shown.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        expected: str = "",
        got: str = "",
        next_step: str = "",
    ) -> None:
        super().__init__(what, where, expected, got, next_step)
        self.what = what
        self.where = where
        self.expected = expected
        self.got = got
        self.next_step = next_step

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.what, self.rows()[1:]))

    def rows(self) -> list[tuple[str, str]]:
        """Label and text of each part that is not empty, in reading order."""
        parts = [
            ("what", self.what),
            ("where", self.where),
            ("expected", self.expected),
            ("got", self.got),
            ("next step", self.next_step),
        ]
        return [(label, text) for label, text in parts if text]

    def __str__(self) -> str:
        return "\n".join(f"{label}: {text}" for label, text in self.rows())


def _rebuild(kind: type[InputError], what: str, rows: list[tuple[str, str]]) -> InputError:
    return kind(what, **{label.replace(" ", "_"): text for label, text in rows})


class TrialError(InputError):
    """A trial file or an option that cannot be used."""


class ConfoundedError(TrialError):
    """An arm that differs from its control in more than the declared change."""


class DataError(InputError):
    """Labels or pictures that cannot be used."""


class RecordError(InputError):
    """A run folder or a record that does not fit, or is damaged."""


class RunError(SegtrialError):
    """One run failed; the others go on."""


def nearest(name: str, known: Iterable[str]) -> str:
    """`did you mean "…"?` for a misspelt name, or an empty string."""
    matches = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f'did you mean "{matches[0]}"?' if matches else ""


def unknown_class(name: str, known: tuple[str, ...], *, what: str, where: str) -> TrialError:
    """The error for a class name that the data do not know; suggests the nearest."""
    return TrialError(
        f'{what}: "{name}".',
        where=where,
        expected=f"one of {len(known)} class names",
        got=f'"{name}"',
        next_step=nearest(name, known) or f"known: {', '.join(known[:12])}",
    )
