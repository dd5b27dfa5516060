"""How long one request takes on a worker: a distribution through what a load test reports of it.

The logarithm of the time is linear in the normal score between the percentiles that are known, so one slope alone is a
lognormal distribution. Beyond the last the lesser of the last two slopes goes on, as a steep step between two
percentiles is rather of two kinds of requests than of a tail; below p50 the slope is the one that gives the mean. All
moments are sums of lognormal pieces: for log t = a + b z on z from u to v,
the part of E[t**k] is exp(k a + k**2 b**2 / 2) (N(v - k b) - N(u - k b)), N the normal distribution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.models.checks import not_negative, one
from costlib.models.normal_scores import normal_score, normal_share

Floats = npt.NDArray[np.float64]

#: The percentiles that a load test may report, as shares.
SHARES = (0.5, 0.75, 0.9, 0.95, 0.99, 0.999)
_JOINTS = np.array([normal_score(share) for share in SHARES])
#: Where pieces meet, in normal scores; the first and the last reach to infinity.
_KNOTS = np.array([-np.inf, *_JOINTS, np.inf])
#: The least slope: a time that never varies, to a hundredth of a percent.
_LEAST_SLOPE = 1e-4
_MOST_SLOPE = 8.0
_BISECTIONS = 40
#: Points of a distribution that is multiplied by another.
_FACTORS = 400


@dataclass(frozen=True)
class ServiceTimes:
    """Distributions of service times, a row each: log t = ``level`` + ``slope`` x score, in pieces (rows, 7).

    ``mean_error_fraction`` (rows,): how far the mean asked for is from the one that the percentiles allow, 0 where it
    was met or not given.
    """

    level: Floats
    slope: Floats
    mean_error_fraction: Floats

    def moment(self, order: int) -> Floats:
        """E[t**order] (rows,), seconds**order."""
        a, b = order * self.level, order * self.slope
        return np.asarray((np.exp(a + b**2 / 2) * _between(b)).sum(axis=1))

    @property
    def mean_seconds(self) -> Floats:
        """The mean (rows,)."""
        return self.moment(1)

    @property
    def squared_variation(self) -> Floats:
        """Variance over the square of the mean (rows,)."""
        return self.moment(2) / self.mean_seconds**2 - 1.0

    def quantile(self, share: float | Floats) -> Floats:
        """The time that ``share`` of requests is below: (rows,) for one share, (rows, n) for shares (n,) of normal."""
        scores = np.array([normal_score(float(one)) for one in np.ravel(share)])
        found = self.at_score(np.broadcast_to(scores, (len(self.level), len(scores))))
        return found[:, 0] if np.ndim(share) == 0 else found

    def at_score(self, score: Floats) -> Floats:
        """Times (rows, n) at normal scores (rows, n)."""
        piece = np.searchsorted(_KNOTS[1:-1], score)
        return np.exp(np.take_along_axis(self.level, piece, 1) + np.take_along_axis(self.slope, piece, 1) * score)

    def score_of(self, seconds: Floats) -> Floats:
        """Normal scores (rows, n) of times (rows, n): -infinity for none."""
        with np.errstate(divide="ignore"):
            log = np.log(seconds)
        joints = self.level[:, :-1] + self.slope[:, :-1] * _KNOTS[1:-1]
        piece = (log[:, :, None] > joints[:, None, :]).sum(axis=2)
        return (log - np.take_along_axis(self.level, piece, 1)) / np.take_along_axis(self.slope, piece, 1)

    def share_below(self, seconds: Floats) -> Floats:
        """The distribution function (rows, n) at times (rows, n)."""
        return normal_share(self.score_of(seconds))

    def limited_mean(self, seconds: Floats) -> Floats:
        """E[min(t, limit)] (rows, n) at limits (rows, n)."""
        score = self.score_of(seconds)
        below = np.zeros_like(score)
        for piece in range(self.level.shape[1]):
            a, b = self.level[:, piece, None], self.slope[:, piece, None]
            upto = np.clip(score, _KNOTS[piece], _KNOTS[piece + 1])
            below += np.exp(a + b**2 / 2) * (normal_share(upto - b) - normal_share(_KNOTS[piece] - b))
        return below + seconds * (1.0 - normal_share(score))

    def rows(self, at: npt.NDArray[np.int64] | npt.NDArray[np.bool_] | slice) -> ServiceTimes:
        """Some rows, in any order."""
        return ServiceTimes(self.level[at], self.slope[at], self.mean_error_fraction[at])

    def scaled(self, factor: npt.ArrayLike) -> ServiceTimes:
        """All times multiplied by ``factor`` (rows,)."""
        shift = np.log(np.broadcast_to(np.asarray(factor, float), self.level.shape[:1]))
        return ServiceTimes(self.level + shift[:, None], self.slope, self.mean_error_fraction)

    def widened(self, squared_variation: float) -> ServiceTimes:
        """Times multiplied by something lognormal of mean 1 that varies by itself, such as the size of requests.

        The percentiles are those of the product, its distribution summed over the scores of the factor. Raises
        InvalidInput.
        """
        more = float(np.log1p(one("squared_variation", not_negative("squared_variation", squared_variation))))
        if more == 0:
            return self
        spread = np.sqrt(more)
        shares = (np.arange(_FACTORS) + 0.5) / _FACTORS
        factor = spread * np.array([normal_score(share) for share in shares]) - more / 2
        ends = np.log(self.quantile(np.array([1e-4, 1 - 1e-4]))) + np.array([-4, 4]) * spread
        percentiles = np.empty((len(self.level), len(SHARES)))
        for row in range(len(self.level)):
            grid = np.linspace(float(ends[row, 0]), float(ends[row, 1]), _FACTORS)
            below = self.rows(slice(row, row + 1)).share_below(np.exp((grid[:, None] - factor).reshape(1, -1)))
            percentiles[row] = np.exp(np.interp(SHARES, below.reshape(_FACTORS, _FACTORS).mean(axis=1), grid))
        return service_times(percentiles, self.mean_seconds)


def service_times(percentiles_seconds: npt.ArrayLike, mean_seconds: npt.ArrayLike = np.nan) -> ServiceTimes:
    """Distributions through ``percentiles_seconds`` (rows, 6), the times at SHARES; nan where one is not known.

    p50 and p95 are needed; ``mean_seconds`` (rows,) may be nan. Raises InvalidInput for percentiles that are not above
    0, or fall.
    """
    given = np.atleast_2d(np.asarray(percentiles_seconds, float))
    mean = np.broadcast_to(np.asarray(mean_seconds, float), given.shape[:1])
    _refuse(given, mean)
    level, slope = np.empty((len(given), len(_KNOTS) - 1)), np.empty((len(given), len(_KNOTS) - 1))
    for row, times in enumerate(given):
        held = np.flatnonzero(np.isfinite(times))
        scores, logs = _JOINTS[held], np.log(times[held])
        known = np.maximum(np.diff(logs) / np.diff(scores), _LEAST_SLOPE)
        beyond = known[-2:].min()
        piece = np.minimum(np.searchsorted(held, np.arange(len(SHARES) - 1), side="right") - 1, len(known) - 1)
        inner = np.where(np.arange(len(SHARES) - 1) >= held[-1], beyond, known[piece])
        slope[row] = (known[0], *inner, beyond)
        at_joint = logs[0] + np.concatenate([[0.0], np.cumsum(inner * np.diff(_JOINTS))])
        level[row] = (logs[0], *(at_joint - np.append(inner, beyond) * _JOINTS))
    return _with_mean(level, slope, mean)


def lognormal_times(mean_seconds: npt.ArrayLike, squared_variation: npt.ArrayLike) -> ServiceTimes:
    """Lognormal distributions (rows,) of a mean and a squared coefficient of variation. Raises InvalidInput."""
    mean, variation = np.broadcast_arrays(np.atleast_1d(mean_seconds), np.atleast_1d(squared_variation))
    mean, variation = mean.astype(float), variation.astype(float)
    if not np.all(np.isfinite(variation) & (variation >= 0)):
        raise InvalidInput([Fault("squared_variation", float(variation[~(variation >= 0)][0]), "must be 0 or above")])
    if not np.all(np.isfinite(mean) & (mean > 0)):
        raise InvalidInput([Fault("mean_seconds", float(mean[~(mean > 0)][0]), "must be above 0, and finite")])
    slope = np.maximum(np.sqrt(np.log1p(variation)), _LEAST_SLOPE)
    level = np.log(mean) - slope**2 / 2
    return ServiceTimes(
        np.repeat(level[:, None], len(_KNOTS) - 1, 1),
        np.repeat(slope[:, None], len(_KNOTS) - 1, 1),
        np.zeros(len(mean)),
    )


def _with_mean(level: Floats, slope: Floats, mean: Floats) -> ServiceTimes:
    """The slope below p50 that gives the mean: a steeper one makes the quick half quicker, and the mean less."""
    known = ~np.isnan(mean)
    low, high = np.full(len(mean), _LEAST_SLOPE), np.full(len(mean), _MOST_SLOPE)

    def with_slope(lowest: Floats) -> ServiceTimes:
        return ServiceTimes(level, np.concatenate([lowest[:, None], slope[:, 1:]], axis=1), np.zeros(len(mean)))

    if known.any():
        for _ in range(_BISECTIONS):
            half = (low + high) / 2
            above = with_slope(half).mean_seconds > mean
            low, high = np.where(above, half, low), np.where(above, high, half)
    found = with_slope(np.where(known, (low + high) / 2, slope[:, 0]))
    error = np.where(known, found.mean_seconds / np.where(known, mean, 1.0) - 1.0, 0.0)
    return ServiceTimes(found.level, found.slope, np.where(np.abs(error) < 1e-6, 0.0, error))


def _between(shift: Floats) -> Floats:
    """The normal share of each piece, moved down by ``shift`` (rows, pieces)."""
    return normal_share(_KNOTS[1:] - shift) - normal_share(_KNOTS[:-1] - shift)


def _refuse(given: Floats, mean: Floats) -> None:
    faults = []
    if given.shape[1:] != (len(SHARES),):
        raise InvalidInput([Fault("percentiles_seconds", given.shape, f"must be of shape (rows, {len(SHARES)})")])
    wrong = ~(np.isnan(given) | (np.isfinite(given) & (given > 0)))
    if wrong.any():
        faults.append(Fault("percentiles_seconds", float(given[wrong][0]), "must be above 0, and finite"))
    for share in (0.5, 0.95):
        if np.isnan(given[:, SHARES.index(share)]).any():
            faults.append(Fault("percentiles_seconds", f"p{100 * share:g}", "is needed and not given"))
    # Only the known ones must rise; what is not known takes the largest before it.
    largest = np.fmax.accumulate(given, axis=1)
    falls = given[:, 1:] < largest[:, :-1]
    if falls.any():
        faults.append(Fault("percentiles_seconds", float(given[:, 1:][falls][0]), "is below a lower percentile"))
    if np.any((mean <= 0) | np.isinf(mean)):
        faults.append(
            Fault("mean_seconds", float(mean[(mean <= 0) | np.isinf(mean)][0]), "must be above 0, and finite")
        )
    if faults:
        raise InvalidInput(faults)
