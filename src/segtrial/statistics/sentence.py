"""The first thing a reader sees of a contrast: what changed, in a sentence or two.

"Cannot tell" is a full answer here, never dressed up as "no change". Nothing is computed.
"""

from __future__ import annotations

from segtrial.statistics.contrast_input import ContrastInput
from segtrial.statistics.single_sentence import single_pair_sentence
from segtrial.statistics.verdict import seeds_reason, visible_text
from segtrial.statistics.wording import count, decimals, rounded_up, series, signed
from segtrial.types.comparison import ClassRow, SinglePair, Verdict

SPELLED_OUT = 4  # so many named classes of one verdict get a clause each


def contrast_sentence(
    inputs: ContrastInput,
    rows: tuple[ClassRow, ...],
    median: float | None,
    alarm: bool,
    pairs: tuple[SinglePair, ...] = (),
) -> str:
    """The verdict of a contrast for a reader.

    Named classes first, a clause each; then what is to be said of all others together. Before
    it, that the arms differ in more than the change; after it, the alarm of the untouched classes.
    With one run an arm (`pairs`) only what two checkpoints can show.
    """
    sentences = []
    if inputs.confounded is not None:
        sentences.append(
            f"The arms differ in more than the change ({inputs.confounded.rstrip('. ')}), "
            "so no difference can be put down to the change alone."
        )
    if pairs:
        sentences.append(single_pair_sentence(inputs.metric, pairs))
    elif seeds_reason(inputs):
        sentences.append(_too_few_seeds(inputs, rows))
    else:
        named = [row for row in rows if row.role != "other"]
        others = [row for row in rows if row.role == "other"]
        sentences.append(
            _named_and_others(inputs, named, others) if named else _only(inputs, others)
        )
    if alarm and median is not None:
        sentences.append(
            "Warning: classes that the change does not touch moved too "
            f"(by {signed(median, decimals(median))} in the median), "
            "so the control may be broken."
        )
    return " ".join(sentences)


def _too_few_seeds(inputs: ContrastInput, rows: tuple[ClassRow, ...]) -> str:
    seen = [
        f"{row.name} {signed(row.difference)}"
        for row in rows
        if row.role != "other" and row.difference is not None
    ]
    observed = f" Observed, and perhaps only noise: {series(seen)} {inputs.metric}."
    return f"Cannot tell: {seeds_reason(inputs)}.{observed if seen else ''}"


def _named_and_others(inputs: ContrastInput, named: list[ClassRow], others: list[ClassRow]) -> str:
    settled = bool(_having(named, "changed", "equivalent"))
    clauses = [
        *_changed_clauses(inputs, named),
        *_equivalent_clauses(inputs, named),
        *(_open_clauses(named) if settled else _unsettled_clauses(inputs, named)),
        *[f"{row.name} cannot be tested ({row.reason})" for row in _having(named, "not testable")],
    ]
    text = ("" if settled else "Cannot tell: ") + "; ".join(clauses)
    tested = _having(others, "changed", "equivalent", "inconclusive")
    who = count(len(tested), "other class")
    if _having(others, "changed"):
        return f"{text}. Exploratory: {_moves(others, inputs.metric, who)}."
    if tested and len(_having(others, "equivalent")) == len(tested):
        return f"{text}; {who}: no change beyond ±{inputs.margin:g}."
    return f"{text}; {who}: no change found." if tested else f"{text}."


def _only(inputs: ContrastInput, others: list[ClassRow]) -> str:
    """The sentence of a change that names no class."""
    tested = _having(others, "changed", "equivalent", "inconclusive")
    who = count(len(tested), "class")
    if not tested:
        return "Cannot tell: no class can be tested."
    if _having(tested, "changed"):
        return f"Exploratory: {_moves(tested, inputs.metric, who)}."
    open_ = _having(tested, "inconclusive")
    if not open_:
        return f"{who}: no change beyond ±{inputs.margin:g}."
    return f"Cannot tell: no change found in {who} ({_would_have(open_)})."


