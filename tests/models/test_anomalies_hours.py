"""What was never seen, within a day: causal, of any scale, seasonal, and silent on what was seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.models.anomalies_hours import JudgedHours, SeenRule, judge_hours

HOURS = np.arange(24 * 35)
DAY = 1 + 0.8 * np.sin(2 * np.pi * HOURS / 24)
WEEK = np.where(HOURS // 24 % 7 < 5, 1.0, 0.5)


def hourly(sigma: float = 0.05, count: int = 1, seed: int = 0) -> np.ndarray:
    """Costs of about 10 USD an hour that follow the day and the week."""
    return 10 * DAY * WEEK * np.exp(sigma * np.random.default_rng(seed).standard_normal((count, len(HOURS))))


def odd_series() -> np.ndarray:
    usd = hourly(count=4)
    usd[0, 500:503] *= 2
    usd[1, 600:] *= 1.7
    usd[2, :100] = np.nan
    usd[2, 400:430] = np.nan
    usd[3] = np.where(np.random.default_rng(3).random(len(HOURS)) < 0.1, 20.0, 0.0)
    usd[3, 700] = 90
    return usd


@settings(max_examples=20, deadline=None)
@given(st.integers(1, len(HOURS)))
def test_a_verdict_rests_on_its_step_and_earlier_ones(known: int) -> None:
    usd = odd_series()
    whole, part = judge_hours(usd, 24), judge_hours(usd[:, :known], 24)
    for mine, theirs in zip(part, whole, strict=True):
        np.testing.assert_array_equal(mine, theirs[:, :known])


def test_many_at_once_are_each_alone() -> None:
    usd = odd_series()
    together = judge_hours(usd, 24)
    for at, one in enumerate(usd):
        for mine, theirs in zip(judge_hours(one[None], 24), together, strict=True):
            np.testing.assert_array_equal(mine[0], theirs[at])


@pytest.mark.parametrize("factor", [2.0**-20, 2.0**20])
def test_the_scale_does_not_matter(factor: float) -> None:
    usd = odd_series()
    assert (judge_hours(usd * factor, 24).verdict == judge_hours(usd, 24).verdict).all()


def test_a_drop_mirrors_a_rise() -> None:
    usd = odd_series()
    assert (judge_hours(-usd, 24).verdict == -judge_hours(usd, 24).verdict).all()


def test_the_rule_in_closed_form() -> None:
    # Values from 0 to 10 were seen: the first alert is beyond 10 plus a quarter of the range.
    usd = np.tile(np.arange(24) % 11, 4).astype(float)[None]
    rule = SeenRule()
    edge = 10 * (1 + rule.beyond_fraction)
    for value, wanted in ((edge + 0.01, 1), (edge - 0.01, 0)):
        usd[0, 72] = value
        judged = judge_hours(usd, 24, rule)
        assert judged.verdict[0, 72] == wanted
        assert judged.high_usd[0, 72] == pytest.approx(edge) and judged.low_usd[0, 72] == pytest.approx(-2.5)
    # The same again is no news; what was seen has grown by then.
    usd[0, 72], usd[0, 80] = edge + 1, edge + 1
    assert judge_hours(usd, 24, rule).verdict[0, [72, 80]].tolist() == [1, 0]


def test_a_rise_in_the_evening_below_noon_is_found() -> None:
    usd = hourly()
    at = 24 * 25 + 12
    usd[0, at : at + 3] *= 1.8
    assert usd[0, at : at + 3].max() < usd[0, :at].max()
    verdict = judge_hours(usd, 24).verdict[0]
    assert verdict[at] == 1 and not verdict[:at].any()
    # Without the time of day it would not be.
    assert not judge_hours(usd, 24, SeenRule(seasonal_below_fraction=0.0)).verdict[0, at : at + 3].any()


def test_a_shift_is_found_once() -> None:
    usd = hourly()
    usd[0, 600:] *= 1.7
    found = np.flatnonzero(judge_hours(usd, 24).verdict[0])
    assert 600 <= found[0] < 624
    # What the higher cost newly reaches within its first day of the week is news; after a week nothing is.
    assert found[-1] < 600 + 7 * 24


def test_an_outlier_does_not_blind_for_longer_than_it_is_remembered() -> None:
    usd = hourly()
    at = 24 * 15 + 6
    usd[0, at] *= 20
    later = at + 24 * (SeenRule().alert_memory_days + 4)
    usd[0, later] *= 3
    verdict = judge_hours(usd, 24).verdict[0]
    assert verdict[at] == 1 and verdict[later] == 1


def test_a_fee_comes_back_after_a_month() -> None:
    usd = hourly()
    usd[0, [24 * 3, 24 * 31]] += 100
    verdict = judge_hours(usd, 24).verdict[0]
    assert verdict[[24 * 3, 24 * 31]].tolist() == [1, 0]
    usd[0, 24 * 31] += 100
    assert judge_hours(usd, 24).verdict[0, 24 * 31] == 1


def test_few_false_alarms_on_quiet_series() -> None:
    verdict = judge_hours(hourly(0.1, 200, seed=2), 24).verdict
    begins = (np.diff(np.abs(verdict), axis=1, prepend=0) > 0).sum()
    # A quarter of an alert a series in its first five weeks, when little has been seen yet.
    assert begins / 200 < 0.25


def test_nothing_is_judged_before_two_days_nor_in_gaps() -> None:
    usd = hourly()
    usd[0, 30] *= 100
    usd[0, 200:210] = np.nan
    judged = judge_hours(usd, 24)
    assert not judged.verdict[0, :48].any() and np.isnan(judged.high_usd[0, :48]).all()
    assert not judged.verdict[0, 200:210].any()
    empty: JudgedHours = judge_hours(np.full((1, 100), np.nan), 24)
    assert not empty.verdict.any()


def test_bad_input_is_refused() -> None:
    for usd in ([1.0], np.zeros((0, 5)), [[np.inf]]):
        with pytest.raises(InvalidInput, match="usd"):
            judge_hours(usd, 24)
    for steps in (0, 12, 25, 1.5):
        with pytest.raises(InvalidInput, match="steps_per_day"):
            judge_hours([[1.0]], steps)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput) as caught:
        SeenRule(beyond_fraction=-1, memory_days=0)
    assert {fault.field for fault in caught.value.faults} == {"beyond_fraction", "memory_days"}
