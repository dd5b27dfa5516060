"""The three services side by side: the cheapest way of each, why some are out, and by how much the best is cheaper."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from costlib.errors import NoPlan
from costlib.planner.plan import Band, Line
from costlib.planner.service.abilities import Reason, reasons, remarks
from costlib.planner.service.candidates import Candidates, candidates
from costlib.planner.service.known import SERVICES
from costlib.planner.service.lines import lines_of
from costlib.planner.service.market import ServiceSources
from costlib.planner.service.question import Question, alternatives, asked
from costlib.workload import Workload


@dataclass(frozen=True)
class Way:
    """The cheapest way of one service, by expected cost; ``row`` of the comparison's candidates.

    ``makespan_hours``: from the first start to the last end. ``instance_hours``: billed, expected.
    """

    service: str
    row: int
    instance_type: str
    mode: str
    slots: int
    lanes: int
    instance_hours: float
    makespan_hours: Band
    lines: tuple[Line, ...]

    @property
    def usd(self) -> Band:
        """The sum of the lines."""
        total = Band(0.0, 0.0, 0.0)
        for line in self.lines:
            total = total + line.usd
        return total

    def usd_without(self, *items: str) -> float:
        """The expected sum of all lines but those of some items."""
        return sum(line.usd.expected for line in self.lines if line.item not in items)


@dataclass(frozen=True)
class Comparison:
    """``ways`` by service, where one is priced; ``out``: what excludes each; ``remarks``: what to know of each.

    ``missing``: by service what its total does not hold, in words. ``most_hours``: by service the longest job that it
    runs, where it has a limit.
    """

    question: Question
    candidates: Candidates
    ways: dict[str, Way]
    out: dict[str, tuple[Reason, ...]]
    remarks: dict[str, tuple[Reason, ...]]
    missing: dict[str, tuple[str, ...]]
    most_hours: dict[str, float]

    @cached_property
    def allowed(self) -> tuple[Way, ...]:
        """The ways of services that nothing excludes, cheapest first."""
        free = [way for service, way in self.ways.items() if not self.out[service]]
        return tuple(sorted(free, key=lambda way: way.usd.expected))

    @property
    def best(self) -> Way:
        """The cheapest of them."""
        return self.allowed[0]

    @cached_property
    def rows_by_service(self) -> dict[str, np.ndarray]:
        """Rows of the candidates of each service that nothing excludes but, perhaps, the length of the jobs."""
        service = self.candidates.table["service"].to_numpy(object)
        rows = {name: np.nonzero((service == name) & self.priced)[0] for name in SERVICES}
        able = {name for name, why in self.out.items() if all(np.isfinite(one.most_hours) for one in why)}
        return {name: held for name, held in rows.items() if name in able and len(held)}

    @cached_property
    def priced(self) -> npt.NDArray[np.bool_]:
        """Candidates whose cost is known."""
        return np.isfinite(self.candidates.usd(1))

    def within(self, service: str, hours: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Whether the service runs jobs of so many hours."""
        return np.asarray(hours) <= self.most_hours.get(service, np.inf)


def compare(workload: Workload, sources: ServiceSources) -> Comparison:
    """The workload's jobs on each service. Raises InvalidInput with all faults, NoPlan where no service is left."""
    question = asked(workload, sources)
    found = candidates(question, sources)
    known = np.isfinite(found.usd(1))
    types = alternatives(question)
    out = reasons(question, types, sources.numbers)
    spent = [found.usd(end) for end in range(3)]
    ways: dict[str, Way] = {}
    for service in SERVICES:
        rows = np.nonzero((found.table["service"] == service).to_numpy() & known)[0]
        if len(rows):
            ways[service] = _way(found, int(rows[np.argmin(spent[1][rows])]), sources)
        elif not out[service]:
            text = f"how often spot is taken back is not known of {question.instance_type} in {question.region}"
            out[service] = (Reason(text, "facts/spot_interruptions"),)
    longest = {"sagemaker": sources.numbers.longest_training_hours}
    said = remarks(question, sources.numbers, _pooled(ways), _filled(found, ways))
    made = Comparison(question, found, ways, out, said, _missing(found, ways), longest)
    if not made.allowed:
        told = "; ".join(f"{service}: {why.text}" for service, all_why in out.items() for why in all_why)
        raise NoPlan(f"no service can run these jobs: {told}")
    return made


def _pooled(ways: dict[str, Way]) -> bool:
    """Whether SageMaker's cheapest way keeps a warm pool."""
    return "sagemaker" in ways and ways["sagemaker"].mode != "own"


def _filled(found: Candidates, ways: dict[str, Way]) -> float:
    """The share of an instance's memory that the jobs of AWS Batch's cheapest way take; 0 where that is not known."""
    way, memory_gib = ways.get("batch"), found.question.jobs.memory_gib
    if way is None or memory_gib is None:
        return 0.0
    return way.slots * memory_gib / float(found.table["memory_gib"].to_numpy(float)[way.row])


def _way(found: Candidates, row: int, sources: ServiceSources) -> Way:
    at = found.table.iloc[row]
    one = found.take(np.array([row]))
    ends = [one.billed(end) for end in range(3)]
    spans = sorted(float(end.makespan_hours[0]) for end in ends)
    units = int(np.ceil(found.question.count / at["slots"]))
    return Way(
        str(at["service"]), row, str(at["instance_type"]), str(at["mode"]), int(at["slots"]),
        int(min(at["lanes"], units)), float(ends[1].total_hours[0]),
        Band(spans[0], float(ends[1].makespan_hours[0]), spans[2]), lines_of(found, row, sources),
    )  # fmt: skip


def _missing(found: Candidates, ways: dict[str, Way]) -> dict[str, tuple[str, ...]]:
    """What a total lacks because no price or number is held or given."""
    jobs = found.question.jobs
    made: dict[str, list[str]] = {service: [] for service in ways}
    for service, way in ways.items():
        if jobs.volume_gib and np.isnan(found.table["storage_usd_per_hour"].to_numpy(float)[way.row]):
            made[service].append(f"disks: no price of them is held for {found.question.region}")
        if not jobs.volume_gib:
            made[service].append("disks: no size is given")
        staff = jobs.staff_hours
        if (getattr(staff, service) if staff else None) is None:
            made[service].append("people's time: no hours are given")
        if service == "ec2" and jobs.idle_tail_minutes is None:
            made[service].append("the time until somebody ends an idle instance: none is given")
        if service == "batch" and jobs.scale_down_minutes is None:
            made[service].append("the time until an idle instance is ended: AWS publishes none")
    return {service: tuple(words) for service, words in made.items()}
