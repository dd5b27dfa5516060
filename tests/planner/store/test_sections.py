"""Preprocessing, caches and network of a pattern: joined with prices and facts, by hand and at their corners."""

from __future__ import annotations

import numpy as np
import pytest

from costlib.errors import InvalidInput, NotKnown
from costlib.planner.store.cache import CacheAnswer, caches
from costlib.planner.store.network import network
from costlib.planner.store.pattern import Cache, Network, StoragePattern
from costlib.planner.store.preprocessing import preprocessing
from costlib.planner.store.sources import StoreSources


def cache(training: StoragePattern, **changes: object) -> Cache:
    assert training.cache is not None
    return Cache.model_validate({**training.cache.model_dump(), **changes})


@pytest.fixture(scope="module")
def answer(training: StoragePattern, store_sources: StoreSources) -> CacheAnswer:
    return caches(cache(training), "us-east-1", store_sources)


def test_preprocessing_by_hand(training: StoragePattern, store_sources: StoreSources) -> None:
    given = training.preprocess
    assert given is not None
    found = preprocessing(given, "us-east-1", store_sources)
    # 40 core-hours at $0.05, 5,600 puts; 700 GiB at $0.023 for 2 months and 30 epochs of 2 h; 4 core-hours an epoch.
    kept = 700 * 0.023 * (2 + 60 / 730)
    assert found.once_usd == pytest.approx(2 + 5600 * 5e-6 + kept + 30 * 0.2)
    assert found.every_epoch_usd == pytest.approx(60) and found.once_is_cheaper
    assert sum(line.usd.expected for line in found.lines) == pytest.approx(found.once_usd)
    for line in found.lines:
        assert eval(line.formula, {}, dict(line.inputs)) == pytest.approx(line.usd.expected)  # our own text
    curve = found.curve
    cheaper = np.interp(found.break_even_epochs, curve["epochs"], curve["once_usd"] - curve["every_epoch_usd"])
    assert cheaper == pytest.approx(0.0, abs=1e-9)
    never = preprocessing(given.model_copy(update={"core_hours_after": 41.0}), "us-east-1", store_sources)
    assert never.break_even_epochs == np.inf and not never.once_is_cheaper


def test_places_by_hand(answer: CacheAnswer) -> None:
    rows = answer.table.set_index("place")
    assert answer.usd_per_hour == pytest.approx(21.957642)
    s3 = rows.loc["S3"]
    # 700 GiB over 12 connections of 87.5 MB/s, where an epoch computes for 0.15 h.
    hours = 700 * 2**30 / (12 * 87.5e6) / 3600
    assert s3["epoch_hours"] == pytest.approx(hours)
    assert s3["stalled_usd_per_hour"] == pytest.approx((1 - 0.15 / hours) * 21.957642)
    assert s3["usd"] == pytest.approx(30 * (hours * 21.957642 + 5600 * 4e-7))
    assert s3["usd_low"] < s3["usd"] < s3["usd_high"], "85 to 90 MB/s a connection"
    local = rows.loc["instance store (NVMe)"]
    assert local["basis"] == "measured" and local["bytes_per_second"] == 16e9
    assert local["usd"] == pytest.approx((hours + 30 * 0.15) * 21.957642 + 5600 * 4e-7)
    lustre = rows.loc["FSx for Lustre, 1000 MB/s per TiB"]
    assert lustre["bytes_per_second"] == pytest.approx(1200 / 1024 * 1e9) and lustre["basis"] == "derived"
    assert answer.best["place"] == "instance store (NVMe)"


def test_break_even_is_where_the_curves_meet(answer: CacheAnswer) -> None:
    for row in answer.table.to_dict("records"):
        meet = row["break_even_epochs"]
        if row["place"] == "S3" or not np.isfinite(meet):
            continue
        curve = answer.curve
        gap = np.interp(meet, curve["epochs"], curve[row["place"]] - curve["S3"])
        assert gap == pytest.approx(0.0, abs=1e-6 * row["usd"]) or meet == 0.0
    finite = answer.table.set_index("place")["break_even_epochs"]
    assert finite["instance store (NVMe)"] == pytest.approx(4.065, abs=0.01)
    assert finite["EBS gp3, 125 MiB/s"] == np.inf


def test_what_cannot_be_says_why(training: StoragePattern, store_sources: StoreSources) -> None:
    def why(region: str = "us-east-1", **changes: object) -> dict[str, str]:
        table = caches(cache(training, **changes), region, store_sources).table
        return dict(zip(table["place"], table["why_not"], strict=True))

    large = why(dataset_gib=9_000)
    assert "do not fit" in large["instance store (NVMe)"]
    assert "give local_mb_per_second" in why(instance_type="p5.48xlarge")["instance store (NVMe)"]
    assert why(instance_type="p5.48xlarge", local_mb_per_second=20_000)["instance store (NVMe)"] == ""
    assert "no price of gp3" in why("eu-west-1")["EBS gp3, 125 MiB/s"]
    assert "at least 125" in why(ebs_mib_per_second=100)["EBS gp3, 100 MiB/s"]
    assert "no disks of its own" in why(instance_type="p3.2xlarge", s3_mb_per_second=900)["instance store (NVMe)"]
    with pytest.raises(NotKnown, match="did you mean"):
        caches(cache(training).model_copy(update={"instance_type": "p4d.24xlarg"}), "us-east-1", store_sources)


