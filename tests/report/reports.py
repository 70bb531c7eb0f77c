"""Four made-up reports: a changed target, 45 classes × 6 arms, trouble, hostile names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec import structs
from PIL import Image

from segtrial.report.inputs import FailedRun, Panel, Picture, ReportInput, ScoreRow
from segtrial.types.comparison import ClassRow, Contrast
from segtrial.types.plan import Difference, PlannedArm
from segtrial.types.recipe import Anchors, MaskRcnnRecipe, Recipe
from segtrial.types.trial import Change, Swap
from tests.report.builders import (
    COUNTS,
    FORTY_FIVE,
    HOSTILE,
    TEN,
    contrast,
    counts_of,
    planned_arm,
    report_input,
    simulated_row,
    swap_arm,
    untested_row,
)


def small_report(**changes: Any) -> ReportInput:
    """(a) 10 classes × 2 arms × 3 seeds: the target lost, the host is open."""
    rng = np.random.default_rng(11)
    effects = {"parking sign": -0.134, "bridge": -0.021}
    roles = {"parking sign": "target", "bridge": "host"}
    rows = []
    for name, instances in counts_of(TEN).items():
        family = "named" if name in roles else "exploratory"
        fields = {"role": roles.get(name, "other"), "family": family}
        row = simulated_row(name, instances, 3, rng, effects.get(name, 0.0), **fields)
        rows.append(row)
    lost = next(row.difference for row in rows if row.name == "parking sign") or 0.0
    verdict = (
        "Relabelling half of the bridges as parking signs lowers mask AP of parking sign by "
        f"{-lost:.3f}; for bridge no change can be told from noise."
    )
    arms = (
        planned_arm("base", TEN),
        swap_arm("bridge2parking_sign", TEN, "bridge", "parking sign"),
    )
    one = contrast(rows, arm="bridge2parking_sign", verdict=verdict)
    fields = {"edits": {"bridge2parking_sign": "arms/bridge2parking_sign/edits.jsonl"}}
    return report_input(arms, [one], TEN, 3, **{**fields, **changes})


def large_report(**changes: Any) -> ReportInput:
    """(b) 45 classes × 6 arms × 5 seeds."""
    rng = np.random.default_rng(2)
    swaps = (("bridge", "parking sign"), ("truck", "car"), ("bus", "traffic light"))
    arms = [planned_arm("base", FORTY_FIVE)]
    arms += [swap_arm(f"{h}2{t}".replace(" ", "_"), FORTY_FIVE, h, t) for h, t in swaps]
    anchors = Anchors(sizes=((8,), (16,), (32,), (64,), (128,)))
    arms.append(
        planned_arm(
            "small_anchors",
            FORTY_FIVE,
            change=Change(recipe={"anchors": {"sizes": [[8], [16], [32], [64], [128]]}}),
            recipe=MaskRcnnRecipe(anchors=anchors),
            differences=(
                Difference(
                    key="anchors.sizes",
                    control=[[32], [64], [128], [256], [512]],
                    arm=[[8], [16], [32], [64], [128]],
                    declared=True,
                ),
            ),
        )
    )
    arms.append(planned_arm("base_again", FORTY_FIVE))
    contrasts = [_large_contrast(arm, rng) for arm in arms[1:]]
    edits = {arm.name: f"arms/{arm.name}/edits.jsonl" for arm in arms[1:4]}
    return report_input(arms, contrasts, FORTY_FIVE, 5, **{"edits": edits, **changes})


def _large_contrast(arm: PlannedArm, rng: np.random.Generator) -> Contrast:
    rows = []
    quiet = arm.name == "base_again"
    for name, instances in counts_of(FORTY_FIVE).items():
        role = "other"
        effect = 0.0 if quiet else float(rng.normal(0, 0.012))
        if name in arm.named_classes:
            role = "host" if name == arm.named_classes[0] else "target"
            effect = -0.02 if role == "host" else -0.11
        elif arm.name == "small_anchors" and instances < 200:
            effect = 0.07
        family = "exploratory" if role == "other" else "named"
        noise = 0.15 if quiet else 1.0
        fields = {"noise": noise, "role": role, "family": family}
        rows.append(simulated_row(name, instances, 5, rng, effect, **fields))
    named = [row for row in rows if row.role != "other"]
    moved = [row.name for row in named if row.verdict == "changed"]
    if named and moved:
        verdict = f"{arm.name} changes mask AP of {', '.join(moved)}."
    elif named:
        verdict = f"{arm.name}: no change of the named classes can be told from noise."
    else:
        verdict = f"{arm.name}: every class is exploratory, since the change names none."
    return contrast(
        rows,
        arm=arm.name,
        verdict=verdict,
        median_untouched_alarm=arm.name.startswith("truck"),
        median_untouched=-0.041 if arm.name.startswith("truck") else -0.001,
    )


def troubled_report(**changes: Any) -> ReportInput:
    """(c) 2 seeds, failed runs, a confounded arm and a refused one."""
    rng = np.random.default_rng(4)
    rows = [simulated_row(n, c, 2, rng, -0.03) for n, c in counts_of(TEN).items()]
    slow = Difference(key="optimizer.lr", control=0.005, arm=0.02, declared=True)
    long = Difference(key="epochs", control=12, arm=24, declared=False)
    batch = Difference(key="batch_size", control=2, arm=4, declared=False)
    recipe: Recipe = MaskRcnnRecipe(epochs=24)
    arms = (
        planned_arm("base", TEN),
        planned_arm(
            "fast_and_long",
            TEN,
            change=Change(recipe={"optimizer": {"lr": 0.02}}),
            recipe=recipe,
            differences=(slow, long),
            confounded="the higher rate needs twice the epochs",
        ),
        structs.replace(swap_arm("bus2car", TEN, "bus", "car"), differences=(batch,)),
    )
    failed = [
        FailedRun(arm="fast_and_long", seed=1, reason="the loss became NaN in epoch 3"),
        FailedRun(arm="bus2car", seed=0, reason="out of memory: 5.2 GiB asked, 3.9 GiB free"),
    ]
    contrasts = _troubled_contrasts(rows)
    return report_input(arms, contrasts, TEN, 2, **{"failed": failed, **changes})


def _troubled_contrasts(rows: Sequence[ClassRow]) -> tuple[Contrast, Contrast]:
    return (
        contrast(
            rows,
            arm="fast_and_long",
            status="confounded",
            reason="epochs differs as well: 12 in base, 24 here.",
            verdict="Two things differ at once, with 2 seeds an arm: nothing can be said.",
        ),
        contrast(
            (),
            arm="bus2car",
            status="refused",
            reason="batch_size differs as well (2 and 4), and the trial file does not accept it.",
            verdict="Not computed: more differs than the declared change.",
            median_untouched=None,
        ),
    )


def hostile_report(**changes: Any) -> ReportInput:
    """(d) every name, text and path means harm."""
    rng = np.random.default_rng(7)
    bad = HOSTILE[0]
    counts = dict(zip(HOSTILE, COUNTS, strict=True))
    roles = {HOSTILE[0]: "host", HOSTILE[4]: "target", HOSTILE[3]: "named"}
    rows = [
        simulated_row(n, c, 3, rng, -0.1 if n in roles else 0.0, role=roles.get(n, "other"))
        for n, c in counts.items()
    ]
    rows.append(untested_row(HOSTILE[1] + "2", bad))
    arm = planned_arm(
        bad,
        TEN,
        change=Change(swap=Swap(host=bad, target=HOSTILE[4])),
        control=HOSTILE[1],
        differences=(Difference(key=bad, control=[HOSTILE[2]], arm={bad: bad}, declared=False),),
        confounded=bad,
        counts_before=counts,
        counts_after={**counts, bad: 1, HOSTILE[4]: 9999},
    )
    base = planned_arm(HOSTILE[1], TEN, control=None)
    one = contrast(
        rows, arm=bad, control=HOSTILE[1], status="confounded", reason=bad, verdict=HOSTILE[2] * 2
    )
    picture = Image.fromarray(np.zeros((20, 30, 3), np.uint8))
    fields: dict[str, Any] = {
        "scores": [undefined_scores(bad, name) for name in counts],
        "command": f"segtrial run '{bad}' && curl http://evil.example",
        "versions": {bad: HOSTILE[2]},
        "hashes": {HOSTILE[1]: bad},
        "pictures": [Picture(title=bad, panels=[Panel(label=HOSTILE[7], image=picture)])],
        "failed": [FailedRun(arm=bad, seed=0, reason=HOSTILE[1])],
        "edits": {bad: 'javascript:alert(1)//" onclick="x'},
    }
    texts = {"trial": HOSTILE[2], "question": bad + HOSTILE[4], "class_names": HOSTILE}
    return report_input((base, arm), (one,), TEN, 3, texts, **{**fields, **changes})


def undefined_scores(arm: str, name: str) -> ScoreRow:
    """A class without a single defined score."""
    return ScoreRow(
        arm=arm,
        name=name,
        instances=1,
        images=1,
        box_ap50=None,
        box_ap=None,
        mask_ap50=None,
        mask_ap=None,
    )
