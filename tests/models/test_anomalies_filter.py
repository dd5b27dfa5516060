"""The filter of daily costs: causal, of any scale, silent on what is usual, and right in closed form."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.models.anomalies_filter import LEARNT_DAYS, Judged, judge_days
from costlib.models.anomalies_learn import Rule, density, ladder, learnt

DAYS = np.arange(200)
WEEK = np.where(DAYS % 7 < 5, 1.0, 0.5)


def noisy(sigma: float = 0.05, count: int = 1, seed: int = 0) -> np.ndarray:
    """Costs of about 100 USD a day, half of it on two days of the week."""
    return 100 * WEEK * np.exp(sigma * np.random.default_rng(seed).standard_normal((count, len(DAYS))))


def alerts(usd: np.ndarray) -> np.ndarray:
    return judge_days(np.atleast_2d(usd)).verdict[0]


def odd_series(seed: int = 1) -> np.ndarray:
    """All that may befall: gaps, zeros, a credit, fees, a spike, a shift, growth, a late start."""
    usd = noisy(count=6, seed=seed)
    usd[0, 80:83] *= 3
    usd[1, 90:] *= 1.8
    usd[2, 50:60] = np.nan
    usd[2, 120] = -400
    usd[3, ::30] += 80
    usd[4, :40] = np.nan
    usd[4] *= 1.01**DAYS
    usd[5, :100] = 0
    return usd


def same(one: Judged, other: Judged) -> None:
    for mine, theirs in zip(one, other, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, len(DAYS)))
def test_a_verdict_rests_on_its_day_and_earlier_ones(known: int) -> None:
    usd = odd_series()
    whole = judge_days(usd)
    same(judge_days(usd[:, :known]), Judged(*(values[:, :known] for values in whole)))


def test_later_days_do_not_matter_whatever_they_are() -> None:
    usd = odd_series()
    other = usd.copy()
    other[:, 100:] = 1e6
    same(Judged(*(v[:, :100] for v in judge_days(usd))), Judged(*(v[:, :100] for v in judge_days(other))))


def test_many_at_once_are_each_alone() -> None:
    usd = odd_series()
    together = judge_days(usd)
    for at, one in enumerate(usd):
        same(Judged(*(values[at : at + 1] for values in together)), judge_days(one[None]))


@pytest.mark.parametrize("factor", [1e-6, 1e-3, 1e6])
def test_the_scale_does_not_matter(factor: float) -> None:
    usd = odd_series()
    small, large = judge_days(usd), judge_days(usd * factor)
    assert (small.verdict == large.verdict).all()
    # Chances meet to rounding, which the filter carries on from day to day.
    np.testing.assert_allclose(small.chance_fraction, large.chance_fraction, atol=1e-6)
    np.testing.assert_allclose(small.expected_usd * factor, large.expected_usd, rtol=1e-6, atol=factor * 1e-6)


def test_credits_mirror_costs() -> None:
    usd = odd_series()
    assert (judge_days(-usd).verdict == -judge_days(usd).verdict).all()


def test_a_lone_day_is_an_alert_just_outside_its_band_and_not_just_inside() -> None:
    usd = noisy()
    judged = judge_days(usd)
    assert not judged.verdict.any()
    for edge, way in ((judged.high_usd, 1), (judged.low_usd, -1)):
        for factor, wanted in ((1.01, way), (0.99, 0)):
            moved = usd.copy()
            middle = judged.expected_usd[0, 150]
            moved[0, 150] = middle + (edge[0, 150] - middle) * factor
            assert judge_days(moved).verdict[0, 150] == wanted


def test_the_chance_of_a_first_odd_day_is_bayes_rule() -> None:
    # Until LEARNT_DAYS the state is "no shift" for sure, so the first judged day has a closed form.
    rule, usd = Rule(), noisy()
    usd[0, LEARNT_DAYS] *= 1.3
    unit = 0.1 * np.median(usd[0, :LEARNT_DAYS])
    scaled = np.arcsinh(usd / unit)
    start = learnt(scaled[:, :LEARNT_DAYS], rule.least_spread)
    off = scaled[0, LEARNT_DAYS] - start.level[0] - start.week[0, 0]
    variance = start.variance[0, 0]
    shifts = ladder(rule)
    odd = rule.begins * np.mean(density(off - shifts.size, np.sqrt(variance + shifts.half**2)))
    calm = (1 - rule.begins) * density(np.array([off]), np.sqrt(variance))[0]
    judged = judge_days(usd)
    assert judged.chance_fraction[0, LEARNT_DAYS] == pytest.approx(odd / (odd + calm), rel=1e-9)


def test_chances_go_on_as_by_a_matrix_and_stay_a_whole() -> None:
    rule = Rule()
    shifts, middle = ladder(rule), rule.rungs
    turn = np.zeros((2 * middle + 1, 2 * middle + 1))
    turn[0] = [1 - rule.begins, *[rule.begins / (2 * middle)] * (2 * middle)]
    for at in range(2 * middle):
        near = [other for other in (at - 1, at + 1) if 0 <= other < 2 * middle and (other < middle) == (at < middle)]
        turn[at + 1, 0] = 1 - rule.stays
        turn[at + 1, at + 1] = rule.stays - rule.moves / 2 * len(near)
        turn[at + 1, [other + 1 for other in near]] = rule.moves / 2
    before = np.random.default_rng(0).dirichlet(np.ones(2 * middle + 1), 5)
    np.testing.assert_allclose(shifts.next(before), before @ turn, rtol=1e-12)
    np.testing.assert_allclose(turn.sum(axis=1), 1.0)


def test_what_is_learnt_of_a_series_without_noise_is_its_week_and_growth() -> None:
    week = np.array([0.0, 0.1, 0.2, 0.3, 0.2, -0.4, -0.4])
    days = np.arange(28)
    found = learnt((2 + 0.01 * days + week[days % 7])[None], 0.02)
    assert found.slope[0] == pytest.approx(0.01)
    np.testing.assert_allclose(found.level[0] + found.week[0], 2 + 0.28 + week, atol=1e-12)
    np.testing.assert_allclose(found.variance, 0.02**2)


def test_a_spike_is_a_rise_on_its_days_alone() -> None:
    usd = noisy()
    usd[0, 80:82] *= 3
    assert np.flatnonzero(alerts(usd)).tolist() == [80, 81]
    assert set(alerts(usd)[80:82]) == {1}


def test_a_shift_is_one_alert_and_then_usual() -> None:
    for factor, way in ((1.6, 1), (0.5, -1)):
        usd = noisy()
        usd[0, 100:] *= factor
        found = alerts(usd)
        days = np.flatnonzero(found)
        assert days[0] == 100 and set(found[days]) == {way}
        assert days[-1] == 100 + Rule().adapts_days - 1 and len(days) == Rule().adapts_days


def test_an_anomaly_teaches_nothing() -> None:
    usd = noisy()
    plain = judge_days(usd).expected_usd
    usd[0, 100:115] *= 1.6
    # Within the noise's share in a level that learns 6 % a day; learning from the shift would move it by half.
    np.testing.assert_allclose(judge_days(usd).expected_usd[0, 101:130], plain[0, 101:130], rtol=0.05)


def test_a_fee_each_month_is_usual_from_the_second_on_and_missed_when_it_grows() -> None:
    usd = noisy(0.03)
    months = np.array([10, 41, 69, 100, 130, 161, 191])
    usd[0, months] += 120
    judged = judge_days(usd)
    assert not judged.verdict[0, months].any()
    # The fee is part of what is expected of its day.
    assert judged.expected_usd[0, 130] == pytest.approx(usd[0, 130], rel=0.2)
    usd[0, 130] += 400
    assert alerts(usd)[130] == 1


@pytest.mark.parametrize("growth", [0.985, 0.995, 1.005, 1.01, 1.015])
def test_steady_growth_and_decay_are_usual(growth: float) -> None:
    found = judge_days(noisy(0.03, 40) * growth**DAYS).verdict
    # At most one alert in twenty series of half a year.
    assert (np.diff(np.abs(found), axis=1, prepend=0) > 0).sum() <= 2


def test_zeros_gaps_and_constants_are_usual() -> None:
    usd = np.stack([np.zeros(200), np.full(200, 12.0), np.where(WEEK == 1, 30.0, 0.0), np.full(200, -5.0)])
    assert not judge_days(usd).verdict.any()
    usd[:, 70:90] = np.nan
    judged = judge_days(usd)
    assert not judged.verdict.any()
    assert np.isnan(judged.chance_fraction[:, 70:90]).all()
    assert not judge_days(np.full((1, 50), np.nan)).verdict.any()


def test_a_cost_out_of_nothing_is_a_rise_and_an_end_a_drop() -> None:
    usd = np.zeros((1, 120))
    usd[0, 60:] = 40
    judged = judge_days(usd)
    assert judged.verdict[0, 60] == 1 and judged.expected_usd[0, 60] == 0
    assert alerts(40 - usd)[60] == -1


def test_what_comes_again_and_again_is_a_habit() -> None:
    usd = noisy(0.03)
    jobs = np.array([33, 40, 58, 79, 97, 112, 143, 170])
    usd[0, jobs] += 200
    found = alerts(usd)[jobs]
    assert found[:3].all() and not found[3:].any()


def test_two_weeks_are_too_short_to_tell() -> None:
    usd = noisy()[:, :LEARNT_DAYS]
    usd[0, 10] *= 50
    judged = judge_days(usd)
    assert not judged.verdict.any() and np.isnan(judged.chance_fraction).all()


def test_few_false_alarms_on_quiet_series() -> None:
    for sigma, most_a_year in ((0.02, 0.05), (0.1, 0.3), (0.3, 0.8)):
        found = np.abs(judge_days(noisy(sigma, 300, seed=5)).verdict)
        begins = (np.diff(found, axis=1, prepend=0) > 0).sum()
        assert begins / 300 / ((len(DAYS) - LEARNT_DAYS) / 365) <= most_a_year, sigma


def test_progress_rises_to_the_whole() -> None:
    told: list[float] = []
    judge_days(noisy(), progress=told.append)
    assert told == sorted(told) and 0.9 < told[-1] <= 1


def test_bad_input_is_refused() -> None:
    for usd in ([1.0, 2.0], np.zeros((2, 0)), [[1.0, np.inf]]):
        with pytest.raises(InvalidInput, match="usd"):
            judge_days(usd)
    with pytest.raises(InvalidInput, match="least_usd"):
        judge_days(noisy(), least_usd=-1)
    with pytest.raises(InvalidInput) as caught:
        Rule(begins=1.5, stays=0.01, least_shift=4, rungs=1, adapts_days=3, least_spread=0)
    fields = {fault.field for fault in caught.value.faults}
    assert fields == {"begins", "moves", "least_shift", "rungs", "adapts_days", "least_spread"}


def test_a_rule_that_asks_more_alerts_less() -> None:
    usd = noisy(0.3, 100)
    eager, shy = (
        (judge_days(usd, dataclasses.replace(Rule(), alert_chance=chance)).verdict != 0).sum() for chance in (0.3, 0.9)
    )
    assert eager > shy
