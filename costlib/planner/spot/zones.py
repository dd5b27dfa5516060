"""One run over several recorded zones at once: stay, move when preempted, or move when cheaper."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault, InvalidInput, NotKnown, unknown
from costlib.facts.spot_traces import SpotTraces
from costlib.models.availability import starts_that_fit
from costlib.models.replay import Replayed
from costlib.models.replay_zones import MOVES, Zones, replay_zones
from costlib.planner.quantities import SPOT
from costlib.planner.spot.recorded import BAND_TAIL, base_usd, terms_of
from costlib.planner.spot.run import SpotRun
from costlib.units import SECONDS_PER_HOUR
from costlib.workload import SERVICES

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

POLICY = "uniform_progress"
RULE = (
    "the zones' capacity is as recorded; their prices are those of the cheapest pools of the type that the book holds,"
    " as many as there are zones, laid on the zones in every rotation. A move reads the checkpoint once more at the"
    " line rate of the network; between regions its transfer is paid, at the dearest price out of the run's region"
)
COLUMNS = (
    "moves", "zones", "usd_low", "usd", "usd_high", "saved_fraction", "met_fraction", "hours", "spot_fraction", "jobs",
)  # fmt: skip


def campaigns(traces: SpotTraces) -> dict[str, tuple[str, ...]]:
    """Sets of two or more distinct traces that share a clock, a machine and a number, under a name that says which."""
    found: dict[str, tuple[str, ...]] = {}
    table = traces.table.set_index("trace")
    for name, row in table.iterrows():
        names = traces.sharing_a_clock(str(name))
        distinct = table.loc[list(names), "run_lengths"].nunique() == len(names)
        if len(names) > 1 and distinct and names[0] == name:
            number = "" if pd.isna(row["number"]) else f"{row['number']:g} x "
            nodes = "" if row["nodes"] == 1 else f", {row['nodes']} at once"
            found[f"{row['campaign']}: {number}{row['machine']}{nodes}, {len(names)} zones"] = names
    return found


def by_moves(
    run: SpotRun,
    deadline_hours: float,
    traces: SpotTraces,
    campaign: str,
    every_hours: float = 12.0,
    policy: str = POLICY,
) -> pd.DataFrame:
    """What staying in each zone of a campaign, and moving between all of them, would have come to; columns: COLUMNS.

    A row ``stay`` for each zone, then ``on_preemption`` and ``when_cheaper`` over all (RULE). Dollars are of the
    instances, mean with P10 and P90 of the jobs. Raises NotKnown for another campaign; InvalidInput as
    recorded.terms_of, and where no start fits the campaign.
    """
    held = campaigns(traces)
    if campaign not in held:
        raise NotKnown([unknown("campaign", campaign, held, "set of zones that share a clock")])
    names = held[campaign]
    flags = np.array([traces.of(name) for name in names])
    zones = traces.table.set_index("trace")["zone"]
    grid = _Grid(
        run, deadline_hours, flags, traces.step_hours(names[0]), every_hours, policy, _regions(zones[list(names)])
    )
    rows = [grid.row("stay", [number], str(zones[name])) for number, name in enumerate(names)]
    everywhere = ", ".join(str(zones[name]) for name in names)
    rows += [grid.row(moves, list(range(len(names))), everywhere) for moves in MOVES[1:]]
    return pd.DataFrame(rows)[list(COLUMNS)]


class _Grid:
    """The zones of a campaign with their prices, and what a way to move makes of them."""

    def __init__(
        self, run: SpotRun, deadline_hours: float, flags: Bools, step_hours: float, every_hours: float, policy: str,
        regions: int,
    ) -> None:  # fmt: skip
        self.run, self.deadline_hours, self.flags, self.policy = run, deadline_hours, flags, policy
        self.step_hours = step_hours
        self.terms = terms_of(run, deadline_hours)
        self.ratios = pool_ratios(run, len(flags))
        self.move_hours = run.write_hours.expected
        self.move_cost_hours = (
            _transfer_usd(run) / (run.on_demand_usd_per_hour or 1.0) / run.count if regions > 1 else 0.0
        )
        # The net counts a move with every changeover, so a window must hold both.
        fits = starts_that_fit(flags.shape[1], step_hours, deadline_hours)
        if not len(fits):
            raise InvalidInput([Fault("deadline_hours", deadline_hours, "is longer than the zones were recorded")])
        self.starts = fits[:: max(round(every_hours / step_hours), 1)]

    def row(self, moves: str, chosen: list[int], zones: str) -> dict[str, object]:
        """One row of by_moves."""
        # Staying costs in proportion to its one price, and the mean over all rotations has the mean price.
        prices = [np.array([self.ratios.mean()])]
        if len(chosen) > 1:
            prices = [np.roll(self.ratios, by) for by in range(len(chosen))]
        found = [self._replayed(self.flags[chosen], held, moves) for held in prices]
        usd = np.concatenate([one.cost_ratio for one in found]) * base_usd(self.run)
        spot, on_demand = (np.concatenate([getattr(one, name) for one in found]) for name in _BILLED)
        alone = base_usd(self.run) * (1.0 + self.terms.changeover_seconds / self.terms.work_seconds)
        return {
            "moves": moves,
            "zones": zones,
            "usd_low": float(np.quantile(usd, BAND_TAIL)),
            "usd": float(usd.mean()),
            "usd_high": float(np.quantile(usd, 1.0 - BAND_TAIL)),
            "saved_fraction": float(1.0 - usd.mean() / alone),
            "met_fraction": float(np.mean([one.met_deadline.mean() for one in found])),
            "hours": float(np.mean([one.finish_hours.mean() for one in found])),
            "spot_fraction": float(spot.sum() / (spot.sum() + on_demand.sum())),
            "jobs": len(usd),
        }

    def _replayed(self, flags: Bools, ratios: Floats, moves: str) -> Replayed:
        changeover = self.terms.changeover_seconds / SECONDS_PER_HOUR
        zones = Zones(flags, ratios, self.move_hours, self.move_cost_hours)
        work = self.run.work_hours.expected
        return replay_zones(
            zones, self.step_hours, work, self.deadline_hours, changeover, self.policy, moves, self.starts
        )


def pool_ratios(run: SpotRun, count: int) -> Floats:
    """Spot over the run's on-demand price of the cheapest pools of its type, cheapest first; at most 1.

    Where fewer pools than ``count`` are held the list begins again.
    """
    offers = run.result.sources.offers
    type_code = offers.instance_types.index(run.plan.instance_type)
    rows = (offers.purchase == SPOT) & (offers.instance_type == type_code)
    rows &= offers.service == SERVICES.index(run.plan.service)
    prices = np.sort(offers.usd_per_hour[1][rows])
    assert run.on_demand_usd_per_hour is not None
    return np.minimum(np.resize(prices, count) / run.on_demand_usd_per_hour, 1.0)


def _transfer_usd(run: SpotRun) -> float:
    """What bringing one checkpoint to another region costs at the most; 0 where no price is held."""
    sources = run.result.sources
    held = sources.transfer_prices(sources.parent_region(run.plan.region))
    dearest = max((price.amount for price in held.values()), default=0.0)
    return dearest * run.result.workload.checkpoint.gib


def _regions(zones: pd.Series) -> int:
    """How many regions these zones lie in (us-east-1a: us-east-1; us-central1-a: us-central1)."""
    return len({re.sub(r"-?[a-z]$", "", str(zone)) for zone in zones})


_BILLED = ("spot_hours", "on_demand_hours")
