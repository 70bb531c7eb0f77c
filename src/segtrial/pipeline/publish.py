"""Records → comparison.json, comparison.csv, flow.json and report.html."""

from __future__ import annotations

import csv
import io
import itertools
from typing import TYPE_CHECKING, TypeAlias

import msgspec
import numpy as np
from PIL import Image

from segtrial.geometry.runs import decode_mask
from segtrial.pipeline.context import Context
from segtrial.pipeline.execute import Bench, open_bench, run_warnings
from segtrial.pipeline.label_flow import FLOW, label_flow
from segtrial.pipeline.truth_pictures import pixels_of, truth_panel
from segtrial.report.colours import class_colours
from segtrial.report.inputs import FailedRun, Panel, Picture, ReportInput, ScoreRow
from segtrial.report.overlay import overlay
from segtrial.report.render import render_report
from segtrial.store.codec import to_json, unpack_detections
from segtrial.store.folder import RunFolder, sha256, write_atomically
from segtrial.types.comparison import ClassRow, Comparison
from segtrial.types.errors import RecordError
from segtrial.types.plan import Plan, PlannedRun

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.types.dataset import Dataset
    from segtrial.types.detections import Detections

PICTURES = 6  # validation images shown, chosen by what they hold of the named classes
SHOWN_SCORE = 0.3  # detections below are not drawn
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a formula begins with
INTERVALS = ("interval_conditional", "interval_population")
ENDS = ("_low", "_high")  # the two columns of an interval
NOT_IN_CSV = ("base_runs", "arm_runs")

Runs: TypeAlias = frozenset[tuple[str, int]]  # (arm, seed)


def publish(
    context: Context,
    plan: Plan,
    comparison: Comparison,
    *,
    sealed: Runs,
    failed: tuple[tuple[PlannedRun, str], ...],
) -> Path:
    """Write the four files and give the report's path. The same records give the same bytes.

    `sealed`: (arm, seed) of the runs that are complete. `failed`: every other run and its reason.
    """
    write_atomically(context.folder / "comparison.json", to_json(comparison))
    write_atomically(context.folder / "comparison.csv", comparison_csv(comparison))
    bench = open_bench(context, plan)
    flow = label_flow(context, plan, sealed, bench.loaded.val)
    write_atomically(context.folder / FLOW, to_json(flow))
    shown = msgspec.structs.replace(plan, notes=plan.notes + run_warnings(context, plan, sealed))
    html = render_report(
        ReportInput(
            plan=shown,
            comparison=comparison,
            flow=flow,
            command=context.command,
            versions=plan.environment,
            hashes={
                "trial file": sha256(context.trial_text.encode()),
                "training labels": plan.train_sha256,
                "validation labels": plan.val_sha256,
            },
            scores=score_rows(context, plan, sealed),
            pictures=pictures(bench, sealed),
            failed=[FailedRun(arm=run.arm, seed=run.seed, reason=reason) for run, reason in failed],
            edits=_ledgers(context, plan),
        )
    )
    path = context.folder / "report.html"
    write_atomically(path, html.encode())
    return path


def comparison_csv(comparison: Comparison) -> bytes:
    """One line a contrast and class; the columns are those of comparison.json, intervals as two.

    An undefined number is an empty cell.
    """
    out = io.StringIO(newline="")
    names = [name for name in ClassRow.__struct_encode_fields__ if name not in NOT_IN_CSV]
    heads = [f"{name}{end}" for name in names for end in (ENDS if name in INTERVALS else ("",))]
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["arm_name", "control_name", "status", *heads])
    for contrast in comparison.contrasts:
        first = (contrast.arm, contrast.control, contrast.status)
        for row in contrast.classes:
            plain = msgspec.to_builtins(row)
            cells = [plain[name] if name in INTERVALS else (plain[name],) for name in names]
            writer.writerow([_safe(cell) for cell in (*first, *itertools.chain(*cells))])
    return out.getvalue().encode()


