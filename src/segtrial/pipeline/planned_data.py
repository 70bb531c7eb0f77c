"""The data that a trial was planned on: parsed and checked once, then mapped by every run."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec

from segtrial.pipeline.load import Loaded, load_data
from segtrial.store.datasets import load_dataset, save_dataset
from segtrial.types.errors import RecordError

if TYPE_CHECKING:
    from segtrial.pipeline.context import Context
    from segtrial.types.dataset import Dataset
    from segtrial.types.plan import Plan


def planned_data(context: Context, plan: Plan) -> Loaded:
    """Both splits with the fingerprints of the plan, from the trial's store or, where they are
    not there, from the labels. Raises RecordError where the labels have changed since.
    """
    wanted = (plan.train_sha256, plan.val_sha256)
    stored = [_stored(context, sha256) for sha256 in wanted]
    if stored[0] is not None and stored[1] is not None:
        return Loaded(train=stored[0], val=stored[1], notes=plan.notes)
    loaded = load_data(context.trial, root=context.root, generated=context.generated)
    for split, planned in zip((loaded.train, loaded.val), wanted, strict=True):
        if split.fingerprint() != planned:
            raise RecordError(
                "The labels have changed since the trial was planned.",
                where=split.source,
                expected=f"fingerprint {planned[:12]}",
                got=split.fingerprint()[:12],
                next_step="bring the labels back, or run the trial with another --runs folder",
            )
        with contextlib.suppress(RecordError):  # a folder whose name is no text: read it each time
            save_dataset(split, context.labels_path(planned))
    return loaded


def _stored(context: Context, sha256: str) -> Dataset | None:
    """The stored split, if it is there and is what was planned; its geometry is hashed anew."""
    try:
        dataset = load_dataset(context.labels_path(sha256), verify=True)
        dataset = dataset.with_classes(dataset.class_index)
    except (OSError, RecordError, ValueError, msgspec.DecodeError):  # not there, or damaged
        return None
    return dataset if dataset.fingerprint() == sha256 else None
