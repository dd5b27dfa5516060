"""Writes data/examples/serving/: traffic, a load test, models and endpoints, made up by the rules below.

``made_up_traffic.csv``: requests of an endpoint in each 5 minutes of 8 weeks to 2026-06-30T23:55Z. 12 a second on the
mean of a day; a cosine of 80 % that is highest at 19 UTC; half of it on Saturdays and Sundays; growing by 20 % over the
weeks; each interval up to 15 % more or less; and on the first Monday of June at 15 UTC four times as many for half an
hour, as a newsletter brings them.

``made_up_load_test.csv``: what a test of one model might measure. A request takes a p50 as stated for each type, a p95
1.6 times, a p99 2.1 times and a mean 1.08 times that; with N in flight on W workers the throughput is
min(N, W) / mean, and the percentiles stretch by N / W beyond W. Serverless and Lambda serve one request at a time.

``made_up_models.csv``: 24 models of a shared team: the first asked 0.6 times a second, the others by 1 / rank, with
memory of 0.4 to 3.2 GiB.

``made_up_endpoints.csv``: a month of CloudWatch metrics of eight endpoints, as the review reads them.

"More or less" is drawn by ``scatter``, a fixed hash of the interval: no random generator, so the bytes never change.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from data.build.example_usage import scatter

FOLDER = Path(__file__).resolve().parent.parent / "examples" / "serving"
WEEKS, MINUTES = 8, 5
INTERVALS = WEEKS * 7 * 24 * 60 // MINUTES
END = pd.Timestamp("2026-06-30T23:55Z")
PER_SECOND = 12.0
LONGER = {"p95": 1.6, "p99": 2.1, "mean": 1.08}
IN_FLIGHT = (1, 2, 4, 8, 16, 32)
#: name: p50 in milliseconds, workers, batch.
TESTED = {
    "ml.c6i.xlarge": (95.0, 2, 1),
    "ml.c6i.4xlarge": (72.0, 8, 1),
    "ml.m5.xlarge": (120.0, 2, 1),
    "ml.g4dn.xlarge": (24.0, 2, 1),
    "ml.g5.xlarge": (14.0, 2, 1),
    "ml.g5.2xlarge": (14.0, 3, 1),
    "ml.g6.xlarge": (17.0, 2, 1),
    "ml.inf1.xlarge": (20.0, 4, 1),
    "ml.inf2.xlarge": (16.0, 2, 1),
    "serverless-2048": (240.0, 1, 1),
    "serverless-4096": (130.0, 1, 1),
    "serverless-6144": (98.0, 1, 1),
    "lambda-3008": (170.0, 1, 1),
    "lambda-8192": (90.0, 1, 1),
}
ENDPOINTS = (
    ("ranker", "ml.g5.xlarge", 4, 41_000_000, 55.0, 62.0, 48.0, 21.0),
    ("search-embed", "ml.g5.xlarge", 6, 9_800_000, 11.0, 19.0, 40.0, 24.0),
    ("old-ranker", "ml.g4dn.xlarge", 2, 0, 1.0, 1.0, 22.0, np.nan),
    ("churn", "ml.m5.xlarge", 2, 5_200, 1.0, 3.0, 18.0, 85.0),
    ("fraud-a", "ml.c6i.4xlarge", 2, 1_300_000, 6.0, 14.0, 20.0, 31.0),
    ("fraud-b", "ml.c6i.4xlarge", 2, 900_000, 5.0, 12.0, 21.0, 30.0),
    ("thumbnails", "ml.c6i.xlarge", 2, 61_000, 2.0, 9.0, 25.0, 120.0),
    ("ocr", "ml.c6i.xlarge", 3, 7_400_000, 66.0, 93.0, 55.0, 140.0),
)


def made_up_traffic() -> pd.DataFrame:
    """``time, requests``."""
    clock = pd.date_range(end=END, periods=INTERVALS, freq=f"{MINUTES}min")
    at = np.arange(INTERVALS)
    hour = clock.hour.to_numpy() + clock.minute.to_numpy() / 60
    day = 1 + 0.8 * np.cos(2 * np.pi * (hour - 19) / 24)
    week = np.where(clock.day_of_week.to_numpy() < 5, 1.0, 0.5)
    rate = PER_SECOND * day * week * (1 + 0.2 * at / INTERVALS) * (0.85 + 0.3 * scatter(at, 11))
    mail = (clock >= "2026-06-01T15:00Z") & (clock < "2026-06-01T15:30Z")
    requests = np.round(np.round(rate * np.where(mail, 4.0, 1.0), 6) * 60 * MINUTES)
    return pd.DataFrame({"time": clock.strftime("%Y-%m-%dT%H:%MZ"), "requests": requests.astype(np.int64)})


def made_up_load_test() -> pd.DataFrame:
    """``instance_type, concurrency, batch, requests_per_second, p50_ms, p95_ms, p99_ms``."""
    rows = []
    for name, (p50, workers, batch) in TESTED.items():
        for flight in IN_FLIGHT if workers > 1 else IN_FLIGHT[:1]:
            stretched = p50 * max(flight / workers, 1.0)
            rate = min(flight, workers) / (p50 * LONGER["mean"] / 1000)
            rows.append((name, flight, batch, round(rate, 2), round(stretched, 1),
                         round(stretched * LONGER["p95"], 1), round(stretched * LONGER["p99"], 1)))  # fmt: skip
    columns = ["instance_type", "concurrency", "batch", "requests_per_second", "p50_ms", "p95_ms", "p99_ms"]
    return pd.DataFrame(rows, columns=columns)


def made_up_models() -> pd.DataFrame:
    """``model, requests_per_second, memory_gib, p50_ms``."""
    rank = np.arange(1, 25)
    return pd.DataFrame(
        {
            "model": [f"model-{number:02d}" for number in rank],
            "requests_per_second": np.round(0.6 / rank, 5),
            "memory_gib": np.round(0.4 + 2.8 * scatter(rank, 12), 1),
            "p50_ms": np.round(40 + 160 * scatter(rank, 13)),
        }
    )


def made_up_endpoints() -> pd.DataFrame:
    """The columns that planner/serve/review_file reads."""
    columns = ["endpoint", "instance_type", "instances", "requests", "mean_use_percent", "peak_use_percent",
               "peak_memory_percent", "mean_ms"]  # fmt: skip
    return pd.DataFrame(ENDPOINTS, columns=columns).assign(hours=720)


def write(folder: Path = FOLDER) -> None:
    """Writes the files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in {
        "made_up_traffic": made_up_traffic(),
        "made_up_load_test": made_up_load_test(),
        "made_up_models": made_up_models(),
        "made_up_endpoints": made_up_endpoints(),
    }.items():
        frame.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
