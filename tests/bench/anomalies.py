"""Times anomalies on one core: ``python -m tests.bench.anomalies``.

3,000 series of 400 days and 500 of 90 days by the hour, and a bill of 3,000 lines with its causes. The yardstick stands
in the same run: a plain loop over the days of one series at a time, of the simplest rule there is (28 days' mean and
deviation), and one sort of all the costs. Writes build/bench/anomalies.json.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from costlib.models.anomalies import find_anomalies
from costlib.models.anomalies_filter import judge_days
from costlib.models.anomalies_hours import judge_hours
from tests.bench.one_core import run

SERIES, DAYS = 3000, 400
HOURLY_SERIES, HOURLY_DAYS = 500, 90
#: Series that the plain loop is timed on; its time for all is in proportion.
PLAIN_SERIES = 20
RUNS = 3


def made_up(count: int, steps: int, seed: int = 0) -> np.ndarray:
    """Costs (count, steps) of any size, with weeks, noise, and a shift in one series of ten."""
    rng = np.random.default_rng(seed)
    week = np.where(np.arange(steps) % 7 < 5, 1.0, 0.6)
    usd = rng.lognormal(2, 2, (count, 1)) * week * np.exp(0.1 * rng.standard_normal((count, steps)))
    usd[::10, steps // 2 :] *= 2
    return usd


def bill(usd: np.ndarray) -> pd.DataFrame:
    """Long rows of the lines of ``usd`` (lines, days): 40 services, 3,000 usage types, 25 teams."""
    lines, days = usd.shape
    number = np.repeat(np.arange(lines), days)
    when = np.tile(pd.date_range("2025-01-01", periods=days).to_numpy(), lines)
    names = {name: [f"{name} {at % kinds}" for at in range(lines)] for name, kinds in KINDS.items()}
    return pd.DataFrame(
        {"day": when, **{name: np.array(each)[number] for name, each in names.items()}, "usd": usd.ravel()}
    )


KINDS = {"service": 40, "usage_type": 3000, "team": 25}


def plain(usd: list[float]) -> int:
    """Days further than three deviations from the mean of the 28 days before."""
    found = 0
    for day in range(28, len(usd)):
        past = usd[day - 28 : day]
        found += abs(usd[day] - statistics.fmean(past)) > 3 * statistics.pstdev(past)
    return found


def least_seconds(work: Callable[[], object]) -> float:
    """Processor seconds of the least of RUNS runs: what else the machine does is not counted."""
    times = []
    for _ in range(RUNS):
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return min(times)


def measure() -> dict[str, float]:
    """All figures; seconds unless the name says otherwise."""
    usd = made_up(SERIES, DAYS)
    hourly = made_up(HOURLY_SERIES, 24 * HOURLY_DAYS)
    rows = bill(usd)
    figures = {
        "one_sort_of_all_days_seconds": least_seconds(lambda: np.sort(usd, axis=1)),
        f"{SERIES}_series_of_{DAYS}_days_seconds": least_seconds(lambda: judge_days(usd)),
        f"{HOURLY_SERIES}_series_of_{HOURLY_DAYS}_days_by_the_hour_seconds": least_seconds(
            lambda: judge_hours(hourly, 24)
        ),
    }
    listed = usd[:PLAIN_SERIES].tolist()
    figures["plain_loop_of_the_days_seconds"] = (
        least_seconds(lambda: [plain(one) for one in listed]) * SERIES / PLAIN_SERIES
    )
    begin = time.process_time()
    found = find_anomalies(rows, list(KINDS))
    figures[f"bill_of_{len(rows)}_rows_with_causes_seconds"] = time.process_time() - begin
    figures["incidents_found"] = float(len(found.alerts))
    return figures


if __name__ == "__main__":
    run(measure, "anomalies")
