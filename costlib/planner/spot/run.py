"""The spot plan that is looked at closely, as the numbers that the spot models take, beside its on-demand fall-back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput, NoPlan, unknown
from costlib.models.checkpoint import best_interval_hours
from costlib.planner.explain import plans
from costlib.planner.plan import Band, Plan
from costlib.planner.quantities import SPOT, Candidates, Quantities, quantities
from costlib.planner.search import Result
from costlib.planner.sources import BANDS
from costlib.units import MINUTES_PER_HOUR
from costlib.workload import PURCHASES, SERVICES

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
#: What ``choose`` may be told of the plan.
CHOICES = ("service", "instance_type", "region", "az", "count", "precision")


@dataclass(frozen=True)
class SpotRun:
    """One spot plan of a search. Hours and prices are bands: low is the cheap end, high the dear one.

    ``work_hours``: without start-up and rework; ``restart_hours``: what an interruption costs beside lost work: a
    start-up and the restart; ``mtbi_hours``: until any of the instances is interrupted; ``requeue_hours``: waits for
    capacity over the whole run; ``interval_hours``: between checkpoints, as the plan takes it.
    ``on_demand``: the same instances bought on demand from EC2 in the same region; None where no price is held.
    """

    result: Result
    row: int
    plan: Plan
    on_demand: Plan | None
    work_hours: Band
    start_up_hours: Band
    restart_hours: Band
    write_hours: Band
    requeue_hours: Band
    hazard_per_hour: Band
    mtbi_hours: Band
    interval_hours: float
    spot_usd_per_hour: Band
    on_demand_usd_per_hour: float | None

    @property
    def count(self) -> int:
        """Instances."""
        return self.plan.count

    @property
    def price_ratio(self) -> Band | None:
        """Spot over on-demand by the hour, where both are known; at most 1, as nobody need pay more than on demand."""
        if self.on_demand_usd_per_hour is None:
            return None
        ends = [min(end / self.on_demand_usd_per_hour, 1.0) for end in ends_of(self.spot_usd_per_hour)]
        return Band(*ends)

    @property
    def hazard_origin(self) -> Mapping[str, str]:
        """Basis, rule, source and date of the interruption rate."""
        offer = self.result.candidates.offer[self.row]
        hazards = self.result.sources.spot_hazards(self.result.workload)
        return {name: str(getattr(hazards, name)[offer]) for name in ("basis", "rule", "source", "as_of")}

    @property
    def best_interval_hours(self) -> float:
        """The interval of least expected time, at the expected end; infinite where nothing interrupts."""
        return float(
            best_interval_hours(self.mtbi_hours.expected, self.write_hours.expected, self.restart_hours.expected)
        )

    def as_dict(self) -> dict[str, object]:
        """JSON-ready."""
        ratio = self.price_ratio
        bands = (
            "work_hours", "start_up_hours", "restart_hours", "write_hours", "requeue_hours", "hazard_per_hour",
            "mtbi_hours", "spot_usd_per_hour",
        )  # fmt: skip
        return {
            "plan": self.plan.as_dict(),
            "on_demand": None if self.on_demand is None else self.on_demand.as_dict(),
            **{name: getattr(self, name).as_dict() for name in bands},
            "interval_hours": self.interval_hours,
            "on_demand_usd_per_hour": self.on_demand_usd_per_hour,
            "price_ratio": None if ratio is None else ratio.as_dict(),
            "hazard_origin": dict(self.hazard_origin),
        }


def choose(result: Result, **wanted: object) -> SpotRun:
    """The cheapest spot plan of a search, of those that ``wanted`` (of CHOICES; None: any) leaves.

    EC2 unless service says sagemaker; on time before late. Raises InvalidInput for names that no spot plan has, with
    near ones, and NoPlan where the search holds no spot plan at all.
    """
    strange = [unknown(name, name, CHOICES, "choice of a spot plan") for name in wanted if name not in CHOICES]
    if strange:
        raise InvalidInput(strange)
    asked = {"service": "ec2", **{name: value for name, value in wanted.items() if value is not None}}
    rows = spot_rows(result)
    if not len(rows):
        raise NoPlan("the search holds no spot plan: nothing that it may use has a spot price and an interruption rate")
    faults = []
    left = rows
    for name, value in asked.items():
        held = names_of(result, name, rows)
        if not np.any(held == value):
            faults.append(unknown(name, value, sorted(set(held.tolist()), key=str), "choice that has a spot plan here"))
            continue
        left = left[names_of(result, name, left) == value]
    if not faults and not len(left):
        said = ", ".join(f"{name} {value}" for name, value in asked.items())
        faults.append(Fault("spot plan", said, "is not among the plans: each of them is, but not together"))
    if faults:
        raise InvalidInput(faults)
    late = ~result.meets_deadline[left]
    return run_of(result, int(left[np.lexsort((result.cost_usd[left], late))[0]]))


def spot_rows(result: Result) -> Ints:
    """All spot candidates of a search."""
    return np.nonzero(result.column("purchase") == SPOT)[0]


def names_of(result: Result, name: str, rows: Ints) -> npt.NDArray[np.object_]:
    """One of CHOICES for each of some candidates, in words (``count`` as a number; ``az`` empty where not said)."""
    offers, candidates = result.sources.offers, result.candidates
    offer = candidates.offer[rows]
    if name == "count":
        return result.grid.counts[candidates.count_index[rows]].astype(object)
    if name == "precision":
        return np.array(result.grid.precisions, dtype=object)[candidates.precision_index[rows]]
    if name == "az":
        return offers.words["az"][offer]
    words = {"service": SERVICES, "instance_type": offers.instance_types, "region": offers.regions}[name]
    return np.array(words, dtype=object)[getattr(offers, name)[offer]]


def run_of(result: Result, row: int) -> SpotRun:
    """One candidate of a search, which must be spot, as a SpotRun. Raises InvalidInput for other candidates."""
    offers = result.sources.offers
    offer = int(result.candidates.offer[row])
    if offers.purchase[offer] != SPOT:
        raise InvalidInput([Fault("row", row, f"is {PURCHASES[offers.purchase[offer]]}, not spot")])
    one = result.candidates.take(np.array([row]))
    ends = {band: quantities(result.workload, result.sources, result.grid, result.places, one, band) for band in BANDS}
    restart = result.workload.checkpoint.restart_minutes / MINUTES_PER_HOUR
    hazard = result.sources.spot_hazards(result.workload).hazard
    start_up = _band(ends, "start_up_hours")
    on_demand_row = int(offers.ec2_on_demand_row[offer])
    return SpotRun(
        result=result,
        row=row,
        plan=plans(result, np.array([row]))[0],
        on_demand=_on_demand_plan(result, one, on_demand_row),
        work_hours=_band(ends, "work_hours"),
        start_up_hours=start_up,
        restart_hours=Band(*(restart + end for end in ends_of(start_up))),
        write_hours=_band(ends, "checkpoint_write_hours"),
        requeue_hours=_band(ends, "requeue_hours"),
        hazard_per_hour=Band(*(float(end[offer]) for end in hazard)),
        mtbi_hours=_band(ends, "mtbi_hours"),
        interval_hours=float(ends["expected"].interval_hours[0]),
        spot_usd_per_hour=_band(ends, "usd_per_hour"),
        on_demand_usd_per_hour=float(offers.usd_per_hour[1][on_demand_row]) if on_demand_row >= 0 else None,
    )


def _on_demand_plan(result: Result, spot: Candidates, on_demand_row: int) -> Plan | None:
    """The search's own plan for the same instances on demand; None where there is none."""
    held = result.candidates
    same = np.nonzero(
        (held.offer == on_demand_row)
        & (held.count_index == spot.count_index[0])
        & (held.precision_index == spot.precision_index[0])
    )[0]
    return plans(result, same[:1])[0] if len(same) else None


def instance_usd(run: SpotRun, hours: Floats, end: int) -> Floats:
    """The plan's cost with other billed ``hours`` (start-up not counted) at one end (0 low, 1 expected, 2 high)."""
    price, start_up = (ends_of(held)[end] for held in (run.spot_usd_per_hour, run.start_up_hours))
    billed = {"compute", "start_up", "spot_rework"}
    other = sum(ends_of(line.usd)[end] for line in run.plan.lines if line.item not in billed)
    return other + price * run.count * (start_up + hours)


def _band(ends: Mapping[str, Quantities], name: str) -> Band:
    return Band(*(float(getattr(ends[band], name)[0]) for band in BANDS))


def ends_of(band: Band) -> tuple[float, float, float]:
    """Low, expected and high."""
    return band.low, band.expected, band.high
