"""Policies of a pattern at the region's prices: lines add up, formulas hold, the chosen policy is the cheapest."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from costlib.errors import InvalidInput
from costlib.models.storage import CLASSES
from costlib.models.storage_policy import Policy
from costlib.planner.store.answer import StorageAnswer, store
from costlib.planner.store.frequency import by_frequency
from costlib.planner.store.pattern import StoragePattern
from costlib.planner.store.policies import Billed, billed
from costlib.planner.store.sources import StoreSources
from costlib.prices.book import PriceBook
from costlib.prices.overlay import Rates
from tests.planner.store.conftest import pattern


@pytest.fixture(scope="module")
def answer(training: StoragePattern, store_sources: StoreSources) -> StorageAnswer:
    return store(training, store_sources)


def test_lines_add_up_and_every_formula_gives_its_dollars(answer: StorageAnswer) -> None:
    assert sum(one.line.usd.expected for one in answer.lines) == pytest.approx(answer.chosen.usd())
    assert answer.usd.low < answer.usd.expected < answer.usd.high, "reads have a band"
    for one in answer.lines:
        made = eval(one.line.formula, {}, dict(one.line.inputs))  # our own text
        assert made == pytest.approx(one.line.usd.expected, rel=1e-9), one.line.item
        assert one.monthly_usd.sum() == pytest.approx(one.line.usd.expected)
        assert one.line.source and one.line.as_of and one.line.basis == "published"
    assert answer.as_of == "2025-08-28 to 2025-12-02"


def test_the_chosen_policy_beats_every_class_and_the_dates_of_others(
    answer: StorageAnswer, store_sources: StoreSources
) -> None:
    cheapest = answer.chosen.usd()
    for name, found in answer.singles.items():
        if isinstance(found, Billed) and name != "STANDARD":
            # Uploading to the class itself saves a move, so only the whole is compared.
            assert cheapest < found.usd(), name
    assert cheapest < answer.standard.usd()
    held, horizon = answer.held, answer.pattern.horizon_days
    policies = list(answer.chosen.policies)
    for name, day in itertools.product(("STANDARD_IA", "GLACIER_IR", "DEEP_ARCHIVE"), (30, 59, 60, 61, 90, 200)):
        tried = [Policy((("STANDARD", 0), (name, day))), *policies[1:]]
        assert billed(held, tried, horizon).usd() >= cheapest - 1e-9


def test_tables_agree_with_the_bill(answer: StorageAnswer) -> None:
    rows = answer.policies()
    assert rows["usd"].sum() == pytest.approx(answer.usd.expected)
    assert answer.over_time().iloc[-1]["cheapest policy"] == pytest.approx(answer.usd.expected)
    classes = answer.by_class().set_index("name")
    assert np.isnan(classes.at["DEEP_ARCHIVE", "usd"]) and "48 h" in classes.at["DEEP_ARCHIVE", "why_not"]
    assert answer.stretches(0) == [
        {"class": "STANDARD", "from_day": 0, "to_day": 60},
        {"class": "DEEP_ARCHIVE", "from_day": 60, "to_day": 730},
    ]


def test_volume_tiers_are_those_of_all_datasets(store_sources: StoreSources) -> None:
    """600 TB in STANDARD for a month of 730 h: 50 TB at 0.023, 450 TB at 0.022, 100 TB at 0.021."""
    both = [{"name": name, "gib": 307_200, "objects": 1000, "force_class": "STANDARD"} for name in ("a", "b")]
    found = store(pattern(horizon_days=365, datasets=both), store_sources)
    storage = [one.line for one in found.lines if one.line.item == "STANDARD storage"]
    month = 51_200 * 0.023 + 460_800 * 0.022 + 102_400 * 0.021
    assert sum(line.usd.expected for line in storage) == pytest.approx(12 * month)
    assert all("mean over volume tiers" in line.rule for line in storage)


def test_a_large_growing_dataset_is_no_dearer_than_its_neighbours(store_sources: StoreSources) -> None:
    """Where tiers bind, the search is a rule; it must at least beat one move on any day."""
    data = {"gib": 40_000, "objects": 40_000, "added_gib_per_month": 30_000, "lifetime_days": 200}
    found = store(pattern(data={**data, "reads": [{"to_day": 20, "per_month": 1}]}), store_sources)
    for name in ("STANDARD_IA", "GLACIER_IR", "DEEP_ARCHIVE"):
        for day in range(0 if name != "STANDARD_IA" else 30, 200, 5):
            tried = billed(found.held, [Policy((("STANDARD", 0), (name, day)))], 365)
            late = name == "DEEP_ARCHIVE" and day < 20
            assert late or tried.usd() >= found.chosen.usd() - 1e-6


def test_a_forced_class_says_the_charges_of_its_minimums(store_sources: StoreSources) -> None:
    data = {"gib": 6, "objects": 2**20, "force_class": "STANDARD_IA", "lifetime_days": 10, "added_gib_per_month": 6}
    found = store(pattern(data=data), store_sources)
    lines = {one.line.item: one.line.usd.expected for one in found.lines}
    small, early = found.warnings
    assert "objects of 6 KiB are billed as 128 KiB each" in small
    assert f"${lines['STANDARD_IA storage'] * 122 / 128:,.2f}" in small
    assert "before its 30 days" in early and f"${lines['STANDARD_IA early_deletion']:,.0f}"[:3] in early
    assert found.chosen.policies[0].steps == (("STANDARD_IA", 0),)


def test_one_zone_only_for_what_can_be_made_again(store_sources: StoreSources) -> None:
    reads = [{"to_day": 365, "per_month": 0.9, "fraction": 1.0}]
    safe = store(pattern(data={"reads": reads, "classes": None}), store_sources)
    loose = store(pattern(data={"reads": reads, "can_be_remade": True}), store_sources)
    assert "ONEZONE_IA" not in safe.held[0].allowed and "ONEZONE_IA" in loose.held[0].allowed
    assert loose.usd.expected <= safe.usd.expected


def test_a_restore_is_the_slowest_that_the_reads_can_wait_for(store_sources: StoreSources) -> None:
    def restore(wait: float) -> tuple[str, float]:
        reads = [{"to_day": 365, "per_month": 1, "wait_hours": wait}]
        held = store(pattern(data={"reads": reads}), store_sources).held[0]
        return held.classes.restores["GLACIER_FLEXIBLE"], held.classes.terms["GLACIER_FLEXIBLE"].price("retrieval")

    assert restore(48) == ("bulk", 0.0)
    assert restore(6) == ("standard", 0.01)
    assert restore(0.2) == ("expedited", 0.03)


def test_uploads_to_any_class_never_cost_more(training: StoragePattern, store_sources: StoreSources) -> None:
    direct = store(training.changed({"uploads": "any_class"}), store_sources)
    assert direct.usd.expected <= store(training, store_sources).usd.expected + 1e-9


def test_own_discounts_come_off_every_line(training: StoragePattern, answer: StorageAnswer) -> None:
    own = StoreSources.open(PriceBook.open(rates=Rates.discounts({"s3": 25})))
    found = store(training, own)
    assert found.usd.expected == pytest.approx(0.75 * answer.usd.expected)
    assert {one.line.basis for one in found.lines} == {"user"}


def test_regions_without_prices_are_refused_in_plain_words(store_sources: StoreSources) -> None:
    for region, said in (("us-eat-1", "not a known region with S3 prices"), ("us-east-1-atl-1", "no S3 price is held")):
        with pytest.raises(InvalidInput, match=said):
            store(pattern(region=region), store_sources)
    for region in store_sources.regions:
        assert store(pattern(region=region), store_sources).usd.expected > 0


def test_over_the_frequency_the_crossings_are_where_two_classes_cost_the_same(answer: StorageAnswer) -> None:
    found = by_frequency(answer.held[0], 730, np.linspace(0, 3, 61))
    assert set(found.waiting) == {"GLACIER_FLEXIBLE", "DEEP_ARCHIVE"}
    assert list(found.table.columns[1:]) == list(CLASSES)
    for row in found.crossings.to_dict("records"):
        costs = {name: np.interp(row["per_month"], found.table["per_month"], found.table[name]) for name in CLASSES}
        assert costs[row["cheaper_below"]] == pytest.approx(costs[row["cheaper_above"]], rel=1e-6)
        instant = [cost for name, cost in costs.items() if name not in (*found.waiting, "ONEZONE_IA")]
        assert costs[row["cheaper_below"]] == pytest.approx(min(instant), rel=1e-6)
    assert len(found.crossings) >= 1


def test_what_no_class_can_hold_is_refused_for_every_dataset(store_sources: StoreSources) -> None:
    reads = [{"to_day": 90, "per_month": 3, "wait_hours": 1}]
    forced = {"name": "a", "gib": 1, "objects": 1, "reads": reads, "force_class": "DEEP_ARCHIVE"}
    listed = {"name": "b", "gib": 1, "objects": 1, "reads": reads, "classes": ["DEEP_ARCHIVE", "GLACIER_FLEXIBLE"]}
    with pytest.raises(InvalidInput) as refused:
        store(pattern(datasets=[forced, {**listed, "reads": [{**reads[0], "wait_hours": 0}]}]), store_sources)
    told = {fault.field: fault.problem for fault in refused.value.faults}
    assert "gives back after 12 h, but reads may wait 1 h only" in told["datasets.0.force_class"]
    assert "reads would wait longer" in told["datasets.1.classes"]


def test_only_the_classes_that_are_listed_are_kept(store_sources: StoreSources) -> None:
    reads = [{"to_day": 365, "per_month": 20}]
    data = {"reads": reads, "classes": ["GLACIER_IR", "INTELLIGENT_TIERING"]}
    found = store(pattern(data=data), store_sources)
    assert found.chosen.policies[0].steps == (("STANDARD", 0), ("INTELLIGENT_TIERING", 0)), "passed on the first day"
    with pytest.raises(InvalidInput, match="no rule may move"):
        store(pattern(data={"classes": ["STANDARD_IA"]}), store_sources)
    direct = store(pattern(data={"classes": ["STANDARD_IA"]}, uploads="any_class"), store_sources)
    assert direct.chosen.policies[0].steps == (("STANDARD_IA", 0),)


def test_moves_on_fewer_days_cost_no_more_than_on_any(store_sources: StoreSources) -> None:
    """Beyond 400 days of age not every day is tried; on patterns drawn at random that loses nothing."""
    from costlib.models.storage_policy import cheapest
    from costlib.planner.store import policies

    rng = np.random.default_rng(5)
    for _ in range(12):
        first, second = sorted(int(day) for day in rng.integers(5, 600, 2))
        reads = [
            {"to_day": first, "per_month": float(rng.uniform(0.1, 20)), "fraction": float(rng.uniform(0.05, 1))},
            {"from_day": first, "to_day": second + 2, "per_month": float(rng.uniform(0.01, 1)),
             "wait_hours": float(rng.choice([0, 48]))},
        ]  # fmt: skip
        data = {"gib": 500, "objects": 5000, "added_gib_per_month": float(rng.choice([0, 100])), "reads": reads}
        held = policies.held_of(pattern(data=data, horizon_days=730), store_sources)[0]
        terms = {name: held.classes.terms[name] for name in {"STANDARD", *held.allowed}}
        few = cheapest(terms, held.stored[1], policies._days(held), kept=held.allowed).usd
        every = cheapest(terms, held.stored[1], kept=held.allowed).usd
        # Of 150 patterns drawn so, none lost anything; sums in another order differ in the last digits.
        assert few == pytest.approx(every, rel=1e-9)


def test_a_line_shows_amounts_and_list_prices(answer: StorageAnswer) -> None:
    storage = next(one.line for one in answer.lines if one.line.item == "STANDARD storage")
    # 2,048 GiB for 60 of 730 / 24 days.
    assert storage.inputs["gib_months"] == pytest.approx(2048 * 60 * 24 / 730)
    for one in answer.lines:
        name, meter = one.line.item.split()
        priced = ("STANDARD", "storage") if meter in ("overhead", "restored_copies") else (name, meter)
        (shown,) = [value for key, value in one.line.inputs.items() if key.startswith("usd_per")]
        assert shown == pytest.approx(answer.held[0].classes.prices[priced].amount), one.line.item


def test_monitoring_is_a_fee_for_each_object_and_month(store_sources: StoreSources) -> None:
    """$2.50 a million objects and month, as the price table of December 2025 says."""
    data = {"gib": 1000, "objects": 1e6, "force_class": "INTELLIGENT_TIERING"}
    lines = {one.line.item: one.line.usd.expected for one in store(pattern(data=data), store_sources).lines}
    assert lines["INTELLIGENT_TIERING monitoring"] == pytest.approx(12 * 2.50)


@pytest.mark.parametrize("rate", [0.0, 0.5, 2.0])
def test_the_frequency_tells_what_the_bill_of_a_forced_class_tells(store_sources: StoreSources, rate: float) -> None:
    held = store(pattern(), store_sources).held[0]
    row = by_frequency(held, 365, [0.0, rate]).table.iloc[1]
    for name in CLASSES:
        reads = [{"to_day": 365, "per_month": rate, "wait_hours": 48}] if rate else []
        found = store(pattern(data={"reads": reads, "force_class": name, "can_be_remade": True}), store_sources)
        assert row[name] == pytest.approx(found.chosen.usd()), name


def test_where_volume_tiers_decide_the_bill_decides(store_sources: StoreSources) -> None:
    """600 TB read once a month: at the first tier's price IA would be cheaper, at the volume's STANDARD is."""
    from costlib.planner.store import policies

    data = {"gib": 614_400, "objects": 600_000, "reads": [{"to_day": 365, "per_month": 1.0}]}
    found = store(pattern(data=data), store_sources)
    tried = {policies._searched(found.held[0], rate, "standard") for rate in policies._rates(found.held)}
    assert len(tried) > 1
    assert found.chosen.usd() == min(billed(found.held, [one], 365).usd() for one in tried)
