"""Small per-class tables as text: Ultralytics' console, CSV and Markdown of the same figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Row = tuple[str, int, int, tuple[float, ...]]
ROWS: tuple[Row, ...] = (
    ("car", 10, 40, (0.7, 0.6, 0.65, 0.4, 0.6, 0.5, 0.55, 0.3)),
    ("traffic light", 10, 25, (0.5, 0.4, 0.45, 0.2, 0.4, 0.3, 0.35, 0.1)),
    ("class 7", 10, 3, (1.0, 0.0, 0.00286, 0.00125, 1.0, 0.0, 0.0, 0.0)),
)
METRICS = tuple(f"{kind} {m}" for kind in ("box", "mask") for m in ("P", "R", "mAP50", "mAP50-95"))
HEAD = "                 Class     Images  Instances      Box(P          R      mAP50  mAP50-95)"
MASK_HEAD = "     Mask(P          R      mAP50  mAP50-95)"
BAR = ": 100%|██████████| 5/5 [00:31<00:00,  9.86it/s]"
CSV_HEAD = (
    "arm,cls,images,instances,box_P,box_R,box_mAP50,box_mAP,mask_P,mask_R,mask_mAP50,mask_mAP"
)


def console(rows: Sequence[Row] = ROWS, *, masks: bool = True, bar: str = BAR) -> str:
    """One table as Ultralytics prints it, with its line `all`."""
    width = 8 if masks else 4
    every: list[Row] = [("all", 10, sum(row[2] for row in rows), rows[0][3]), *rows]
    lines = [HEAD + MASK_HEAD * masks + bar]
    for name, images, instances, values in every:
        figures = "".join(f"{value:>11.3g}" for value in values[:width])
        lines.append(f"{name:>22}{images:>11}{instances:>11}{figures}")
    return "\n".join(lines) + "\n"


def csv_lines(arm: str = "", rows: Sequence[Row] = ROWS) -> str:
    """Lines below `CSV_HEAD`."""
    return "".join(f"{arm},{n},{i}.0,{k}.0,{','.join(map(str, v))}\n" for n, i, k, v in rows)


def markdown(rows: Sequence[Row] = ROWS) -> str:
    lines = [
        "| Class | Images | Instances | " + " | ".join(METRICS) + " |",
        "|:--|" + "--:|" * 10,
    ]
    lines += [f"| **{n}** | {i} | {k} | " + " | ".join(map(str, v)) + " |" for n, i, k, v in rows]
    return "\n".join(lines) + "\n"
