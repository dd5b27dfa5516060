"""Where a spot plan could run, without widgets: pools, a fleet request, fail-over and managed spot of one plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import traitlets

from costlib.errors import CostlibError, Fault, InvalidInput
from costlib.panels.spot_places_fields import DEFAULTS, FLEET_REGION, NUMBER, RANKING, PlacesAsked, read
from costlib.planner.spot.diversified import DiversifiedPools, diversify
from costlib.planner.spot.failover import FailOver, fail_over
from costlib.planner.spot.fleet_request import FleetRequest, fleet_request
from costlib.planner.spot.managed import ManagedSpot, managed_spot
from costlib.planner.spot.pools import SpotPools, spot_pools
from costlib.planner.spot.run import SpotRun


@dataclass(frozen=True)
class PlacesAnswer:
    """All of it for one plan. ``number``: pools of the fleet; as many as the region has, where it has fewer."""

    run: SpotRun
    pools: SpotPools
    ranking: str
    regions: tuple[str, ...]
    region: str
    number: int
    spread: DiversifiedPools
    fleet: FleetRequest
    failover: FailOver
    managed: ManagedSpot


class PlacesState(traitlets.HasTraits):
    """``follow`` a plan, ``propose`` what the controls say; read ``answer`` (None where ``problem`` says why).

    What is refused stands in ``faults`` and leaves the answer as it was; ``notes``: by control, what was taken in place
    of what the answer does not have.
    """

    answer = traitlets.Instance(PlacesAnswer, allow_none=True)
    values = traitlets.Dict()
    faults = traitlets.Tuple()
    notes = traitlets.Dict()
    problem = traitlets.Unicode()

    def __init__(self, run: SpotRun) -> None:
        super().__init__(values=dict(DEFAULTS))
        self._run = run
        self._take(dict(DEFAULTS))

    def follow(self, run: SpotRun) -> None:
        """Takes another plan; what the controls say stays, but for a region that the plan's pools lack."""
        self._run = run
        self._take(dict(self.values))

    def propose(self, values: Mapping[str, str]) -> None:
        """Takes what the controls say."""
        self._take(dict(values))

    def _take(self, values: dict[str, str]) -> None:
        asked, faults = read(values)
        if asked is None:
            self.faults = tuple(faults)
            return
        try:
            answer, notes = _answered(self._run, asked, values)
        except InvalidInput as refused:
            self.faults = refused.faults
            return
        except CostlibError as impossible:
            with self.hold_trait_notifications():
                self.faults, self.problem, self.answer = (), f"{impossible}.", None
            return
        with self.hold_trait_notifications():
            self.faults, self.problem, self.notes, self.values = (), "", notes, values
            self.answer = answer


def _answered(run: SpotRun, asked: PlacesAsked, values: dict[str, str]) -> tuple[PlacesAnswer, dict[str, str]]:
    plan, sources = run.plan, run.result.sources
    pools = spot_pools(run.result.workload, sources, plan.instance_type, plan.count, asked.tolerance_fraction)
    ranked = pools.ranked(asked.ranking)
    if ranked.empty:
        raise InvalidInput([Fault(RANKING, values[RANKING], "ranks no pool: what it looks at is known of none here")])
    regions, notes = tuple(ranked["region"].unique()), {}
    own = plan.region if plan.region in regions else regions[0]
    region = own if asked.fleet_region is None else asked.fleet_region
    if region not in regions:
        notes[FLEET_REGION] = f"{region} has no pool by this ranking; {own} is shown"
        region, values[FLEET_REGION] = own, ""
    elif asked.fleet_region is None and own != plan.region:
        notes[FLEET_REGION] = f"{plan.region}, of the plan, has no pool by this ranking; {own} is shown"
    held = int((ranked["region"] == region).sum())
    if asked.number > held:
        notes[NUMBER] = f"{region} has {held}"
    number = min(asked.number, held)
    wait = run.result.workload.deadline_hours if asked.max_wait_hours is None else asked.max_wait_hours
    answer = PlacesAnswer(
        run,
        pools,
        asked.ranking,
        regions,
        region,
        number,
        diversify(pools, number, asked.ranking, region),
        fleet_request(pools, region, asked.fleet_type, number, asked.ranking),
        fail_over(pools, asked.chance_fraction, sync_hours=asked.sync_hours, missed_usd=asked.missed_usd),
        managed_spot(pools, wait),
    )
    return answer, notes
