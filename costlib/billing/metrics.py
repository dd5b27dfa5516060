"""Measured use of resources by hour, out of a CSV: what a bill cannot show.

Columns: ``resource`` (its ARN, id, or the name at the end of its ARN), ``metric`` (METRICS), ``hour`` (its beginning,
UTC: 2026-09-30T14:00) and ``value``. A metric that a resource has rows of is known from the file's first to its last
hour: hours without a row count as 0, as CloudWatch writes none when nothing happened. A resource without rows of a
metric is not known by it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import pandas as pd

from costlib.errors import Fault, InvalidInput, unknown

COLUMNS = ("resource", "metric", "hour", "value")
#: Metrics and their units. SageMaker adds the percentages of several cores or devices up.
METRICS = {
    "invocations": "calls in the hour",
    "cpu_utilisation": "percent, the hour's highest",
    "gpu_utilisation": "percent, the hour's highest",
    "volume_operations": "reads and writes in the hour",
}
#: Rows named of each fault.
MOST_NAMED = 5


@dataclass(frozen=True)
class Metrics:
    """``frame`` has COLUMNS; ``first`` and ``last`` are its hours' ends, ``last`` exclusive."""

    frame: pd.DataFrame
    first: pd.Timestamp
    last: pd.Timestamp

    def of(self, names: tuple[str, ...], metric: str) -> pd.Series[float] | None:
        """Values by hour of the resource that goes by one of ``names``; None where the metric is not known of it."""
        rows = self.frame[self.frame["resource"].isin(names) & (self.frame["metric"] == metric)]
        return rows.groupby("hour")["value"].max() if len(rows) else None

    def busy_until(self, names: tuple[str, ...], metric: str, above: float = 0.0) -> pd.Timestamp | None:
        """The end of the last hour in which the metric was above ``above``, ``first`` where it never was; None where
        the metric is not known of the resource."""
        values = self.of(names, metric)
        if values is None:
            return None
        busy = values.index[values.to_numpy() > above]
        return pd.Timestamp(busy.max()) + pd.Timedelta(hours=1) if len(busy) else self.first


def read_metrics(path: str | os.PathLike[str]) -> Metrics:
    """The metrics of a CSV. Raises InvalidInput with every fault and the rows that have it (the header is row 1)."""
    try:
        given = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise InvalidInput([Fault("metrics", str(path), f"cannot be read: {error}")]) from error
    given.columns = [str(name).strip() for name in given.columns]
    faults = [unknown("metrics columns", name, COLUMNS, "column") for name in given if name not in COLUMNS]
    faults += [Fault("metrics columns", name, "is missing") for name in COLUMNS if name not in given]
    if not faults and given.empty:
        faults.append(Fault("metrics", str(path), "holds no rows"))
    if faults:
        raise InvalidInput(faults)
    text = given.apply(lambda column: column.str.strip())
    hours = pd.to_datetime(text["hour"], errors="coerce", utc=True, format="ISO8601").dt.tz_localize(None)
    values = pd.to_numeric(text["value"], errors="coerce").astype(float)
    known = text["metric"].isin(list(METRICS))
    checks = (
        ("resource", text["resource"] == "", "is empty"),
        ("metric", ~known, f"is not a known metric; known: {', '.join(METRICS)}"),
        ("hour", hours.isna() | (hours.dt.floor("h") != hours), "is not the beginning of an hour (2026-09-30T14:00)"),
        ("value", ~((values >= 0) & (values < float("inf"))), "is not an amount of 0 or more"),
        ("hour", text.assign(hour=hours).duplicated(["resource", "metric", "hour"]) & hours.notna(), "is there twice"),
    )
    for name, wrong, problem in checks:
        if wrong.any():
            rows = [str(at + 2) for at in given.index[wrong][:MOST_NAMED]]
            more = ", ..." if int(wrong.sum()) > MOST_NAMED else ""
            faults.append(Fault(name, given[name][wrong].iloc[0], f"{problem} (rows {', '.join(rows)}{more})"))
    if faults:
        raise InvalidInput(faults)
    frame = pd.DataFrame({"resource": text["resource"], "metric": text["metric"], "hour": hours, "value": values})
    return Metrics(frame, frame["hour"].min(), frame["hour"].max() + pd.Timedelta(hours=1))
