"""The controls of where to run on spot: pools, the fleet request, fail-over, managed spot; and what they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from costlib.errors import Fault
from costlib.panels.controls import Control, number_of
from costlib.planner.spot.fleet_request import FLEET_TYPES
from costlib.planner.spot.pools import RANKINGS

TOLERANCE, RANKING, NUMBER = "tolerance_percent", "ranking", "number"
FLEET, FLEET_REGION = "fleet_type", "fleet_region"
CHANCE, SYNC, MISSED, MAX_WAIT = "chance_percent", "sync_hours", "missed_usd", "max_wait_hours"

POOLS = (
    Control(TOLERANCE, "Throughput may differ by (%)", "Types that take as long within this stand in for each other"),
    Control(RANKING, "Best first by", "What pools are ranked by", "choice", tuple(RANKINGS)),
    Control(NUMBER, "Pools in a fleet (count)", "How many of the best of one region"),
    Control(FLEET, "Fleet", "instant: one whole cluster or nothing; maintain: kept up", "choice", FLEET_TYPES),
    Control(FLEET_REGION, "Region of the fleet", "A fleet is of one region", "choice"),
)
FAILOVER = (
    Control(CHANCE, "Chance that it is needed (%)", "That the region runs out of capacity in a run; your judgement"),
    Control(SYNC, "Copy checkpoints every (hours)", "To the other region; empty: at every checkpoint"),
    Control(MISSED, "A missed deadline costs (USD)", "Empty: not valued"),
    Control(MAX_WAIT, "SageMaker waits at most (hours)", "MaxWaitTimeInSeconds of managed spot; empty: the deadline"),
)
CONTROLS = {control.key: control for control in (*POOLS, *FAILOVER)}
DEFAULTS = {
    TOLERANCE: "10", RANKING: "price_capacity_optimized", NUMBER: "3", FLEET: "instant", FLEET_REGION: "", CHANCE: "10",
    SYNC: "", MISSED: "", MAX_WAIT: "",
}  # fmt: skip
PLACEHOLDERS = {SYNC: "every checkpoint", MISSED: "not valued", MAX_WAIT: "the deadline"}
RANKING_NAMES = {
    "run_cost": "cost of the run",
    "price": "price of a unit of work",
    "price_capacity_optimized": "capacity, then price",
    "interruptions": "fewest interruptions",
    "stable_price": "steadiest price",
}
#: Faults of the planner by the control that they stand beside.
_SAYS = {
    "tolerance_fraction": TOLERANCE, "by": RANKING, "region": FLEET_REGION, "chance_fraction": CHANCE,
}  # fmt: skip


@dataclass(frozen=True)
class PlacesAsked:
    """What the controls ask: fractions, hours and USD; None where left open."""

    tolerance_fraction: float
    ranking: str
    number: int
    fleet_type: str
    fleet_region: str | None
    chance_fraction: float
    sync_hours: float | None
    missed_usd: float | None
    max_wait_hours: float | None


def read(values: Mapping[str, str]) -> tuple[PlacesAsked | None, list[Fault]]:
    """What the controls say, or everything that is wrong with it."""
    faults: list[Fault] = []
    tolerance, number, chance = (_number(values, key, faults, needed=True) for key in (TOLERANCE, NUMBER, CHANCE))
    sync, missed, wait = (_number(values, key, faults) for key in (SYNC, MISSED, MAX_WAIT))
    if number is not None and number != int(number):
        faults.append(Fault(NUMBER, values[NUMBER], "must be a whole number"))
    if chance is not None and not 0 <= chance <= 100:
        faults.append(Fault(CHANCE, values[CHANCE], "must be from 0 to 100"))
    if tolerance is not None and tolerance < 0:
        faults.append(Fault(TOLERANCE, values[TOLERANCE], "must not be below 0"))
    if faults or tolerance is None or number is None or chance is None:
        return None, faults
    region = values[FLEET_REGION] or None
    return (
        PlacesAsked(
            tolerance / 100.0, values[RANKING], int(number), values[FLEET], region, chance / 100.0, sync, missed, wait
        ),
        faults,
    )


def control_of(fault: Fault) -> str | None:
    """The key of the control that a fault stands beside; None if it concerns the whole."""
    field = _SAYS.get(fault.field, fault.field)
    return field if field in CONTROLS else None


def option_name(key: str, option: str) -> str:
    """How an option of a control is written for people."""
    return RANKING_NAMES.get(option, option) if key == RANKING else option


def _number(values: Mapping[str, str], key: str, faults: list[Fault], needed: bool = False) -> float | None:
    return number_of(values, key, faults, needed=needed, before="$", after="%")
