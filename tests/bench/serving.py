"""Times the whole answer of how to serve on one core: ``python -m tests.bench.serving``.

A year of five-minute traffic, 36 hosted types and 4 functions, every way to serve; then the promise moved. Writes
build/bench/serving.json.
"""

from __future__ import annotations

import time

import numpy as np
import pandas as pd

from costlib.planner.serve.asked import Asked
from costlib.planner.serve.capacity_file import LoadTests, load_tests_of
from costlib.planner.serve.drawn import Shape, drawn
from costlib.planner.serve.report import serve_report
from costlib.prices.book import PriceBook
from tests.bench.one_core import run

HOSTED, FUNCTIONS = 36, ("serverless-2048", "serverless-6144", "lambda-3008", "lambda-8192")
RUNS = 3
PROMISES_MS = (150.0, 200.0, 250.0, 400.0, 600.0)


def made_up(book: PriceBook, seed: int = 0) -> LoadTests:
    """Load tests of hosted types drawn from the price list, each with its own speed and workers."""
    rng = np.random.default_rng(seed)
    hosted = book.table("prices/sagemaker_instances").query("component == 'Hosting' and region == 'us-east-1'")
    names = [*rng.choice(hosted["instance_type"].to_numpy(object), HOSTED, replace=False), *FUNCTIONS]
    rows = []
    for name in names:
        p50, workers = rng.uniform(10, 150), 1 if name in FUNCTIONS else int(rng.integers(1, 9))
        for flight in (1,) if name in FUNCTIONS else (1, 2, 4, 8, 16):
            longer = p50 * max(flight / workers, 1.0)
            rows.append((name, flight, min(flight, workers) / (1.08e-3 * p50), longer, 1.6 * longer, 2.1 * longer))
    columns = ["instance_type", "concurrency", "requests_per_second", "p50_ms", "p95_ms", "p99_ms"]
    return load_tests_of(pd.DataFrame(rows, columns=columns), (), book)


def measure() -> dict[str, float]:
    """Seconds by what was done; the best of some runs, and for the promise moved the worst of all."""
    book = PriceBook.open()
    traffic = drawn(Shape(200.0, 365, growth_percent=40.0, burst_times=3.0, bursts_per_week=1.0))
    tests = made_up(book)
    asked = Asked(300.0, patience_minutes=240.0, variants=2)
    times: dict[str, list[float]] = {"whole": [], "with_autoscaling": [], "moved": [], "moved_with_thresholds": []}
    for _ in range(RUNS):
        begin = time.perf_counter()
        found = serve_report(book, traffic, tests, asked)
        assert len(found.mode_table) >= 6 and len(found.thresholds) > 1
        times["whole"].append(time.perf_counter() - begin)
        assert found.scaling is not None
        times["with_autoscaling"].append(time.perf_counter() - begin)
        for promise in PROMISES_MS:
            begin = time.perf_counter()
            moved = serve_report(book, traffic, tests, Asked(promise, patience_minutes=240.0, variants=2), found)
            assert len(moved.mode_table) >= 6
            times["moved"].append(time.perf_counter() - begin)
            assert len(moved.thresholds) > 0
            times["moved_with_thresholds"].append(time.perf_counter() - begin)
    return {
        "year_of_40_types_whole_seconds": min(times["whole"]),
        "year_of_40_types_with_autoscaling_seconds": min(times["with_autoscaling"]),
        "promise_moved_worst_seconds": max(times["moved"]),
        "promise_moved_with_thresholds_worst_seconds": max(times["moved_with_thresholds"]),
    }


if __name__ == "__main__":
    run(measure, "serving")
