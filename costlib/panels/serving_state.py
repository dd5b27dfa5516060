"""What the serving page knows, without widgets: files, what was asked, and the last good answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import pandas as pd
import traitlets

from costlib.errors import CostlibError, Fault, InvalidInput
from costlib.models.autoscaling import Policy
from costlib.models.autoscaling_search import as_row
from costlib.panels.serving_fields import DEFAULTS, asked_of
from costlib.paths import data_dir
from costlib.planner.serve.capacity_file import LoadTests, load_tests_of, rows_of
from costlib.planner.serve.drawn import Shape, drawn
from costlib.planner.serve.endpoint_models import Consolidation, consolidated, models_of
from costlib.planner.serve.report import ServeReport, serve_report
from costlib.planner.serve.review import Review, endpoints_of, reviewed
from costlib.planner.serve.traffic_file import Traffic, traffic_of
from costlib.prices.book import PriceBook
from costlib.units import HOURS_PER_MONTH

EXAMPLES = {
    "traffic": "made_up_traffic.csv",
    "capacity": "made_up_load_test.csv",
    "models": "made_up_models.csv",
    "endpoints": "made_up_endpoints.csv",
}
#: Targets that the plane of policies shows, as shares of what an instance may get.
TARGETS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 1.0)
#: What many models share, by default.
SHARED_ON = "ml.m5.xlarge"


Part = TypeVar("Part")


@dataclass(frozen=True)
class ServingAnswer:
    """One good answer: the report, and of the files beside it the review and the consolidation.

    The last two are None where they alone cannot be given; ``part_faults`` says why.
    """

    report: ServeReport
    review: Review | None
    consolidation: Consolidation | None
    part_faults: tuple[Fault, ...]

    @cached_property
    def targets(self) -> pd.DataFrame:
        """The chosen cooldowns at TARGETS: cost and late requests of each on the whole traffic."""
        scaling = self.report.scaling
        if scaling is None:
            return pd.DataFrame(columns=["target_fraction", "late_fraction", "usd_per_month", "keeps_promise"])
        kept = scaling.policy.target_per_minute / float(str(scaling.chosen["target_fraction"]))
        hours = len(scaling.load.per_minute) / 60.0
        rows = []
        for part in TARGETS:
            policy: Policy = scaling.policy._replace(target_per_minute=part * kept)
            row = as_row(scaling.load, kept, policy, self.report.asked.allowed_late_fraction)
            usd = float(str(row["instance_hours"])) * scaling.usd_per_hour * HOURS_PER_MONTH / hours
            rows.append({**row, "usd_per_month": usd})
        return pd.DataFrame(rows)


class ServingState(traitlets.HasTraits):
    """``propose`` what the controls say (a text for each of serving_fields.CONTROLS), ``open`` a file of a kind of
    EXAMPLES, or ``draw`` traffic; read ``answer``. What is refused stands in ``faults`` and changes nothing else."""

    answer = traitlets.Instance(ServingAnswer)
    values = traitlets.Dict()
    names = traitlets.Dict()
    faults = traitlets.Tuple()

    def __init__(self, book: PriceBook | None = None) -> None:
        super().__init__()
        self.book = PriceBook.open() if book is None else book
        folder = data_dir() / "examples" / "serving"
        self._content = {kind: (folder / name).read_bytes() for kind, name in EXAMPLES.items()}
        self._read: dict[str, Traffic | LoadTests | pd.DataFrame] = {}
        self._gaps = "refuse"
        self._earlier: ServeReport | None = None
        # What does not depend on the promise: its key, review, consolidation, and what was wrong with them.
        self._beside: tuple[object, Review | None, Consolidation | None, tuple[Fault, ...]] | None = None
        self._take(dict(DEFAULTS), self._content, EXAMPLES, {})
        if self.faults:
            raise InvalidInput(self.faults)

    def propose(self, values: Mapping[str, str]) -> None:
        """Takes what the controls say."""
        self._take(dict(values), self._content, self.names, dict(self._read))

    def open(self, kind: str, name: str, content: bytes) -> None:
        """Takes a file: ``traffic``, ``capacity``, ``models`` or ``endpoints``."""
        kept = {key: value for key, value in self._read.items() if key != kind}
        self._take(dict(self.values), {**self._content, kind: content}, {**self.names, kind: name}, kept)

    def draw(self, shape: Shape) -> None:
        """Takes traffic drawn by a shape in place of a file."""
        try:
            made = drawn(shape)
        except InvalidInput as refused:
            self.faults = refused.faults
            return
        self._take(dict(self.values), self._content, {**self.names, "traffic": made.name}, {**self._read,
                                                                                         "traffic": made})  # fmt: skip

    def _take(
        self,
        values: dict[str, str],
        content: Mapping[str, bytes],
        names: Mapping[str, str],
        read: dict[str, Traffic | LoadTests | pd.DataFrame],
    ) -> None:
        faults: list[Fault] = []
        asked = None
        try:
            asked = asked_of(values)
        except InvalidInput as refused:
            faults += refused.faults
        drawn_now = "traffic" in read and names["traffic"] == "drawn traffic"
        if values["gaps"] != self._gaps and not drawn_now:
            read.pop("traffic", None)
        for kind in EXAMPLES:
            if kind not in read:
                try:
                    read[kind] = self._file(kind, content[kind], names[kind], values)
                except InvalidInput as refused:
                    faults += refused.faults
        if faults or asked is None:
            self.faults = tuple(faults)
            return
        traffic, tests, models, endpoints = (read[kind] for kind in EXAMPLES)
        assert isinstance(traffic, Traffic) and isinstance(tests, LoadTests)
        assert isinstance(models, pd.DataFrame) and isinstance(endpoints, pd.DataFrame)
        try:
            report = serve_report(self.book, traffic, tests, asked, self._earlier)
        except CostlibError as refused:
            self.faults = _faults_of(refused)
            return
        key = (asked.region, asked.least, id(models), id(endpoints))
        if self._beside is None or self._beside[0] != key:
            parts: list[Fault] = []
            least = max(asked.least, 1)
            review = self._part(lambda: reviewed(self.book, endpoints, asked.region, least), parts)
            shared = self._part(lambda: consolidated(self.book, models, SHARED_ON, asked.region, least), parts)
            self._beside = (key, review, shared, tuple(parts))
        _, review, shared, part_faults = self._beside
        self._content, self._read, self._gaps = dict(content), read, values["gaps"]
        with self.hold_trait_notifications():
            self.values, self.names, self.faults = values, dict(names), part_faults
            self.answer = ServingAnswer(report, review, shared, part_faults)
        self._earlier = report

    @staticmethod
    def _part(made: Callable[[], Part], faults: list[Fault]) -> Part | None:
        """A part of the answer, or None where it alone cannot be given."""
        try:
            return made()
        except CostlibError as refused:
            faults += _faults_of(refused)
            return None

    def _file(
        self, kind: str, content: bytes, name: str, values: Mapping[str, str]
    ) -> Traffic | LoadTests | pd.DataFrame:
        if kind == "traffic":
            return traffic_of(content, name, None if values["gaps"] == "refuse" else values["gaps"])
        if kind == "capacity":
            # A tool's result does not say where it ran; its file's name may.
            instance = re.sub(r"\.(json|csv)$", "", name.rpartition("@")[2]) if "@" in name else None
            rows, notes = rows_of(content, name, instance)
            return load_tests_of(rows, notes, self.book)
        return models_of(content, name) if kind == "models" else endpoints_of(content, name, self.book)


def _faults_of(refused: CostlibError) -> tuple[Fault, ...]:
    return refused.faults if isinstance(refused, InvalidInput) else (Fault("serving", None, str(refused)),)
