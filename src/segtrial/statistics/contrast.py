"""One arm against its control: estimates, families, verdicts, sentence, put together."""

from __future__ import annotations

import numpy as np

from segtrial.statistics.contrast_input import ContrastInput
from segtrial.statistics.estimates import Estimates, estimate
from segtrial.statistics.permutation import permutation_p, smallest_permutation_p
from segtrial.statistics.sentence import contrast_sentence
from segtrial.statistics.single_runs import single_pairs
from segtrial.statistics.stealth import stealth
from segtrial.statistics.untouched import median_untouched
from segtrial.statistics.verdict import Findings, find
from segtrial.types.arrays import Floats
from segtrial.types.comparison import ClassRow, Contrast, Interval


def compare_arms(inputs: ContrastInput) -> Contrast:
    """What the arm did, class by class, and one verdict for a reader.

    p and conditional interval: moderated t over seeds, unpaired; population interval: images as
    well; named classes: Holm .05; others: Benjamini–Hochberg .10; equivalence: two one-sided
    tests. A class without truth, or undefined in any run, has None instead of numbers and says
    why; ties are ordinary values; runs that all agree are "not testable". With one seed in an arm
    there are differences only; with two also intervals and p; a verdict needs three. The order of
    classes and of runs does not matter. The status is "confounded" where `inputs` gives a reason,
    else "ok"; refusing is the pipeline's part. The permutation's p is a check and decides nothing.
    Formulas and sources: `moderated`, `intervals`, `controls`, `multiplicity`, `equivalence`,
    `untouched`, `stealth`, `permutation`, `single_runs`.
    """
    estimates = estimate(inputs)
    findings = find(inputs, estimates)
    dealt_C = permutation_p(inputs.base_SC, inputs.arm_SC)
    rows = tuple(
        _row(c, inputs, estimates, findings, dealt) for c, dealt in enumerate(dealt_C.tolist())
    )
    median, alarm = median_untouched(inputs)
    pairs = single_pairs(inputs)
    return Contrast(
        arm=inputs.arm,
        control=inputs.control,
        status="ok" if inputs.confounded is None else "confounded",
        reason=inputs.confounded or "",
        verdict=contrast_sentence(inputs, rows, median, alarm, pairs),
        median_untouched=median,
        median_untouched_alarm=alarm,
        classes=rows,
        stealth=stealth(inputs),
        permutation_smallest_p=smallest_permutation_p(*inputs.seeds),
        controls=estimates.controls.note,
        single_pairs=pairs,
    )


def _row(
    c: int, inputs: ContrastInput, estimates: Estimates, findings: Findings, dealt: float
) -> ClassRow:
    """`dealt`: the permutation's p."""
    return ClassRow(
        name=inputs.class_names[c],
        role=inputs.roles[c],
        instances=int(inputs.instances[c]),
        positive_images=int(inputs.positive_images[c]),
        seeds=min(inputs.seeds),
        base=_number(estimates.base[c]),
        arm=_number(estimates.arm[c]),
        difference=_number(estimates.difference[c]),
        base_runs=tuple(_number(value) for value in inputs.base_SC[:, c]),
        arm_runs=tuple(_number(value) for value in inputs.arm_SC[:, c]),
        interval_conditional=_interval(estimates.conditional[c]),
        interval_population=_interval(estimates.population[c]),
        seed_sd=_number(estimates.noise.sd[c]),
        seed_sd_moderated=_number(estimates.noise.sd_moderated[c]),
        df=_number(estimates.noise.df[c] if np.isfinite(estimates.p[c]) else np.nan),
        p=_number(estimates.p[c]),
        p_adjusted=_number(findings.p_adjusted[c]),
        family=findings.family[c],
        smallest_visible=_number(findings.smallest_visible[c]),
        verdict=findings.verdict[c],
        reason=findings.reason[c],
        control_runs=int(estimates.controls.use_RC[:, c].sum()),
        tested_runs=len(inputs.arm_SC),
        permutation_p=_number(dealt),
    )


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _interval(ends: Floats) -> Interval:
    return _number(ends[0]), _number(ends[1])
