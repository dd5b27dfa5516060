"""Anomalies of a bill: the example's are found with their first day and dollars, and little else is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from costlib.billing.bill import open_bill
from costlib.errors import InvalidInput
from costlib.paths import data_dir
from costlib.planner.bill_anomalies import Anomalies, anomalies_of
from tests.billing.conftest import focus, written
from tests.billing.hours import END, opened, ran

EXAMPLE = data_dir() / "examples" / "bills" / "ml_focus_1_2.parquet"
TRUTH: dict[str, Any] = json.loads(EXAMPLE.with_name("ml_focus_1_2_truth.json").read_text())
#: Dollars of an alert stand above what was expected of noisy days: the worst of the five is 1.9 % off.
CLOSE_FRACTION = 0.03
#: What changed in the example because of its listed anomalies, or as waste began, is news as well.
OTHER_CHANGES = {"MachineLearningSP:1yrPartialUpfront", "HeavyUsage:m5.xlarge", "USE1-Host:ml.m5.xlarge",
                 "EBS:VolumeUsage.gp3", "USE1-Notebk:ml.t3.medium"}  # fmt: skip


@pytest.fixture(scope="module")
def example() -> Anomalies:
    return anomalies_of(open_bill(str(EXAMPLE)))


def led_by(found: Anomalies, at: int) -> dict[str, Any]:
    """The line that makes up most of an alert."""
    return found.found.causes[found.found.causes["alert"] == at].iloc[0].to_dict()


def test_the_example_s_anomalies_are_found(example: Anomalies) -> None:
    names = {"AmazonSageMaker": "Amazon SageMaker", "AmazonEC2": "Amazon Elastic Compute Cloud",
             "AmazonS3": "Amazon Simple Storage Service"}  # fmt: skip
    news = example.alerts[example.alerts["news"]]
    for truth in TRUTH["anomalies"]:
        mine = news[(news["first_day"] == pd.Timestamp(truth["first_day"])) & (news["direction"] == "rise")]
        found = [
            (alert, line)
            for at, alert in mine.iterrows()
            for line in [led_by(example, int(str(at)))]
            if (line["service"], line["account"], line["region"])
            == (names[truth["service_code"]], truth["account_id"], truth["region"])
        ]
        assert len(found) == 1, truth
        alert = found[0][0]
        if truth["last_day"] is not None:
            assert alert["last_day"] == pd.Timestamp(truth["last_day"])
            assert alert["size_usd"] == pytest.approx(truth["usd"], rel=CLOSE_FRACTION), truth
        else:
            # It goes on after its cost became the usual one: so much of it as days of it are in the alert.
            share = ((alert["last_day"] - alert["first_day"]).days + 1) / (
                pd.Timestamp("2026-10-01") - alert["first_day"]
            ).days
            assert alert["status"] == "new usual"
            assert alert["size_usd"] == pytest.approx(share * truth["usd"], rel=CLOSE_FRACTION), truth


def test_few_false_alarms_in_the_example(example: Anomalies) -> None:
    news = example.alerts[example.alerts["news"]]
    days = {truth["first_day"] for truth in TRUTH["anomalies"]}
    false = [
        alert["name"]
        for at, alert in news.iterrows()
        if f"{alert['first_day']:%Y-%m-%d}" not in days
        and led_by(example, int(str(at)))["usage_type"] not in OTHER_CHANGES
    ]
    # The trial of May is the second: that it comes every month is known from June on.
    assert false == ["Amazon Elastic Compute Cloud"] and len(news) <= 11


def test_what_repeats_is_told_apart(example: Anomalies) -> None:
    old = example.alerts[~example.alerts["news"]]
    monthly = old[old["monthly_since"].notna()]
    assert list(monthly["first_day"].dt.strftime("%m-%d").sort_values()) == ["06-01", "07-01", "08-01", "09-01"]
    assert set(monthly["monthly_since"]) == {pd.Timestamp("2026-05-01")}
    # Each other one goes on with an alert that is news.
    for at in old["continues"].dropna():
        assert example.alerts["news"][int(at)]


def test_resources_behind_an_alert(example: Anomalies) -> None:
    (runaway,) = example.alerts.index[example.alerts["first_day"] == "2026-06-17"]
    first = example.resources[example.resources["alert"] == runaway].iloc[0]
    (truth,) = [one for one in TRUTH["anomalies"] if one["kind"] == "runaway_training"]
    assert first["resource_id"].endswith("llm-retry-loop") and first["usd"] == pytest.approx(truth["usd"], abs=1e-6)


def test_by_a_tag(example: Anomalies) -> None:
    found = anomalies_of(open_bill(str(EXAMPLE)), by=("tag:team",))
    assert set(found.found.scopes["scope"]) == {"total", "tag:team"}
    assert "(none)" in set(found.found.scopes["name"])


@pytest.fixture
def known() -> Path:
    return Path(__file__).parent.parent / "billing" / "known"


def noisy(path: Path, days: int = 40, spike: float = 0.0) -> Any:
    """A bill of ten dollars a day, a little more or less, with one day that is dearer."""
    random = np.random.default_rng(5)
    frame = ran("i-1", "BoxUsage:m5.xlarge", days, 1.0)
    cost = np.repeat(10.0 + random.normal(0, 0.5, days), 24) / 24.0
    cost[-48:-24] += spike / 24.0
    names = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
    return opened(path, frame.assign(**dict.fromkeys(names, cost)))


def test_a_day_that_is_dearer_and_none(tmp_path: Path) -> None:
    assert not len(anomalies_of(noisy(tmp_path / "a")).alerts)
    (alert,) = anomalies_of(noisy(tmp_path / "b", spike=30.0)).alerts.to_dict("records")
    assert alert["first_day"] == END - pd.Timedelta(days=2) and alert["size_usd"] == pytest.approx(30.0, rel=0.1)


def test_the_smallest_alert_is_chosen(tmp_path: Path) -> None:
    bill = noisy(tmp_path, spike=30.0)
    assert not len(anomalies_of(bill, least_usd=40.0).alerts)
    # Before the day, nothing is known of it.
    assert not len(anomalies_of(bill, through="2026-08-28").alerts)


def test_the_last_day_is_left_out_until_it_is_whole(tmp_path: Path) -> None:
    part = ran("i-1", "BoxUsage:m5.xlarge", 0.5, 1.0, ends=END + pd.Timedelta(hours=12))
    found = anomalies_of(opened(tmp_path, ran("i-1", "BoxUsage:m5.xlarge", 30), part))
    assert found.given.through == END - pd.Timedelta(days=1) and not len(found.alerts)


def test_fees_and_long_rows_have_no_part(tmp_path: Path) -> None:
    bill = ran("i-1", "BoxUsage:m5.xlarge", 30)
    fee = bill.iloc[-1:].assign(ChargeCategory="Purchase", EffectiveCost=5_000.0)
    long = bill.iloc[-30:-29].assign(ChargePeriodEnd="2026-08-31T00:00:00Z", EffectiveCost=5_000.0)
    found = anomalies_of(opened(tmp_path, bill, fee, long))
    assert not len(found.alerts) and found.notes[0].startswith("1 rows of usage (5,000.00)")


def test_refusals_name_everything(tmp_path: Path) -> None:
    bill = open_bill(written(focus({"Tags": '{"team": "a"}'}), tmp_path / "b.csv"))
    with pytest.raises(InvalidInput) as refused:
        anomalies_of(bill, by=("servise", "tag:teem"), every="week", through="soon")
    assert [fault.field for fault in refused.value.faults] == ["through", "every", "by", "tag"]
    with pytest.raises(InvalidInput, match="covers no day"):
        anomalies_of(bill)
    monthly = focus({"ChargePeriodEnd": "2026-09-01T00:00:00Z"})
    with pytest.raises(InvalidInput, match="of a day or shorter"):
        anomalies_of(open_bill(written(monthly, tmp_path / "m.csv")))


def test_a_bill_too_irregular_to_judge_says_so(known: Path) -> None:
    found = anomalies_of(open_bill(str(known / "nise_cur_legacy_2024-09.parquet")))
    assert any("too irregular" in note for note in found.notes)
    # Generated costs that jump at random: nothing may be said to be missing that was never spent.
    spent = found.given.frame.groupby("step")["usd"].sum()
    drops = found.alerts[found.alerts["direction"] == "drop"]
    days = (drops["last_day"] - drops["first_day"]).dt.days + 1
    assert (drops["expected_usd"] <= days * spent.max()).all()
