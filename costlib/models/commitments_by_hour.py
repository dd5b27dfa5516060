"""What given purchases come to over scenarios of demand, hour by hour as AWS applies them, whoever chose them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.models.commitments_apply import apply_discounts
from costlib.models.commitments_inputs import Commitment, Line, Rates, Usage
from costlib.models.commitments_scenarios import Scenarios

Floats = npt.NDArray[np.float64]

BLOCK = "capacity_block"


class Dated(NamedTuple):
    """A commitment in force from ``start_hour`` to ``end_hour``."""

    commitment: Commitment
    start_hour: int
    end_hour: int


@dataclass(frozen=True)
class ByHour:
    """One scenario by the hour, each (hours,) in USD: what was committed, what of it was not used, spot, on-demand.

    ``covered``, ``on_spot``, ``rest`` (hours, lines) are the instance-hours that commitments, spot and on-demand serve.
    """

    committed_usd: Floats
    unused_usd: Floats
    spot_usd: Floats
    on_demand_usd: Floats
    covered: Floats
    on_spot: Floats
    rest: Floats

    @property
    def total_usd(self) -> Floats:
        """What each hour costs (hours,)."""
        return self.committed_usd + self.spot_usd + self.on_demand_usd


def dated_of(purchases: pd.DataFrame) -> tuple[Dated, ...]:
    """The purchases of a portfolio as commitments with their hours, Capacity Blocks too."""

    def word(value: object) -> str | None:
        return value if isinstance(value, str) else None

    return tuple(
        Dated(
            Commitment(
                str(row["plan_type"]),
                float(row["amount"]),
                round(float(row["term_years"])),
                str(row["payment"]),
                word(row["instance_type"]),
                word(row["family"]),
                word(row["region"]),
            ),
            int(row["start_hour"]),
            int(row["end_hour"]),
        )
        for row in purchases.to_dict("records")
    )


def by_hour(
    scenarios: Scenarios,
    at: int,
    dated: Sequence[Dated],
    rates: Rates,
    spot_fraction: Mapping[int, float] | None = None,
) -> ByHour:
    """Scenario ``at`` with the commitments that are in force in each hour.

    What tolerates interruptions, at most ``spot_fraction`` of a line's usage in the hour, runs on spot where no
    commitment covers it and spot is no dearer. Money is not discounted. Raises InvalidInput as apply_discounts does.
    """
    hours, lines = scenarios.hours, scenarios.lines
    quantity = scenarios.quantity[at]
    covered = np.zeros_like(quantity)
    committed, unused = np.zeros(hours), np.zeros(hours)
    edges = sorted({0, hours, *(min(edge, hours) for one in dated for edge in (one.start_hour, one.end_hour))})
    for first, last in zip(edges[:-1], edges[1:], strict=True):
        own = [one.commitment for one in dated if one.start_hour <= first < one.end_hour]
        blocks = [one for one in own if one.plan_type == BLOCK]
        for block in blocks:
            _serve(block, lines, quantity[first:last], rates, covered[first:last], committed[first:last],
                   unused[first:last])  # fmt: skip
        own = [one for one in own if one.plan_type != BLOCK]
        if own:
            # What runs in a Capacity Block is paid for with it, so the others see the rest.
            found = apply_discounts(Usage(lines, quantity[first:last] - covered[first:last]), own, rates)
            covered[first:last] += found.covered_quantity
            committed[first:last] += found.covered_usd + found.unused_usd
            unused[first:last] += found.unused_usd
    factor = scenarios.factor[at if len(scenarios.factor) > 1 else 0]
    on_demand = np.broadcast_to(rates.on_demand_usd(lines) * factor, quantity.shape)
    share = np.array([(spot_fraction or {}).get(line, 0.0) for line in range(len(lines))])
    spot = np.array([rates.usd(line, "spot") for line in lines])
    spot = np.fmin(on_demand, spot)
    left = np.maximum(quantity - covered, 0.0)
    on_spot = np.minimum(left, share * quantity)
    rest = left - on_spot
    return ByHour(
        committed, unused, (on_spot * spot).sum(axis=1), (rest * on_demand).sum(axis=1), covered, on_spot, rest
    )


def _serve(
    block: Commitment,
    lines: Sequence[Line],
    quantity: Floats,
    rates: Rates,
    covered: Floats,
    committed: Floats,
    unused: Floats,
) -> None:
    """A Capacity Block serves its type, in place."""
    left = np.full(len(quantity), block.amount)
    price = np.nan
    for at, line in enumerate(lines):
        if (line.instance_type, line.region, line.service) == (block.instance_type, block.region, "ec2"):
            price = rates.usd(line, BLOCK)
            taken = np.minimum(left, quantity[:, at] - covered[:, at])
            covered[:, at] += taken
            left -= taken
    committed += block.amount * price
    unused += left * price


def cost_usd(
    scenarios: Scenarios, dated: Sequence[Dated], rates: Rates, spot_fraction: Mapping[int, float] | None = None
) -> Floats:
    """What each scenario (scenarios,) costs; arguments as in ``by_hour``."""
    return np.array(
        [
            float(by_hour(scenarios, at, dated, rates, spot_fraction).total_usd.sum())
            for at in range(len(scenarios.chance))
        ]
    )
