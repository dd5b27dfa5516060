"""Many models on shared instances: which are in memory when asked for, and what loading the others takes.

Popularity by Zipf's law; the models in memory are those used last (LRU). Che's approximation (Che, Tung, Wang 2002;
Fricker, Robert, Roberts 2012, arXiv:1202.3974): a model is in memory if it was asked for within a time T that is the
same for all, and T is where as many are expected in memory as fit.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.models.checks import not_negative, positive

Floats = npt.NDArray[np.float64]

_BISECTIONS = 100


def zipf_popularity(models: int, exponent: float) -> Floats:
    """The share of requests of each model (models,), the most popular first: 1 / rank**exponent, adding up to 1.

    0 is all alike. Raises InvalidInput.
    """
    if models < 1 or models != int(models):
        raise InvalidInput([Fault("models", models, "must be a whole number of at least 1")])
    weight = np.arange(1, int(models) + 1, dtype=float) ** -float(not_negative("exponent", exponent, bounded=True))
    return np.asarray(weight / weight.sum())


def in_memory_fraction(popularity: npt.ArrayLike, slots: float) -> Floats:
    """The chance that each model (models,) is in memory when it is asked for, ``slots`` models fitting.

    ``popularity`` (models,): any weights, as rates; models without requests are never in memory. Raises InvalidInput.
    """
    weight = not_negative("popularity", popularity, bounded=True)
    if weight.ndim != 1 or not weight.sum() > 0:
        raise InvalidInput([Fault("popularity", weight.shape, "must be one row of weights, not all 0")])
    room = float(not_negative("slots", slots))
    share = weight / weight.sum()
    asked = int((share > 0).sum())
    if room >= asked:
        return np.where(share > 0, 1.0, 0.0)
    # Expected models in memory rise with the time; the least popular alone bounds it.
    low, high = 0.0, 60.0 / share[share > 0].min()
    for _ in range(_BISECTIONS):
        half = (low + high) / 2
        held = -np.expm1(-share * half)
        low, high = (half, high) if held.sum() < room else (low, half)
    return np.asarray(-np.expm1(-share * (low + high) / 2))


def cold_load_fraction(popularity: npt.ArrayLike, slots: float) -> float:
    """The share of requests whose model must be loaded first."""
    weight = np.asarray(popularity, float)
    return float((weight / weight.sum()) @ (1.0 - in_memory_fraction(weight, slots)))


def work_seconds_with_loads(work_seconds: npt.ArrayLike, load_seconds: npt.ArrayLike, cold: npt.ArrayLike) -> Floats:
    """The mean time that a worker is taken by a request, with the load of its model in the share ``cold``."""
    work, load = positive("work_seconds", work_seconds), not_negative("load_seconds", load_seconds)
    return np.asarray(work + not_negative("cold", cold) * load)