def test_more_throughput_and_more_instances(training: StoragePattern, store_sources: StoreSources) -> None:
    fast = caches(cache(training, ebs_mib_per_second=1149), "us-east-1", store_sources).table.set_index("place")
    one = fast.loc["EBS gp3, 1149 MiB/s"]
    assert one["bytes_per_second"] == 1149 * 2**20
    # A GiB/s above what is included costs $40.96 a month; with 700 GiB at $0.08.
    hours = one["fill_hours"] + 30 * one["epoch_hours"]
    rest = one["usd"] - hours * 21.957642 - 5600 * 4e-7
    assert rest == pytest.approx((700 * 0.08 + 40.96) * hours / 730)
    four = caches(cache(training, instances=4), "us-east-1", store_sources)
    s3 = four.table.set_index("place").loc["S3"]
    assert four.usd_per_hour == pytest.approx(4 * 21.957642) and s3["bytes_per_second"] == 4 * 12 * 87.5e6
    own = caches(cache(training, usd_per_hour=10, s3_mb_per_second=500), "us-east-1", store_sources)
    assert own.usd_per_hour == 10 and own.price_basis == "user" and own.table.iloc[0]["basis"] == "user"


def test_express_one_zone_example(training: StoragePattern, store_sources: StoreSources) -> None:
    """S3 FAQ (copy): a million writes and 9 million reads of 10 KB: $1.13, $0.27, $0.03 up, $0.05 down, and storage."""
    gib = 10 / 1_048_576 * 1e6
    given = cache(training, dataset_gib=gib, objects=1e6, epochs=9, usd_per_hour=1e-9, kept_months=1)
    row = caches(given, "us-east-1", store_sources).table.set_index("place").loc["S3 Express One Zone"]
    # The example keeps 10 GB for the month, a little more than the million objects are.
    assert row["usd"] - gib * 0.11 == pytest.approx(1.13 + 0.27 + 0.03 + 0.05, abs=0.005)


def test_ways_to_s3_by_hand(store_sources: StoreSources) -> None:
    given = Network(gib_per_month=30_720, zones=2, between_zones_gib_per_month=2048, internet_gib_per_month=300,
                    transfer_acceleration=True)  # fmt: skip
    usd = network(given, "us-east-1", store_sources).set_index("path")["usd_per_month"]
    assert usd["gateway endpoint"] == usd["public subnet, internet gateway"] == 0
    assert usd["NAT gateway"] == pytest.approx(2 * 730 * 0.045 + 30_720 * 0.045)
    assert usd["interface endpoint"] == pytest.approx(2 * 730 * 0.01 + 30_720 * 0.01)
    assert usd["between zones"] == pytest.approx(2048 * 0.02)
    assert usd["out to the internet"] == pytest.approx(200 * 0.09)
    assert usd["Transfer Acceleration"] == pytest.approx(300 * 0.04)


def test_the_folklore_is_answered_and_missing_prices_are_missing(store_sources: StoreSources) -> None:
    rows = network(Network(gib_per_month=1, between_zones_gib_per_month=1), "me-central-1", store_sources)
    rows = rows.set_index("path")
    assert "costs nothing a GiB" in rows.at["gateway endpoint", "note"] and rows.at["gateway endpoint", "source"]
    assert np.isnan(rows.at["between zones", "usd_per_month"]) and "not held" in rows.at["between zones", "note"]


def test_a_type_without_a_known_network_needs_a_rate(training: StoragePattern, store_sources: StoreSources) -> None:
    with pytest.raises(InvalidInput, match="give s3_mb_per_second"):
        caches(cache(training, instance_type="p3.2xlarge"), "us-east-1", store_sources)


def test_every_place_names_the_prices_behind_its_dollars(
    training: StoragePattern, answer: CacheAnswer, store_sources: StoreSources
) -> None:
    assert cache(training).objects
    rows = answer.table[answer.table["why_not"] == ""].set_index("place")
    gets = store_sources.s3("us-east-1", "STANDARD", "get_select_other")
    assert gets is not None and gets.source and len(rows) > 3
    for name, row in rows.iterrows():
        assert gets.source in row["source"] and gets.as_of in row["as_of"], name
    tier = store_sources.other("FSx for Lustre", "lustre_persistent2_ssd_125", "us-east-1")
    assert tier is not None and tier.source in rows.at["FSx for Lustre, 125 MB/s per TiB", "source"]


def test_govcloud_has_no_free_transfer_out(store_sources: StoreSources) -> None:
    """Its first tier is $0.155 (prices/transfer); the free tier's own row leaves GovCloud out."""
    given = Network(gib_per_month=1, internet_gib_per_month=50)
    out = {
        region: network(given, region, store_sources).set_index("path").at["out to the internet", "usd_per_month"]
        for region in ("us-gov-east-1", "us-east-1")
    }
    assert out["us-gov-east-1"] == pytest.approx(50 * 0.155) and out["us-east-1"] == 0.0
