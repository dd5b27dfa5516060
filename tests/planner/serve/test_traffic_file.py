"""Traffic files: what is read, and everything that is refused, each with its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from costlib.errors import InvalidInput
from costlib.planner.serve.drawn import Shape, drawn
from costlib.planner.serve.traffic_file import Traffic, read_traffic
from data.build import example_serving
from tests.planner.serve.conftest import EXAMPLES

Write = Callable[[str, str], Path]
GOOD = "time,requests\n2026-06-01T00:00Z,300\n2026-06-01T00:05Z,600\n2026-06-01T00:10Z,0\n"


def test_counts_become_rates(written: Write) -> None:
    found = read_traffic(written("t.csv", GOOD))
    assert found.per_second.tolist() == [1.0, 2.0, 0.0] and found.interval_seconds == 300
    assert found.requests == 900 and found.hours == pytest.approx(0.25)
    assert found.per_minute.tolist() == [60.0] * 5 + [120.0] * 5 + [0.0] * 5
    rate = read_traffic(written("r.csv", GOOD.replace("requests", "requests_per_second")))
    assert rate.per_second.tolist() == [300.0, 600.0, 0.0]


def test_rows_of_one_time_add_up_and_order_does_not_matter(written: Write) -> None:
    text = "time,requests\n2026-06-01T00:05Z,100\n2026-06-01T00:00Z,300\n2026-06-01T02:05+02:00,500\n"
    found = read_traffic(written("t.csv", text))
    assert found.per_second.tolist() == [1.0, 2.0] and "added up" in found.notes[0]


def test_parquet_and_sizes(tmp_path: Path) -> None:
    frame = pd.DataFrame({"time": ["2026-06-01T00:00Z", "2026-06-01T01:00Z"], "requests": [3600, 7200],
                          "payload_kib": [10.0, 40.0]})  # fmt: skip
    frame.to_parquet(tmp_path / "t.parquet")
    found = read_traffic(tmp_path / "t.parquet")
    assert found.per_second.tolist() == [1.0, 2.0]
    # By requests: a third at 10, two thirds at 40.
    assert found.payload_kib == pytest.approx(30.0)


@pytest.mark.parametrize("kind", ["statistics", "data"])
def test_cloudwatch(written: Write, kind: str) -> None:
    times = ["2026-06-01T00:05:00+00:00", "2026-06-01T00:00:00+00:00", "2026-06-01T00:10:00+00:00"]
    counts = [600.0, 300.0, 0.0]
    if kind == "statistics":
        points = [{"Timestamp": t, "Sum": c, "Unit": "None"} for t, c in zip(times, counts, strict=True)]
        held: dict = {"Label": "Invocations", "Datapoints": points}
    else:
        held = {"MetricDataResults": [{"Id": "m1", "Label": "Invocations", "Timestamps": times, "Values": counts}]}
    assert read_traffic(written("t.json", json.dumps(held))).per_second.tolist() == [1.0, 2.0, 0.0]


GAP = "time,requests\n2026-06-01T00:00Z,300\n2026-06-01T00:05Z,300\n2026-06-01T00:20Z,900\n"


def test_gaps_are_refused_with_their_place_or_filled_as_asked(written: Write) -> None:
    path = written("t.csv", GAP)
    with pytest.raises(InvalidInput, match="2 of 5 intervals have no row, in 1 gaps from 2026-06-01T00:10Z"):
        read_traffic(path)
    zero, line = read_traffic(path, "zero"), read_traffic(path, "interpolate")
    assert zero.per_second.tolist() == [1, 1, 0, 0, 3] and line.per_second == pytest.approx([1, 1, 5 / 3, 7 / 3, 3])
    assert "taken as none" in zero.notes[-1] and "straight line" in line.notes[-1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("when,requests\n2026-06-01T00:00Z,1\n", ["time: 'time'|'time' is missing"]),
        ("time,count\n2026-06-01T00:00Z,1\n2026-06-01T00:05Z,1\n", ["requests, requests_per_second"]),
        (GOOD.replace("300", "-3"), [r"must not be negative \(rows 2\)"]),
        (GOOD.replace("600", "many"), [r"is not a number \(rows 3\)"]),
        (GOOD.replace("2026-06-01T00:05Z", "yesterday"), [r"is no time.*rows 3"]),
        (GOOD.replace("2026-06-01T00:05Z", "yesterday").replace("300", "-3"), ["is no time", "must not be negative"]),
        ("time,requests\n2026-06-01T00:00Z,1\n", ["fewer than two different times"]),
        ("time,requests\n2026-06-01T00:00Z,1\n2026-06-02T00:00Z,1\n", ["usual step"]),
        ("time,requests\n2026-06-01T00:00Z,1\n2026-06-01T00:07Z,1\n", ["usual step"]),
        (GOOD + "2026-06-01T00:17Z,1\n", ["whole number of 300 s steps"]),
        (GOOD.replace("300", "0").replace("600", "0"), ["no requests at all"]),
        ("", ["is empty"]),
        ("{]", ["not valid JSON"]),
        ('{"Datapoints": [{"Timestamp": "2026-06-01T00:00Z", "Average": 1}]}', ["without Sum"]),
        ('{"a": 1}', ["without Datapoints"]),
        ('{"MetricDataResults": ["x"]}', ["without lists"]),
        ('{"MetricDataResults": [{"Timestamps": 3, "Values": [4]}]}', ["without lists"]),
    ],
)
def test_refused(written: Write, text: str, words: list[str]) -> None:
    with pytest.raises(InvalidInput) as error:
        read_traffic(written("t.csv", text))
    for one in words:
        assert any(__import__("re").search(one, str(fault)) for fault in error.value.faults), error.value


def test_unknown_columns_are_said_with_what_was_meant(written: Write) -> None:
    head, *rows = GOOD.splitlines()
    found = read_traffic(written("t.csv", "\n".join([f"{head},payload_kb", *(f"{row},9" for row in rows)])))
    assert found.notes == ("column 'payload_kb' is not read (did you mean payload_kib?)",)


def test_the_example_is_the_builders(tmp_path: Path, traffic: Traffic) -> None:
    example_serving.write(tmp_path)
    for path in sorted(tmp_path.iterdir()):
        assert path.read_bytes() == (EXAMPLES / path.name).read_bytes(), path.name
    assert traffic.hours == 8 * 168 and 10 < traffic.per_second.mean() < 13


def test_drawn_traffic_says_so_and_has_its_shape() -> None:
    found = drawn(Shape(10.0, 28, noise_percent=0.0))
    by_day = found.per_second.reshape(28, 288).mean(axis=1)
    assert by_day[:5] == pytest.approx(10.0, rel=1e-6) and by_day[5:7] == pytest.approx(5.0, rel=1e-6)
    assert found.per_second.max() == pytest.approx(16.0, rel=1e-3)
    assert "drawn, not recorded" in found.notes[0]
    grown = drawn(Shape(10.0, 365, noise_percent=0.0, growth_percent=100.0)).per_second.reshape(365, 288).mean(axis=1)
    assert grown[364] / grown[0] == pytest.approx(2.0, rel=0.01)
    again = drawn(Shape(10.0, 28, bursts_per_week=3, burst_times=5.0, seed=4))
    assert np.array_equal(
        again.per_second, drawn(Shape(10.0, 28, bursts_per_week=3, burst_times=5.0, seed=4)).per_second
    )
    assert again.per_second.max() > 40
    with pytest.raises(InvalidInput) as error:
        drawn(Shape(-1.0, 0, noise_percent=-5))
    assert {fault.field for fault in error.value.faults} == {"mean_per_second", "days", "noise_percent"}
