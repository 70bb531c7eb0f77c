"""Which classes an arm touches: from a counts file, from `--touched`, or from the arm's name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from segtrial.data.tables.csv_text import csv_records
from segtrial.data.tables.recognise import read_text
from segtrial.data.tables.record import ALL
from segtrial.types.errors import DataError, nearest
from segtrial.types.reanalysis import Touch, TouchedRole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

ROLES: tuple[TouchedRole, ...] = ("host", "target", "touched")
COUNT_COLUMNS = ("arm", "cls", "initial", "final")
_HEADS = {"class": "cls", "before": "initial", "after": "final"}
_BETWEEN = re.compile(r"2|_to_|-to-| to |->|→")
_WHOLE = re.compile(r"\d{1,12}(?:\.0*)?")
MAXIMUM_SPLITS = 20


def touched_classes(
    arms: Sequence[str],
    classes: Sequence[str],
    *,
    counts: Path | None,
    said: str | None,
) -> tuple[tuple[Touch, ...], tuple[str, ...]]:
    """What each of `arms` (without the base) touches, and notes.

    In this order: `said` (`arm:class,arm:class`; `arm:` touches nothing), the counts file (classes
    whose training instances change; fewer = host, more = target), names as `host2target`. Roles
    that `said` leaves open are taken from the others, else they are "touched". Raises DataError
    where nothing tells what an arm touches, and for names that the tables do not have.
    """
    told = parse_touched(said, arms, classes) if said is not None else {}
    counted, notes = read_counts(counts, arms, classes) if counts is not None else ({}, ())
    touches: list[Touch] = []
    for arm in arms:
        named = _from_name(arm, classes)
        if arm in told:
            found: Mapping[str, TouchedRole] = {
                name: (counted.get(arm) or named or {}).get(name, "touched") for name in told[arm]
            }
        elif arm in counted:
            found = counted[arm]
        elif named:
            found = named
        else:
            raise DataError(
                f'Nothing tells which classes the arm "{arm}" touches.',
                where=str(counts) if counts is not None else "",
                expected="a line of the counts file, a name like host2target, or --touched",
                next_step=f'--touched "{arm}:CLASS" ("{arm}:" if it touches none), '
                f'or --base "{arm}" if it is the base',
            )
        touches += [
            Touch(arm=arm, name=name, role=role)
            for name, role in sorted(found.items(), key=lambda item: ROLES.index(item[1]))
        ]
    return tuple(touches), notes


def parse_touched(
    said: str, arms: Sequence[str], classes: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """`arm:class,arm:class`; a part without an arm goes with the one before. Raises DataError."""
    found: dict[str, list[str]] = {}
    arm = ""
    for part in said.split(","):
        match = max((a for a in arms if part.strip().startswith(f"{a}:")), key=len, default="")
        name = part.strip()
        if match:
            arm, name = match, name.removeprefix(f"{match}:").strip()
        elif ":" in name or not arm:
            given = name.partition(":")[0]
            raise DataError(
                f'There is no arm "{given}".',
                where="--touched",
                expected="arm:class,arm:class",
                got=part.strip()[:80],
                next_step=nearest(given, arms) or f"known: {', '.join(arms[:12])}",
            )
        names = found.setdefault(arm, [])
        if name:
            names.append(_class_name(name, classes, "--touched"))
    return {arm: tuple(dict.fromkeys(names)) for arm, names in found.items()}


def read_counts(
    path: Path, arms: Sequence[str], classes: Sequence[str]
) -> tuple[dict[str, dict[str, TouchedRole]], tuple[str, ...]]:
    """Classes whose count changes, by arm, from a CSV `arm,cls,initial,final`, and notes.

    Lines of arms without a table are left out, and a note names them. An arm whose lines all stay
    as they were touches nothing. Raises DataError.
    """
    where = str(path)
    records = csv_records(read_text(path), where)
    first, head = next(records, (1, []))
    names = [_HEADS.get(name.strip().casefold(), name.strip().casefold()) for name in head]
    if any(names.count(name) != 1 for name in COUNT_COLUMNS):
        raise DataError(
            "This is no counts file.",
            where=f"{where}, line {first}",
            expected=",".join(COUNT_COLUMNS),
            got=",".join(head)[:120],
        )
    found: dict[str, dict[str, TouchedRole]] = {}
    seen: set[tuple[str, str]] = set()
    strangers: dict[str, None] = {}
    for line, cells in records:
        place = f"{where}, line {line}"
        arm, name, before, after = _count_row(cells, names, place)
        if arm not in arms:
            strangers[arm] = None
            continue
        if name == ALL:
            continue
        name = _class_name(name, classes, place)
        if (arm, name) in seen:
            raise DataError(f'The counts of "{name}" in {arm} stand twice.', where=place)
        seen.add((arm, name))
        roles = found.setdefault(arm, {})
        if after != before:
            roles[name] = "host" if after < before else "target"
    notes = (f"counts of arms without a table: {', '.join(strangers)}",) if strangers else ()
    return found, notes


def _count_row(cells: Sequence[str], names: Sequence[str], place: str) -> tuple[str, str, int, int]:
    if len(cells) != len(names):
        raise DataError(
            "A line of the counts file has another number of cells than its head.",
            where=place,
            expected=str(len(names)),
            got=str(len(cells)),
        )
    row = dict(zip(names, (cell.strip() for cell in cells), strict=True))
    for column in ("initial", "final"):
        if not _WHOLE.fullmatch(row[column]):
            raise DataError(
                "A count is none.",
                where=f"{place}, {column}",
                expected="a whole number",
                got=f'"{row[column][:40]}"',
            )
    return row["arm"], row["cls"], int(float(row["initial"])), int(float(row["final"]))


def _from_name(arm: str, classes: Sequence[str]) -> dict[str, TouchedRole] | None:
    """Host and target from `host2target`, where exactly one split gives two classes."""
    known = {_loose(name): name for name in classes}
    pairs = {
        (known[host], known[target])
        for match in list(_BETWEEN.finditer(arm))[:MAXIMUM_SPLITS]
        if (host := _loose(arm[: match.start()])) in known
        and (target := _loose(arm[match.end() :])) in known
        and host != target
    }
    if len(pairs) != 1:
        return None
    host, target = pairs.pop()
    return {host: "host", target: "target"}


def _class_name(name: str, classes: Sequence[str], where: str) -> str:
    """The tables' own spelling. Raises DataError for a class that they do not have."""
    if name in classes:
        return name
    known = {_loose(known): known for known in classes}
    if _loose(name) in known:
        return known[_loose(name)]
    raise DataError(
        f'The tables have no class "{name}".',
        where=where,
        expected=f"one of {len(classes)} classes",
        got=f'"{name}"',
        next_step=nearest(name, classes) or f"known: {', '.join(classes[:12])}",
    )


def _loose(name: str) -> str:
    return " ".join(re.split(r"[\s_-]+", name.strip().casefold()))
