"""Service times through percentiles: what is given is met, moments are those of the distribution."""

from __future__ import annotations

import numpy as np
import pytest

from costlib.errors import InvalidInput
from costlib.models.normal_scores import normal_score, normal_share
from costlib.models.service_time import SHARES, lognormal_times, service_times

NAN = np.nan


def test_normal_share_is_the_normal_distribution() -> None:
    """1.959964 is the 97.5th percentile of every statistics book."""
    assert normal_share(np.array([1.959963985])) == pytest.approx(0.975, abs=1e-7)
    scores = np.linspace(-4, 4, 101)
    assert np.allclose([normal_score(share) for share in normal_share(scores)], scores, atol=2e-3)


def test_one_slope_is_a_lognormal() -> None:
    """A lognormal of mean 2 and squared variation 0.5 has p95 = 2 exp(1.645 s - s**2 / 2), s**2 = ln 1.5."""
    found = lognormal_times([2.0], [0.5])
    spread = np.sqrt(np.log(1.5))
    assert found.mean_seconds == pytest.approx(2.0, rel=1e-6)
    assert found.squared_variation == pytest.approx(0.5, rel=1e-5)
    assert found.quantile(0.95) == pytest.approx(2 * np.exp(1.6448536 * spread - spread**2 / 2), rel=1e-6)
    # Third moment of a lognormal: mean**3 (1 + v)**3.
    assert found.moment(3) == pytest.approx(8 * 1.5**3, rel=1e-4)


def test_percentiles_and_mean_are_met() -> None:
    given = [[0.1, NAN, NAN, 0.3, 0.7, NAN], [0.1, 0.12, 0.2, 0.25, 0.3, 0.9], [0.1, NAN, NAN, 0.1, NAN, NAN]]
    found = service_times(given, [0.13, 0.115, NAN])
    for row, times in enumerate(given):
        for share, seconds in zip(SHARES, times, strict=True):
            if np.isfinite(seconds):
                assert found.quantile(share)[row] == pytest.approx(seconds, rel=1e-3), (row, share)
    assert found.mean_seconds[:2] == pytest.approx([0.13, 0.115], rel=1e-6)
    assert np.all(found.mean_error_fraction == 0)


def test_the_tail_goes_on_with_the_lesser_slope() -> None:
    """p50 and p95 alike, p99 three times as long: a step, not a tail; p99.9 is no nine times as long."""
    step = service_times([[0.1, NAN, NAN, 0.1001, 0.3, NAN]])
    assert step.quantile(0.9999)[0] == pytest.approx(0.3, rel=0.01)
    light = service_times([[0.1, NAN, NAN, 0.2, 0.21, NAN]])
    assert light.quantile(0.999)[0] < 0.225


def test_a_mean_that_percentiles_do_not_allow_is_said() -> None:
    found = service_times([[0.1, NAN, NAN, 0.2, NAN, NAN]], [0.4])
    assert found.mean_error_fraction[0] < -0.5


def test_moments_are_those_of_draws() -> None:
    """Two million draws by the quantile function: the mean of squares is within half a percent (its own error 0.2)."""
    found = service_times([[0.1, NAN, 0.2, 0.3, 0.7, NAN]], [0.14])
    drawn = found.at_score(np.random.default_rng(0).standard_normal((1, 2_000_000)))[0]
    assert found.mean_seconds[0] == pytest.approx(drawn.mean(), rel=2e-3)
    assert found.moment(2)[0] == pytest.approx((drawn**2).mean(), rel=1e-2)
    limits = np.array([[0.05, 0.1, 0.25, 0.6, 2.0]])
    assert found.limited_mean(limits)[0] == pytest.approx([np.minimum(drawn, x).mean() for x in limits[0]], rel=3e-3)
    assert found.share_below(limits)[0] == pytest.approx([(drawn < x).mean() for x in limits[0]], abs=2e-3)


def test_widened_adds_variances_of_logarithms() -> None:
    """Lognormal times a lognormal of mean 1 is a lognormal: 1 + v = (1 + 0.5) (1 + 0.3), with the mean kept."""
    found = lognormal_times([2.0], [0.5]).widened(0.3)
    assert found.mean_seconds == pytest.approx(2.0, rel=1e-4)
    assert found.squared_variation == pytest.approx(1.5 * 1.3 - 1, rel=1e-2)
    given = service_times([[0.1, NAN, NAN, 0.12, 0.3, NAN]], [0.11])
    rng = np.random.default_rng(1)
    drawn = given.at_score(rng.standard_normal((1, 400_000)))[0]
    drawn = drawn * np.exp(np.sqrt(np.log(1.4)) * rng.standard_normal(400_000) - np.log(1.4) / 2)
    wide = given.widened(0.4)
    assert wide.quantile(0.95)[0] == pytest.approx(np.quantile(drawn, 0.95), rel=0.01)
    assert wide.quantile(0.99)[0] == pytest.approx(np.quantile(drawn, 0.99), rel=0.02)
    assert given.widened(0.0) is given


def test_scaled_and_rows() -> None:
    found = service_times([[0.1, NAN, NAN, 0.3, 0.7, NAN], [1, NAN, NAN, 2, 3, NAN]])
    assert found.scaled([2.0, 3.0]).quantile(0.95) == pytest.approx([0.6, 6.0], rel=1e-6)
    assert found.rows(np.array([1])).quantile(0.99) == pytest.approx([3.0], rel=1e-6)


@pytest.mark.parametrize(
    ("percentiles", "mean", "words"),
    [
        ([[0.1, NAN, NAN, 0.05, NAN, NAN]], NAN, "below a lower percentile"),
        ([[NAN, NAN, NAN, 0.05, NAN, NAN]], NAN, "p50"),
        ([[0.1, NAN, NAN, NAN, 0.2, NAN]], NAN, "p95"),
        ([[-0.1, NAN, NAN, 0.2, NAN, NAN]], NAN, "above 0"),
        ([[0.1, NAN, NAN, 0.2, NAN, NAN]], 0.0, "mean_seconds"),
        ([[0.1, 0.2]], NAN, "shape"),
    ],
)
def test_refused(percentiles: list, mean: float, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        service_times(percentiles, mean)
