"""What the region page knows, without widgets: the rankings of a workload, and what following prices would do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd
import traitlets

from costlib.errors import Fault, InvalidInput, unknown
from costlib.panels.refusals import answered, require_answered
from costlib.panels.region_fields import DEFAULTS, PRICES, WAY, RegionAsked, read, workload_changes, workload_values
from costlib.planner.answer import example_paths, read_workload
from costlib.planner.region.answer import RegionAnswer, region_answer
from costlib.planner.region.campaign import Following, changeover_of, follow_prices, follow_recorded
from costlib.planner.region.frames import region_frame, size_frame
from costlib.planner.region.price_paths import paths_of
from costlib.planner.region.stability import PriceFacts, stability
from costlib.planner.sources import Sources
from costlib.workload import Workload

EXAMPLE = "gpt2-1.5b"
#: The page opens with data that are far from the cheapest instances: a choice of this page.
FIRST_DATA = {
    "dataset.gib": 5000, "dataset.home_region": "us-west-2", "dataset.changed_gib_per_month": 100,
    "dataset.result_gib_per_run": 20, "dataset.results_to": "home_region", "runs_per_month": 1,
}  # fmt: skip
FIRST_NOTE = "The example's training with data of this page's choice: 5,000 GiB in us-west-2, one run a month"


@dataclass(frozen=True)
class RegionView:
    """What the page shows of one answer: a way to buy, its tables, and following prices where they are given."""

    answer: RegionAnswer
    way: str
    followed: Following | None
    recorded: Following | None

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The regions, ranked ones first."""
        return region_frame(self.answer, self.way)

    @cached_property
    def lines(self) -> pd.DataFrame:
        """Regions over the size of the dataset."""
        return size_frame(self.answer, self.way)

    @cached_property
    def stability(self) -> dict[str, object]:
        """How sure the ranking is."""
        return stability(self.answer.result, self.answer.rankings[self.way], self.answer.facts)

    @property
    def price_only(self) -> str:
        """The region that the price of instances alone picks."""
        return self.answer.regions[self.answer.rankings[self.way].price_only]


class RegionState(traitlets.HasTraits):
    """``propose`` what the controls say (region_fields.CONTROLS, and PRICES as CSV text), or ``start``; read ``view``.

    What is refused stands in ``faults`` (``problem``, if nothing can be planned at all) and leaves the view as it was.
    """

    view = traitlets.Instance(RegionView)
    values = traitlets.Dict()
    started = traitlets.Unicode()
    faults = traitlets.Tuple()
    problem = traitlets.Unicode()

    def __init__(self, sources: Sources | None = None, workload: Workload | None = None) -> None:
        super().__init__()
        self.sources = sources if sources is not None else Sources.open()
        self.facts = PriceFacts.of(self.sources.book)
        self.first_note = FIRST_NOTE if workload is None else ""
        self._base = self._example(EXAMPLE).changed(FIRST_DATA) if workload is None else workload
        #: The workload that the page opens with.
        self.first = self._base
        self._take({**workload_values(self._base), **DEFAULTS}, "")
        require_answered(self)

    @property
    def examples(self) -> tuple[str, ...]:
        """Workloads to start from."""
        return tuple(example_paths())

    @property
    def home_regions(self) -> tuple[str, ...]:
        """The regions that the dataset may live in."""
        return tuple(sorted({self.sources.parent_region(region) for region in self.sources.offers.regions}))

    def start(self, name: str) -> None:
        """Takes an example workload as it is; what the other controls say stays."""
        if name not in self.examples:
            self.faults = (unknown("start", name, self.examples, "example"),)
            return
        before, self._base = self._base, self._example(name)
        self._take({**self.values, **workload_values(self._base)}, name)
        if self.faults or self.problem:
            self._base = before

    def propose(self, values: Mapping[str, str]) -> None:
        """Takes what the controls say."""
        self._take(dict(values), self.started)

    def _take(self, values: dict[str, str], started: str) -> None:
        faults: list[Fault] = []
        asked, workload, paths = read(values, faults), None, None
        try:
            workload = self._base.changed(workload_changes(values), self.sources.vocabulary)
        except InvalidInput as refused:
            faults += refused.faults
        try:
            paths = paths_of(values[PRICES].encode(), "prices") if values[PRICES].strip() else None
        except InvalidInput as refused:
            faults += refused.faults
        if faults or asked is None or workload is None:
            self.faults, self.problem = tuple(faults), ""
            return
        view = answered(self, lambda: self._viewed(workload, asked, paths))
        if view is None:
            return
        with self.hold_trait_notifications():
            self.faults, self.problem = (), ""
            self.values, self.started = values, started if workload == self._base else ""
            self.view = view

    def _viewed(self, workload: Workload, asked: RegionAsked, paths: pd.DataFrame | None) -> RegionView:
        answer = region_answer(workload, self.sources, asked.instance_type, asked.near, self.facts)
        ranking = answer.rankings.get(asked.way)
        if ranking is None or not len(ranking.order):
            raise InvalidInput([Fault(WAY, asked.way.replace("_", " "), "is sold in no region for this run")])
        changeover_of(answer, asked.changeover_hours)
        followed = None if paths is None else follow_prices(answer, paths, asked.changeover_hours)
        return RegionView(answer, asked.way, followed, follow_recorded(answer, asked.changeover_hours))

    def _example(self, name: str) -> Workload:
        return read_workload(name, self.sources.vocabulary)
