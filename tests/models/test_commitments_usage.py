"""Hourly rows to usage: placed by hour and line, and what is wrong with its rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from costlib.errors import InvalidInput
from costlib.models.commitments_inputs import Line
from costlib.models.commitments_usage import hours_of, usage_from


def hourly(**changes: object) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "hour": ["2026-01-01 00:00", "2026-01-01 01:00", "2026-01-01 02:00", "2026-01-01 02:00"],
            "instance_type": ["g5.xlarge", "g5.xlarge", "g5.xlarge", "g5.2xlarge"],
            "region": "us-east-1",
            "service": "ec2",
            "quantity": [1.0, 2.0, 3.0, 4.0],
        }
    )
    return frame.assign(**changes)


def test_usage_from_rows() -> None:
    usage = usage_from(hourly())
    by_type = {line.instance_type: usage.quantity[:, at].tolist() for at, line in enumerate(usage.lines)}
    assert by_type == {"g5.xlarge": [1, 2, 3], "g5.2xlarge": [0, 0, 4]}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"quantity": [1.0, -2.0, 3.0, -4.0]}, r"must not be negative \(rows 1, 3\)"),
        ({"quantity": [1.0, np.nan, 3.0, 4.0]}, r"is not a number \(rows 1\)"),
        ({"hour": ["2026-01-01 00:00", "2026-01-01 03:00", "2026-01-01 03:00", "2026-01-01 03:00"]}, "2 hours are"),
        ({"instance_type": "g5.xlarge"}, r"more than once \(rows 2, 3\)"),
        ({"hour": ["2026-01-01 00:00", "x", "2026-01-01 01:30", "2026-01-01 01:00"]}, r"not a time \(rows 1\)"),
        ({"hour": ["2026-01-01 00:00", "x", "2026-01-01 01:30", "2026-01-01 01:00"]}, r"not a whole hour \(rows 2\)"),
        ({"service": "ec3"}, "is none of ec2"),
        ({"quantity": [1.0, np.inf, 3.0, 4.0]}, r"is not a number \(rows 1\)"),
        ({"region": ["us-east-1", None, "us-east-1", "us-east-1"]}, r"region: .* is missing \(rows 1\)"),
    ],
)
def test_bad_usage_is_named_with_its_rows(changes: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        usage_from(hourly(**changes))


def test_rows_are_named_as_the_index_names_them() -> None:
    with pytest.raises(InvalidInput, match=r"must not be negative \(rows third\)"):
        usage_from(hourly(quantity=[1.0, 2.0, -3.0, 4.0]).set_axis(["first", "second", "third", "fourth"]))


def test_times_and_text_of_times_are_alike() -> None:
    text = hourly()
    times = text.assign(hour=pd.to_datetime(text["hour"], utc=True))
    elsewhere = times.assign(hour=times["hour"].dt.tz_convert("Asia/Tokyo"))
    for frame in (times, elsewhere, text.astype({"hour": "category", "instance_type": "category"})):
        assert usage_from(frame).lines == usage_from(text).lines
        assert (usage_from(frame).quantity == usage_from(text).quantity).all()


def test_lines_are_in_order_whatever_the_order_of_rows() -> None:
    frame = hourly(zone=["us-east-1b", None, "us-east-1b", "us-east-1b"])
    usage = usage_from(frame.iloc[::-1])
    assert usage.lines == (
        Line("g5.2xlarge", "us-east-1", zone="us-east-1b"),
        Line("g5.xlarge", "us-east-1"),
        Line("g5.xlarge", "us-east-1", zone="us-east-1b"),
    )
    assert usage.quantity.tolist() == [[0, 0, 1], [0, 2, 0], [4, 0, 3]]


def test_hours_of_text_are_utc() -> None:
    found = hours_of(pd.Series(["2026-01-01T02:00+02:00", "2026-01-01 00:00", "later", None, "2026-01-01T00:00Z"]))
    midnight = pd.Timestamp("2026-01-01T00:00Z")
    assert found.tolist() == [midnight, midnight, pd.NaT, pd.NaT, midnight]


def test_a_gap_of_centuries_is_counted_without_being_spelled_out() -> None:
    hours = ["2026-01-01 00:00", "2026-01-01 02:00", "2026-01-01 04:00", "9999-12-31 23:00"]
    with pytest.raises(InvalidInput) as caught:
        usage_from(hourly(hour=hours))
    first, last = pd.Timestamp(hours[0]), pd.Timestamp(hours[-1])
    count = (last - first) // pd.Timedelta(hours=1) + 1 - 4
    problem = caught.value.faults[0].problem
    assert f"{count} hours are missing" in problem
    assert "01:00:00+00:00, 2026-01-01 03:00:00+00:00, 2026-01-01 05:00:00" in problem
