"""The labels of an arm on disk, in the source's format, with the ledger of its edits."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import msgspec

from segtrial.data.write import is_one_file, label_bytes, write_labels
from segtrial.store.folder import RunFolder
from segtrial.types.dataset import LabelFormat

if TYPE_CHECKING:
    from pathlib import Path

    from segtrial.pipeline.context import Context
    from segtrial.types.dataset import Dataset
    from segtrial.types.edits import Edits
    from segtrial.types.plan import PlannedRun

ONE_FILE = "labels.json"
SEVERAL = "labels"


def write_arm(context: Context, run: PlannedRun, labels: Dataset, edits: Edits) -> None:
    """`arms/<arm>/seed-<n>/`: labels.json, or the folder labels where the format is several files,
    and edits.jsonl; then the hashes of all of them, without which they do not count.
    """
    folder = RunFolder(context.arm_path(run.arm, run.seed))
    if is_one_file(labels):
        folder.write(ONE_FILE, label_bytes(labels))
        names = [ONE_FILE]
    else:
        names = _write_several(labels, folder.path)
    head = {"source_sha256": edits.source_sha256, "result_sha256": edits.result_sha256}
    rows = [msgspec.json.encode(row) for row in (head, *edits.rows)]
    folder.write("edits.jsonl", b"\n".join(rows) + b"\n")
    folder.seal(run.run_id, "labels", [*names, "edits.jsonl"])


def _write_several(labels: Dataset, arm: Path) -> list[str]:
    """Write the folder `labels` anew; names of its files, relative to the arm's folder."""
    root = arm / SEVERAL
    shutil.rmtree(root, ignore_errors=True)
    panoptic = labels.label_format == LabelFormat.COCO_PANOPTIC
    write_labels(labels, root / f"{SEVERAL}.json" if panoptic else root)
    return [path.relative_to(arm).as_posix() for path in sorted(root.rglob("*")) if path.is_file()]
