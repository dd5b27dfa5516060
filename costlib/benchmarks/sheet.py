"""The sheet of a user's own benchmarks: written as a template, read back with every fault named at once."""

from __future__ import annotations

import csv
import io
import math
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from costlib.errors import Fault, InvalidInput, unknown
from costlib.workload import PRECISIONS

UNITS = ("tokens_per_second", "samples_per_second")


@dataclass(frozen=True)
class Column:
    """One column of the sheet: its name, its unit, what goes into it, and an example."""

    name: str
    unit: str
    meaning: str
    example: str
    required: bool = True


COLUMNS = (
    Column("instance_type", "name", "what EC2 calls the machine", "g5.xlarge"),
    Column("count", "instances", "how many of them worked together", "1"),
    Column("precision", "name", f"one of {', '.join(PRECISIONS)}", "bf16"),
    Column("batch", "samples", "samples in one step over all instances", "32"),
    Column("throughput_unit", "name", f"one of {', '.join(UNITS)}", "tokens_per_second"),
    Column("throughput", "a second", "of all instances together, once the run is warm", "9500"),
    Column("peak_memory_gib", "GiB", "most memory in use on one accelerator; empty if not known", "14.2", False),
    Column("gpu_utilisation_percent", "%", "mean over the run, 0 to 100; empty if not known", "88", False),
    Column("parameters", "parameters", "size of the model that was measured; empty: the workload's own", "", False),
    Column("note", "text", "anything", "after 50 warm-up steps", False),
)
NAMES = tuple(column.name for column in COLUMNS)
REQUIRED = tuple(column.name for column in COLUMNS if column.required)
#: Measures on a machine with PyTorch and fills the sheet; it imports nothing of this package.
SCRIPT = Path(__file__).with_name("torch_script.py")
#: Rows that begin so are not read: the units, and the example.
COMMENT = "#"
#: No machine sold processes more a second; the workload has the same bound.
MOST_PER_SECOND = 1e12
_NUMBER = re.compile(r"(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_SEPARATORS = {";": "semicolons", "\t": "tabs"}


@dataclass(frozen=True)
class Benchmark:
    """One measured row; ``None`` where the sheet left a cell empty. ``file`` and ``row`` say where it stands."""

    instance_type: str
    count: int
    precision: str
    batch: int
    throughput_unit: str
    throughput: float
    peak_memory_gib: float | None = None
    gpu_utilisation_fraction: float | None = None
    parameters: int | None = None
    note: str = ""
    file: str = ""
    row: int = 0

    @property
    def where(self) -> str:
        """For faults and notes: ``rows.csv row 4``."""
        return f"{self.file} row {self.row}".strip()


def template() -> str:
    """An empty sheet: the header, the unit of each column, and an example; only the header is read back."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(NAMES)
    writer.writerow([f"{COMMENT} {COLUMNS[0].unit}", *(column.unit for column in COLUMNS[1:])])
    writer.writerow([f"{COMMENT} example: {COLUMNS[0].example}", *(column.example for column in COLUMNS[1:])])
    return out.getvalue()


def read(path: str | os.PathLike[str]) -> tuple[Benchmark, ...]:
    """The rows of a sheet. Raises InvalidInput with everything that is wrong with it, of all rows at once.

    What needs to be looked up (whether the type exists, what its hardware can do) is not checked here.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvalidInput([Fault("benchmarks", str(path), f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError:
        raise InvalidInput([Fault("benchmarks", str(path), "is not UTF-8 text")]) from None
    return read_text(text, file.name)


def read_text(text: str, file: str = "benchmarks") -> tuple[Benchmark, ...]:
    """As ``read``, from the text of a sheet; ``file`` is the name that faults and notes give it."""
    lines = csv.DictReader(io.StringIO(text, newline=""), restkey="surplus", strict=True)
    try:
        faults = _header_faults([str(name).strip() for name in (lines.fieldnames or [])], file)
        if faults:
            raise InvalidInput(faults)
        lines.fieldnames = [str(name).strip() for name in lines.fieldnames or []]
        rows, faults = _rows(((lines.line_num, line) for line in lines), file)
    except csv.Error as error:
        raise InvalidInput([Fault("benchmarks", file, f"is not a CSV: {error}")]) from None
    if not rows and not faults:
        faults.append(Fault("benchmarks", file, "holds no measured rows"))
    if faults:
        raise InvalidInput(faults)
    return tuple(rows)


def _header_faults(columns: list[str], file: str) -> list[Fault]:
    if len(columns) == 1:
        for separator, words in _SEPARATORS.items():
            if separator in columns[0]:
                problem = f"has its columns separated by {words}: save it with commas between them"
                return [Fault("benchmarks", file, problem)]
    faults = [Fault("columns", name, "is missing") for name in REQUIRED if name not in columns]
    faults += [unknown("columns", name, NAMES, "column") for name in columns if name not in NAMES]
    return faults + [Fault("columns", name, "is given twice") for name in sorted({*columns}) if columns.count(name) > 1]


def _rows(lines: Iterable[tuple[int, Mapping[str, object]]], file: str) -> tuple[list[Benchmark], list[Fault]]:
    rows: list[Benchmark] = []
    faults: list[Fault] = []
    seen: dict[tuple[object, ...], int] = {}
    for number, line in lines:
        if str(line.get("instance_type") or "").strip().startswith(COMMENT):
            continue
        if "surplus" in line:
            faults.append(Fault(f"row {number}", line["surplus"], "has more cells than the header"))
            continue
        row, wrong = _row({name: str(value or "").strip() for name, value in line.items()}, file, number)
        faults += wrong
        if row is None:
            continue
        key = (row.instance_type, row.count, row.precision, row.batch, row.throughput_unit)
        if key in seen:
            faults.append(Fault(f"row {number}", " ".join(map(str, key)), f"repeats row {seen[key]}"))
        seen.setdefault(key, number)
        rows.append(row)
    return rows, faults


def _row(cells: Mapping[str, str], file: str, number: int) -> tuple[Benchmark | None, list[Fault]]:
    """One line as a benchmark, or None and everything that is wrong with it."""
    where = f"row {number}"
    faults: list[Fault] = []

    def amount(name: str, most: float, whole: bool = False, or_zero: bool = False) -> float | None:
        text = cells.get(name, "")
        if not text and name not in REQUIRED:
            return None
        value = float(text) if _NUMBER.fullmatch(text) else math.nan
        kind = "whole number" if whole else "number"
        if math.isnan(value) or (whole and value != int(value)):
            faults.append(Fault(f"{where}, {name}", text or None, f"is not a plain {kind}" if text else "is missing"))
        elif value > most or (value == 0 and not or_zero):
            least = "at least 0" if or_zero else "above 0"
            faults.append(Fault(f"{where}, {name}", value, f"cannot be: it must be {least} and at most {most:,.15g}"))
        else:
            return value
        return None

    name = cells["instance_type"]
    if not name:
        faults.append(Fault(f"{where}, instance_type", None, "is missing"))
    if cells["precision"] not in PRECISIONS:
        faults.append(unknown(f"{where}, precision", cells["precision"], PRECISIONS, "precision"))
    if cells["throughput_unit"] not in UNITS:
        faults.append(unknown(f"{where}, throughput_unit", cells["throughput_unit"], UNITS, "unit of throughput"))
    count = amount("count", 10_000, whole=True)
    batch = amount("batch", 1e9, whole=True)
    throughput = amount("throughput", MOST_PER_SECOND)
    memory = amount("peak_memory_gib", 1e5)
    # A GPU that nothing ran on measures 0: that is a number, if a poor one.
    utilisation = amount("gpu_utilisation_percent", 100, or_zero=True)
    parameters = amount("parameters", 1e14, whole=True)
    if faults or count is None or batch is None or throughput is None:
        return None, faults
    row = Benchmark(
        instance_type=name,
        count=int(count),
        precision=cells["precision"],
        batch=int(batch),
        throughput_unit=cells["throughput_unit"],
        throughput=throughput,
        peak_memory_gib=memory,
        gpu_utilisation_fraction=None if utilisation is None else utilisation / 100.0,
        parameters=None if parameters is None else int(parameters),
        note=cells.get("note", ""),
        file=file,
        row=number,
    )
    return row, []
