"""What the storage page knows, without widgets: a pattern, its answers, and the user's own sample of a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import pandas as pd
import traitlets

from costlib.errors import CostlibError, Fault, InvalidInput, unknown
from costlib.panels.store_fields import DATASET, SECTIONS, pattern_of, pattern_values
from costlib.paths import data_dir
from costlib.planner.store.answer import StorageAnswer, store
from costlib.planner.store.cache import CacheAnswer, caches
from costlib.planner.store.formats import formats, selective
from costlib.planner.store.frequency import Frequency, by_frequency
from costlib.planner.store.network import network
from costlib.planner.store.pattern import MeasuredFormat, StoragePattern
from costlib.planner.store.preprocessing import PreprocessAnswer, preprocessing
from costlib.planner.store.sample import sample_bytes, sample_file
from costlib.planner.store.sources import StoreSources

EXAMPLE = "training"
Made = TypeVar("Made")


@dataclass(frozen=True)
class StoreView:
    """Everything that the page shows of one pattern; ``dataset``: the one that is looked at closely."""

    pattern: StoragePattern
    dataset: int
    answer: StorageAnswer
    frequency: Frequency
    formats: pd.DataFrame | None
    selective: pd.DataFrame | None
    preprocess: PreprocessAnswer | None
    cache: CacheAnswer | None
    network: pd.DataFrame | None


class StoreState(traitlets.HasTraits):
    """``propose`` what the controls say (texts by key of CONTROLS), ``start`` or ``sample``; read ``view``.

    What is refused stands in ``faults`` and leaves ``view`` as it was. What only one section cannot answer stands in
    ``section_faults``, and that section of the view is None. ``sample_fault`` is of the sample alone.
    ``sampled``: the user's own table in each format, None until one is sampled.
    """

    view = traitlets.Instance(StoreView)
    values = traitlets.Dict()
    started = traitlets.Unicode()
    faults = traitlets.Tuple()
    section_faults = traitlets.Tuple()
    sampled = traitlets.Instance(pd.DataFrame, allow_none=True)
    sample_name = traitlets.Unicode()
    sample_fault = traitlets.Unicode()

    def __init__(self, sources: StoreSources | None = None) -> None:
        super().__init__()
        self.sources = sources if sources is not None else StoreSources.open()
        self._kept: dict[str, tuple[object, object]] = {}
        self._vocabulary = self.sources.book.vocabulary
        self._sections = StoragePattern.from_yaml(self._path(EXAMPLE), self._vocabulary)
        self._measured: tuple[MeasuredFormat, ...] = ()
        self.start(EXAMPLE)
        if self.faults:
            raise InvalidInput(self.faults)

    @property
    def examples(self) -> tuple[str, ...]:
        """Patterns to start from."""
        return tuple(sorted(path.stem for path in self._path(EXAMPLE).parent.glob("*.yaml")))

    @property
    def datasets(self) -> tuple[str, ...]:
        """The names of the pattern's datasets."""
        return tuple(one.name for one in self.view.pattern.datasets)

    def start(self, name: str) -> None:
        """Takes an example; sections that it lacks are those of the first example."""
        if name not in self.examples:
            self.faults = (unknown("start", name, self.examples, "example"),)
            return
        read = StoragePattern.from_yaml(self._path(name), self._vocabulary).to_mapping()
        lacking = {key: value for key, value in self._sections.to_mapping().items() if key in SECTIONS}
        self._take(StoragePattern.from_mapping({**lacking, **read}, self._vocabulary), 0, name)

    def propose(self, values: Mapping[str, str]) -> None:
        """Takes what the controls say; another dataset is looked at without a change."""
        names = self.datasets
        if values[DATASET] in names and names.index(values[DATASET]) != self.view.dataset:
            self._take(self.view.pattern, names.index(values[DATASET]), self.started)
            return
        faults: list[Fault] = []
        content = pattern_of(self.view.pattern, self.view.dataset, values, faults)
        try:
            pattern = StoragePattern.from_mapping(content, self._vocabulary)
        except InvalidInput as refused:
            faults += refused.faults
        if faults:
            self.faults = tuple(faults)
            return
        self._take(pattern, self.view.dataset, self.started if pattern == self.view.pattern else "")

    def sample(self, content: bytes, name: str) -> None:
        """Measures the formats on the content of a CSV or Parquet file."""
        self._sample(lambda: sample_bytes(content, name, self._overhead), name)

    def sample_path(self, path: str) -> None:
        """The same of a file of this machine."""
        self._sample(lambda: sample_file(path.strip(), self._overhead), path.strip())

    @property
    def _overhead(self) -> int:
        return int(self.sources.facts.of("tfrecord", "overhead").value)

    def _sample(self, make: Callable[[], pd.DataFrame], name: str) -> None:
        try:
            found = make()
        except InvalidInput as refused:
            self.sample_fault = "; ".join(fault.problem for fault in refused.faults)
            return
        self._measured = tuple(
            MeasuredFormat(
                format=row["format"], codec=row["codec"], size_of_csv=row["size_of_csv"],
                read_mb_per_core_second=_or_none(row["read_mb_per_core_second"]),
                write_mb_per_core_second=_or_none(row["write_mb_per_core_second"]),
            )
            for row in found.to_dict("records")
        )  # fmt: skip
        with self.hold_trait_notifications():
            self.sampled, self.sample_name, self.sample_fault = found, name, ""
            self._take(self.view.pattern, self.view.dataset, self.started)

    def _take(self, pattern: StoragePattern, dataset: int, started: str) -> None:
        try:
            view, faults = self._viewed(pattern, dataset)
        except InvalidInput as refused:
            self.faults = refused.faults
            return
        except CostlibError as impossible:
            self.faults = (Fault("pattern", None, str(impossible)),)
            return
        with self.hold_trait_notifications():
            self.faults, self.section_faults, self.started = (), faults, started
            self.values = pattern_values(pattern, dataset)
            self.view = view

    def _viewed(self, pattern: StoragePattern, dataset: int) -> tuple[StoreView, tuple[Fault, ...]]:
        """Every section, and the faults of those that are None; what has the same inputs as before is kept."""
        region, sources, measured = pattern.region, self.sources, self._measured
        assert pattern.format and pattern.preprocess and pattern.cache and pattern.network
        table, once, cached, paths = pattern.format, pattern.preprocess, pattern.cache, pattern.network
        data = (region, pattern.horizon_days, pattern.uploads, pattern.datasets)
        answer = self._made("answer", data, lambda: store(pattern, sources))
        curve = self._made(
            "frequency", (data, dataset), lambda: by_frequency(answer.held[dataset], pattern.horizon_days)
        )
        faults: list[Fault] = []

        def section(name: str, given: object, make: Callable[[], Made]) -> Made | None:
            try:
                return self._made(name, (region, given), make)
            except InvalidInput as refused:
                faults.extend(refused.faults)
                return None

        view = StoreView(
            pattern,
            dataset,
            answer,
            curve,
            section("formats", (table, measured), lambda: formats(table, region, sources, measured)),
            section("selective", table, lambda: selective(table, region, sources)),
            section("preprocess", once, lambda: preprocessing(once, region, sources)),
            section("cache", cached, lambda: caches(cached, region, sources)),
            section("network", paths, lambda: network(paths, region, sources)),
        )
        return view, tuple(faults)

    def _made(self, name: str, key: object, make: Callable[[], Made]) -> Made:
        """What was made of the same inputs before, else made now."""
        held = self._kept.get(name)
        if held is None or held[0] != key:
            self._kept[name] = (key, make())
        found: Made = self._kept[name][1]  # type: ignore[assignment]
        return found

    def _path(self, name: str) -> Any:
        return data_dir() / "examples" / "storage" / f"{name}.yaml"


def _or_none(value: float) -> float | None:
    return value if value == value else None
