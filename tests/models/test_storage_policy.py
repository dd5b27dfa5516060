"""The cheapest policy is that of brute force, and its cost that of a bill made day by day and object by object."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.models.storage import DAYS_PER_MONTH, KIB_PER_GIB, MOVES, ClassTerms
from costlib.models.storage_bill import bill, daily_use
from costlib.models.storage_policy import Policy, cheapest
from tests.models.storage_terms import TERMS, stored

#: Minimums of days in place of months, so that all policies of a short life can be tried.
SHORT = {
    name: replace(
        one, min_days=one.min_days // 10, least_age_days=one.least_age_days // 10, stay_days=one.stay_days // 10,
        unread_days=(3, 9),
    )
    for name, one in TERMS.items()
}  # fmt: skip


def every_policy(ages: int, terms: dict[str, ClassTerms]) -> Iterator[Policy]:
    """All ways down, with all days."""

    def further(steps: tuple[tuple[str, int], ...]) -> Iterator[Policy]:
        yield Policy(steps)
        name, since = steps[-1]
        for other in MOVES[name]:
            if other in terms:
                soonest = max(since + (1 if since or len(steps) > 1 else 0), terms[other].least_age_days)
                soonest = max(soonest, since + terms[name].stay_days)
                for day in range(soonest, ages):
                    yield from further((*steps, (other, day)))

    yield from further((("STANDARD", 0),))


def by_hand(policy: Policy, terms: dict[str, ClassTerms], pattern: dict) -> float:
    """USD from one cohort and one day at a time: no array, and no formula of the model."""
    horizon, life, size = pattern["horizon_days"], pattern["lifetime_days"], pattern["object_kib"]
    cohorts = [(0, pattern["age_days"], pattern["gib"])]
    cohorts += [(day, 0, pattern["added"] / DAYS_PER_MONTH) for day in range(horizon)]
    usd = 0.0
    for born, start, gib in cohorts:
        objects, now, since = gib * KIB_PER_GIB / size, "", 0
        if start == 0:
            usd += objects * terms["STANDARD"].price("puts")
        for age in range(start, start + horizon - born + 1):
            there = [name for name, day in policy.steps if day <= age][-1]
            gone = life is not None and age >= life
            if born + age - start >= horizon and not gone:
                break
            if now and (gone or there != now):
                short = max(terms[now].min_days - (age - since), 0)
                padded = max(size, terms[now].min_object_kib) + terms[now].overhead_own_kib
                usd += short * gib * padded / size * terms[now].price("storage")
            if gone:
                break
            if there != now:
                since = age
                if there != "STANDARD":
                    usd += objects * terms[there].price("transitions")
                now = there
            one = terms[there]
            reads = pattern["per_month"] / DAYS_PER_MONTH if pattern["from"] <= age < pattern["to"] else 0.0
            if there == "INTELLIGENT_TIERING" and size >= one.least_monitored_kib:
                usd += objects * one.price("monitoring")
                unread = age - since
                shares = ((pattern["fraction"], min(unread, days_since_read(pattern, age))),
                          (1 - pattern["fraction"], unread))  # fmt: skip
                for fraction, idle in shares:
                    first, second = one.unread_days
                    tier = "storage" if idle < first else "storage_infrequent"
                    tier = tier if idle < second else "storage_archive_instant"
                    usd += gib * fraction * one.price(tier)
            else:
                padded = max(size, one.min_object_kib) + one.overhead_own_kib
                usd += gib * padded / size * one.price("storage")
            usd += objects * one.overhead_standard_kib / KIB_PER_GIB * terms["STANDARD"].price("storage")
            got = reads * pattern["fraction"]
            usd += got * (objects * one.price("gets") + gib * one.price("retrieval"))
            if one.wait_hours:
                usd += got * (objects * one.price("retrieval_requests") + gib * terms["STANDARD"].price("storage"))
    return usd


def days_since_read(pattern: dict, age: int) -> float:
    """Whole days since the last of evenly spaced reads; what was read before the horizon counts as read."""
    spacing, event, last = DAYS_PER_MONTH / pattern["per_month"], float(pattern["from"]), -np.inf
    while event <= age and event < pattern["to"]:
        last, event = event, event + spacing
    return np.inf if last == -np.inf else float(np.floor(age - last + 1e-9))


def model_of(pattern: dict, wait_hours: float = 100.0):
    window = (pattern["from"], pattern["to"], pattern["per_month"], pattern["fraction"])
    names = ("gib", "object_kib", "horizon_days", "added", "age_days", "lifetime_days")
    given_names = {name: pattern[name] for name in names}
    return stored(windows=(window,), wait_hours=wait_hours, **given_names)


def total(policy: Policy, terms: dict[str, ClassTerms], one, horizon: int) -> float:
    return float(sum(line.usd.sum() for line in bill([terms], [daily_use(terms, one, policy, horizon)], horizon)[0]))


PATTERNS = st.fixed_dictionaries(
    {
        "gib": st.floats(1.0, 1e4),
        "object_kib": st.sampled_from([4.0, 100.0, 1024.0, 1e5]),
        "horizon_days": st.integers(2, 14),
        "added": st.sampled_from([0.0, 50.0, 5000.0]),
        "age_days": st.sampled_from([0, 0, 3, 8]),
        "lifetime_days": st.sampled_from([None, 9, 12, 40]),
        "from": st.integers(0, 3),
        "to": st.integers(4, 12),
        "per_month": st.sampled_from([0.5, 4.0, 10.0, 60.0]),
        "fraction": st.sampled_from([0.1, 0.5, 1.0]),
    }
)


@settings(max_examples=25)
@given(PATTERNS)
def test_the_cheapest_is_that_of_brute_force(pattern: dict) -> None:
    one, horizon = model_of(pattern), pattern["horizon_days"]
    found = cheapest(SHORT, one)
    costs = [total(policy, SHORT, one, horizon) for policy in every_policy(one.ages, SHORT)]
    # Sums of the same numbers in another order.
    assert found.usd == pytest.approx(min(costs), rel=1e-9)
    assert total(found.policy, SHORT, one, horizon) == pytest.approx(found.usd, rel=1e-9)


@settings(max_examples=40)
@given(PATTERNS, st.integers(0, 10_000))
def test_a_bill_is_what_its_objects_pay_day_by_day(pattern: dict, number: int) -> None:
    one, horizon = model_of(pattern), pattern["horizon_days"]
    few = list(itertools.islice(every_policy(one.ages, SHORT), number, number + 1)) or [Policy((("STANDARD", 0),))]
    assert total(few[0], SHORT, one, horizon) == pytest.approx(by_hand(few[0], SHORT, pattern), rel=1e-9)


def test_training_data_read_for_two_months_is_archived_after_them() -> None:
    one = stored(gib=2000.0, object_kib=1e5, horizon_days=730, windows=((0.0, 60.0, 10.0, 1.0),))
    assert cheapest(TERMS, one).policy.steps == (("STANDARD", 0), ("DEEP_ARCHIVE", 60))


def test_a_read_that_cannot_wait_keeps_out_of_the_archives() -> None:
    windows = ((0.0, 730.0, 0.02, 0.01),)
    patient = stored(gib=2000.0, object_kib=1e5, horizon_days=730, windows=windows, wait_hours=48.0)
    now = stored(gib=2000.0, object_kib=1e5, horizon_days=730, windows=windows)
    assert cheapest(TERMS, patient).policy.steps[-1][0] == "DEEP_ARCHIVE"
    assert cheapest(TERMS, now).policy.steps[-1][0] == "GLACIER_IR"
    with pytest.raises(InvalidInput, match="reads would wait longer"):
        cheapest({name: TERMS[name] for name in ("STANDARD", "DEEP_ARCHIVE")}, now, uploads=("DEEP_ARCHIVE",))


def test_fewer_choices_never_cost_less() -> None:
    one = stored(gib=500.0, horizon_days=365, added=100.0, windows=((0.0, 90.0, 1.0, 0.3),))
    fewer = {name: TERMS[name] for name in ("STANDARD", "STANDARD_IA", "GLACIER_IR")}
    assert cheapest(fewer, one).usd >= cheapest(TERMS, one).usd
    assert cheapest(TERMS, one, days=[0, 30, 90]).usd >= cheapest(TERMS, one).usd
    assert cheapest(TERMS, one, uploads=tuple(TERMS)).usd <= cheapest(TERMS, one).usd
    doubled = stored(gib=1000.0, horizon_days=365, added=200.0, windows=((0.0, 90.0, 1.0, 0.3),))
    assert cheapest(TERMS, doubled).usd == pytest.approx(2 * cheapest(TERMS, one).usd)


@pytest.mark.parametrize("life", [20, 60, 400])
def test_what_is_added_and_deleted_early_costs_the_search_what_it_costs_the_bill(life: int) -> None:
    one = stored(gib=50.0, horizon_days=300, added=70.0, lifetime_days=life)
    for name in ("STANDARD_IA", "GLACIER_IR", "DEEP_ARCHIVE"):
        found = cheapest(TERMS, one, uploads=(name,), kept=(name,))
        assert found.policy.steps == ((name, 0),)
        assert found.usd == pytest.approx(total(found.policy, TERMS, one, 300), rel=1e-9)


def test_a_rule_leaves_objects_in_infrequent_access_for_thirty_days() -> None:
    """A wait keeps the archive out up to day 45; without the 30 days IA would bridge from 30 to 45."""
    terms = {name: TERMS[name] for name in ("STANDARD", "STANDARD_IA", "DEEP_ARCHIVE")}
    terms["STANDARD_IA"] = replace(terms["STANDARD_IA"], min_days=0)
    one = stored(gib=1e4, object_kib=1e6, horizon_days=365, windows=((44.0, 45.0, 0.01, 0.01),))
    free = {**terms, "STANDARD_IA": replace(terms["STANDARD_IA"], stay_days=0)}
    assert cheapest(free, one).policy.steps == (("STANDARD", 0), ("STANDARD_IA", 30), ("DEEP_ARCHIVE", 45))
    held = cheapest(terms, one).policy.steps
    days = dict(held)
    assert "STANDARD_IA" not in days or days["DEEP_ARCHIVE"] - days["STANDARD_IA"] >= 30
    assert cheapest(terms, one).usd > cheapest(free, one).usd
