"""Traffic that is drawn by a shape, where none was recorded: it says so in its notes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from costlib.errors import Fault
from costlib.models.commitments_inputs import refuse
from costlib.models.serving_traffic import drawn_traffic
from costlib.planner.serve.traffic_file import Traffic

INTERVAL_SECONDS = 300.0
#: A Monday, so that hours of the week are those of the shape.
START = pd.Timestamp("2026-01-05T00:00Z")


@dataclass(frozen=True)
class Shape:
    """What a day, a week and a year look like; percents of the mean of a working day."""

    mean_per_second: float
    days: int = 56
    daily_swing_percent: float = 60.0
    weekend_percent: float = 50.0
    growth_percent: float = 0.0
    noise_percent: float = 10.0
    burst_times: float = 1.0
    bursts_per_week: float = 0.0
    seed: int = 0


def drawn(shape: Shape) -> Traffic:
    """Five-minute traffic of a shape. Raises InvalidInput with all that is wrong."""
    bounds = {
        "mean_per_second": (1e-9, 1e7), "days": (1, 366), "daily_swing_percent": (0, 100), "weekend_percent": (0, 1000),
        "growth_percent": (-99, 10_000), "noise_percent": (0, 300), "burst_times": (1, 1000),
        "bursts_per_week": (0, 1000), "seed": (0, 2**32 - 1),
    }  # fmt: skip
    refuse(
        Fault(name, getattr(shape, name), f"must be from {low:g} to {high:g}")
        for name, (low, high) in bounds.items()
        if not low <= getattr(shape, name) <= high
    )
    per_second = drawn_traffic(
        np.random.default_rng(shape.seed), shape.days, shape.mean_per_second, INTERVAL_SECONDS,
        shape.daily_swing_percent / 100, shape.weekend_percent / 100, growth_per_year=shape.growth_percent / 100,
        noise_fraction=shape.noise_percent / 100, burst_factor=shape.burst_times, bursts_per_week=shape.bursts_per_week,
    )  # fmt: skip
    note = (
        f"drawn, not recorded: {shape.mean_per_second:g} requests a second on a working day, highest at 19 UTC by"
        f" {shape.daily_swing_percent:g} %, {shape.weekend_percent:g} % at weekends, growing {shape.growth_percent:g} %"
        f" a year, noise of {shape.noise_percent:g} %, {shape.bursts_per_week:g} bursts a week of {shape.burst_times:g}"
        " times as much for half an hour"
    )
    return Traffic(per_second, INTERVAL_SECONDS, START, "drawn traffic", (note,))
