"""What usage the commitments page begins with: an example, a file, or a training run laid on the calendar."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import pandas as pd

from costlib.display import hours as hours_text
from costlib.errors import Fault, InvalidInput, unknown
from costlib.models.commitments_inputs import Usage
from costlib.panels.workload_fields import Control
from costlib.paths import data_dir
from costlib.planner.commit.calendar import planned_runs_of, usage_from_runs
from costlib.planner.commit.usage_file import UsageFile, read_usage, usage_of
from costlib.planner.explain import plans
from costlib.planner.search import search
from costlib.planner.sources import Sources
from costlib.prices.book import PriceBook
from costlib.workload import Workload

START, PATH, RUNS = "start", "path", "runs"
STARTS = (
    Control(START, "Start from", "An example, an own file, or a training run that comes again", "choice"),
    Control(PATH, "Own file (path)", "CSV (plain or gzipped) or Parquet: hour, instance_type, region, hours, and"
            " service, platform, tenancy, zone, account where they matter. Counts when it is chosen on the left"),
    Control(RUNS, "Runs a month (count)", "Of a training run, evenly over the calendar; empty: as the run says"),
)  # fmt: skip
EXAMPLE, WORKLOAD, UPLOAD, FILE = "example:", "workload:", "upload:", "file"
START_DEFAULTS = {START: "example:made_up_ml_team", PATH: "", RUNS: ""}
#: A file that comes through the page; a larger one is read from its path.
MOST_UPLOAD_BYTES = 20 << 20
WEEKS = 26
#: Runs of a training run in a month, at most: one an hour.
MOST_RUNS = 730


@dataclass
class Beginnings:
    """Reads usage by what the controls say; what was read is kept while it stays the same."""

    sources: Sources
    uploads: dict[str, bytes] = field(default_factory=dict)
    _kept: dict[tuple[object, ...], UsageFile] = field(default_factory=dict)

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
            return (FILE, str(path), held and held.st_mtime_ns, held and held.st_size)
        if start.startswith(WORKLOAD):
            return (start, values[RUNS].strip())
        if start.startswith(UPLOAD):
            return (start, hash(self.uploads.get(start.removeprefix(UPLOAD))))
        return (start,)

    def read(self, values: Mapping[str, str]) -> UsageFile:
        """The usage that the controls ask for. Raises InvalidInput with everything that is wrong with it."""
        key = self.key_of(values)
        if key not in self._kept:
            made = self._made(values)
            while len(self._kept) > 5:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = made
        return self._kept[key]

    def _made(self, values: Mapping[str, str]) -> UsageFile:
        start, book = values[START], self.sources.book
        known = [value for _, value in self.all_options]
        if start not in known:
            raise InvalidInput([unknown(START, start, known, "beginning")])
        if start == FILE:
            if not values[PATH].strip():
                raise InvalidInput([Fault(PATH, None, "is needed: where is the file?")])
            return read_usage(values[PATH].strip(), book)
        if start.startswith(UPLOAD):
            name = start.removeprefix(UPLOAD)
            return usage_of(self.uploads[name], name, book)
        if start.startswith(WORKLOAD):
            path = data_dir() / "examples" / f"{start.removeprefix(WORKLOAD)}.yaml"
            return of_workload(
                Workload.from_yaml(path, self.sources.vocabulary), _runs(values[RUNS].strip()), self.sources
            )
        return read_usage(data_dir() / "examples" / "usage" / f"{start.removeprefix(EXAMPLE)}.csv", book)


def of_workload(workload: Workload, runs_per_month: float | None, sources: Sources) -> UsageFile:
    """26 weeks in which a run, bought as its cheapest on-demand plan, began evenly, so often a month.

    Without ``runs_per_month`` as often as the run says. Each takes its expected hours. The weeks end with the last
    month before the newest price.
    """
    result = search(workload.changed({"search.purchase": ["on_demand"]}, sources.vocabulary), sources)
    result.require_on_time()
    (plan,) = plans(result, [int(result.order[0])])
    planned = planned_runs_of(plan, workload)
    often = planned.runs_per_month if runs_per_month is None else runs_per_month
    hours = planned.expected_hours
    planned = replace(planned, low_hours=hours, high_hours=hours, runs_per_month=often)
    count = WEEKS * 7 * 24
    clock = pd.date_range(end=_end(sources.book), periods=count, freq="h")
    made = usage_from_runs([planned], clock[0], count, scenarios=1, seed=0)
    note = (
        f"no bill: {workload.name} laid on the calendar, {often:g} runs a month, evenly, each on"
        f" {plan.count} × {planned.line.instance_type} in {plan.region} for {hours_text(hours)}, as"
        " its cheapest on-demand plan expects"
    )
    return UsageFile(Usage(made.lines, made.quantity[0]), clock, (note,), workload.name)


def _end(book: PriceBook) -> pd.Timestamp:
    """The last hour of the month before the newest on-demand price."""
    newest = pd.Timestamp(str(book.part("ec2", "on_demand")["as_of"].astype(str).max()))
    return (newest.normalize().replace(day=1) - pd.Timedelta(hours=1)).tz_localize("UTC")


def _runs(text: str) -> float | None:
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number <= MOST_RUNS:
        raise InvalidInput([Fault(RUNS, text, f"must be above 0, at most {MOST_RUNS}")])
    return number


def upload_fault(name: str, content: bytes) -> Fault | None:
    """What is wrong with a file before it is read: its size."""
    if len(content) <= MOST_UPLOAD_BYTES:
        return None
    return Fault("upload", name, f"holds more than {MOST_UPLOAD_BYTES >> 20} MiB: give its path in place of it")
