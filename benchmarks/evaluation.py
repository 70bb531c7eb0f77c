"""The evaluation against other tools: seconds, peak memory, growth, bootstrap, first call.

    python -m benchmarks.evaluation --folder FOLDER --peers PYTHON [--shape bdd] [--rounds 5]
        [--only peers,json,store,growth,bootstrap,first] [--without pycocotools]
        [--timeout 1200] [--resamples 2000]

PYTHON: of an environment made for the peers: `python -m venv PEERS`, then `PEERS/bin/python -m pip
install -r benchmarks/peers.txt`. Peers that are not there are left out. The sets are made under
FOLDER, about 1 GB with what is stored, and used again. The tools in Python take
minutes on coco and lvis.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from benchmarks.detection_sets import SET_SHAPES, SetShape, ready, tiny
from benchmarks.evaluation_peers import PEERS
from benchmarks.evaluation_table import NAME_WIDTH, Numbers, Program, Row, alternate, fastest, show
from benchmarks.measured import ChildError, command, run

PARTS = ("peers", "json", "store", "growth", "bootstrap", "first")
OURS = Path(sys.executable)
BOTH = ("box", "mask")
WARM_IMAGES, FIRST_IMAGES = 6, 20
GROWTH = "coco"  # the shape whose parts are measured
BOOTSTRAP = "bdd"


def main() -> None:
    args = _arguments()
    parts = set(args.only.split(",")) if args.only else set(PARTS)
    if parts - set(PARTS):
        sys.exit(f"--only {args.only}: expected some of {', '.join(PARTS)}")
    installed = _peers(args.peers) if parts & {"peers", "bootstrap"} else {}
    for name in args.without:
        installed.pop(name, None)
    _machine(installed)
    for name in args.shape or SET_SHAPES:
        shape = SET_SHAPES[name]
        rows = _one_shape(shape, args, parts, installed)
        if "growth" in parts and name == GROWTH:
            _growth(shape, args)
        if "bootstrap" in parts and name == BOOTSTRAP:
            _bootstrap(shape, args, rows, installed)
    if "first" in parts:
        _first_call(args)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--shape", action="append", choices=list(SET_SHAPES))
    parser.add_argument("--without", action="append", choices=list(PEERS), default=[])
    parser.add_argument("--only")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--timeout", type=float, default=1200, help="seconds for one run")
    parser.add_argument("--resamples", type=int, default=2000)
    args = parser.parse_args()
    args.folder = args.folder.resolve()  # children run from the project's root
    return args


def _peers(python: Path | None) -> dict[str, str]:
    """Installed peers and their versions; what is missing is said."""
    if python is None:
        print("peers left out: no --peers")
        return {}
    try:
        _, _, output = command(
            [str(python), "-m", "benchmarks.evaluation_peers", "versions"], timeout_s=60
        )
    except (ChildError, OSError) as error:
        print(f"peers left out: {python} does not run: {error}")
        return {}
    found: dict[str, str] = json.loads(output)
    for name in PEERS:
        if name not in found:
            print(f"{name} left out: not installed for {python}")
    return found


def _machine(installed: dict[str, str]) -> None:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((x.split(":")[1].strip() for x in lines if x.startswith("model name")), "unknown")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    print(f"{os.cpu_count()} cores of {model}, {memory:.0f} GB; Python {platform.python_version()}")
    ours = {name: version(name) for name in ("segtrial", "numpy", "numba", "msgspec", "hotcoco")}
    print("ours:  " + ", ".join(f"{name} {v}" for name, v in ours.items()))
    print("peers: " + (", ".join(f"{name} {v}" for name, v in installed.items()) or "none"))


def _peer(name: str, kind: str, rules: str, args: argparse.Namespace, home: Path) -> Program:
    files = (str(home / "truth.json"), str(home / "results.json"))
    return Program(
        name=f"{name}: {kind}",
        kinds=(kind,),
        python=args.peers,
        arguments=("-m", "benchmarks.evaluation_peers", name, kind, rules, *files),
    )


def _from_json(what: str, home: Path, warm: Path) -> Program:
    return Program(
        name=f"segtrial, JSON: {'box and mask' if what == 'both' else what}",
        kinds=BOTH if what == "both" else (what,),
        python=OURS,
        arguments=("-m", "benchmarks.evaluation_ours", "json", what, str(home), str(warm)),
    )


def _from_store(home: Path, warm: Path) -> Program:
    return Program(
        name="segtrial, stored: every number, box and mask",
        kinds=BOTH,
        python=OURS,
        arguments=("-m", "benchmarks.evaluation_ours", "store", str(home), str(warm)),
    )


def _warm(shape: SetShape, args: argparse.Namespace) -> Path:
    """A tiny set of the same kind, stored, on which everything has run once and is compiled."""
    truth, _ = ready(tiny(shape, WARM_IMAGES), args.folder)
    home = str(truth.parent)
    for words in (
        ["save", home],
        ["json", "both", home, home],
        ["store", home, home],
        ["bootstrap", home, home, "2"],
    ):
        run(OURS, ["-m", "benchmarks.evaluation_ours", *words], timeout_s=args.timeout)
    return truth.parent


def _save(home: Path, args: argparse.Namespace) -> None:
    """What `store` reads, made anew: the way it is stored may have changed."""
    words = ["-m", "benchmarks.evaluation_ours", "save", str(home)]
    run(OURS, words, timeout_s=args.timeout)


def _one_shape(
    shape: SetShape, args: argparse.Namespace, parts: set[str], installed: dict[str, str]
) -> list[Row]:
    """The table of one set: peers, segtrial from JSON, segtrial from its store."""
    truth, results = ready(shape, args.folder)
    home, rules = truth.parent, "lvis" if shape.federated else "coco"
    programs = []
    if "peers" in parts:
        known = [name for name in installed if rules in PEERS[name]]
        programs = [_peer(name, kind, rules, args, home) for kind in BOTH for name in known]
    if parts & {"json", "store"}:
        warm = _warm(shape, args)
        if "json" in parts:
            programs += [_from_json(what, home, warm) for what in (*BOTH, "both")]
        if "store" in parts:
            _save(home, args)
            programs.append(_from_store(home, warm))
    if not programs:
        return []
    found = shape.images * shape.detections_an_image
    print(
        f"\n{shape.name}: {shape.images} images of {shape.height_px} × {shape.width_px}, "
        f"{shape.classes} classes, {shape.truths:,} truths, {shape.crowds} crowds, "
        f"{found:,} detections; {results.stat().st_size / 1e6:.0f} MB of results; "
        f"medians of {args.rounds}"
    )
    rows = alternate(programs, args.rounds, args.timeout)
    reference: dict[str, Numbers] = {}
    for row in rows:
        if row.program.python == OURS:
            reference = row.numbers | reference  # the first: from JSON, if that was measured
    show(rows, reference)
    print(
        "wall, CPU, above: from the end of the imports to the answer, of segtrial from the end of\n"
        f"a call on {WARM_IMAGES} images that loads the compiled kernels; all, peak: of the whole "
        "process;\ndiffers: the largest difference of any number from segtrial's."
    )
    _ratios(rows)
    return rows


def _ratios(rows: list[Row]) -> None:
    """Ours against the fastest peer: box alone against its box, all else against its masks."""
    peers = [row for row in rows if row.program.python != OURS]
    best = {kind: fastest(peers, kind) for kind in BOTH}
    for row in rows:
        peer = best["box" if row.program.kinds == ("box",) else "mask"]
        if row in peers or row.cost is None or peer is None or peer.cost is None:
            continue
        share = row.cost.cpu_s / peer.cost.cpu_s
        print(f"{row.program.name}: {share:.2f} × the CPU time of {peer.program.name}")


def _growth(shape: SetShape, args: argparse.Namespace) -> None:
    """A quarter, a half and all of a set; a straight line has equal seconds for 1000 images."""
    print(f"\nGrowth: segtrial on parts of {shape.name}, medians of {args.rounds}")
    warm = _warm(shape, args)
    programs, images = [], []
    for part in (shape.part(4), shape.part(2), shape):
        home = ready(part, args.folder)[0].parent
        _save(home, args)
        for program in (_from_json("both", home, warm), _from_store(home, warm)):
            programs.append(replace(program, name=f"{program.name}: {part.images}"))
            images.append(part.images)
    rows = alternate(programs, args.rounds, args.timeout)
    print(f"{'':{NAME_WIDTH + 6}}{'CPU s':>9}{'for 1000':>9}{'peak MB':>9}{'above':>9}")
    pairs = list(zip(rows, images, strict=True))
    for row, count in [*pairs[::2], *pairs[1::2]]:  # JSON, then stored
        if row.cost is None:
            print(f"{row.program.name:{NAME_WIDTH + 6}}  left out: {row.failure}")
            continue
        cost = row.cost
        print(
            f"{row.program.name:{NAME_WIDTH + 6}}{cost.cpu_s:>9.2f}"
            f"{cost.cpu_s / count * 1000:>9.2f}{cost.peak_mb:>9.0f}{cost.above_mb:>9.0f}"
        )


def _bootstrap(
    shape: SetShape, args: argparse.Namespace, rows: list[Row], installed: dict[str, str]
) -> None:
    """AP under image weights, after matching, against one evaluation by pycocotools."""
    truth, _ = ready(shape, args.folder)
    home, warm = truth.parent, _warm(shape, args)
    _save(home, args)
    words = ["bootstrap", str(home), str(warm), str(args.resamples)]
    print(
        f"\nBootstrap: {args.resamples} resamples × {shape.classes} classes × 10 IoUs, {shape.name}"
    )
    spent = []
    for _ in range(args.rounds):
        try:
            cost = run(OURS, ["-m", "benchmarks.evaluation_ours", *words], timeout_s=args.timeout)
        except ChildError as error:
            print(f"left out: {error}")
            return
        spent.append(cost.answer)
    ours = {kind: statistics.median(one[kind] for one in spent) for kind in BOTH}
    print(f"segtrial: box {ours['box']:.2f}, mask {ours['mask']:.2f} CPU s")
    if "pycocotools" not in installed:
        return
    known = {row.program.name: row for row in rows}
    for kind in BOTH:
        program = _peer("pycocotools", kind, "coco", args, home)
        row = known.get(program.name) or alternate([program], 1, args.timeout)[0]
        if row.cost is not None:
            share = sum(ours.values()) / row.cost.cpu_s
            print(
                f"pycocotools, one evaluation, {kind}: {row.cost.cpu_s:.2f} CPU s; "
                f"the bootstrap of box and mask is {share:.2f} of it"
            )


def _first_call(args: argparse.Namespace) -> None:
    """`segtrial evaluate` with nothing compiled yet, and again."""
    truth, results = ready(tiny(SET_SHAPES["coco"], FIRST_IMAGES), args.folder)
    words = [str(OURS), "-m", "segtrial", "evaluate", str(truth), str(results)]
    print(f"\nFirst call: segtrial evaluate, {FIRST_IMAGES} images, medians of {args.rounds}")
    first: list[tuple[float, float]] = []
    second: list[tuple[float, float]] = []
    for _ in range(args.rounds):
        cache = Path(tempfile.mkdtemp())
        try:
            for spent in (first, second):
                environment = {"NUMBA_CACHE_DIR": str(cache)}
                wall, cpu, _ = command(words, timeout_s=args.timeout, environment=environment)
                spent.append((wall, cpu))
        except ChildError as error:
            print(f"left out: {error}")
            return
        finally:
            shutil.rmtree(cache)
    (wall_1, cpu_1), (wall_2, cpu_2) = (
        [statistics.median(values) for values in zip(*spent, strict=True)]
        for spent in (first, second)
    )
    print(f"nothing compiled: {wall_1:.2f} s wall, {cpu_1:.2f} s CPU")
    print(f"compiled:         {wall_2:.2f} s wall, {cpu_2:.2f} s CPU")
    print(f"wait for the compiler: {wall_1 - wall_2:.2f} s wall, {cpu_1 - cpu_2:.2f} s CPU")


if __name__ == "__main__":
    try:
        main()
    except ChildError as failure:  # of preparing a set; a program that is measured is left out
        sys.exit(f"segtrial could not prepare what is measured: {failure}")
