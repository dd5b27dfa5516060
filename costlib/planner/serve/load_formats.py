"""Load-test results as tools write them, turned into the rows of the capacity sheet.

- k6: the JSON of ``--summary-export`` or of ``handleSummary``: ``metrics.http_req_duration`` (milliseconds) and
  ``metrics.http_reqs`` (a second), requests in flight from ``vus_max``.
- Locust: ``*_stats_history.csv``, each number of users the median of its rows, all requests ("Aggregated") together.
- SageMaker Inference Recommender: the answer of DescribeInferenceRecommendationsJob: ``MaxInvocations`` a minute at
  ``ModelLatency`` milliseconds. It gives one time, which stands for p50 and p95 alike; in flight by Little's law.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from costlib.errors import Fault, InvalidInput
from costlib.planner.serve.json_file import is_number, json_of

#: Column of the sheet by the name that a tool uses.
_LOCUST = {"50%": "p50_ms", "75%": "p75_ms", "90%": "p90_ms", "95%": "p95_ms", "99%": "p99_ms", "99.9%": "p999_ms"}
_K6 = {"med": "p50_ms", "p(50)": "p50_ms", "p(75)": "p75_ms", "p(90)": "p90_ms", "p(95)": "p95_ms", "p(99)": "p99_ms",
       "p(99.9)": "p999_ms"}  # fmt: skip
#: Users that are not yet all there, or only just, are left out.
_LEAST_ROWS = 3


def is_locust(columns: pd.Index) -> bool:
    """Whether a table has the columns of Locust's history."""
    return {"User Count", "Requests/s", "50%", "95%"} <= set(map(str, columns))


def locust_rows(cells: pd.DataFrame, instance: str | None, name: str) -> tuple[pd.DataFrame, list[str]]:
    """Rows of the sheet from Locust's history (text cells), and notes. Raises InvalidInput without ``instance``."""
    _need(instance, name, "Locust's history does not say on which instance type it ran")
    numbers = cells.apply(lambda column: pd.to_numeric(column.astype(object), errors="coerce"))
    kept = pd.Series(True, index=cells.index)
    if "Name" in cells:
        kept = cells["Name"].astype(object) == "Aggregated"
    used = numbers[kept & (numbers["User Count"] > 0) & (numbers["Requests/s"] > 0)]
    groups = [group for _, group in used.groupby("User Count") if len(group) >= _LEAST_ROWS]
    if not groups:
        problem = f"has no number of users with {_LEAST_ROWS} rows of all requests together"
        raise InvalidInput([Fault("capacity", name, problem)])
    rows = [
        {
            "instance_type": instance,
            "concurrency": group["User Count"].iloc[0],
            "requests_per_second": group["Requests/s"].median(),
            **{mine: group[their].median() for their, mine in _LOCUST.items() if their in group},
        }
        for group in groups
    ]
    fails = float(used.get("Failures/s", pd.Series(0.0)).sum())
    notes = [f"{name}: of Locust; each number of users is the median of its rows"]
    if fails > 0:
        notes.append(f"{name}: some requests failed; throughput counts them, too")
    return pd.DataFrame(rows), notes


def json_rows(content: bytes, instance: str | None, name: str) -> tuple[pd.DataFrame, list[str]]:
    """Rows of the sheet from k6's or Inference Recommender's JSON, and notes. Raises InvalidInput for other JSON."""
    held = json_of(content, name, "capacity")
    if isinstance(held, Mapping) and isinstance(held.get("metrics"), Mapping):
        return _k6(held["metrics"], instance, name)
    if isinstance(held, Mapping) and isinstance(held.get("InferenceRecommendations"), list):
        return _recommender(held["InferenceRecommendations"], name)
    problem = "is JSON of neither k6 (metrics) nor SageMaker Inference Recommender (InferenceRecommendations)"
    raise InvalidInput([Fault("capacity", name, problem)])


def _k6(metrics: Mapping[str, Any], instance: str | None, name: str) -> tuple[pd.DataFrame, list[str]]:
    _need(instance, name, "k6's summary does not say on which instance type it ran")

    def values(metric: str) -> Mapping[str, Any]:
        found = _mapping(metrics, metric)
        # handleSummary puts the numbers under "values", --summary-export beside the name.
        inner = found.get("values", found)
        return inner if isinstance(inner, Mapping) else {}

    times, rate = values("http_req_duration"), values("http_reqs").get("rate")
    users = values("vus_max")
    flight = users.get("max", users.get("value"))
    row = {mine: float(times[their]) for their, mine in _K6.items() if is_number(times.get(their))}
    faults = [
        Fault("capacity", name, f"has no {what}")
        for what, there in (
            ("http_reqs rate", is_number(rate)),
            ("vus_max", is_number(flight)),
            ("http_req_duration med and p(95)", {"p50_ms", "p95_ms"} <= row.keys()),
        )
        if not there
    ]
    if faults:
        raise InvalidInput(faults)
    row = {"instance_type": instance, "concurrency": flight, "requests_per_second": rate, **row}  # type: ignore[dict-item]
    return pd.DataFrame([row]), [f"{name}: of k6; the most virtual users are taken to be in flight all the time"]


def _recommender(found: list[Any], name: str) -> tuple[pd.DataFrame, list[str]]:
    rows = []
    for number, one in enumerate(found, start=1):
        metrics, where, serverless = _parts(one)
        rate, time = metrics.get("MaxInvocations"), metrics.get("ModelLatency")
        count = where.get("InitialInstanceCount") or 1
        if not all(is_number(value) for value in (rate or 0, time or 0, count)):
            problem = f"has no numbers where SageMaker has them (recommendation {number})"
            raise InvalidInput([Fault("capacity", name, problem)])
        if not rate or not time:
            continue
        kind = where.get("InstanceType") or f"serverless-{serverless.get('MemorySizeInMB')}"
        each = rate / 60.0 / count
        rows.append(
            {
                "instance_type": kind,
                "concurrency": max(1.0, np.round(each * time / 1000.0)),
                "requests_per_second": each,
                "p50_ms": float(time),
                "p95_ms": float(time),
            }
        )
    if not rows:
        raise InvalidInput([Fault("capacity", name, "has no recommendation with MaxInvocations and ModelLatency")])
    frame = pd.DataFrame(rows).drop_duplicates(["instance_type", "concurrency"])
    return frame, [
        f"{name}: of Inference Recommender, which gives one response time: it stands for p50 and p95 alike, so how much"
        " requests vary is not known"
    ]


def _parts(one: Any) -> Iterator[Mapping[str, Any]]:
    """A recommendation's metrics, endpoint and serverless settings; empty where it has none."""
    where = _mapping(one, "EndpointConfiguration")
    yield from (_mapping(one, "Metrics"), where, _mapping(where, "ServerlessConfig"))


def _mapping(held: Any, key: str) -> Mapping[str, Any]:
    found = held.get(key) if isinstance(held, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _need(instance: str | None, name: str, why: str) -> None:
    if not instance:
        raise InvalidInput([Fault("capacity", name, f"{why}: say so as FILE@INSTANCE_TYPE")])
