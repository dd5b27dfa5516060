"""One commitment alone: how much of it is best, and when it pays.

The best amount for uncertain usage is a quantile, as for a newsvendor's papers: one more unit costs its rate in every
hour and saves on-demand in the hours that use it, so it is worth buying while P(usage > amount) > rate / on-demand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.models.checks import none_negative, not_negative, positive
from costlib.models.commitments_inputs import refuse
from costlib.units import HOURS_PER_MONTH

Floats = npt.NDArray[np.float64]


def newsvendor_amount(
    usage: npt.ArrayLike, rate_usd_per_hour: float, on_demand_usd_per_hour: float, weight: npt.ArrayLike | None = None
) -> float:
    """The amount of the least expected cost: the usage that the share ``rate / on-demand`` of the hours goes above.

    ``usage`` (hours,) of equal chance, or of chance ``weight`` (hours,). Where several amounts are best, the least.
    Raises InvalidInput for negative usage or rates that are not above 0.
    """
    rate, on_demand = (
        float(positive("rate_usd_per_hour", rate_usd_per_hour)),
        float(positive("on_demand_usd_per_hour", on_demand_usd_per_hour)),
    )
    values = np.ravel(not_negative("usage", usage))
    if not len(values):
        raise InvalidInput([Fault("usage", None, "is empty")])
    chance = np.full(len(values), 1.0) if weight is None else np.ravel(not_negative("weight", weight))
    if rate >= on_demand:
        return 0.0
    order = np.argsort(values, kind="stable")
    below = np.cumsum(chance[order]) / chance.sum()
    # Rounding of the sums must not move the quantile past a usage that reaches it.
    at = int(np.searchsorted(below, 1.0 - rate / on_demand - 1e-12))
    return float(values[order][min(at, len(values) - 1)])


def cost_usd_per_hour(
    amount: npt.ArrayLike, usage: npt.ArrayLike, rate_usd_per_hour: float, on_demand_usd_per_hour: float
) -> Floats:
    """The mean cost of each amount (amounts,) over usage (hours,): the commitment, and on-demand above it."""
    amounts, used = none_negative(amount=amount, usage=usage)
    values = np.sort(used.ravel())
    above = np.searchsorted(values, amounts, side="right")
    total = np.concatenate([[0.0], np.cumsum(values)])
    excess = (total[-1] - total[above]) - amounts * (len(values) - above)
    return amounts * rate_usd_per_hour + on_demand_usd_per_hour * excess / len(values)


@dataclass(frozen=True)
class BreakEven:
    """USD an hour at each utilisation (utilisation,): committed alike whatever runs, on-demand and spot as they run.

    ``against_on_demand``, ``against_spot``: the utilisation from which the commitment costs less; above one is never.
    """

    utilisation: Floats
    committed_usd_per_hour: Floats
    on_demand_usd_per_hour: Floats
    spot_usd_per_hour: Floats
    against_on_demand: float
    against_spot: float


def break_even(
    rate_usd_per_hour: float,
    on_demand_usd_per_hour: float,
    spot_usd_per_hour: float = np.nan,
    utilisation: npt.ArrayLike | None = None,
) -> BreakEven:
    """The curve of one Reserved Instance or Savings Plan over utilisation (0 to 1); spot nan where it is not known.

    Without ``utilisation`` (points,) in steps of one hundredth.

    ``rate_usd_per_hour`` is effective: upfront spread over the term. Raises InvalidInput for rates not above 0.
    """
    rate, on_demand, spot = (
        float(positive(name, value))
        for name, value in (
            ("rate_usd_per_hour", rate_usd_per_hour),
            ("on_demand_usd_per_hour", on_demand_usd_per_hour),
            ("spot_usd_per_hour", spot_usd_per_hour),
        )
    )
    share = not_negative("utilisation", np.linspace(0.0, 1.0, 101) if utilisation is None else utilisation)
    if np.any(share > 1):
        raise InvalidInput([Fault("utilisation", float(share[share > 1].flat[0]), "must be at most 1")])
    return BreakEven(share, np.full(share.shape, rate), share * on_demand, share * spot, rate / on_demand, rate / spot)


def break_even_month(
    upfront_usd: npt.ArrayLike,
    recurring_usd_per_hour: npt.ArrayLike,
    on_demand_usd_per_hour: npt.ArrayLike,
    utilisation: npt.ArrayLike,
    term_years: npt.ArrayLike,
) -> Floats:
    """Months until what was paid falls below what the same use would have cost on demand; nan: not within the term.

    Counted in part months of 730 hours: with nothing upfront a commitment that pays at all does so at once, at 0.
    """
    upfront, recurring, on_demand, share = none_negative(
        upfront_usd=upfront_usd,
        recurring_usd_per_hour=recurring_usd_per_hour,
        on_demand_usd_per_hour=on_demand_usd_per_hour,
        utilisation=utilisation,
    )
    term = positive("term_years", term_years)
    refuse([Fault("utilisation", float(share[share > 1].flat[0]), "must be at most 1")] if np.any(share > 1) else [])
    gain = on_demand * share - recurring
    with np.errstate(divide="ignore", invalid="ignore"):
        months = upfront / gain / HOURS_PER_MONTH
    return np.where((gain > 0) & (months <= 12.0 * term), months, np.nan)
