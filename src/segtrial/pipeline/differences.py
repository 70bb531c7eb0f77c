"""The one-difference rule: an arm's recipe, and the keys in which it differs from its control."""

from __future__ import annotations

from typing import Any

import msgspec

from segtrial.types.errors import ConfoundedError, TrialError
from segtrial.types.plan import Difference
from segtrial.types.recipe import Recipe
from segtrial.types.trial import Arm, Trial


def lineage(trial: Trial, arm: Arm) -> list[Arm]:
    """The arm and its controls, the first arm first: an arm is its control plus its change."""
    by_name = {a.name: a for a in trial.arms}
    chain = [arm]
    while chain[0].name != trial.arms[0].name:
        chain.insert(0, by_name[chain[0].control or trial.arms[0].name])
    return chain


def recipe_of(trial: Trial, arm: Arm, where: str) -> Recipe:
    """The arm's whole recipe. Raises TrialError for a key or value that the recipe refuses."""
    plain: dict[str, Any] = msgspec.to_builtins(trial.recipe)
    for ancestor in lineage(trial, arm):
        if ancestor.change is not None and ancestor.change.recipe:
            plain = _merged(plain, ancestor.change.recipe)
    try:
        return msgspec.convert(plain, type=Recipe)  # type: ignore[no-any-return]
    except msgspec.ValidationError as error:
        raise TrialError(
            "The change does not fit the recipe.",
            where=f'{where}: arm "{arm.name}": change.recipe',
            expected="keys and values of [recipe]",
            got=str(error),
        ) from error


def _merged(plain: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    out = dict(plain)
    for key, value in change.items():
        old = out.get(key)
        nested = isinstance(value, dict) and isinstance(old, dict)
        out[key] = _merged(old, value) if nested and isinstance(old, dict) else value
    return out


def differences(
    control: dict[str, Any],
    arm: dict[str, Any],
    change: dict[str, Any] | None,
    written: dict[str, Any] | None = None,
) -> list[Difference]:
    """Every key in which two recipes act differently; `declared` = the change names it.

    `control`, `arm`: recipes as they act (`Trainer.effective`); `written`: the control's recipe as
    it stands. A key that only the arm reads (the step of a step schedule) comes with a declared
    choice; it counts where the change gives it another value than the control's recipe states.
    Which file and parts other weights fill is no difference of its own where `weights` or
    `backbone` is the change.
    """
    before, after = _leaves(control), _leaves(arm)
    stated = _leaves(written or {})
    declared = set(_leaves(change or {}))
    follows = {"weights", "backbone"} & declared
    found = []
    for key in sorted(after):
        old = before.get(key, stated.get(key, after[key]))
        if old == after[key] or (key not in before and key not in declared):
            continue
        if key.endswith(" weights") and follows:
            continue
        found.append(Difference(key=key, control=old, arm=after[key], declared=key in declared))
    return found


def check_one_difference(arm: Arm, found: list[Difference], where: str) -> None:
    """Raise ConfoundedError for more than one difference, unless the arm says why.

    Raise TrialError for a recipe change that changes nothing.
    """
    assert arm.change is not None
    labels = ["training labels"] if arm.change.swap is not None else []
    total = len(found) + len(labels)
    place = f'{where}: arm "{arm.name}"'
    if total == 0:
        raise TrialError(
            "The change leaves the recipe as it is.",
            where=place,
            expected="another value than the control's, of a key that this model reads",
            got=str(arm.change.recipe),
        )
    if total > 1 and arm.confounded is None:
        listed = [*labels, *(f"{d.key}: {d.control} → {d.arm}" for d in found)]
        raise ConfoundedError(
            "The arm differs from its control in more than one thing; "
            "no effect could be told to be the change's.",
            where=place,
            expected="exactly one difference",
            got="; ".join(listed),
            next_step='make an arm of each, or state confounded = "why" (the report will say it)',
        )


def _leaves(value: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Dotted keys of all values that are no tables."""
    out: dict[str, Any] = {}
    for key, item in value.items():
        if isinstance(item, dict):
            out |= _leaves(item, f"{prefix}{key}.")
        else:
            out[f"{prefix}{key}"] = _plain(item)
    return out


def _plain(item: Any) -> Any:
    return [_plain(v) for v in item] if isinstance(item, (list, tuple)) else item
