"""The heads of per-class tables: which column holds what, whatever its author called it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from segtrial.types.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

Field: TypeAlias = Literal["arm", "class", "kind", "images", "instances", "metric", "other"]

METRICS = ("P", "R", "F1", "mAP50", "mAP75", "mAP50-95")
KINDS = ("box", "mask", "pose")
_KIND = re.compile(r"^(box|bbox|mask|segm?|pose)(?:[\s_.:(/-]+|(?=m?ap))(.*)$")
_KIND_NAMES = {"bbox": "box", "seg": "mask", "segm": "mask"}
_FIELDS: dict[str, Field] = {
    **dict.fromkeys(("arm", "model", "run"), "arm"),
    **dict.fromkeys(("class", "cls", "classes", "name", "category"), "class"),
    **dict.fromkeys(("kind", "iou type"), "kind"),
    **dict.fromkeys(("images", "image", "imgs"), "images"),
    **dict.fromkeys(("instances", "labels", "targets", "truths"), "instances"),
}
_METRICS = {
    **dict.fromkeys(("p", "precision"), "P"),
    **dict.fromkeys(("r", "recall"), "R"),
    "f1": "F1",
    **dict.fromkeys(("map50", "ap50", "map@50", "map@.5", "map@0.5", "map0.5"), "mAP50"),
    **dict.fromkeys(("map75", "ap75", "map@75", "map@.75", "map@0.75"), "mAP75"),
    **dict.fromkeys(("map", "ap", "map50-95", "ap50-95", "map50:95", "map50–95"), "mAP50-95"),
    **dict.fromkeys(("map@50-95", "map@.5:.95", "map@0.5:0.95", "map@.5-.95"), "mAP50-95"),
    **dict.fromkeys(("map50_95", "map@50:95", "map@[.5:.95]", "map@[0.5:0.95]"), "mAP50-95"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. `metric`: "box mAP50"; "mAP50" where the row's kind column says of what."""

    field: Field
    metric: str = ""


def table_columns(names: Sequence[str], where: str) -> tuple[Column, ...]:
    """The columns of a CSV or Markdown head; a column that is not known is "other".

    A metric without box or mask in its name belongs to the last kind named before it, as in
    `Box(P R mAP50 mAP50-95)`, else to boxes, or to what the row's kind column says. Raises
    DataError where the head has no class, no metric, or a column twice.
    """
    fields = [_FIELDS.get(_plain(name)) for name in names]
    inherited = "" if "kind" in fields else "box"
    columns = []
    for name, field in zip(names, fields, strict=True):
        if field is not None:
            columns.append(Column(field=field))
            continue
        kind, metric = metric_of(name)
        inherited = kind or inherited
        full = f"{inherited} {metric}".strip()
        columns.append(Column(field="metric", metric=full) if metric else Column(field="other"))
    for needed in ("class", "metric"):
        if all(column.field != needed for column in columns):
            raise DataError(
                f"The table's head names no {needed}.",
                where=where,
                expected=f"a column for the {needed}"
                if needed == "class"
                else "columns such as box_mAP50, Mask(P, mAP50-95",
                got=", ".join(names)[:200],
            )
    seen: set[Column] = set()
    for column in columns:
        if column in seen and column.field != "other":
            raise DataError(
                "The table's head names a column twice.",
                where=where,
                expected="one column each",
                got=column.metric or column.field,
            )
        seen.add(column)
    return tuple(columns)


def names_a_table(names: Sequence[str]) -> bool:
    """Whether a head has a class column and a metric."""
    return any(map(is_class_name, names)) and any(metric_of(name)[1] for name in names)


def is_class_name(name: str) -> bool:
    """Whether this is what the class column is called."""
    return _FIELDS.get(_plain(name)) == "class"


def metric_of(name: str) -> tuple[str, str]:
    """Kind and metric of a column, each "" where it does not say: `Box(P` → ("box", "P")."""
    text = _plain(name)
    match = _KIND.match(text)
    kind = ""
    if match:
        kind, text = _KIND_NAMES.get(match[1], match[1]), match[2]
    metric = _METRICS.get(text.strip(" ()"), "")
    return (kind, metric) if metric else ("", "")


def metric_order(metric: str) -> tuple[int, int]:
    """Where a metric stands among others: box before mask, P, R, …, mAP50-95."""
    kind, _, name = metric.rpartition(" ")
    return KINDS.index(kind), METRICS.index(name)


def _plain(name: str) -> str:
    return " ".join(name.strip().rstrip(":)").casefold().split())
