"""Made-up but plausible parts of a report: rows, arms, plans, pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from segtrial.report.colours import class_colours
from segtrial.report.inputs import Panel, Picture, ReportInput, ScoreRow
from segtrial.report.overlay import overlay
from segtrial.types.comparison import ClassRow, Comparison, Contrast
from segtrial.types.plan import Plan, PlannedArm, PlannedRun
from segtrial.types.recipe import MaskRcnnRecipe
from segtrial.types.trial import Change, Swap

TEN = (
    "car",
    "traffic sign",
    "traffic light",
    "person",
    "building",
    "bridge",
    "parking sign",
    "truck",
    "bus",
    "train",
)
COUNTS = (4812, 2210, 1730, 1244, 611, 212, 57, 431, 96, 4)
FORTY_FIVE = (
    *TEN,
    *("banner", "billboard", "lane divider", "parking meter", "pole", "polegroup", "street light"),
    *("traffic cone", "traffic device", "traffic sign frame", "vegetation", "terrain", "sky"),
    *("rider", "bicycle", "motorcycle", "caravan", "trailer", "curb", "fence", "garage"),
    *("guard rail", "tunnel", "wall", "fire hydrant", "mail box", "bus stop", "static"),
    *("dynamic", "ego vehicle", "ground", "parking", "rail track", "road", "sidewalk"),
)
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    '"><script src="http://evil.example/x.js"></script>',
    "</title></svg></style><script>alert(2)</script>",
    "W" * 200,
    "שלט חניה <b>גדול</b>",
    "\u202edrawkcab\u0007",
    "{{ 7 * 7 }}",
    "' onfocus='alert(3)",
    "交通标志" * 12,
    "&lt;entity&gt;",
)


def class_row(name: str, **changes: Any) -> ClassRow:
    """A tested bystander with every field filled."""
    row: dict[str, Any] = {
        "name": name,
        "role": "other",
        "instances": 100,
        "positive_images": 80,
        "seeds": 3,
        "base": 0.400,
        "arm": 0.395,
        "difference": -0.005,
        "base_runs": (0.398, 0.400, 0.402),
        "arm_runs": (0.392, 0.395, 0.398),
        "interval_conditional": (-0.015, 0.005),
        "interval_population": (-0.020, 0.010),
        "seed_sd": 0.004,
        "seed_sd_moderated": 0.005,
        "df": 8.0,
        "p": 0.3,
        "p_adjusted": 0.6,
        "family": "exploratory",
        "smallest_visible": 0.02,
        "verdict": "inconclusive",
        "reason": "",
    }
    return ClassRow(**{**row, **changes})


def untested_row(name: str, reason: str, **changes: Any) -> ClassRow:
    """A row without a single defined number."""
    nothing: dict[str, Any] = dict.fromkeys(
        ("base", "arm", "difference", "seed_sd", "seed_sd_moderated", "df", "p", "p_adjusted")
    )
    nothing |= {"smallest_visible": None, "family": "none", "verdict": "not testable"}
    nothing |= {"interval_conditional": (None, None), "interval_population": (None, None)}
    nothing |= {"base_runs": (None,) * 3, "arm_runs": (None,) * 3, "reason": reason}
    return class_row(name, **{"instances": 4, "positive_images": 4, **nothing, **changes})


def contrast(rows: Sequence[ClassRow], **changes: Any) -> Contrast:
    """An "ok" contrast of `arm` against `base`."""
    fields: dict[str, Any] = {
        "arm": "arm",
        "control": "base",
        "status": "ok",
        "reason": "",
        "verdict": "A sentence for the reader.",
        "median_untouched": -0.002,
        "median_untouched_alarm": False,
        "classes": tuple(rows),
    }
    return Contrast(**{**fields, **changes})


def simulated_row(
    name: str,
    instances: int,
    seeds: int,
    rng: np.random.Generator,
    effect: float,
    *,
    noise: float = 1.0,
    **changes: Any,
) -> ClassRow:
    """A row as the statistics might give it: rarer classes are noisier."""
    if instances < 10:
        few = {"instances": instances, "positive_images": instances, "seeds": seeds}
        few |= dict.fromkeys(("base_runs", "arm_runs"), (None,) * seeds)
        reason = f"only {instances} validation images show it; 10 are needed"
        return untested_row(name, reason, **{**few, **changes})
    level = rng.uniform(0.12, 0.55)
    sd = noise * 0.121 * instances**-0.26 * (level * (1 - level)) ** 0.52
    base_runs, arm_runs = (
        tuple(float(v) for v in np.clip(mean + rng.normal(0, sd, seeds), 0.01, 0.99))
        for mean in (level, level + effect)
    )
    half = 2.3 * sd * math.sqrt(2 / max(seeds, 2))
    wide = math.hypot(half, noise * 0.6 / math.sqrt(instances))
    base, arm = float(np.mean(base_runs)), float(np.mean(arm_runs))
    fields: dict[str, Any] = {
        "instances": instances,
        "positive_images": max(instances // 3, 10),
        "seeds": seeds,
        "base": base,
        "arm": arm,
        "difference": arm - base,
        "base_runs": base_runs,
        "arm_runs": arm_runs,
        "interval_conditional": (arm - base - half, arm - base + half),
        "interval_population": (arm - base - wide, arm - base + wide),
        "smallest_visible": half * 1.35,
    }
    return class_row(name, **{**fields, **_judged(arm - base, half, seeds), **changes})


def _judged(difference: float, half: float, seeds: int) -> dict[str, Any]:
    """p and verdict of a difference whose interval reaches `half` to each side."""
    p = min(1.0, math.exp(-((difference / half) ** 2) * 2))
    if seeds < 3:
        reason = f"{seeds} seeds an arm; a verdict takes 3"
        return {"p": p, "p_adjusted": None, "verdict": "not testable", "reason": reason}
    verdict = "changed" if abs(difference) > half * 1.1 else "inconclusive"
    if abs(difference) + half * 0.8 < 0.02 and verdict != "changed":
        verdict = "equivalent"
    return {"p": p, "p_adjusted": min(1.0, p * 2), "verdict": verdict}


def counts_of(names: Sequence[str]) -> dict[str, int]:
    """Long-tailed counts; the last two classes are too rare to test."""
    rng = np.random.default_rng(5)
    tail = np.sort(rng.lognormal(5.2, 1.5, len(names)).astype(int) + 3)[::-1]
    known = dict(zip(TEN, COUNTS, strict=True))
    return {name: known.get(name, int(n)) for name, n in zip(names, tail, strict=True)}


def planned_arm(name: str, names: Sequence[str], **changes: Any) -> PlannedArm:
    """An arm as planned; control "base" unless it is the base."""
    counts = {n: c * 4 for n, c in counts_of(names).items()}
    fields: dict[str, Any] = {
        "name": name,
        "control": None if name == "base" else "base",
        "change": None,
        "recipe": MaskRcnnRecipe(),
        "differences": (),
        "named_classes": (),
        "touched_classes": (),
        "confounded": None,
        "counts_before": counts,
        "counts_after": counts,
    }
    return PlannedArm(**{**fields, **changes})


def swap_arm(name: str, names: Sequence[str], host: str, target: str) -> PlannedArm:
    """An arm that relabels half of the host as the target."""
    before = {n: c * 4 for n, c in counts_of(names).items()}
    moved = before[host] // 2
    after = {**before, host: before[host] - moved, target: before[target] + moved}
    return planned_arm(
        name,
        names,
        change=Change(swap=Swap(host=host, target=target)),
        named_classes=(host, target),
        touched_classes=(host, target),
        counts_before=before,
        counts_after=after,
    )


def plan(arms: Sequence[PlannedArm], names: Sequence[str], seeds: int, **changes: Any) -> Plan:
    """A plan over `names` with seeds 0, 1, …"""
    counts = counts_of(names)
    fields: dict[str, Any] = {
        "trial": "bridges_as_parking_signs",
        "question": "What does relabelling half of the bridges as parking signs do?",
        "primary": "mask AP",
        "margin": 0.02,
        "resamples": 2000,
        "seeds": tuple(range(seeds)),
        "class_names": tuple(names),
        "train_images": 3500,
        "val_images": 1000,
        "train_sha256": "3f1a" * 16,
        "val_sha256": "9c07" * 16,
        "val_instances": counts,
        "val_positive_images": {n: max(c // 3, 1) for n, c in counts.items()},
        "environment": {"python": "3.11.9", "numpy": "2.4.6"},
        "arms": tuple(arms),
        "runs": tuple(
            PlannedRun(
                arm=arm.name, seed=s, run_id=f"{7919 * (s + 1):016x}", labels_sha256="ab" * 32
            )
            for arm in arms
            for s in range(seeds)
        ),
    }
    return Plan(**{**fields, **changes})


def report_input(
    arms: Sequence[PlannedArm],
    contrasts: Sequence[Contrast],
    names: Sequence[str],
    seeds: int,
    plan_changes: dict[str, Any] | None = None,
    **changes: Any,
) -> ReportInput:
    """A report's input with scores for every arm and class."""
    made = plan(arms, names, seeds, **(plan_changes or {}))
    fields: dict[str, Any] = {
        "plan": made,
        "comparison": Comparison(
            trial=made.trial,
            estimand="Expectation over training seeds of mask AP(arm) − mask AP(control), class by "
            "class, on 1,000 validation images.",
            primary_metric="mask AP",
            seeds=seeds,
            failed_runs=(),
            contrasts=tuple(contrasts),
        ),
        "command": "segtrial run trials/bridges.toml --runs runs --data data",
        "versions": {"segtrial": "0.1.0", "torch": "2.8.0", "torchvision": "0.23.0"},
        "hashes": {"trial file": "7be2" * 16, "training labels": "3f1a" * 16},
        "scores": [row for arm in arms for row in score_rows(arm.name, names)],
        "edits": {},
    }
    return ReportInput(**{**fields, **changes})


