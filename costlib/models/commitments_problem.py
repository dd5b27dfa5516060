"""Scenarios, offers and spot as pools of capacity and columns to buy: the numbers that the search works on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault, unknown
from costlib.models.commitments_inputs import COMMITTED, Rates, refuse
from costlib.models.commitments_offers import Offer, discount_at, levelised_usd_per_hour, never_best, offers_of
from costlib.models.commitments_planes import Columns
from costlib.models.commitments_scenarios import Scenarios
from costlib.models.commitments_value import Hours, Pool
from costlib.units import HOURS_PER_YEAR

Floats = npt.NDArray[np.float64]

#: What becomes of a commitment that outlasts the demand: it is left out, or the demand is taken to go on alike.
PAST_HORIZON = ("leave_out", "go_on")
#: What the bad tail is of.
TAILS = ("cost", "loss")


@dataclass(frozen=True)
class Block:
    """A dated need for ``line`` (its place among the lines) that a Capacity Block may serve, ``hours`` long."""

    line: int
    start_hour: int
    hours: int


@dataclass(frozen=True)
class Terms:
    """How a portfolio is worked out.

    ``cost_of_capital_fraction`` a year; ``starts_hours`` when purchases may begin; ``spot_fraction`` the share of each
    line's usage that tolerates interruptions; ``blocks`` the dated needs; ``exchanges`` what convertible Reserved
    Instances of a line may turn into (places among the lines); ``plan_types`` what may be bought; ``past_horizon``
    whether commitments that outlast the demand are left out, or the demand goes on alike; ``rung_fraction`` the largest
    purchase, as a share of what could ever be of use; ``tail_of`` whether the bad tail is of the highest costs, or of
    what the commitments lose most against buying none.
    """

    cost_of_capital_fraction: float = 0.0
    starts_hours: tuple[int, ...] = (0,)
    spot_fraction: Mapping[int, float] | None = None
    blocks: tuple[Block, ...] = ()
    exchanges: Mapping[int, Sequence[int]] | None = None
    plan_types: tuple[str, ...] = COMMITTED
    past_horizon: str = "leave_out"
    rung_fraction: float = 1.0
    tail_of: str = "cost"

    def faults(self, scenarios: Scenarios) -> list[Fault]:
        """What is wrong with the terms, for these scenarios."""
        count, hours = len(scenarios.lines), scenarios.hours
        found = []
        if not -1 < self.cost_of_capital_fraction < np.inf:
            found.append(Fault("cost_of_capital_fraction", self.cost_of_capital_fraction, "must be above -1"))
        if self.past_horizon not in PAST_HORIZON:
            found.append(Fault("past_horizon", self.past_horizon, f"is none of {', '.join(PAST_HORIZON)}"))
        if self.tail_of not in TAILS:
            found.append(unknown("tail_of", self.tail_of, TAILS, "tail"))
        if not 0 < self.rung_fraction <= 1:
            found.append(Fault("rung_fraction", self.rung_fraction, "must be above 0, at most 1"))
        found += [
            Fault("starts_hours", start, f"is not within the {hours} hours")
            for start in self.starts_hours
            if not 0 <= start < hours
        ]
        found += [
            Fault("plan_types", name, f"is none of {', '.join(COMMITTED)}")
            for name in self.plan_types
            if name not in COMMITTED
        ]
        for at, share in (self.spot_fraction or {}).items():
            if not (0 <= at < count and 0 <= share <= 1):
                found.append(Fault("spot_fraction", {at: share}, f"must be from 0 to 1, for lines 0 to {count - 1}"))
        for block in self.blocks:
            if not (0 <= block.line < count and 0 <= block.start_hour < block.start_hour + block.hours <= hours):
                found.append(Fault("blocks", block, f"is not within {count} lines and {hours} hours"))
        return found


@dataclass(frozen=True)
class Problem:
    """Pools, columns and hours; ``bought`` says what each column is: an offer, its start and end hour."""

    scenarios: Scenarios
    hours: Hours
    pools: tuple[Pool, ...]
    columns: Columns
    bought: tuple[tuple[Offer, int, int], ...]
    parts: tuple[tuple[int, float, bool], ...]  # line, share of its usage, whether on spot
    left_out: pd.DataFrame
    breaks: tuple[int, ...]
    list_usd: Floats  # (scenarios * periods, parts) on-demand price, spot or not
    cost_of_capital_fraction: float

    @property
    def amounts(self) -> Floats:
        """Capacity of one amount of each column."""
        return np.array([offer.capacity for offer, _, _ in self.bought])


def problem_of(scenarios: Scenarios, rates: Rates, terms: Terms) -> Problem:
    """The numbers of a portfolio. Raises InvalidInput for what is wrong with any of the inputs."""
    refuse(terms.faults(scenarios))
    on_demand = rates.on_demand_usd(scenarios.lines)
    parts, spot = _parts(scenarios, rates, terms)
    offers, left_out = offers_of(rates, scenarios.lines, terms.plan_types, terms.exchanges)
    dated, block_left_out = _dated(offers, scenarios, rates, terms)
    breaks = _breaks(scenarios, [(start, end) for _, start, end in dated])
    list_usd = _prices(scenarios, on_demand, breaks)[:, [line for line, _, _ in parts]]
    price = np.where(np.isfinite(spot), np.minimum(list_usd, spot), list_usd)
    hours = _hours(scenarios, parts, price, breaks, terms.cost_of_capital_fraction)
    weights = discount_at(np.arange(scenarios.hours), terms.cost_of_capital_fraction)
    so_far = np.concatenate([[0.0], np.cumsum(weights)])
    kept = []
    windows: dict[tuple[int, int], list[int]] = {}
    for at, (_, start, end) in enumerate(dated):
        windows.setdefault((start, end), []).append(at)
    for numbers in windows.values():
        unit = np.array(
            [
                dated[at][0].unit_usd(len(scenarios.lines))
                * (levelised_usd_per_hour(dated[at][0], terms.cost_of_capital_fraction) / dated[at][0].usd_per_hour)
                for at in numbers
            ]
        )
        dearest = np.zeros(len(scenarios.lines))
        np.maximum.at(dearest, [line for line, _, _ in parts], price.max(axis=0))
        kept += [at for at, drop in zip(numbers, never_best(unit, dearest), strict=True) if not drop]
    bought = tuple(dated[at] for at in sorted(kept))
    pools, pool_of = _pools(bought, parts, hours.usage.max(axis=1) > 0)
    most = np.array([_most(hours.usage, pools[pool_of[at]]) for at in range(len(bought))])
    usd = [
        levelised_usd_per_hour(offer, terms.cost_of_capital_fraction) / offer.capacity * (so_far[end] - so_far[start])
        for offer, start, end in bought
    ]
    edges = np.array(breaks)
    window = np.array([(edges[:-1] >= start) & (edges[:-1] < end) for _, start, end in bought], bool)
    columns = Columns(
        np.array(pool_of, dtype=np.int64),
        window.reshape(len(bought), len(breaks) - 1),
        np.array(usd, float),
        most * terms.rung_fraction,
    )
    gone = pd.concat([left_out, block_left_out], ignore_index=True)
    return Problem(
        scenarios, hours, pools, columns, bought, parts, gone, breaks, list_usd, terms.cost_of_capital_fraction
    )


def _parts(scenarios: Scenarios, rates: Rates, terms: Terms) -> tuple[tuple[tuple[int, float, bool], ...], Floats]:
    """Lines as parts: what tolerates spot, at its price, and the rest. Raises InvalidInput for spot without a price."""
    parts, usd, faults = [], [], []
    for at, line in enumerate(scenarios.lines):
        share = (terms.spot_fraction or {}).get(at, 0.0)
        if share < 1:
            parts.append((at, 1.0 - share, False))
            usd.append(np.inf)
        if share > 0:
            price = rates.usd(line, "spot")
            if np.isnan(price):
                faults.append(Fault(f"spot_fraction[{at}]", line.instance_type, f"has no spot rate in {line.region}"))
            parts.append((at, share, True))
            usd.append(price)
    refuse(faults)
    return tuple(parts), np.array(usd)


def _dated(
    offers: Sequence[Offer], scenarios: Scenarios, rates: Rates, terms: Terms
) -> tuple[list[tuple[Offer, int, int]], pd.DataFrame]:
    """Each offer at each start, and after each term again, within the horizon; Capacity Blocks on their dates."""
    found, gone = [], []
    for offer in offers:
        term = round(offer.term_hours)
        starts = sorted({begin for first in terms.starts_hours for begin in range(first, scenarios.hours, term)})
        for start in starts:
            if start + term > scenarios.hours and terms.past_horizon == "leave_out":
                gone.append((offer, start))
            else:
                found.append((offer, start, min(start + term, scenarios.hours)))
    left_out = pd.DataFrame(
        [
            {
                "plan_type": offer.plan_type,
                "term_years": offer.term_hours / HOURS_PER_YEAR,
                "payment": offer.payment,
                **dict(offer.scope),
                "start_hour": start,
                "reason": f"its term reaches past the {scenarios.hours} hours of demand",
            }
            for offer, start in gone
        ]
    )
    faults = []
    for at, block in enumerate(terms.blocks):
        line = scenarios.lines[block.line]
        usd = rates.usd(line, "capacity_block")
        if np.isnan(usd):
            faults.append(Fault(f"blocks[{at}]", line.instance_type, f"has no Capacity Block rate in {line.region}"))
            continue
        scope = (("instance_type", line.instance_type), ("region", line.region))
        offer = Offer(
            "capacity_block", float(block.hours), "all_upfront", scope, (block.line,), (1.0,), usd, 1.0, in_order=True
        )
        found.append((offer, block.start_hour, block.start_hour + block.hours))
    refuse(faults)
    return found, left_out


def _breaks(scenarios: Scenarios, windows: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    """Hours at which prices or commitments change, with both ends."""
    hours = {0, scenarios.hours, *(hour for window in windows for hour in window)}
    factor = scenarios.factor
    if factor.shape[1] > 1:
        hours |= set((np.flatnonzero((np.diff(factor, axis=1) != 0).any(axis=(0, 2))) + 1).tolist())
    return tuple(sorted(hours))


def _prices(scenarios: Scenarios, on_demand: Floats, breaks: Sequence[int]) -> Floats:
    """On-demand USD (scenarios * periods, lines)."""
    first = np.array(breaks[:-1]) if scenarios.factor.shape[1] > 1 else np.zeros(len(breaks) - 1, int)
    factor = np.broadcast_to(
        scenarios.factor[:, first, :], (len(scenarios.chance), len(breaks) - 1, len(scenarios.lines))
    )
    return (factor * on_demand).reshape(-1, len(scenarios.lines))


def _hours(
    scenarios: Scenarios,
    parts: Sequence[tuple[int, float, bool]],
    price: Floats,
    breaks: Sequence[int],
    cost_of_capital_fraction: float,
) -> Hours:
    count, hours = scenarios.quantity.shape[:2]
    flat = scenarios.quantity.reshape(count * hours, -1)
    usage = np.empty((len(parts), count * hours))
    for at, (line, share, _) in enumerate(parts):
        np.multiply(flat[:, line], share, out=usage[at])
    weight = np.tile(discount_at(np.arange(hours), cost_of_capital_fraction), count)
    starts = (np.arange(count)[:, None] * hours + np.array(breaks[:-1])).ravel()
    return Hours(usage, weight, starts, price, count)


def _pools(
    bought: Sequence[tuple[Offer, int, int]], parts: Sequence[tuple[int, float, bool]], runs: npt.NDArray[np.bool_]
) -> tuple[tuple[Pool, ...], list[int]]:
    """Capacity that is alike shares a pool, whenever bought and at whatever price."""
    of_line: dict[int, list[int]] = {}
    for at, (line, _, on_spot) in enumerate(parts):
        if runs[at]:
            # The dearer part of a line is served first.
            of_line.setdefault(line, []).insert(len(of_line.get(line, [])) if on_spot else 0, at)
    pools: dict[Pool, int] = {}
    numbers = []
    for offer, _, _ in bought:
        own = [
            (part, rate) for line, rate in zip(offer.lines, offer.rates, strict=True) for part in of_line.get(line, [])
        ]
        pool = Pool(offer.stage, tuple(part for part, _ in own), tuple(rate for _, rate in own), offer.in_order)
        numbers.append(pools.setdefault(pool, len(pools)))
    return tuple(pools), numbers


def _most(usage: Floats, pool: Pool) -> float:
    """The most capacity of a pool that is ever of use."""
    if not pool.lines:
        return 0.0
    total = np.zeros(usage.shape[1])
    for line, rate in zip(pool.lines, pool.rates, strict=True):
        total += usage[line] * rate
    return float(total.max())
