"""The look-back rule: the commitment that would have saved most over the last days, as if they went on.

AWS's own recommendation works so, over 7, 30 or 60 days, and says of itself that its analyses "don't forecast your
usage" (Savings Plans User Guide, "Understanding your analysis calculations"). Here it is the rule to compare with.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault, InvalidInput
from costlib.models.commitments_inputs import Rates, Usage
from costlib.models.commitments_offer import newsvendor_amount
from costlib.models.commitments_portfolio import Portfolio, best_portfolio
from costlib.models.commitments_problem import Terms
from costlib.models.commitments_scenarios import Scenarios
from costlib.units import HOURS_PER_DAY

Floats = npt.NDArray[np.float64]

DAYS = (7, 30, 60)


def lookback_amount(usage: npt.ArrayLike, days: int, rate_usd_per_hour: float, on_demand_usd_per_hour: float) -> float:
    """The amount that would have cost least over the last ``days`` of usage (hours,), the latest hour last.

    Raises InvalidInput for days that the rule does not know, or that the usage does not hold.
    """
    values = np.ravel(np.asarray(usage, float))
    return newsvendor_amount(_last(values, days), rate_usd_per_hour, on_demand_usd_per_hour)


def lookback_portfolio(usage: Usage, rates: Rates | pd.DataFrame, days: int, plan_type: str) -> Portfolio:
    """The same for a plan over all its lines: what of one plan type would have cost least over the last days.

    Raises InvalidInput as ``lookback_amount`` and best_portfolio do.
    """
    demand = Scenarios(usage.lines, _last(usage.quantity, days)[None])
    return best_portfolio(demand, rates, terms=Terms(plan_types=(plan_type,), past_horizon="go_on"))


def _last(values: Floats, days: int) -> Floats:
    if days not in DAYS:
        raise InvalidInput([Fault("days", days, f"is none of {', '.join(map(str, DAYS))}")])
    hours = round(days * HOURS_PER_DAY)
    if len(values) < hours:
        raise InvalidInput([Fault("usage", f"{len(values)} hours", f"is shorter than {days} days")])
    return values[-hours:]
