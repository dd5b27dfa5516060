"""The serving pictures: what is drawn is what was computed, and names from files are no markup."""

from __future__ import annotations

import numpy as np
import pandas as pd

from costlib.figures import serving as figures

NOTE = "snapshot"


def test_response_lines_and_where_they_meet_the_promise() -> None:
    rate = np.array([[1.0, 5.0, 9.0], [2.0, 4.0, 6.0]])
    time = np.array([[50.0, 80.0, 400.0], [300.0, 310.0, 900.0]])
    made = figures.response_by_load(["a", "b"], rate, time, np.array([7.0, 0.0]), 200.0, "p95", NOTE)
    assert [trace.uid for trace in made.data] == ["a", "a kept", "b"]
    assert made.data[1].x[0] == 7.0 and made.data[1].y[0] == 200.0
    assert made.layout.shapes[0].y0 == 200.0 and made.layout.annotations[-1].text == NOTE


def test_week_has_its_days() -> None:
    hours = np.arange(168)
    week = pd.DataFrame({"hour_of_week": hours, "mean_instances": hours / 10, "most_instances": hours / 5})
    made = figures.fleet_by_hour(week, "ml.g5.xlarge", NOTE)
    assert made.data[1].customdata[25] == "Tue 01:00" and list(made.data[0].y) == list(hours / 5)


def test_late_minutes_are_marked() -> None:
    clock = pd.date_range("2026-06-01", periods=4, freq="min", tz="UTC")
    late = np.array([False, True, True, False])
    made = figures.autoscaling_day(clock, np.array([1.0, 5, 6, 1]), np.array([4.0, 4, 4, 8]), late, NOTE)
    assert list(made.data[2].y) == [5, 6] and "2026-06-01" in made.layout.title.text


def test_policies_show_what_keeps() -> None:
    tried = pd.DataFrame({"target_fraction": [0.5, 0.9], "late_fraction": [0.0, 0.2], "usd_per_month": [900.0, 500.0],
                          "keeps_promise": [True, False]})  # fmt: skip
    made = figures.policies_plane(tried, {"late_fraction": 0.001, "usd_per_month": 880.0}, 1.5, NOTE)
    assert made.data[0].marker.color[0] != made.data[0].marker.color[1]
    assert made.data[1].x[0] == 0.1


def test_ways_leave_out_what_never_serves() -> None:
    curve = pd.DataFrame({"scale": [1.0, 2.0], "requests_per_month": [10.0, 20.0], "ec2": [5.0, 6.0],
                          "serverless": [np.nan, np.nan], "cheapest": ["ec2", "ec2"]})  # fmt: skip
    edges = pd.DataFrame({"from_requests_per_month": [1.0, 15.0]})
    made = figures.ways_by_traffic(curve, edges, {"ec2": "EC2", "serverless": "serverless"}, 12.0, NOTE)
    assert [trace.uid for trace in made.data] == ["ec2"]
    assert [shape.x0 for shape in made.layout.shapes] == [15.0, 12.0]
