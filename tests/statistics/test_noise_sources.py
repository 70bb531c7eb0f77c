from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from segtrial.statistics.intervals import image_variance
from segtrial.statistics.moderated import fit_noise_prior, moderated_variance, seed_variance
from segtrial.statistics.noise_sources import NoiseSource, pilot_noise, published_noise
from segtrial.types.errors import TrialError
from tests.statistics import seed_panels as sim
from tests.statistics.drawn_runs import multinomial_weights

CLASSES = 20
COUNTS = np.full(CLASSES, 100)


def arms(*seeds: int, classes: int = CLASSES) -> tuple[list[sim.Array], list[sim.Array]]:
    """Runs and resamples of each arm: noise only."""
    rng = np.random.default_rng(1)
    centre = rng.uniform(0.2, 0.6, classes)
    runs = [centre + rng.normal(0, 0.01, (count, classes)) for count in seeds]
    resampled = [centre + rng.normal(0, 0.03, (40, count, classes)) for count in seeds]
    return runs, resampled


def pilot(*seeds: int, counts: sim.Counts = COUNTS, share_apart: float = 0.15) -> NoiseSource:
    runs, resampled = arms(*seeds, classes=len(counts))
    controls = [None, *[0] * (len(seeds) - 1)]
    return pilot_noise(
        runs,
        resampled,
        controls,
        instances=counts,
        positive_images=counts,
        share_apart=share_apart,
    )


def test_published_noise_is_the_fit_and_half_over_the_root_of_n() -> None:
    found = published_noise(np.array([212, 100]), np.array([0.22, 0.5]), share_apart=0.2)
    # exp(−2.11)·212^−.26·(.22·.78)^.52
    assert found.seed_sd[0] == pytest.approx(0.121238 * 0.248401 * 0.399898, rel=1e-5)
    error = np.sqrt(found.run_image_variance)
    assert error[0] == pytest.approx(0.5 / np.sqrt(212))
    assert error[1] == pytest.approx(0.05 * np.sqrt(0.25 / (0.22 * 0.78)))
    np.testing.assert_allclose(found.image_variance, 0.4 * error**2)
    assert np.isnan(found.seed_sd_ends).all()
    assert (found.prior_df, found.contrasts) == (4, 0)


@pytest.mark.parametrize(
    ("instances", "ap", "share", "where"),
    [
        (0, 0.2, 0.1, "--instances"),
        (10, 0.0, 0.1, "--ap"),
        (10, 1.0, 0.1, "--ap"),
        (10, np.nan, 0.1, "--ap"),
        (10, 0.2, 1.1, "--apart"),
        (10, 0.2, np.nan, "--apart"),
    ],
)
def test_noise_that_was_never_published_is_refused(
    instances: int, ap: float, share: float, where: str
) -> None:
    with pytest.raises(TrialError) as caught:
        published_noise(np.array([instances]), np.array([ap]), share_apart=share)
    assert caught.value.where == where


def test_a_pilot_of_two_arms_has_the_analysis_own_noise() -> None:
    runs, resampled = arms(3, 3)
    found = pilot(3, 3)
    variance = seed_variance(*runs)
    ap = np.concatenate(runs).mean(axis=0)
    prior = fit_noise_prior(variance, ap, COUNTS, 4)
    np.testing.assert_allclose(found.seed_sd, np.sqrt(moderated_variance(variance, 4, prior)))
    np.testing.assert_allclose(found.ap, ap)
    df = 4 + prior.df
    low, high = np.sqrt(df / stats.chi2.ppf([0.975, 0.025], df))
    ends = np.stack([found.seed_sd * low, found.seed_sd * high], axis=1)
    np.testing.assert_allclose(found.seed_sd_ends, ends)
    images = image_variance(*resampled)
    expected = np.maximum(images.total - images.within, 0)
    np.testing.assert_allclose(found.image_variance, expected)
    own = np.concatenate(resampled, axis=1).var(axis=0, ddof=1).mean(axis=0)
    np.testing.assert_allclose(found.run_image_variance, own)
    assert (found.prior_df, found.contrasts) == (4, 1)


def test_arms_pool_their_runs_and_contrasts_their_images() -> None:
    found = pilot(2, 3, 2)
    runs, resampled = arms(2, 3, 2)
    squares = sum((len(arm) - 1) * arm.var(axis=0, ddof=1) for arm in runs)
    prior = fit_noise_prior(squares / 4, found.ap, COUNTS, 4)
    np.testing.assert_allclose(found.seed_sd**2, moderated_variance(squares / 4, 4, prior))
    pairs = [image_variance(resampled[0], arm) for arm in resampled[1:]]
    mean = np.mean([pair.total - pair.within for pair in pairs], axis=0)
    np.testing.assert_allclose(found.image_variance, np.maximum(mean, 0))
    assert found.contrasts == 2


def test_without_a_pair_of_arms_the_share_is_stated() -> None:
    for seeds in ((4,), (4, 1), (4, 0)):
        found = pilot(*seeds, share_apart=0.3)
        assert found.contrasts == 0
        np.testing.assert_allclose(found.image_variance, 0.6 * found.run_image_variance)
        assert (found.seed_sd > 0).all()


def test_few_classes_lend_nothing() -> None:
    found = pilot(3, 3, counts=COUNTS[:14])
    assert found.prior_df == 0
    runs, _ = arms(3, 3, classes=14)
    np.testing.assert_allclose(found.seed_sd**2, seed_variance(*runs))


def test_classes_without_noise_or_images_are_unknown() -> None:
    runs, resampled = arms(3, 3)
    positive = COUNTS.copy()
    positive[0] = 9
    for arm, table in zip(runs, resampled, strict=True):
        arm[:, 1] = 0.25
        arm[:, 2] = np.nan
        table[:, :, 2] = np.nan
        table[:3, :, 3] = np.nan  # 3 of 40 resamples
    found = pilot_noise(runs, resampled, [None, 0], instances=COUNTS, positive_images=positive)
    assert np.isnan(found.seed_sd[:3]).all()
    assert np.isfinite(found.seed_sd[3:]).all()
    assert np.isnan(found.image_variance[[0, 2, 3]]).all()
    assert np.isfinite(found.image_variance[4:]).all()


@pytest.mark.parametrize("seeds", [(1,), (1, 1), (0, 1)])
def test_a_pilot_of_single_runs_is_refused(seeds: tuple[int, ...]) -> None:
    with pytest.raises(TrialError, match="without two runs of one arm"):
        pilot(*seeds)


def test_the_share_that_arms_do_not_share_is_as_simulated() -> None:
    """0 where arms find the same images hard; near .15 where each finds others hard by half."""
    rng = np.random.default_rng(0)
    shares = {}
    for interaction in (0.0, 0.5):
        panel = sim.draw_panel(
            rng,
            np.full(8, 150),
            10,
            skill=np.full(8, -0.9),
            interaction_sd=interaction,
            arm_S=[0] * 5 + [1] * 5,
        )
        weights = multinomial_weights(rng, sim.IMAGES, 150).astype(float)
        resampled = sim.score_panel(panel, weights)
        runs = sim.score_panel(panel)[0]
        counts = np.full(8, 150)
        found = pilot_noise(
            [runs[:5], runs[5:]],
            [resampled[:, :5], resampled[:, 5:]],
            [None, 0],
            instances=counts,
            positive_images=counts,
        )
        shares[interaction] = np.mean(found.image_variance / (2 * found.run_image_variance))
    assert shares[0.0] < 0.02
    assert 0.1 < shares[0.5] < 0.2
