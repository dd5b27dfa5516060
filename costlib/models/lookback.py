"""The look-back rule: the commitment that would have saved most over the last days, as if they went on.

AWS's own recommendation works so, over 7, 30 or 60 days, and says of itself that its analyses "don't forecast your
usage" (Savings Plans User Guide, "Understanding your analysis calculations"). Here it is the rule to compare with.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.models.commitments_offer import newsvendor_amount
from costlib.units import HOURS_PER_DAY

DAYS = (7, 30, 60)


def lookback_amount(usage: npt.ArrayLike, days: int, rate_usd_per_hour: float, on_demand_usd_per_hour: float) -> float:
    """The amount that would have cost least over the last ``days`` of usage (hours,), the latest hour last.

    Raises InvalidInput for days that the rule does not know, or that the usage does not hold.
    """
    if days not in DAYS:
        raise InvalidInput([Fault("days", days, f"is none of {', '.join(map(str, DAYS))}")])
    hours = round(days * HOURS_PER_DAY)
    values = np.ravel(np.asarray(usage, float))
    if len(values) < hours:
        raise InvalidInput([Fault("usage", f"{len(values)} hours", f"is shorter than {days} days")])
    return newsvendor_amount(values[-hours:], rate_usd_per_hour, on_demand_usd_per_hour)
