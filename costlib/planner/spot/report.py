"""Everything that is known of one run on spot, as one answer: the plan, its odds, and where else it could run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from costlib.errors import CostlibError, Fault, InvalidInput
from costlib.facts.spot_traces import SpotTraces
from costlib.planner.spot import checkpoints, drills, mixes, odds, recorded, waiting
from costlib.planner.spot.failover import FailOver, fail_over
from costlib.planner.spot.fleet_request import FleetRequest, fleet_request
from costlib.planner.spot.managed import ManagedSpot, managed_spot
from costlib.planner.spot.own_odds import RULE as OWN_RULE
from costlib.planner.spot.own_odds import own_odds
from costlib.planner.spot.plain_rows import plain_rows
from costlib.planner.spot.pools import SpotPools, spot_pools
from costlib.planner.spot.replays import Tape
from costlib.planner.spot.run import SpotRun

Progress = Callable[[float, str], None]

#: Rankings of a fleet's pools: the first one that ranks any.
FLEET_RANKINGS = ("price_capacity_optimized", "run_cost")
#: Parts that replay recorded capacity, and take seconds.
REPLAYED = ("deadline", "policies", "game_day", "waiting")


@dataclass(frozen=True)
class SpotReport:
    """One spot plan. ``ways``, ``dates``, ``policies``, ``drilled`` and ``waits`` are None where ``why_not_replayed``
    says why; ``own`` (own_odds) also without a history of the user's; ``deadline_given``: by the workload, else it is
    taken from the work (recorded.DEADLINE_OVER_WORK)."""

    run: SpotRun
    deadline_hours: float
    deadline_given: bool
    intervals: pd.DataFrame
    notice: checkpoints.Notice
    shares: pd.DataFrame
    pools: SpotPools
    fleet: FleetRequest
    failover: FailOver
    managed: ManagedSpot
    ways: pd.DataFrame | None
    dates: pd.DataFrame | None
    policies: pd.DataFrame | None
    drilled: pd.DataFrame | None
    waits: pd.DataFrame | None
    own: pd.DataFrame | None
    why_not_replayed: str

    def as_dict(self) -> dict[str, object]:
        """JSON-ready: what is not known, or never, is null."""
        pools = self.pools.as_dict()
        return {
            **self.run.as_dict(),
            "why_not_finished": checkpoints.why_not(self.run, self.run.interval_hours),
            "deadline_hours": self.deadline_hours,
            "deadline_given": self.deadline_given,
            "checkpoints": plain_rows(self.intervals),
            "notice": self.notice.as_dict(),
            "mixes": plain_rows(self.shares),
            "deadline": None if self.ways is None or self.dates is None else {
                "ways": plain_rows(self.ways), "spot_only_by_date": plain_rows(self.dates),
            },
            "policies": None if self.policies is None else plain_rows(self.policies),
            "game_day": None if self.drilled is None else plain_rows(self.drilled),
            "waiting": None if self.waits is None else plain_rows(self.waits),
            "own_odds": None if self.own is None else plain_rows(self.own),
            "why_not_replayed": self.why_not_replayed or None,
            "pools": pools,
            "fleet_request": self.fleet.as_dict(),
            "fail_over": self.failover.as_dict(),
            "managed_spot": self.managed.as_dict(),
            "rules": {"recorded": recorded.RULE, "mixes": mixes.RULE, "waiting": waiting.RULE, "own_odds": OWN_RULE},
        }  # fmt: skip


def spot_report(
    run: SpotRun,
    chance_fraction: float = 0.1,
    replayed: bool = True,
    progress: Progress | None = None,
    traces: SpotTraces | None = None,
    history: Tape | None = None,
) -> SpotReport:
    """The whole answer for one plan. ``chance_fraction``: that the run has to fail over to another region.

    ``history``: the availability so far of the user's own zone, for odds of a start now. Without ``replayed`` nothing
    is replayed over recorded capacity; where it cannot be (no on-demand price, a deadline that no start meets), the
    answer says why. Raises InvalidInput for a chance outside 0 to 1, and a history of less than a day.
    """
    if not 0 <= chance_fraction <= 1:
        raise InvalidInput([Fault("chance_fraction", chance_fraction, "must be from 0 to 1")])
    tell = progress or (lambda share, what: None)
    held = traces or SpotTraces.open()
    deadline = recorded.deadline_of(run)
    pieces: dict[str, pd.DataFrame | None] = dict.fromkeys(("ways", "dates", "policies", "drilled", "waits", "own"))
    why_not = "" if replayed else "not asked for"
    if replayed:
        try:
            recorded.terms_of(run, deadline)
            pieces["ways"] = odds.by_way(run, deadline, held, lambda share, what: tell(0.4 * share, what))
            tell(0.4, "dates")
            pieces["dates"] = odds.by_date(run, deadline, held)
            pieces["policies"] = recorded.by_policy(
                run, deadline, held, progress=lambda share, what: tell(0.45 + 0.4 * share, what)
            )
            tell(0.85, "game day")
            pieces["drilled"] = drills.game_day(run, deadline)
            pieces["waits"] = waiting.by_schedule(held)
        except CostlibError as impossible:
            pieces, why_not = dict.fromkeys(pieces), str(impossible)
    if history is not None and not why_not:
        tell(0.9, "odds from your own trace")
        pieces["own"] = own_odds(run, deadline, held, history)
    tell(0.95, "pools")
    workload, sources = run.result.workload, run.result.sources
    pools = spot_pools(workload, sources, run.plan.instance_type, run.plan.count)
    regions = set(pools.pools["region"])
    region = run.plan.region if run.plan.region in regions else None
    # Where the Spot advisor knows none of the region's pools, capacity does not rank them.
    ranking = next(by for by in FLEET_RANKINGS if len(pools.ranked(by, region or pools.base.region)))
    return SpotReport(
        run=run,
        deadline_hours=deadline,
        deadline_given=workload.deadline_hours is not None,
        intervals=checkpoints.intervals(run),
        notice=checkpoints.notice(run),
        shares=mixes.by_share(run),
        pools=pools,
        fleet=fleet_request(pools, region, by=ranking),
        failover=fail_over(pools, chance_fraction),
        managed=managed_spot(pools),
        why_not_replayed=why_not,
        **pieces,
    )
