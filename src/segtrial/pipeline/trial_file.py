"""TOML → Trial: every error names the file, the line where it can, and what was expected."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from segtrial.types import recipe as recipes
from segtrial.types import trial as trials
from segtrial.types.errors import TrialError, nearest
from segtrial.types.trial import Trial

if TYPE_CHECKING:
    from pathlib import Path


def read_trial(path: Path) -> Trial:
    """The trial in a TOML file. Raises TrialError for anything that is no trial."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TrialError(
            "The trial file cannot be read.",
            where=str(path),
            expected="a TOML file",
            got="no such file" if isinstance(error, FileNotFoundError) else str(error),
            next_step="check the path",
        ) from error
    return parse_trial(text, where=str(path))


def parse_trial(text: str, *, where: str) -> Trial:
    """The trial in a TOML text; `where` is named in errors."""
    try:
        trial = msgspec.toml.decode(text, type=Trial)
    except msgspec.ValidationError as error:
        raise _invalid(str(error), text, where) from error
    except msgspec.DecodeError as error:
        raise TrialError(
            "The trial file is no valid TOML.",
            where=_with_line(where, _line_in_message(str(error))),
            expected="TOML 1.0",
            got=str(error),
        ) from error
    check_arms(trial, where)
    return trial


def check_arms(trial: Trial, where: str) -> None:
    """Raise TrialError for arms of one name, unknown or circular controls, empty changes."""
    names = [arm.name for arm in trial.arms]
    for name in names:
        if names.count(name) > 1:
            raise TrialError(
                f'Two arms have the name "{name}".', where=where, expected="unique names"
            )
    if len(set(trial.seeds)) != len(trial.seeds):
        raise TrialError(
            "A seed stands twice.", where=f"{where}: seeds", got=str(list(trial.seeds))
        )
    if trial.arms[0].change is not None or trial.arms[0].control is not None:
        raise TrialError(
            "The first arm is the control; it has no change and no control of its own.",
            where=f'{where}: arm "{names[0]}"',
        )
    for arm in trial.arms[1:]:
        place = f'{where}: arm "{arm.name}"'
        if arm.control is not None and arm.control not in names:
            raise TrialError(
                f'There is no arm "{arm.control}" to be the control.',
                where=place,
                expected="the name of another arm",
                got=f'"{arm.control}"',
                next_step=nearest(arm.control, names),
            )
        if arm.change is None or (arm.change.swap is None and not arm.change.recipe):
            raise TrialError(
                "An arm changes nothing.",
                where=place,
                expected="change = { swap = … } or change = { recipe = … }",
                got="no change",
            )
    _check_circles(trial, where)


def _check_circles(trial: Trial, where: str) -> None:
    control = {arm.name: arm.control or trial.arms[0].name for arm in trial.arms[1:]}
    for start, first in control.items():
        seen, name = {start}, first
        while name in control:
            if name in seen:
                raise TrialError("Controls go in a circle.", where=f'{where}: arm "{start}"')
            seen.add(name)
            name = control[name]


def _invalid(message: str, text: str, where: str) -> TrialError:
    """A TrialError from msgspec's words: `Object contains unknown field `x` - at `$.data``."""
    said, _, place = message.partition(" - at ")
    key = place.strip("`").removeprefix("$").removeprefix(".") or "the top level"
    unknown = re.search(r"unknown field `([^`]*)`", said)
    missing = re.search(r"missing required field `([^`]*)`", said)
    if unknown:
        return TrialError(
            f'Unknown key "{unknown[1]}".',
            where=_with_line(where, _line_of(unknown[1], text), key),
            expected="a key of this table; keys that nothing reads are refused",
            got=f'"{unknown[1]}"',
            next_step=nearest(unknown[1], _known_keys() - {unknown[1]}) or "see docs/trial_file.md",
        )
    if missing:
        return TrialError(f'The key "{missing[1]}" is missing.', where=_with_line(where, None, key))
    last = re.split(r"[.\[]", key)[-1].rstrip("]. ")
    return TrialError(
        "A value cannot be used.",
        where=_with_line(where, _line_of(last, text), key),
        expected=_expected(said),
        got=_got(said, last, text),
    )


def _expected(said: str) -> str:
    match = re.match(r"Expected (.*?)(?:, got .*)?$", said)
    return match[1] if match else said


def _got(said: str, key: str, text: str) -> str:
    match = re.search(r", got (.*)$", said)
    line = _line_of(key, text)
    if line is None:
        return match[1] if match else ""
    return text.splitlines()[line - 1].strip()


def _known_keys() -> set[str]:
    structs = [
        value
        for module in (recipes, trials)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, msgspec.Struct)
    ]
    return {name for struct in structs for name in struct.__struct_encode_fields__}


def _line_of(key: str, text: str) -> int | None:
    for number, line in enumerate(text.splitlines(), start=1):
        said = line.split("#", 1)[0]  # not in a comment
        if re.search(rf"(^|[\s{{,.\[\"']){re.escape(key)}[\"']?\s*[=\].]", said):
            return number
    return None


def _line_in_message(message: str) -> int | None:
    match = re.search(r"line (\d+)", message)
    return int(match[1]) if match else None


def _with_line(where: str, line: int | None, key: str = "") -> str:
    place = f"{where}:{line}" if line else where
    return f"{place} ({key})" if key else place