def _changed_clauses(inputs: ContrastInput, named: list[ClassRow]) -> list[str]:
    """`bridge lost 0.171 mask AP (95 % interval 0.152 to 0.189)`, the largest first."""
    clauses = []
    for row in _by_size(_having(named, "changed")):
        difference, low, high = _estimate(row)
        digits = decimals(difference, low, high)
        verb = "gained" if difference > 0 else "lost"
        near, far = sorted((abs(low), abs(high)))  # 0 is outside: p < .05 before adjustment
        clauses.append(
            f"{row.name} {verb} {abs(difference):.{digits}f} {inputs.metric} "
            f"(95 % interval {near:.{digits}f} to {far:.{digits}f})"
        )
    return clauses


def _equivalent_clauses(inputs: ContrastInput, named: list[ClassRow]) -> list[str]:
    equal = _having(named, "equivalent")
    small = f"no change beyond ±{inputs.margin:g}"
    if len(equal) > SPELLED_OUT:
        return [f"{len(equal)} named classes: {small}"]
    return [f"{row.name}: {small}" for row in equal]


def _open_clauses(named: list[ClassRow]) -> list[str]:
    """Classes of which nothing is known, beside others of which something is."""
    open_ = _having(named, "inconclusive")
    if len(open_) > SPELLED_OUT:
        return [f"{len(open_)} named classes: cannot tell ({_would_have(open_)})"]
    return [f"{row.name}: cannot tell ({_would_have([row])})" for row in open_]


def _unsettled_clauses(inputs: ContrastInput, named: list[ClassRow]) -> list[str]:
    """The same after "Cannot tell:", with what was observed."""
    open_ = _having(named, "inconclusive")
    if len(open_) > SPELLED_OUT:
        return [f"no change found in {len(open_)} named classes ({_would_have(open_)})"]
    clauses = []
    for row in _by_size(open_):
        difference, low, high = _estimate(row)
        clauses.append(
            f"{row.name} {signed(difference)} {inputs.metric} "
            f"(95 % interval {signed(low)} to {signed(high)}; {_would_have([row])})"
        )
    return clauses


def _moves(rows: list[ClassRow], metric: str, who: str) -> str:
    """`car lost 0.030 and bus gained 0.021 mask AP (2 of 12 classes)`, the largest first.

    Of more than SPELLED_OUT classes the rest is counted; the tables hold them all.
    """
    changed = _by_size(_having(rows, "changed"))
    texts = []
    for row in changed[:SPELLED_OUT]:
        difference, _, _ = _estimate(row)
        verb = "gained" if difference > 0 else "lost"
        texts.append(f"{row.name} {verb} {abs(difference):.{decimals(difference)}f}")
    rest = len(changed) - len(texts)
    first = f"{', '.join(texts)} {metric}, and {rest} more" if rest else f"{series(texts)} {metric}"
    return f"{first} ({len(changed)} of {who})"


def _would_have(rows: list[ClassRow]) -> str:
    """`0.06 or more would most likely have been seen`, over the classes given."""
    sizes = [row.smallest_visible for row in rows if row.smallest_visible is not None]
    low, high = min(sizes), max(sizes)
    if low >= 1:
        return "no change of any size would have been seen"
    if high >= 1:
        return f"{visible_text(low)} would most likely have been seen in the quietest class"
    least, most = rounded_up(low), rounded_up(high)
    size = f"{least} or more" if least == most else f"{least} to {most} or more, by class,"
    return f"{size} would most likely have been seen"


def _estimate(row: ClassRow) -> tuple[float, float, float]:
    low, high = row.interval_conditional
    assert row.difference is not None
    assert low is not None
    assert high is not None
    return row.difference, low, high


def _by_size(rows: list[ClassRow]) -> list[ClassRow]:
    return sorted(rows, key=lambda row: -abs(row.difference or 0))


def _having(rows: list[ClassRow], *verdicts: Verdict) -> list[ClassRow]:
    return [row for row in rows if row.verdict in verdicts]
