"""YOLOv8n on COCO val2017 as Ultralytics printed it in a notebook: three tables among logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segtrial.data.tables.read import read_class_table

if TYPE_CHECKING:
    from pathlib import Path

NAME = "ultralytics_yolov8n_coco_val2017_outputs.txt"


def test_box_and_mask_tables_of_a_notebook(shared_data: Path) -> None:
    path = shared_data / "tables" / NAME
    table = read_class_table([f"detect={path}#1", f"segment={path}#2"])
    assert table.notes == ()  # among them: the classes' instances add up to the line "all"
    assert len(table.class_names) == 80
    assert table.instances.sum() == 36335
    assert {"person", "traffic light", "hair drier"} < set(table.class_names)
    person = table.values_ACM[:, table.class_names.index("person")]
    np.testing.assert_array_equal(person[0], [0.751, 0.678, 0.745, 0.515, *[np.nan] * 4])
    np.testing.assert_array_equal(person[1], [0.742, 0.68, 0.743, 0.514, 0.74, 0.654, 0.711, 0.4])
    # The line "all" says 0.521 and 0.37; 0.489 and 0.305 for masks. Means of rounded figures:
    np.testing.assert_allclose(table.values_ACM[0, :, 2:4].mean(axis=0), [0.521, 0.37], atol=6e-4)
    np.testing.assert_allclose(table.values_ACM[1, :, 6:].mean(axis=0), [0.489, 0.305], atol=6e-4)
