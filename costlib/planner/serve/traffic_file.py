"""Traffic from a user's file: requests of each interval, from CSV, Parquet or CloudWatch, every fault at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault, InvalidInput
from costlib.models.commitments_inputs import refuse, rows_fault
from costlib.planner.serve.json_file import json_of
from costlib.planner.table_file import column_faults, not_read, read_bytes, table_of

Floats = npt.NDArray[np.float64]

COUNT, RATE = "requests", "requests_per_second"
COLUMNS = ("time", COUNT, RATE, "payload_kib")
#: What may stand in gaps of a series: nothing (CloudWatch reports no data where nothing came), or a line between.
GAPS = ("zero", "interpolate")
#: Between a minute and an hour: finer than the alarms of autoscaling see, or too coarse for a queue.
LEAST_SECONDS, MOST_SECONDS = 60, 3600
_SHOWN = 5


@dataclass(frozen=True)
class Traffic:
    """``per_second`` (intervals,) from ``start`` on, each of ``interval_seconds``; ``notes`` say what was done to it.

    ``payload_kib``: request and response together on the mean, None where it is not said.
    """

    per_second: Floats
    interval_seconds: float
    start: pd.Timestamp
    name: str
    notes: tuple[str, ...] = ()
    payload_kib: float | None = None

    @property
    def requests(self) -> float:
        """All of them."""
        return float(self.per_second.sum() * self.interval_seconds)

    @property
    def hours(self) -> float:
        """How long the series is."""
        return len(self.per_second) * self.interval_seconds / 3600.0

    @property
    def per_minute(self) -> Floats:
        """Requests of each minute (minutes,), alike within an interval."""
        return np.repeat(self.per_second * 60.0, round(self.interval_seconds / 60))


def read_traffic(path: str | os.PathLike[str], gaps: str | None = None) -> Traffic:
    """Traffic from a file: columns ``time`` and ``requests`` (of the interval) or ``requests_per_second``, and
    ``payload_kib`` if you like; or the JSON of CloudWatch's get-metric-statistics (Sum) or get-metric-data.

    Several rows of one time are added up. Intervals are told by the times; a missing one is a fault, unless ``gaps``
    says what stands there. Raises InvalidInput with everything that is wrong.
    """
    return traffic_of(read_bytes(path, "traffic"), Path(path).name, gaps)


def traffic_of(content: bytes, name: str, gaps: str | None = None) -> Traffic:
    """As ``read_traffic``, from what a file holds."""
    if gaps is not None and gaps not in GAPS:
        raise InvalidInput([Fault("gaps", gaps, f"must be {' or '.join(GAPS)}, or not given")])
    if content.lstrip()[:1] in (b"{", b"["):
        cells, notes = _cloudwatch(content, name), ["counts are CloudWatch's"]
    else:
        cells, notes = table_of(content, name, "traffic"), []
    faults, strange = column_faults([str(column) for column in cells], ("time",), COLUMNS, "traffic")
    notes += not_read(strange, COLUMNS)
    given = [column for column in (COUNT, RATE) if column in cells]
    if len(given) != 1:
        problem = "are both missing: one of them is needed" if not given else "are both there: leave one out"
        faults.append(Fault("traffic columns", f"{COUNT}, {RATE}", problem))
    times = numbers = None
    if "time" in cells:
        times, own = _times(cells["time"])
        faults += own
    if given:
        numbers, own = _numbers(cells[given[0]])
        faults += own
    payload = None
    if "payload_kib" in cells:
        sizes, own = _numbers(cells["payload_kib"])
        faults += own
        payload = sizes
    refuse(faults)
    assert times is not None and numbers is not None
    return _series(times, numbers, given[0] == RATE, payload, name, gaps, notes)


def _series(
    times: pd.DatetimeIndex,
    numbers: Floats,
    is_rate: bool,
    payload: Floats | None,
    name: str,
    gaps: str | None,
    notes: list[str],
) -> Traffic:
    weight = float(numbers.sum())
    kib = None if payload is None or weight <= 0 else float(payload @ numbers / weight)
    summed = pd.Series(numbers, index=times).groupby(level=0).sum().sort_index()
    if len(summed) < len(times):
        notes.append(f"{len(times) - len(summed):,} rows are of a time that another has: added up")
    if len(summed) < 2:
        raise InvalidInput([Fault("traffic", name, "has fewer than two different times: no interval can be told")])
    steps = np.diff(summed.index.to_numpy()).astype("timedelta64[s]").astype(np.int64)
    usual = int(np.bincount(steps.clip(max=MOST_SECONDS + 1)).argmax())
    if not LEAST_SECONDS <= usual <= MOST_SECONDS or usual % 60 or MOST_SECONDS % usual:
        problem = "is the usual step between times; it must be whole minutes that divide an hour"
        raise InvalidInput([Fault("time", f"{usual} s", problem)])
    off = steps % usual != 0
    if off.any():
        at = summed.index[1:][off][0].strftime("%Y-%m-%dT%H:%MZ")
        raise InvalidInput([Fault("time", at, f"is not a whole number of {usual} s steps after the one before")])
    whole = pd.date_range(summed.index[0], summed.index[-1], freq=f"{usual}s")
    filled = summed.reindex(whole)
    missing = filled.isna().to_numpy()
    if missing.any():
        begins = whole[missing & ~np.concatenate([[False], missing[:-1]])]
        shown = ", ".join(begins[:_SHOWN].strftime("%Y-%m-%dT%H:%MZ")) + (", ..." if len(begins) > _SHOWN else "")
        told = f"{missing.sum():,} of {len(whole):,} intervals have no row, in {len(begins)} gaps from {shown}"
        if gaps is None:
            problem = f"has gaps: {told}. Say what stands there: --gaps zero or --gaps interpolate"
            raise InvalidInput([Fault("traffic", name, problem)])
        filled = filled.fillna(0.0) if gaps == "zero" else filled.interpolate()
        notes.append(f"{told}: " + ("taken as none" if gaps == "zero" else "a straight line between its neighbours"))
    values = np.asarray(filled, float)
    if values.sum() <= 0:
        raise InvalidInput([Fault("traffic", name, "has no requests at all")])
    return Traffic(values if is_rate else values / usual, float(usual), whole[0], name, tuple(notes), kib)


def _times(column: pd.Series) -> tuple[pd.DatetimeIndex, list[Fault]]:
    words = pd.Series(np.asarray(column.cat.categories, dtype=object))
    read = pd.to_datetime(words, utc=True, errors="coerce", format="ISO8601")
    # A bare number would be read as a year, a day as its midnight.
    read = read.where(words.str.fullmatch(r"\d{4}-\d{2}-\d{2}[T ]\d{2}.*"))
    times = pd.DatetimeIndex(read.to_numpy()[column.cat.codes], tz="UTC")
    bad = rows_fault("time", column, np.asarray(times.isna()), "is no time, as 2026-06-30T23:55Z is one")
    return times, [bad] if bad else []


def _numbers(column: pd.Series) -> tuple[Floats, list[Fault]]:
    words = pd.to_numeric(pd.Series(column.cat.categories, dtype=object), errors="coerce").to_numpy(float)
    values = words[column.cat.codes]
    found = [
        rows_fault(str(column.name), column, ~np.isfinite(values), "is not a number"),
        rows_fault(str(column.name), column, values < 0, "must not be negative"),
    ]
    return values, [fault for fault in found if fault]


def _cloudwatch(content: bytes, name: str) -> pd.DataFrame:
    """The answer of get-metric-statistics or get-metric-data as a table of text cells."""
    held = json_of(content, name, "traffic")
    rows: list[tuple[Any, Any]] = []
    if isinstance(held, Mapping) and isinstance(held.get("Datapoints"), list):
        if any(not isinstance(point, Mapping) or "Sum" not in point for point in held["Datapoints"]):
            raise InvalidInput([Fault("traffic", name, "has data points without Sum: ask CloudWatch for Sum")])
        rows = [(point.get("Timestamp"), point["Sum"]) for point in held["Datapoints"]]
    elif isinstance(held, Mapping) and isinstance(held.get("MetricDataResults"), list):
        for result in held["MetricDataResults"]:
            lists = [result.get(key, []) for key in ("Timestamps", "Values")] if isinstance(result, Mapping) else [None]
            if not all(isinstance(one, list) for one in lists):
                raise InvalidInput([Fault("traffic", name, "has a result without lists of Timestamps and Values")])
            rows += list(zip(*lists, strict=False))
    else:
        problem = "is JSON without Datapoints or MetricDataResults, as CloudWatch answers them"
        raise InvalidInput([Fault("traffic", name, problem)])
    if not rows:
        raise InvalidInput([Fault("traffic", name, "holds no data points")])
    frame = pd.DataFrame([(str(time), str(value)) for time, value in rows], columns=["time", COUNT], dtype=object)
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    return frame.astype("category")
