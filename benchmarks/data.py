"""Label files read into columns against pycocotools: seconds, peak memory, growth.

    python -m benchmarks.data [--rounds 5] [--boxes det_train_boxes.json.gz] [--skip-lvis]

Every measurement is a process of its own. Peak memory is the process's largest resident size less
what it had with its modules imported. Rounds alternate between ours and pycocotools; medians and
the ratio of the medians are printed. `--boxes`: a Scalabel file of 69,862 frames and 1.29 M boxes
(BDD100K's; not part of the project).
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.label_files import write_coco_like, write_lvis_like

CHILD = """
import json, resource, sys, time
from pathlib import Path
what, path = sys.argv[1], Path(sys.argv[2])
if what == "pycocotools":
    import contextlib, io
    from pycocotools.coco import COCO
    def read(path):
        with contextlib.redirect_stdout(io.StringIO()):
            return len(COCO(str(path)).anns)
elif what == "stored":
    from segtrial.store.datasets import load_dataset
    def read(path):
        return load_dataset(path).instances
elif what == "store":
    from segtrial.data.read import read as read_labels
    from segtrial.store.datasets import save_dataset
    def read(path):
        dataset = read_labels(path, None)
        save_dataset(dataset, path.with_suffix(".labels"))
        return dataset.instances
else:
    from segtrial.data.read import read as read_labels
    def read(path):
        return read_labels(path, None).instances
resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
begin = time.perf_counter()
instances = read(path)
seconds = time.perf_counter() - begin
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - resident
print(json.dumps([instances, seconds, peak / 1024]))
"""


def measure(what: str, path: Path) -> tuple[int, float, float]:
    """Instances, seconds and peak MB of one reading in a new process."""
    command = [sys.executable, "-c", CHILD, what, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    instances, seconds, peak = json.loads(done.stdout)
    return instances, seconds, peak


def alternate(kinds: dict[str, Path], rounds: int) -> dict[str, tuple[int, float, float]]:
    """Medians of each kind over alternating rounds."""
    found: dict[str, list[tuple[int, float, float]]] = {kind: [] for kind in kinds}
    for _ in range(rounds):
        for kind, path in kinds.items():
            found[kind].append(measure(kind, path))
    return {
        kind: (
            rows[0][0],
            statistics.median(row[1] for row in rows),
            statistics.median(row[2] for row in rows),
        )
        for kind, rows in found.items()
    }


def show(name: str, row: tuple[int, float, float], against: float | None = None) -> None:
    ratio = "" if against is None else f"{against / row[1]:9.1f} ×"
    print(f"{name:44}{row[0]:>10,}{row[1]:>10.4f} s{row[2]:>9.0f} MB{ratio}")


def coco_like(folder: Path, rounds: int) -> None:
    path = folder / "instances_val.json"
    write_coco_like(path, images=5000, instances=36_781)
    print(f"COCO-val-like: 5000 images, 36,781 instances, {path.stat().st_size / 1e6:.1f} MB")
    measure("store", path)
    kinds = {"pycocotools": path, "read": path, "stored": path.with_suffix(".labels")}
    rows = alternate(kinds, rounds)
    theirs = rows["pycocotools"][1]
    show("pycocotools: json and index", rows["pycocotools"])
    show("segtrial: read to columns", rows["read"], theirs)
    show("segtrial: opened again from the store", rows["stored"], theirs)


def lvis_like(folder: Path, rounds: int) -> None:
    print("\nLVIS-train-like: growth")
    for share in (8, 4, 2, 1):
        path = folder / f"lvis_{share}.json"
        write_lvis_like(path, images=100_170 // share, instances=1_270_141 // share)
        size = path.stat().st_size / 1e6
        rows = alternate({"read": path}, max(1, rounds // 2))
        show(f"1/{share}: {size:.0f} MB of text", rows["read"])
        path.unlink()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--boxes", type=Path)
    parser.add_argument("--skip-lvis", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        coco_like(folder, args.rounds)
        if args.boxes is not None:
            print(f"\nScalabel boxes, packed {args.boxes.stat().st_size / 1e6:.0f} MB")
            show("segtrial: read to columns", alternate({"read": args.boxes}, args.rounds)["read"])
        if not args.skip_lvis:
            lvis_like(folder, args.rounds)


if __name__ == "__main__":
    main()