def score_rows(arm: str, names: Sequence[str]) -> list[ScoreRow]:
    """Scores of an arm; classes on fewer than 10 instances are undefined."""
    rng = np.random.default_rng(len(arm))
    rows = []
    for name, instances in counts_of(names).items():
        box = None if instances < 10 else float(rng.uniform(0.2, 0.6))
        values = (None,) * 4 if box is None else (box, box * 0.6, box * 0.95, box * 0.52)
        rows.append(
            ScoreRow(
                arm=arm,
                name=name,
                instances=instances,
                images=max(instances // 3, 1),
                box_ap50=values[0],
                box_ap=values[1],
                mask_ap50=values[2],
                mask_ap=values[3],
            )
        )
    return rows


def scene(seed: int, height: int, width: int) -> tuple[Any, Any, list[Any], list[str]]:
    """A picture of a road with a few objects: image (H, W, 3), boxes, masks, names."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width]
    image = np.zeros((height, width, 3))
    image[...] = np.where((rows < height * 0.45)[..., None], (168, 190, 214), (98, 100, 104))
    image += rng.normal(0, 6, (height, width, 1))
    boxes, masks, names = [], [], []
    for name, share in (("bridge", 0.5), ("car", 0.25), ("car", 0.2), ("parking sign", 0.1)):
        w, h = width * share * rng.uniform(0.7, 1.1), height * share * rng.uniform(0.5, 0.9)
        x, y = rng.uniform(-0.05, 0.9) * (width - w / 2), rng.uniform(0.1, 0.8) * (height - h / 2)
        inside = ((columns - x - w / 2) / (w / 2)) ** 4 + ((rows - y - h / 2) / (h / 2)) ** 4 < 1
        image[inside] = rng.uniform(40, 220, 3)
        boxes.append((x, y, w, h))
        masks.append(inside)
        names.append(name)
    return np.clip(image, 0, 255).astype(np.uint8), np.array(boxes), masks, names


def pictures(count: int, height: int = 128, width: int = 160) -> list[Picture]:
    """Rows of truth, base and arm."""
    colours = class_colours(["bridge", "parking sign", "car"])
    made = []
    for seed in range(count):
        image, boxes, masks, names = scene(seed, height, width)
        other = ["parking sign" if name == "bridge" else name for name in names]
        scores = [0.97, 0.88, 0.61, 0.34]
        panels = (
            Panel(label="truth", image=overlay(image, boxes, masks, names, None, colours)),
            Panel(label="base", image=overlay(image, boxes, masks, names, scores, colours)),
            Panel(label="arm", image=overlay(image, boxes, masks, other, scores, colours)),
        )
        made.append(
            Picture(title=f"Image {seed:05d}: the bridge is called a parking sign", panels=panels)
        )
    return made
