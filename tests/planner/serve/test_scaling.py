"""Autoscaling found on a few weeks and held to all of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from costlib.models.autoscaling import Policy, Terms
from costlib.planner.serve.asked import Asked
from costlib.planner.serve.scaling import scaling_of
from costlib.planner.serve.traffic_file import Traffic

WEEK = 7 * 288


def test_weeks_that_were_not_searched_count_too() -> None:
    """Twelve weeks, the fullest calm but for one minute; those beside the ones that are searched burst every other
    hour. A target that keeps the promise on the searched weeks is too high for the whole, and falls until it does."""
    rng = np.random.default_rng(0)
    load = np.full(12 * WEEK, 100.0) * (1 + 0.3 * np.sin(2 * np.pi * np.arange(12 * WEEK) / 288))
    searched = {0, 2, 5, 8}
    for week in range(12):
        if week not in searched:
            at = week * WEEK + np.arange(0, WEEK, 24)
            load[at[:, None] + np.arange(3)] *= rng.uniform(1.3, 1.6, (len(at), 1))
    load[100] = 400.0
    traffic = Traffic(load, 300.0, pd.Timestamp("2026-01-05T00:00Z"), "made")
    found = scaling_of(traffic, 20.0, 1.0, Asked(100.0), Terms(10, 1), Policy(0.5, 300.0, 300.0, 1, 1))
    assert found.tried["keeps_promise"].iloc[0] and found.chosen["keeps_promise"]
    assert found.policy.target_per_minute < found.tried["target_per_minute"].iloc[0]
    assert found.policy.most == 40 and len(found.load.per_minute) == 12 * 7 * 1440
