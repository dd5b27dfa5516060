"""What a serverless endpoint might cost that nobody has tested: an estimate by a rule, on the dear side."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from costlib.facts.serving_facts import ServingFacts
from costlib.models.serverless import usd_per_request

Floats = npt.NDArray[np.float64]

_MB_PER_GIB = 1024.0
#: A serverless environment has fewer vCPUs than most instances; how many, AWS does not say.
TIMES_SLOWER = 4.0
RULE = (
    f"estimate: a request takes {TIMES_SLOWER:g} times as long as where it was measured, in the least memory size that"
    " holds what is needed; test it, and whether cold starts are allowed"
)


def untested_serverless_usd(
    requests_per_month: Floats, seconds: Floats, memory_gib: Floats, usd_per_gib_second: float, facts: ServingFacts
) -> Floats:
    """USD a month (models,) by the request; nan where memory or time are beyond the limits, or not known."""
    step = facts.number("sagemaker_serverless", "least_memory_mb") / _MB_PER_GIB
    most = facts.number("sagemaker_serverless", "most_memory_mb") / _MB_PER_GIB
    longest = facts.number("sagemaker_serverless", "most_seconds")
    size = np.maximum(np.ceil(memory_gib / step - 1e-9), 1.0) * step
    slower = seconds * TIMES_SLOWER
    ok = (size <= most) & (slower <= longest)
    each = usd_per_request(np.where(ok, slower, 0.0), np.where(ok, size, 0.0), usd_per_gib_second)
    return np.where(ok, each * requests_per_month, np.nan)