def _safe(cell: object) -> object:
    """A name or reason that a spreadsheet would take for a formula is quoted; numbers stay."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def score_rows(context: Context, plan: Plan, sealed: Runs) -> list[ScoreRow]:
    """Per arm and class, means over the sealed runs; None where a value is undefined."""
    rows = []
    for arm in plan.arms:
        records = [
            msgspec.json.decode((context.run_path(run.arm, run.seed) / "scores.json").read_bytes())
            for run in plan.runs
            if run.arm == arm.name and (run.arm, run.seed) in sealed
        ]
        for index, name in enumerate(plan.class_names):
            rows.append(
                ScoreRow(
                    arm=arm.name,
                    name=name,
                    instances=plan.val_instances[name],
                    images=plan.val_positive_images[name],
                    box_ap50=_mean(records, "box", index, "AP50"),
                    box_ap=_mean(records, "box", index, "AP"),
                    mask_ap50=_mean(records, "mask", index, "AP50"),
                    mask_ap=_mean(records, "mask", index, "AP"),
                )
            )
    return rows


def _mean(
    records: list[dict[str, dict[str, list[dict[str, float | None]]]]],
    kind: str,
    index: int,
    key: str,
) -> float | None:
    values = [r[kind]["classes"][index][key] for r in records if kind in r]
    defined = [v for v in values if v is not None]
    return float(np.mean(defined)) if defined and len(defined) == len(values) else None


def pictures(bench: Bench, sealed: Runs) -> list[Picture]:
    """Truth, control and arm side by side, first seeds, on the images richest in named classes.

    A picture that cannot be shown is passed over for the next one.
    """
    plan, val = bench.plan, bench.loaded.val
    if val.image_root is None or len(plan.arms) < 2:
        return []
    shown = _detections_by_arm(bench, sealed)
    out: list[Picture] = []
    for image in _images_by_interest(plan, val):
        if len(out) == PICTURES:
            break
        pixels = pixels_of(val, image)
        if pixels is None:
            continue
        panels = [Panel(label="truth", image=truth_panel(val, image, pixels))]
        for (arm, seed), found in shown.items():
            panels.append(
                Panel(label=f"{arm}, seed {seed}", image=_found_panel(val, image, pixels, found))
            )
        out.append(Picture(title=val.image_id[image], panels=panels))
    return out


def _detections_by_arm(bench: Bench, sealed: Runs) -> dict[tuple[str, int], Detections]:
    """The first sealed run of each arm, at most three arms."""
    shown: dict[tuple[str, int], Detections] = {}
    for arm in bench.plan.arms[:3]:
        for run in bench.plan.runs:
            if run.arm == arm.name and (run.arm, run.seed) in sealed:
                folder = RunFolder(bench.context.run_path(run.arm, run.seed))
                data = folder.read("detections.npz")
                if data is None:
                    place = str(folder.path / "detections.npz")
                    raise RecordError("A record is missing.", where=place)
                shown[run.arm, run.seed] = unpack_detections(data, str(folder.path))
                break
    return shown


def _images_by_interest(plan: Plan, val: Dataset) -> list[int]:
    """Images that hold named classes first (of the fewest other objects), then the fullest."""
    named = {plan.class_names.index(n) for arm in plan.arms for n in arm.named_classes}
    is_named = np.isin(val.class_index, sorted(named))
    pairs = np.unique(np.stack([val.image_index, val.class_index])[:, is_named], axis=1)
    kinds = np.bincount(pairs[0], minlength=val.images)
    hits = np.bincount(val.image_index[is_named], minlength=val.images)
    total = np.bincount(val.image_index, minlength=val.images)
    order = np.lexsort((np.where(hits > 0, total, -total), -np.minimum(hits, 4), -kinds))
    return [int(image) for image in order]


def _found_panel(val: Dataset, image: int, pixels: np.ndarray, found: Detections) -> Image.Image:
    height, width = pixels.shape[:2]
    rows = np.flatnonzero((found.image_index == image) & (found.score >= SHOWN_SCORE))
    masks = None
    if found.masks is not None:
        masks = [decode_mask(found.masks, int(r), height=height, width=width) for r in rows]
    names = [val.class_names[c] for c in found.class_index[rows]]
    scores = [float(s) for s in found.score[rows]]
    colours = class_colours(val.class_names)
    return overlay(pixels, found.box_xywh[rows], masks, names, scores, colours)


def _ledgers(context: Context, plan: Plan) -> dict[str, str]:
    """Each arm's first ledger, relative to the report."""
    out = {}
    for arm in plan.arms:
        path = context.arm_path(arm.name, plan.seeds[0]) / "edits.jsonl"
        if arm.change is not None and arm.change.swap is not None and path.is_file():
            out[arm.name] = path.relative_to(context.folder).as_posix()
    return out
