"""The normal distribution on arrays, from a table: distribution function, and scores of shares."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: Beyond so many standard deviations nothing is left that a double would show beside 1.
_FAR = 8.5
#: Linear between points 0.002 apart the table is right to 1e-7.
_SCORES = np.linspace(-_FAR, _FAR, 8501)
_SHARES = np.array([NormalDist().cdf(score) for score in _SCORES])


def normal_share(score: npt.ArrayLike) -> Floats:
    """The share of a standard normal below ``score``, to 1e-7; any shape."""
    scores = np.asarray(score, float)
    # One step of arithmetic in place of a search: the table is even.
    at = np.clip((scores + _FAR) * (len(_SCORES) - 1) / (2 * _FAR), 0.0, len(_SCORES) - 1.000001)
    low = at.astype(np.int64)
    return _SHARES[low] + (at - low) * (_SHARES[low + 1] - _SHARES[low])


def normal_score(share: float) -> float:
    """The score that the share of a standard normal is below."""
    return NormalDist().inv_cdf(share)
