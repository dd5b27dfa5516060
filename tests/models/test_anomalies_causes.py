"""Spans and dollars of alerts, what lines make of them, and which are one incident, on numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from costlib.models.anomalies_alerts import alerts_of_days, alerts_of_hours
from costlib.models.anomalies_causes import Lines, incidents_of, ranked_causes
from costlib.models.anomalies_filter import Judged
from costlib.models.anomalies_hours import JudgedHours


def judged_days(verdict: list[int], chance: list[float] | None = None) -> Judged:
    flags = np.array([verdict], np.int8)
    flat = np.full(flags.shape, 10.0)
    likely = np.abs(flags).astype(float) if chance is None else np.array([chance])
    return Judged(flat, flat - 2, flat + 2, likely, flags)


def test_days_in_a_row_are_one_alert_and_a_calm_day_between_does_not_part_them() -> None:
    usd = np.array([[10, 15, 10, 16, 10, 10, 4, 20.0]])
    found = alerts_of_days(usd, judged_days([0, 1, 0, 1, 0, 0, -1, 1]))
    assert found[["first", "last", "direction", "status"]].to_numpy().tolist() == [
        [1, 3, "rise", "ended"],
        [6, 6, "drop", "ended"],
        [7, 7, "rise", "open"],
    ]
    assert found["actual_usd"].tolist() == [41, 4, 20] and found["expected_usd"].tolist() == [30, 10, 10]
    assert found["size_usd"].tolist() == [11, -6, 10]
    assert found["low_usd"].tolist() == [24, 8, 8] and found["high_usd"].tolist() == [36, 12, 12]


def test_an_alert_begins_with_the_likely_days_before_it() -> None:
    usd = np.array([[10, 11, 12, 13, 14.0]])
    found = alerts_of_days(usd, judged_days([0, 0, 0, 1, 1], [0.0, 0.1, 0.3, 0.8, 0.9]))
    assert found[["first", "found", "last", "chance_fraction"]].to_numpy().tolist() == [[2, 3, 4, 0.9]]
    # Not with days on the other side of what was expected.
    other = alerts_of_days(np.array([[10, 11, 9, 13, 14.0]]), judged_days([0, 0, 0, 1, 1], [0.0, 0.1, 0.3, 0.8, 0.9]))
    assert other["first"].tolist() == [3]


def test_unknown_days_count_nothing_and_no_alert_is_no_row() -> None:
    usd = np.array([[10, 15, np.nan, 16, np.nan]])
    found = alerts_of_days(usd, judged_days([0, 1, 0, 1, 0]))
    assert found["size_usd"].tolist() == [11] and found["status"].tolist() == ["open"]
    assert alerts_of_days(usd, judged_days([0] * 5)).empty


def hours_judged(verdict: list[int]) -> JudgedHours:
    flags = np.array([verdict], np.int8)
    flat = np.full(flags.shape, 10.0)
    return JudgedHours(flat, flat - 4, flat + 4, flags)


def test_hours_beyond_the_band_go_on_and_medians_that_linger_do_not() -> None:
    usd = np.array([[10, 13, 20, 20, 20, 10, 10, 10, 3.0]])
    found = alerts_of_hours(usd, hours_judged([0, 0, 1, 0, 0, 1, 0, 0, -1]), 24)
    # The hour before is beyond half of the way to the band, the median after it is of a cost that is back.
    assert found[["first", "found", "last", "status", "size_usd"]].to_numpy().tolist() == [
        [1, 2, 4, "ended", 33],
        [8, 8, 8, "open", -7],
    ]


def test_a_shift_of_hours_is_usual_after_a_week() -> None:
    usd = np.full((1, 24 * 20), 10.0)
    usd[0, 100:] = 30.0
    verdict = [0] * usd.shape[1]
    verdict[100] = 1
    found = alerts_of_hours(usd, hours_judged(verdict), 24).iloc[0]
    assert (found["first"], found["last"], found["status"]) == (100, 100 + 7 * 24 - 1, "new usual")


def test_a_lines_excess_is_over_its_usual_week() -> None:
    usd = np.tile([1.0, 2, 3, 4, 5, 6, 7], 6)[None]
    usd[0, 30:33] += [10, 20, 30]
    usd[0, 12] = 500  # one odd day in four weeks
    lines = Lines(np.vstack([usd, np.zeros(42)]), 7)
    assert lines.excess(np.array([0, 1]), 30, 32).tolist() == [60, 0]
    assert lines.excess(np.array([1]), 30, 32).tolist() == [0]
    # Of weeks that are not known the others' median counts.
    usd[0, [23, 24, 25, 16]] = np.nan
    assert Lines(usd, 7).excess(np.array([0]), 30, 32).tolist() == [60]
    # An incident longer than a week is held against the weeks before it, not against itself.
    usd[0, 28:] = 100
    assert Lines(usd, 7).excess(np.array([0]), 28, 41)[0] == pytest.approx(1400 - 2 * 28)


def test_ranked_causes_make_up_the_whole() -> None:
    line, usd = ranked_causes(np.array([5.0, 60, -2, 30]), 100.0, 2)
    assert line.tolist() == [1, 3, -1] and usd.tolist() == [60, 30, 10]
    line, usd = ranked_causes(np.array([5.0, -60, 0]), -50.0, 9)
    assert line.tolist() == [1, -1] and usd.tolist() == [-60, 10]


def test_alerts_of_the_same_lines_are_one_incident() -> None:
    # Series: total; services A (lines 0, 1) and B (line 2); teams x (line 0) and y (lines 1, 2).
    series_of = np.array([[0, 0, 0], [1, 1, 2], [3, 4, 4]])
    scope = np.array([0, 1, 1, 2, 2])
    usd = np.full((3, 40), 10.0)
    usd[0, 30:32] += 100  # A, x
    usd[2, 30:32] += 20  # B, y
    usd[1, 36] += 50  # A, y, later
    rows = [(0, 30, 31, 240.0), (1, 30, 31, 200.0), (3, 30, 31, 200.0), (2, 30, 31, 40.0), (4, 30, 31, 40.0)]
    rows += [(4, 36, 36, 50.0), (1, 36, 36, 50.0)]
    alerts = pd.DataFrame(rows, columns=["series", "first", "last", "size_usd"]).assign(direction="rise")
    found = incidents_of(alerts, series_of, scope, Lines(usd, 7))
    # B is a sixth of the total: its own incident, which y shows too; the later one is A's, as its column comes first.
    assert found.tolist() == [0, 0, 0, 3, 3, 6, 6]
    assert incidents_of(alerts.iloc[:0], series_of, scope, Lines(usd, 7)).tolist() == []
    # The other way round it is another incident.
    mixed = alerts.assign(direction=["rise", "drop", *["rise"] * 5])
    assert incidents_of(mixed, series_of, scope, Lines(usd, 7))[1] == 1
