"""What one run an arm may say, in words: never that the change did it. Nothing is computed."""

from __future__ import annotations

from segtrial.statistics.verdict import NAMED_LEVEL
from segtrial.statistics.wording import count, decimals, p_value, series, signed
from segtrial.types.comparison import SinglePair

SPELLED_OUT = 4  # so many named classes get words of their own
CHANCE = 0.05  # of 95 % intervals leave 0 out where nothing differs


def single_pair_sentence(metric: str, pairs: tuple[SinglePair, ...]) -> str:
    """What two checkpoints show: where they differ on such images, and, where at least four single
    runs leave a class alone, whether the arm's run stands apart from those.
    """
    said = ["Cannot tell: one run an arm cannot tell a change from noise."]
    named = [pair for pair in pairs if pair.role != "other" and pair.difference is not None]
    if not named:
        return " ".join([*said, *_counted(pairs)])
    shown = sorted(named, key=lambda pair: -abs(pair.difference or 0))[:SPELLED_OUT]
    rest = len(named) - len(shown)
    groups = (
        ("These two checkpoints differ on such images", [p for p in shown if _differs(p)]),
        (
            "On other such images they might not differ",
            [p for p in shown if _has_interval(p) and not _differs(p)],
        ),
        ("Observed, and perhaps only noise", [p for p in shown if not _has_interval(p)]),
    )
    said += [
        f"{head}: {series([_difference(pair) for pair in group])} {metric}."
        for head, group in groups
        if group
    ]
    if rest:
        said.append(f"And {count(rest, 'more named class')}.")
    return " ".join([*said, *_replicates(shown)])


def _counted(pairs: tuple[SinglePair, ...]) -> list[str]:
    """Where the change names no class: how many differ, and how many would by chance."""
    known = [pair for pair in pairs if _has_interval(pair)]
    if not known:
        return []
    apart = sum(_differs(pair) for pair in known)
    verb = "differs" if apart == 1 else "differ"
    return [
        f"Of {count(len(known), 'class')}, {apart} {verb} between these two checkpoints by more "
        f"than other such images would make; by chance about {CHANCE * len(known):.1f} would."
    ]


def _replicates(pairs: list[SinglePair]) -> list[str]:
    tested = [pair for pair in pairs if pair.p is not None and pair.p_adjusted is not None]
    parts = [
        f"{pair.name} {'stands apart' if (pair.p_adjusted or 0) < NAMED_LEVEL else 'lies among'} "
        f"({count(pair.replicates, 'run')}, {p_value(pair.p_adjusted or 0)})"
        for pair in tested
    ]
    head = "Beside single runs of arms that do not touch the class:"
    return [f"{head} {series(parts)}."] if parts else []


def _difference(pair: SinglePair) -> str:
    assert pair.difference is not None
    low, high = pair.interval_images
    if low is None or high is None:
        return f"{pair.name} {signed(pair.difference, decimals(pair.difference))}"
    digits = decimals(pair.difference, low, high)
    ends = f"95 % over images {signed(low, digits)} to {signed(high, digits)}"
    return f"{pair.name} {signed(pair.difference, digits)} ({ends})"


def _has_interval(pair: SinglePair) -> bool:
    return None not in pair.interval_images


def _differs(pair: SinglePair) -> bool:
    low, high = pair.interval_images
    return low is not None and high is not None and not low <= 0 <= high
