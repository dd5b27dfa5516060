"""Several spot pools instead of one: how often one is interrupted, and the chance that all are at once.

Each pool is interrupted at a constant rate. How interruptions of different pools go together is not published; so the
chance of losing all of them is given at both ends: independent (the best case), and as much together as their rates
allow (the worst case, M. Frechet's upper bound on a joint probability: the smallest of the single ones).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.models.checks import none_negative

Floats = npt.NDArray[np.float64]


class Diversified(NamedTuple):
    """Figures of k pools together, k along the last axis of what was given.

    ``mean_hazard_per_hour``: interruptions an hour while capacity, or time, is spread by the shares.
    ``lost_fraction``: the expected share of capacity interrupted within the window; the same however pools go together.
    ``any_fraction``: the chance that at least one is, if independent. ``all_best_fraction``: that all are, if
    independent. ``all_worst_fraction``: that all are, if they go together as much as their rates allow.
    """

    mean_hazard_per_hour: Floats
    lost_fraction: Floats
    any_fraction: Floats
    all_best_fraction: Floats
    all_worst_fraction: Floats


def interrupted_within(hazard_per_hour: npt.ArrayLike, window_hours: npt.ArrayLike) -> Floats:
    """The chance that a pool is interrupted within a window, 1 - exp(-h w); any broadcastable shapes.

    1 where the hazard is infinite (not bounded) and the window is not empty. Raises InvalidInput for numbers below 0.
    """
    hazard, window = none_negative(hazard_per_hour=hazard_per_hour, window_hours=window_hours)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(window > 0, -np.expm1(-hazard * window), 0.0))


def diversified(
    hazard_per_hour: npt.ArrayLike, window_hours: npt.ArrayLike, shares: npt.ArrayLike | None = None
) -> Diversified:
    """Figures of k pools with these hazards (..., k), over windows (...), spread by ``shares`` (k; default: even).

    A pool's hazard is that of its whole cluster where a run stops with any of its instances: count times the hazard of
    one. Raises InvalidInput for numbers below 0, shares that do not add up to 1, and where there is no pool.
    """
    hazard = np.atleast_1d(np.asarray(hazard_per_hour, dtype=float))
    if hazard.shape[-1] == 0:
        raise InvalidInput([Fault("hazard_per_hour", 0, "needs at least one pool")])
    share = np.full(hazard.shape[-1], 1.0 / hazard.shape[-1]) if shares is None else np.asarray(shares, dtype=float)
    none_negative(shares=share)
    if share.shape[-1:] != hazard.shape[-1:] or not np.allclose(share.sum(axis=-1), 1.0):
        raise InvalidInput([Fault("shares", share.tolist(), "must be one a pool, and add up to 1")])
    lost = interrupted_within(hazard, np.asarray(window_hours, dtype=float)[..., None])
    # A pool without a share adds nothing, also where its hazard is infinite.
    weighed = np.where(share > 0, hazard, 0.0) * share
    return Diversified(
        weighed.sum(axis=-1),
        (lost * share).sum(axis=-1),
        1.0 - (1.0 - lost).prod(axis=-1),
        lost.prod(axis=-1),
        lost.min(axis=-1),
    )
