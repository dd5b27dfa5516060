"""From what a person gives (a workload, own rates) to a searched answer, and which of its rows to show."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from costlib.benchmarks import sheet
from costlib.benchmarks.sheet import Benchmark
from costlib.errors import Fault, InvalidInput, NotKnown, unknown
from costlib.paths import data_dir
from costlib.planner.explain import plans
from costlib.planner.own_runs import hardware_faults, workload_faults
from costlib.planner.plan import Plan
from costlib.planner.search import Result, search
from costlib.planner.sources import Sources
from costlib.prices.book import PriceBook
from costlib.prices.overlay import Rates
from costlib.workload import Vocabulary, Workload

Ints = npt.NDArray[np.int64]

#: What ``best_per`` may name: the columns that Result.best_per groups by.
GROUPS = ("service", "purchase", "instance_type", "region", "precision", "offer")


def open_answer(
    workload: str | os.PathLike[str],
    rates_csv: str | os.PathLike[str] | None = None,
    discount_percent: Mapping[str, float] | None = None,
    benchmarks_csv: str | os.PathLike[str] | None = None,
) -> Result:
    """The search of a workload (YAML text, a path, or an example's name) on the embedded snapshot.

    ``rates_csv`` and ``discount_percent`` (percent off a service) lie over the prices; the rows of
    ``benchmarks_csv`` (benchmarks.sheet) are the first that hours come from. Raises InvalidInput with what is wrong
    with rates, benchmarks and workload, all at once; NoPlan when nothing can be bought at all.
    """
    faults: list[Fault] = []
    try:
        book = open_book(rates_csv, discount_percent)
    except InvalidInput as error:
        faults += error.faults
        book = PriceBook.open()
    sources = Sources.open(book)
    wanted = None
    try:
        wanted = read_workload(workload, sources.vocabulary)
    except InvalidInput as error:
        faults += error.faults
    measured: tuple[Benchmark, ...] = ()
    try:
        measured = sheet.read(benchmarks_csv) if benchmarks_csv else ()
    except InvalidInput as error:
        faults += error.faults
    if wanted is not None:
        faults += [*workload_faults(measured, wanted), *hardware_faults(measured, wanted, sources)]
    if wanted is None or faults:
        raise InvalidInput(faults)
    return search(wanted, sources.with_benchmarks(measured) if measured else sources)


def open_book(
    rates_csv: str | os.PathLike[str] | None = None, discount_percent: Mapping[str, float] | None = None
) -> PriceBook:
    """The embedded prices with own rates over them. Raises InvalidInput with the faults of both kinds of rates."""
    faults: list[Fault] = []
    rates = None
    try:
        rates = Rates.from_csv(rates_csv) if rates_csv else None
    except InvalidInput as error:
        faults += error.faults
    try:
        discounts = Rates.discounts(discount_percent) if discount_percent else None
    except InvalidInput as error:
        faults += error.faults
    if faults:
        raise InvalidInput(faults)
    if rates is not None and discounts is not None:
        rates = discounts.together(rates)
    return PriceBook.open(rates=rates if rates is not None else discounts)


def read_workload(given: str | os.PathLike[str], vocabulary: Vocabulary | None = None) -> Workload:
    """A workload from YAML text (more than one line), a path (ends in .yaml or .yml), or an example's name."""
    if isinstance(given, os.PathLike) or Path(given.strip()).suffix in (".yaml", ".yml") and "\n" not in given:
        return Workload.from_yaml(given, vocabulary)
    if "\n" in given:
        return Workload.from_yaml_text(given, vocabulary)
    examples = example_paths()
    if given not in examples:
        what = "example; give a file that ends in .yaml, YAML text, or an example's name"
        raise NotKnown([unknown("workload", given, examples, what)])
    return Workload.from_yaml(examples[given], vocabulary)


def example_paths() -> dict[str, Path]:
    """The example workloads of the snapshot by name."""
    return {path.stem: path for path in sorted((data_dir() / "examples").glob("*.yaml"))}


def chosen_rows(result: Result, limit: int = 0, include_late: bool = False, best_per: Sequence[str] = ()) -> Ints:
    """Rows of a search to show: by expected cost, on time unless ``include_late``, at most ``limit`` (0: all).

    ``best_per`` keeps the cheapest of each group (of GROUPS). Raises InvalidInput if no plan holds the deadline
    and late ones are not wanted.
    """
    faults = [unknown("best_per", name, GROUPS, "group") for name in best_per if name not in GROUPS]
    if faults:
        raise InvalidInput(faults)
    if include_late:
        rows = np.lexsort((result.wall_hours, result.cost_usd))
    else:
        result.require_on_time()
        rows = result.order
    if best_per:
        rows = result.best_per(*best_per, rows=rows)
    return rows[:limit] if limit else rows


def in_chunks(result: Result, rows: Ints, size: int = 1000) -> Iterator[list[Plan]]:
    """The plans of some rows, some at a time: all candidates of a search are too many to hold as plans."""
    for start in range(0, len(rows), size):
        yield plans(result, rows[start : start + size])
