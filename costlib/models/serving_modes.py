"""Where the cheapest way to serve changes as traffic grows.

Costs are steps (whole instances) and lines (by the request), so they may cross many times: they are looked at on a fine
grid of traffic, even in its logarithm, and each change between two neighbours is halved down to its place.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault, InvalidInput

Floats = npt.NDArray[np.float64]
#: Costs (modes, scales) of traffic (scales,); infinite or nan where a mode cannot serve it.
CostsAt = Callable[[Floats], Floats]

#: A step of the grid halved so often is a thousandth of a percent.
_HALVINGS = 12


def mode_grid(low: float, high: float, points: int = 400) -> Floats:
    """Traffic from ``low`` to ``high`` (points,), even in its logarithm. Raises InvalidInput."""
    if not 0 < low < high < np.inf:
        raise InvalidInput([Fault("low", low, f"must be above 0 and below high, {high:g}")])
    if points < 2:
        raise InvalidInput([Fault("points", points, "must be at least 2")])
    return np.geomspace(low, high, points)


def cheapest_mode(costs: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """The cheapest row (scales,) of costs (modes, scales); -1 where none can serve. Ties go to the first."""
    values = np.asarray(costs, float)
    values = np.where(np.isnan(values), np.inf, values)
    return np.where(np.isfinite(values).any(axis=0), values.argmin(axis=0), -1)


def mode_thresholds(costs_at: CostsAt, grid: npt.ArrayLike) -> pd.DataFrame:
    """Stretches of traffic with one cheapest mode: ``mode, from_scale, to_scale``, the mode as its row, -1 for none.

    Between neighbours of the grid one change is looked for.
    """
    scales = np.asarray(grid, float)
    best = cheapest_mode(costs_at(scales))
    changes = np.flatnonzero(best[1:] != best[:-1])
    low, high, before = scales[changes], scales[changes + 1], best[changes]
    for _ in range(_HALVINGS if len(changes) else 0):
        half = np.sqrt(low * high)
        same = cheapest_mode(costs_at(half)) == before
        low, high = np.where(same, half, low), np.where(same, high, half)
    edges = np.sqrt(low * high)
    return pd.DataFrame(
        {
            "mode": best[np.concatenate([[0], changes + 1]).astype(int)],
            "from_scale": np.concatenate([scales[:1], edges]),
            "to_scale": np.concatenate([edges, scales[-1:]]),
        }
    )
