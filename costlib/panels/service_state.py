"""What the service page knows, without widgets: what was asked, and the last good answer to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import traitlets

from costlib.errors import Fault, unknown
from costlib.panels.refusals import answered, require_answered
from costlib.panels.service_fields import EXTRA, STAFF, STAFF_RATE, jobs_of, values_of
from costlib.planner.answer import example_paths, read_workload
from costlib.planner.service.compare import Comparison, compare
from costlib.planner.service.flips import Map, service_map
from costlib.planner.service.kinds import KINDS
from costlib.planner.service.market import ServiceSources
from costlib.planner.service.portfolio import Portfolio, portfolio
from costlib.planner.service.reading import read_mapping
from costlib.planner.service.report import ServiceReport, service_report
from costlib.planner.sources import Sources
from costlib.workload import Workload

EXAMPLE, KIND = "gpt2-1.5b", "a sweep of small jobs"
#: Sets of jobs that a portfolio may have.
MOST_MEMBERS = 20


@dataclass(frozen=True)
class ServiceAnswer:
    """Everything that the page shows for one set of jobs, beside the portfolio of all sets."""

    report: ServiceReport
    map: Map
    portfolio: Portfolio

    @property
    def found(self) -> Comparison:
        """The comparison itself."""
        return self.report.found


class ServiceState(traitlets.HasTraits):
    """``propose`` what the controls say, ``start`` from a kind of work or an example's run, ``keep`` or ``clear`` sets
    of jobs for the portfolio; read ``answer``.

    What is refused stands in ``faults`` (``problem``, if no control is to blame) and leaves ``answer`` as it was.
    ``members``: names of the portfolio's sets. ``started``: from what the page started; empty for own numbers.
    """

    answer = traitlets.Instance(ServiceAnswer)
    values = traitlets.Dict()
    started = traitlets.Unicode()
    members = traitlets.Tuple()
    faults = traitlets.Tuple()
    problem = traitlets.Unicode()

    def __init__(self, sources: Sources | None = None) -> None:
        super().__init__()
        self.sources = ServiceSources.open(sources)
        self._base = self._example(EXAMPLE)
        self._sets = [(name, self._base.changed({"jobs": jobs})) for name, jobs in KINDS.items()]
        self._compared: dict[str, Comparison] = {}
        self._people = values_of(KINDS[KIND])
        self._take(self._base, dict(KINDS[KIND]), values_of(KINDS[KIND]), KIND)
        require_answered(self)

    @property
    def starts(self) -> tuple[str, ...]:
        """What the page may start from: the kinds of work, and the examples' runs."""
        return (*KINDS, *example_paths())

    @property
    def has_example_people(self) -> bool:
        """Whether what people's time costs is still that of the kind of work that the page started from."""
        return all(self.values[key] == self._people[key] for key in (STAFF_RATE, *STAFF))

    def start(self, name: str) -> None:
        """Takes a kind of work, or the runs of an example by its cheapest plan; a further service's cost stays."""
        if name not in self.starts:
            self.faults = (unknown("start", name, self.starts, "kind of work or example"),)
            return
        base = self._base if name in KINDS else self._example(name)
        jobs = dict(KINDS.get(name, {}))
        before, self._people = self._people, values_of(jobs)
        self._take(base, jobs, values_of(jobs, self.values[EXTRA]), name)
        if self.started != name:
            self._people = before

    def propose(self, values: Mapping[str, str]) -> None:
        """Takes what the controls say (a text for each of service_fields.CONTROLS)."""
        jobs, _, faults = jobs_of(values)
        if faults:
            self.faults, self.problem = tuple(faults), ""
            return
        same = dict(values) == self.values or {**values, EXTRA: ""} == {**self.values, EXTRA: ""}
        self._take(self._base, jobs, dict(values), self.started if same else "")

    def keep(self) -> None:
        """Puts the set of jobs that is shown into the portfolio, under a name of its own."""
        if len(self._sets) >= MOST_MEMBERS:
            self.faults = (Fault("portfolio", len(self._sets), f"sets of jobs are the most: {MOST_MEMBERS}"),)
            return
        question = self.answer.found.question
        taken = {name for name, _ in self._sets}
        stem = f"{question.count:,} × {question.instance_type}"
        name = next(name for number in range(1, MOST_MEMBERS + 2)
                    if (name := stem if number == 1 else f"{stem} ({number})") not in taken)  # fmt: skip
        self._sets = [*self._sets, (name, question.workload)]
        self._retell()

    def clear(self) -> None:
        """Leaves only the set of jobs that is shown in the portfolio."""
        self._sets = []
        self.keep()

    def _take(self, base: Workload, jobs: dict[str, Any], values: dict[str, str], started: str) -> None:
        """Answers, and keeps the answer if nothing is wrong."""
        answer = answered(self, lambda: self._answered(base, jobs, values))
        if answer is None:
            return
        with self.hold_trait_notifications():
            self._base = base
            self.faults, self.problem = (), ""
            self.values, self.started = values, started
            self.members = tuple(name for name, _ in self._sets)
            self.answer = answer

    def _answered(self, base: Workload, jobs: dict[str, Any], values: Mapping[str, str]) -> ServiceAnswer:
        content = {key: value for key, value in base.to_mapping().items() if key != "jobs"}
        workload = read_mapping({**content, "jobs": jobs} if jobs else content, self.sources)
        report = service_report(workload, self.sources)
        return ServiceAnswer(report, service_map(report.found), self._mixed(values))

    def _retell(self) -> None:
        """The same answer beside another portfolio."""
        answer = ServiceAnswer(self.answer.report, self.answer.map, self._mixed(self.values))
        with self.hold_trait_notifications():
            self.faults, self.members = (), tuple(name for name, _ in self._sets)
            self.answer = answer

    def _mixed(self, values: Mapping[str, str]) -> Portfolio:
        """The portfolio of all kept sets; each is compared once."""
        found = []
        for name, workload in self._sets:
            key = json.dumps(workload.to_mapping(), sort_keys=True)
            if key not in self._compared:
                self._compared[key] = compare(workload, self.sources)
            found.append((name, self._compared[key]))
        return portfolio(found, jobs_of(values)[1])

    def _example(self, name: str) -> Workload:
        return read_workload(name, self.sources.sources.vocabulary)
