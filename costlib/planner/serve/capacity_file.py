"""Load tests from users' files: the sheet, k6, Locust and Inference Recommender; every fault at once."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault, InvalidInput, nearest
from costlib.models.commitments_inputs import MOST_ROWS, refuse, rows_fault
from costlib.models.service_time import SHARES
from costlib.models.serving_capacity import Capacity, fitted_capacity
from costlib.planner.serve.load_formats import is_locust, json_rows, locust_rows
from costlib.planner.table_file import FIRST_ROW, column_faults, named_rows, not_read, read_bytes, table_of
from costlib.prices.book import PriceBook

Floats = npt.NDArray[np.float64]

PERCENTILES = ("p50_ms", "p75_ms", "p90_ms", "p95_ms", "p99_ms", "p999_ms")
REQUIRED = ("instance_type", "concurrency", "requests_per_second", "p50_ms", "p95_ms")
COLUMNS = ("instance_type", "concurrency", "batch", "requests_per_second", *PERCENTILES)
#: Not instance types, but functions: SageMaker's serverless endpoints and Lambda, by their memory in MB.
FUNCTION = re.compile(r"(serverless|lambda)-(\d+)")
assert len(PERCENTILES) == len(SHARES)


@dataclass(frozen=True)
class LoadTests:
    """What was measured: ``rows`` as in the sheet; ``names``, ``batch`` and ``basis`` (user: measured;
    estimate) of each row of ``capacity``."""

    rows: pd.DataFrame
    names: tuple[str, ...]
    batch: npt.NDArray[np.int64]
    capacity: Capacity
    notes: tuple[str, ...]
    basis: tuple[str, ...]

    @property
    def is_function(self) -> npt.NDArray[np.bool_]:
        """Which rows of ``capacity`` are serverless or Lambda."""
        return np.array([FUNCTION.fullmatch(name) is not None for name in self.names], bool)


def template() -> pd.DataFrame:
    """The empty sheet: a row of units under the names is not there, the names carry them."""
    return pd.DataFrame(columns=list(COLUMNS))


def read_load_tests(paths: Sequence[str | os.PathLike[str]], book: PriceBook) -> LoadTests:
    """Load tests from one or more files; ``FILE@INSTANCE_TYPE`` where a tool's result does not name the instance.

    The sheet has the columns ``instance_type`` (as SageMaker's bill names it, ml.g5.xlarge; or serverless-2048,
    lambda-3008), ``concurrency`` (requests in flight), ``requests_per_second`` and ``p50_ms``, ``p95_ms``; ``batch``,
    ``p75_ms``, ``p90_ms``, ``p99_ms`` and ``p999_ms`` if you have them. Raises InvalidInput with everything that is
    wrong.
    """
    frames: list[pd.DataFrame] = []
    notes: list[str] = []
    faults: list[Fault] = []
    for path in paths:
        text = str(path)
        file, _, instance = text.rpartition("@") if "@" in Path(text).name else (text, "", "")
        try:
            frame, own = rows_of(read_bytes(file, "capacity"), Path(file).name, instance or None)
        except InvalidInput as error:
            faults += error.faults
            continue
        frames.append(frame)
        notes += own
    refuse(faults)
    if not frames:
        raise InvalidInput([Fault("capacity", None, "needs at least one load test")])
    return load_tests_of(pd.concat(frames), notes, book)


def rows_of(content: bytes, name: str, instance: str | None) -> tuple[pd.DataFrame, list[str]]:
    """The sheet's rows from what one file holds, numbers as numbers, nan where not given; and notes."""
    if content.lstrip()[:1] in (b"{", b"["):
        return json_rows(content, instance, name)
    cells = table_of(content, name, "capacity")
    if is_locust(cells.columns):
        return locust_rows(cells, instance, name)
    faults, strange = column_faults([str(column) for column in cells], REQUIRED, COLUMNS, "capacity")
    notes = list(not_read(strange, COLUMNS))
    frame = pd.DataFrame({"instance_type": cells["instance_type"].astype(object)}) if "instance_type" in cells else None
    for column in COLUMNS[1:]:
        if column not in cells or frame is None:
            continue
        words = cells[column].astype(object)
        values = pd.to_numeric(words.where(words != ""), errors="coerce")
        wrong = values.isna() & ((words != "") | (column in REQUIRED))
        fault = rows_fault(column, cells[column], wrong, "is not a number")
        faults += [fault] if fault else []
        frame[column] = values.to_numpy(float)
    refuse(faults)
    assert frame is not None
    return frame, notes


