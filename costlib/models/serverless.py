"""Functions that run a request each, start when needed and end when idle: cold starts, and what is billed.

Cold starts: requests take the first free environment in a fixed order, so the one numbered k gets what overflows the
k before it, B(k, a) of all requests (Erlang's B at the offered load a); it is cold when nothing reached it for the time
that an idle one is kept. Overflow is taken to come at random.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.models.checks import not_negative, positive
from costlib.models.normal_scores import normal_score

Floats = npt.NDArray[np.float64]

#: Environments beyond this share of all requests are left out of the sum.
_LEAST_SHARE = 1e-9
_MOST_ENVIRONMENTS = 20_000
_MANY = 60.0


def cold_fraction(
    per_second: npt.ArrayLike,
    service_seconds: npt.ArrayLike,
    kept_idle_seconds: npt.ArrayLike,
    provisioned: npt.ArrayLike = 0,
) -> Floats:
    """The share of requests that find no warm environment (any shape that broadcasts).

    ``kept_idle_seconds``: how long an idle environment is kept; ``provisioned`` ones, the first in the order, never go
    cold. 0 requests a second: whoever comes is cold, unless an environment is provisioned. Raises InvalidInput.
    """
    rate, service, kept, held = np.broadcast_arrays(
        not_negative("per_second", per_second, bounded=True),
        positive("service_seconds", service_seconds, bounded=True),
        not_negative("kept_idle_seconds", kept_idle_seconds, bounded=True),
        not_negative("provisioned", provisioned, bounded=True),
    )
    offered = rate * service
    overflow, cold = np.ones(offered.shape), np.zeros(offered.shape)
    number = 0
    while np.any(overflow > _LEAST_SHARE):
        number += 1
        if number > _MOST_ENVIRONMENTS:
            raise InvalidInput(
                [Fault("per_second", float(rate.max()), "needs more than 20,000 environments at a time")]
            )
        beyond = offered * overflow / (number + offered * overflow)
        taken = overflow - beyond
        # While it idles, requests that overflow to it come at the rate of the overflow.
        unseen = np.exp(-rate * overflow * kept)
        cold += np.where(number > held, taken * unseen, 0.0)
        overflow = beyond
    return cold


def environments(per_second: npt.ArrayLike, service_seconds: npt.ArrayLike, share: float = 0.999) -> Floats:
    """How many run at once at most, but for 1 - ``share`` of the time: a percentile of Poisson of the offered load."""
    offered = not_negative("per_second", per_second) * positive("service_seconds", service_seconds)
    found, term = np.zeros(offered.shape), np.exp(-offered)
    # For large loads a normal distribution with its first correction for skewness stands in, right to one.
    large = offered > _MANY
    total, number = term.copy(), 0
    while np.any((total < share) & ~large):
        number += 1
        term = term * offered / number
        found = np.where((total < share) & ~large, number, found)
        total = total + term
    score = normal_score(share)
    return np.where(large, np.ceil(offered + score * np.sqrt(offered) + (score**2 - 1) / 6), found)


def usd_per_request(
    service_seconds: npt.ArrayLike,
    memory_gib: npt.ArrayLike,
    usd_per_gib_second: npt.ArrayLike,
    usd_each: npt.ArrayLike = 0.0,
    cold_fraction: npt.ArrayLike = 0.0,
    cold_seconds: npt.ArrayLike = 0.0,
) -> Floats:
    """What one request costs: its seconds, with those of cold starts that are billed, times memory, and a fee."""
    seconds = not_negative("service_seconds", service_seconds) + np.asarray(cold_fraction) * np.asarray(cold_seconds)
    return np.asarray(seconds * not_negative("memory_gib", memory_gib) * np.asarray(usd_per_gib_second) + usd_each)
