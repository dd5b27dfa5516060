"""What usage the commitments page begins with: an example, a file, or a training run laid on the calendar."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from costlib.display import hours as hours_text
from costlib.errors import Fault, InvalidInput, unknown
from costlib.models.commitments_inputs import Usage
from costlib.panels.commit_fields import MONTHS
from costlib.panels.workload_fields import Control
from costlib.paths import data_dir
from costlib.planner.commit.calendar import SPREADS
from costlib.planner.commit.demand import Demand
from costlib.planner.commit.planned import FIRST_HOUR, planned_demand
from costlib.planner.commit.usage_file import UsageFile, read_usage, usage_of
from costlib.planner.sources import Sources
from costlib.prices.book import PriceBook
from costlib.workload import Workload

START, PATH, RUNS, SPREAD = "start", "path", "runs", "spread"
STARTS = (
    Control(START, "Start from", "An example, an own file, or a training run that comes again", "choice"),
    Control(PATH, "Own file (path)", "Of usage: CSV (plain or gzipped) or Parquet with hour, instance_type, region,"
            " hours, and service, platform, tenancy, zone, account where they matter; or of a training run: YAML"),
    Control(RUNS, "Runs a month (count)", "Of a training run; empty: as the run says"),
    Control(SPREAD, "Runs start", "When in the month a training run starts", "choice",
            ("random", *(name for name in SPREADS if name != "random"))),
)  # fmt: skip
EXAMPLE, WORKLOAD, UPLOAD, FILE = "example:", "workload:", "upload:", "file"
START_DEFAULTS = {START: "example:made_up_ml_team", PATH: "", RUNS: "", SPREAD: "random"}
#: A file that comes through the page; a larger one is read from its path.
MOST_UPLOAD_BYTES = 20 << 20
#: Runs of a training run in a month, at most: one an hour.
MOST_RUNS = 730


@dataclass(frozen=True)
class Begun:
    """What was read; with ``planned`` it is a draw of runs to come, and they are the whole future."""

    read: UsageFile
    planned: Demand | None = None


@dataclass
class Beginnings:
    """Reads usage by what the controls say; what was read is kept while it stays the same."""

    sources: Sources
    uploads: dict[str, bytes] = field(default_factory=dict)
    _kept: dict[tuple[object, ...], Begun] = field(default_factory=dict)

    @cached_property
    def options(self) -> tuple[tuple[str, str], ...]:
        """Names and values of what can be begun with, but for uploads."""
        examples = sorted(path.stem for path in (data_dir() / "examples" / "usage").glob("*.csv"))
        runs = sorted(path.stem for path in (data_dir() / "examples").glob("*.yaml"))
        return (
            *((f"example: {name.replace('_', ' ')}", EXAMPLE + name) for name in examples),
            ("own file (its path)", FILE),
            *((f"training run: {name}", WORKLOAD + name) for name in runs),
        )

    @property
    def all_options(self) -> tuple[tuple[str, str], ...]:
        """The same with uploads."""
        return (*self.options, *((f"uploaded: {name}", UPLOAD + name) for name in self.uploads))

    def key_of(self, values: Mapping[str, str]) -> tuple[object, ...]:
        """What the usage depends on."""
        start = values[START]
        if start == FILE:
            path = Path(values[PATH].strip())
            held = path.stat() if path.is_file() else None
            key = (FILE, str(path), held and held.st_mtime_ns, held and held.st_size)
            return (*key, values[RUNS].strip(), values[SPREAD], values[MONTHS]) if _is_plan(path) else key
        if start.startswith(WORKLOAD):
            return (start, values[RUNS].strip(), values[SPREAD], values[MONTHS])
        if start.startswith(UPLOAD):
            return (start, hash(self.uploads.get(start.removeprefix(UPLOAD))))
        return (start,)

    def begin(self, values: Mapping[str, str]) -> Begun:
        """The usage, or the planned runs, that the controls ask for.

        Raises InvalidInput with everything that is wrong with it.
        """
        key = self.key_of(values)
        if key not in self._kept:
            made = self._made(values)
            while len(self._kept) > 5:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = made
        return self._kept[key]

    def _made(self, values: Mapping[str, str]) -> Begun:
        start, book = values[START], self.sources.book
        known = [value for _, value in self.all_options]
        if start not in known:
            raise InvalidInput([unknown(START, start, known, "beginning")])
        if start == FILE:
            if not values[PATH].strip():
                raise InvalidInput([Fault(PATH, None, "is needed: where is the file?")])
            path = Path(values[PATH].strip())
            return self._runs_of(path, values) if _is_plan(path) else Begun(read_usage(path, book))
        if start.startswith(UPLOAD):
            name = start.removeprefix(UPLOAD)
            return Begun(usage_of(self.uploads[name], name, book))
        if start.startswith(WORKLOAD):
            return self._runs_of(data_dir() / "examples" / f"{start.removeprefix(WORKLOAD)}.yaml", values)
        return Begun(read_usage(data_dir() / "examples" / "usage" / f"{start.removeprefix(EXAMPLE)}.csv", book))

    def _runs_of(self, path: Path, values: Mapping[str, str]) -> Begun:
        workload = Workload.from_yaml(path, self.sources.vocabulary)
        workload = workload.changed(_runs(values[RUNS].strip()), self.sources.vocabulary)
        return of_workload(workload, int(values[MONTHS]), values[SPREAD], self.sources.book)


def of_workload(workload: Workload, months: int, spread: str, book: PriceBook) -> Begun:
    """Planned runs (planner.commit.planned): what is shown as usage is the middle one of their draws."""
    found = planned_demand([workload.to_yaml()], book, months, spread)
    scenarios = found.demand.scenarios
    middle = scenarios.quantity[found.demand.middle]
    (plan,) = found.plans
    where = f"{plan.count} × {plan.instance_type} in {plan.region}"
    note = (
        f"no bill, but {workload.runs_per_month:g} runs a month on {where}, {hours_text(plan.hours.expected)} each, as"
        " the cheapest on-demand plan expects; shown is the middle draw"
    )
    clock = pd.date_range(FIRST_HOUR, periods=len(middle), freq="h")
    return Begun(UsageFile(Usage(scenarios.lines, middle), clock, (note,), workload.name), found.demand)


def _is_plan(path: Path) -> bool:
    return path.suffix.lower() in (".yaml", ".yml")


def _runs(text: str) -> dict[str, float]:
    """The change of the workload that the control asks for."""
    if not text:
        return {}
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number <= MOST_RUNS:
        raise InvalidInput([Fault(RUNS, text, f"must be above 0, at most {MOST_RUNS}")])
    return {"runs_per_month": number}


def upload_fault(name: str, content: bytes) -> Fault | None:
    """What is wrong with a file before it is read: its size."""
    if len(content) <= MOST_UPLOAD_BYTES:
        return None
    return Fault("upload", name, f"holds more than {MOST_UPLOAD_BYTES >> 20} MiB: give its path in place of it")