def load_tests_of(frame: pd.DataFrame, notes: Sequence[str], book: PriceBook) -> LoadTests:
    """Rows of the sheet (index: the row in its file) with the capacities that follow from them. Raises InvalidInput."""
    rows = frame.copy()
    rows.index = rows.index if rows.index.is_unique else pd.RangeIndex(FIRST_ROW, FIRST_ROW + len(rows))
    for column in COLUMNS:
        if column not in rows:
            rows[column] = 1.0 if column == "batch" else np.nan
    rows["batch"] = rows["batch"].fillna(1.0)
    refuse([*name_faults(rows["instance_type"].tolist(), book, rows.index), *_number_faults(rows)])
    keys = rows[["instance_type", "batch"]].drop_duplicates()
    of = rows.merge(keys.assign(at=np.arange(len(keys))), how="left")["at"].to_numpy()
    percentiles = rows[list(PERCENTILES)].to_numpy(float) / 1000.0
    capacity = fitted_capacity(of, rows["concurrency"], rows["requests_per_second"], percentiles)
    names = tuple(map(str, keys["instance_type"]))
    batch = keys["batch"].to_numpy().astype(np.int64)
    return LoadTests(rows, names, batch, capacity, (*notes, *_notes(names, batch, capacity)), ("user",) * len(names))


def name_faults(names: Sequence[str], book: PriceBook, rows: pd.Index | None = None) -> Iterator[Fault]:
    """Names that are neither instance types with a price nor functions, with close matches and their rows."""
    hosted = set(book.table("prices/sagemaker_instances").query("component == 'Hosting'")["instance_type"])
    known = hosted | book.vocabulary.instance_types
    given = np.array(list(map(str, names)), dtype=object)
    wrong = [name for name in dict.fromkeys(given) if name not in known and not FUNCTION.fullmatch(name)]
    for name in wrong[:MOST_ROWS]:
        where = "" if rows is None else f" {named_rows(rows, given == name)}"
        problem = f"is no instance type with a price, nor serverless-MB or lambda-MB{where}"
        yield Fault("instance_type", name, problem, nearest(name, known))
    if len(wrong) > MOST_ROWS:
        yield Fault("instance_type", len(wrong) - MOST_ROWS, "more names are wrong in the same way")


def _number_faults(rows: pd.DataFrame) -> Iterator[Fault]:
    for column in ("concurrency", "batch"):
        values = rows[column].to_numpy(float)
        bad = ~((values >= 1) & (values == np.floor(values)))
        fault = rows_fault(column, rows[column], bad, "must be a whole number of at least 1")
        if fault:
            yield fault
    for column in ("requests_per_second", *PERCENTILES):
        values = rows[column].to_numpy(float)
        fault = rows_fault(column, rows[column], (values <= 0) | np.isinf(values), "must be above 0")
        if fault:
            yield fault
    for low, high in zip(PERCENTILES, PERCENTILES[1:], strict=False):
        before = rows[list(PERCENTILES[: PERCENTILES.index(high)])].max(axis=1)
        fault = rows_fault(high, rows[high], (rows[high] < before).to_numpy(), f"is below {low} or another before it")
        if fault:
            yield fault
    twice = rows.duplicated(["instance_type", "batch", "concurrency"], keep=False).to_numpy()
    fault = rows_fault("concurrency", rows["concurrency"], twice, "comes twice for one instance type and batch")
    if fault:
        yield fault


def _notes(names: Sequence[str], batch: npt.NDArray[np.int64], capacity: Capacity) -> Iterator[str]:
    """What must be said of a load test before it is relied on."""
    labels = np.array([f"{name} (batch {size})" if size > 1 else name for name, size in zip(names, batch, strict=True)])
    alone = np.array([FUNCTION.fullmatch(name) is not None for name in names], bool)
    for flag, words in (
        (
            capacity.still_rises & ~alone,
            "throughput still rose at the most requests in flight that were tested: what lies beyond is not known, and"
            " not used",
        ),
        (capacity.one_point & ~alone, "tested at one number in flight only: taken as the most it can do"),
        (
            capacity.waiting_users,
            "users waited between their requests: the mean service time is that of the percentiles",
        ),
        (
            np.nan_to_num(capacity.fit_error_fraction) > 0.15,
            "throughput at some load is more than 15 % from what so many alike workers give",
        ),
        (
            np.abs(capacity.times.mean_error_fraction) > 0.05,
            "mean and percentiles contradict each other by more than 5 %",
        ),
    ):
        if np.any(flag):
            yield f"{', '.join(labels[flag])}: {words}"
