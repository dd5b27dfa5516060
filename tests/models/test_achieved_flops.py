"""The fitted share of peak: recovered effects, corners, shrinkage, vector == scalar."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.models.achieved_flops import (
    ACCELERATOR_PRIOR_SD,
    ARCHITECTURE_PRIOR_SD,
    PUBLICATION_SD,
    ROW_SD,
    WHOLE_RUN_FLOPS,
    WHOLE_RUN_PRIOR_SD,
    below_measured,
    fit_shares,
    fit_whole_run_loss,
    log_odds,
    share_band,
    share_of,
    slope_terms,
    spread_of_runs,
    whole_run_weight,
)

REFERENCE = slope_terms(1e9, 8, 4096, False)


def flat(rows: int):
    return slope_terms(np.full(rows, 1e9), 8, 4096, False)


def test_one_kind_of_rows_gives_their_share_and_half_even_odds() -> None:
    fit = fit_shares(np.full(50, 0.4), flat(50), np.zeros(50), np.zeros(50))
    mean, variance = fit.predict(REFERENCE, 0, 0)
    assert share_of(mean) == pytest.approx(0.4, abs=1e-6)
    # 50 rows, each as uncertain as ROW_SD, and no more to lean on.
    assert np.sqrt(variance) == pytest.approx(ROW_SD / np.sqrt(50), rel=0.01)
    assert share_of(0.0) == 0.5


def test_an_outlier_hardly_moves_the_share() -> None:
    shares = np.append(np.linspace(0.38, 0.42, 40), 0.02)
    mean, _ = fit_shares(shares, flat(41), np.zeros(41), np.zeros(41)).predict(REFERENCE, 0, 0)
    assert share_of(mean) == pytest.approx(0.4, abs=0.003)
    assert abs(share_of(np.mean(log_odds(shares))) - 0.4) > 0.01


def test_shrinkage_is_the_textbook_weight() -> None:
    """A normal mean with a normal prior moves by n / (n + s^2 / tau^2) of the way (Gelman et al., BDA3, eq. 2.12)."""
    # Two architectures with as many rows: the intercept lies in the middle, each effect is shrunk by the prior of an
    # architecture and its only accelerator together.
    rows = 20
    odds = np.repeat([-0.3, 0.3], rows)
    codes = np.repeat([0, 1], rows)
    fit = fit_shares(share_of(odds), flat(2 * rows), codes, codes)
    prior = ARCHITECTURE_PRIOR_SD**2 + ACCELERATOR_PRIOR_SD**2
    weight = rows / (rows + ROW_SD**2 / prior)
    mean, _ = fit.predict(REFERENCE, np.array([0, 1]), np.array([0, 1]))
    assert mean == pytest.approx([-0.3 * weight, 0.3 * weight], rel=0.01)


def test_without_rows_the_mean_is_the_common_one_and_the_variance_larger() -> None:
    odds, codes = np.repeat([-0.3, 0.3], 20), np.repeat([0, 1], 20)
    fit = fit_shares(share_of(odds), flat(40), codes, codes)
    mean, variance = fit.predict(REFERENCE, np.array([0, 0, -1]), np.array([0, -1, -1]))
    assert mean[2] == pytest.approx(0.0, abs=1e-6)
    assert variance[0] < variance[1] < variance[2]
    assert variance[1] - variance[0] > 0.5 * ACCELERATOR_PRIOR_SD**2


def test_far_below_the_rows_the_band_is_wider() -> None:
    fit = fit_shares(np.full(50, 0.4), flat(50), np.zeros(50), np.zeros(50))
    _, variance = fit.predict(slope_terms([1e9, 1e7, 1e5], 8, 4096, False), 0, 0)
    assert np.all(np.diff(variance) > 0)


def test_slopes_count_from_the_reference_and_what_is_not_known_is_the_reference() -> None:
    decades, devices, doublings, fp8 = slope_terms([1e8, 1e9, 1e12], [80, 8, np.nan], [2048, 16384, np.nan], True)
    assert decades == pytest.approx([-1, 0, 0])
    assert devices == pytest.approx([1, 0, 0])
    assert doublings == pytest.approx([0, 2, 0])
    assert fp8 == 1.0


def test_spread_counts_bias_and_few_sources_widen_the_quantile() -> None:
    share = share_of(np.array([0.3, 0.5]))
    sd, quantile = spread_of_runs(share, [0.0, 0.0], sources=2)
    assert sd == pytest.approx(np.sqrt((0.09 + 0.25) / 2))
    assert quantile == 3.078  # Student's t, 1 degree of freedom: tables of 0.90
    assert spread_of_runs(share, 0.0, sources=7)[1] == 1.440
    assert spread_of_runs(share, 0.0, sources=1000)[1] == pytest.approx(1.2816)


@given(st.floats(-3, 3), st.floats(0, 2), st.floats(0.1, 1))
def test_bands_lie_within_0_and_1_and_widen_with_what_is_not_known(mean: float, variance: float, sd: float) -> None:
    low, expected, high = share_band(mean, variance, sd, 1.44)
    assert 0 < low < expected < high < 1
    wider = share_band(mean, variance + 0.1, sd, 1.44)
    assert wider[0] < low and wider[2] > high and wider[1] == expected


def test_vector_is_scalar() -> None:
    generator = np.random.default_rng(1)
    rows = 60
    arch, part = generator.integers(0, 3, rows), generator.integers(0, 5, rows)
    arch[:3], part[:5] = range(3), range(5)
    terms = slope_terms(
        generator.uniform(1e8, 1e11, rows), generator.integers(1, 999, rows), generator.uniform(512, 65536, rows),
        generator.random(rows) > 0.5,
    )  # fmt: skip
    fit = fit_shares(generator.uniform(0.1, 0.7, rows), terms, arch, part)
    mean, variance = fit.predict(terms, arch, part)
    # The quadratic form over the whole design row is what the sum over its few entries must give.
    design = np.hstack([np.ones((rows, 1)), np.column_stack(terms), np.eye(3)[arch], np.eye(5)[part]])
    assert mean == pytest.approx(design @ fit.coefficients)
    assert variance == pytest.approx(np.einsum("ij,jk,ik->i", design, fit.covariance, design))
    for row in (0, 7, 59):
        one = fit.predict(tuple(term[row] for term in terms), arch[row], part[row])
        assert (float(one[0]), float(one[1])) == pytest.approx((mean[row], variance[row]))


def test_below_the_smallest_model_a_step_takes_at_worst_as_long_as_its() -> None:
    sizes = np.array([1e10, 1e8, 1e7, 1e6])
    low, expected, high = below_measured(0.3, 0.5, 0.7, sizes, 1e8)
    assert low == pytest.approx([0.3, 0.3, 0.03, 0.003])
    assert high == pytest.approx([0.7] * 4)
    assert expected == pytest.approx([0.5, 0.5, 0.5 / 10**0.5, 0.05])
    # Time of a step at the low end: size over share, the same for all that are smaller.
    assert np.ptp((sizes / low)[1:]) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1])
def test_impossible_shares_are_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share.*must be above 0 and below 1"):
        log_odds(share)


def test_impossible_sizes_and_no_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="parameters: 0.0 must be above 0"):
        slope_terms(0, 8, 2048, False)
    with pytest.raises(ValueError, match="no rows"):
        fit_shares([], flat(0), [], [])
    with pytest.raises(ValueError, match="sources: 1 must be"):
        spread_of_runs([0.4], [0.0], sources=1)


def test_a_run_is_large_by_its_flops() -> None:
    first, full = WHOLE_RUN_FLOPS
    assert whole_run_weight(1e9, [first / 6e9, np.sqrt(first * full) / 6e9, full / 6e9, 1e15]) == pytest.approx(
        [0.0, 0.5, 1.0, 1.0]
    )
    # Llama 2 70B lost like other large runs; GPT-2 on one machine is small; tokens that are not known count as few.
    assert whole_run_weight(69e9, 2e12) == 1 and whole_run_weight(1.558e9, 33.6e9) == 0
    assert whole_run_weight(69e9, np.nan) == 0
    with pytest.raises(InvalidInput, match="tokens"):
        whole_run_weight(1e9, -1.0)


def test_the_loss_of_large_runs_is_their_mean_held_back() -> None:
    # Two publications of large runs 0.4 below, one of small ones far off: it has no say.
    loss, variance = fit_whole_run_loss([-0.4, -0.4, -0.4, 3.0], [1.0, 1.0, 1.0, 0.0], [0, 0, 1, 2])
    precision = WHOLE_RUN_PRIOR_SD**-2 + 2 * PUBLICATION_SD**-2
    assert loss == pytest.approx(0.4 * 2 * PUBLICATION_SD**-2 / precision) and variance == pytest.approx(1 / precision)
    # More of the same publication say no more; more publications say more, and surer.
    again, _ = fit_whole_run_loss([-0.4] * 10, [1.0] * 10, [0] * 5 + [1] * 5)
    assert again == pytest.approx(loss)
    many, surer = fit_whole_run_loss([-0.4] * 100, [1.0] * 100, range(100))
    assert loss < many < 0.4 and surer < variance
    assert fit_whole_run_loss([-1.0], [0.0], [0]) == (pytest.approx(0.0), pytest.approx(WHOLE_RUN_PRIOR_SD**2))


def test_runs_of_different_numbers_are_refused() -> None:
    with pytest.raises(InvalidInput, match="weight"):
        fit_whole_run_loss([0.1, 0.2], [1.0], [0, 1])
