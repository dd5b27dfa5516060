"""What a dataset uses of S3: AWS's worked examples to the cent, small objects, minimum days, Intelligent-Tiering."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from costlib.errors import InvalidInput
from costlib.models.storage import DAYS_PER_MONTH, KIB_PER_GIB, ClassTerms, strata_of, tiering_shares
from costlib.models.storage_bill import bill, daily_use
from costlib.models.storage_policy import Policy
from tests.models.storage_terms import TERMS, per_day, stored

#: Objects of a GiB each keep the request fees out of the way.
GIB_KIB = KIB_PER_GIB


def only(name: str) -> Policy:
    return Policy(((name, 0),))


def usd_of(policy: Policy, horizon_days: int, terms: dict | None = None, **dataset: object) -> dict[str, float]:
    """USD by meter over the horizon."""
    terms = TERMS if terms is None else terms
    use = daily_use(terms, stored(horizon_days=horizon_days, **dataset), policy, horizon_days)  # type: ignore[arg-type]
    lines = bill([terms], [use], horizon_days)[0]
    return {f"{line.storage_class} {line.meter}": float(line.usd.sum()) for line in lines}


def test_requests_example() -> None:
    """AWS training on S3 pricing (January 2022): 10,000 files in and 20,000 out a day of March: $1.55 and $0.25."""
    size = 1024.0
    each_day = 10_000 * size / KIB_PER_GIB
    put = usd_of(only("STANDARD"), 31, gib=0.0, added=each_day * DAYS_PER_MONTH, object_kib=size)
    assert round(put["STANDARD puts"], 2) == 1.55
    got = usd_of(
        only("STANDARD"), 31, gib=20_000 * size / KIB_PER_GIB, object_kib=size,
        windows=((0.0, 31.0, DAYS_PER_MONTH, 1.0),),
    )  # fmt: skip
    assert round(got["STANDARD gets"], 2) == 0.25


def test_retrieval_example() -> None:
    """AWS training on S3 pricing (January 2022): 300 GB read from Standard-IA in a month cost $3.00."""
    once = ((0.0, DAYS_PER_MONTH, 1.0, 1.0),)
    usd = usd_of(only("STANDARD_IA"), 31, gib=300.0 / 31 * DAYS_PER_MONTH, object_kib=GIB_KIB, windows=once)
    assert round(usd["STANDARD_IA retrieval"], 2) == 3.00


def test_restore_example() -> None:
    """repost.aws/knowledge-center/s3-manage-data-retrieval: 15,000,000 objects, 102,400 GB, standard: $750 + $1,024."""
    flexible = ClassTerms(
        "GLACIER_FLEXIBLE",
        {"storage": per_day(0.0036), "retrieval": 0.01, "retrieval_requests": 0.05 / 1000},
        overhead_own_kib=32, overhead_standard_kib=8, wait_hours=5, min_days=90,
    )  # fmt: skip
    size = 102_400 / 15e6 * KIB_PER_GIB
    usd = usd_of(
        only("GLACIER_FLEXIBLE"), 1, {**TERMS, "GLACIER_FLEXIBLE": flexible}, gib=102_400.0, object_kib=size,
        windows=((0.0, 1.0, DAYS_PER_MONTH, 1.0),), wait_hours=12.0,
    )  # fmt: skip
    assert round(usd["GLACIER_FLEXIBLE retrieval_requests"], 2) == 750.00
    assert round(usd["GLACIER_FLEXIBLE retrieval"], 2) == 1024.00
    copies = usd["GLACIER_FLEXIBLE restored_copies"]
    assert copies == pytest.approx(102_400 * per_day(0.023)), "a day of the copy, at Standard's rate"


def test_early_deletion_is_billed_at_the_storage_price() -> None:
    """A bill of Glacier (ah-2.com, 2014): 290.899 GB-months of early deletion at $0.01 are $2.91."""
    glacier = replace(TERMS["GLACIER_IR"], usd={"storage": per_day(0.01)})
    gib = 290.899 / 89 * DAYS_PER_MONTH
    usd = usd_of(only("GLACIER_IR"), 40, {**TERMS, "GLACIER_IR": glacier}, gib=gib, object_kib=GIB_KIB, lifetime_days=1)
    assert round(usd["GLACIER_IR early_deletion"], 2) == 2.91


def test_deleted_before_its_days_a_class_charges_all_of_them() -> None:
    """S3 FAQ: what is deleted from Standard-IA within 30 days is charged for a full 30 days."""
    for life in (1, 10, 29, 30):
        usd = usd_of(only("STANDARD_IA"), 60, gib=100.0, object_kib=GIB_KIB, lifetime_days=life)
        whole = usd["STANDARD_IA storage"] + usd.get("STANDARD_IA early_deletion", 0.0)
        assert whole == pytest.approx(100 * 30 * per_day(0.0125))
    late = usd_of(only("STANDARD_IA"), 60, gib=100.0, object_kib=GIB_KIB, lifetime_days=45)
    assert "STANDARD_IA early_deletion" not in late


def test_a_small_object_is_billed_as_the_least() -> None:
    """S3 FAQ: a 6 KB object in Standard-IA is charged 6 KB and 122 KB more."""
    small = usd_of(only("STANDARD_IA"), 30, gib=6.0, object_kib=6.0)["STANDARD_IA storage"]
    assert small == pytest.approx(128 * 30 * per_day(0.0125))
    assert usd_of(only("STANDARD"), 30, gib=6.0, object_kib=6.0)["STANDARD storage"] == pytest.approx(
        6 * 30 * per_day(0.023)
    )


def test_archives_add_their_index() -> None:
    """S3 pricing page: 32 KB an object at the archive's rate and 8 KB at Standard's."""
    usd = usd_of(only("DEEP_ARCHIVE"), 30, gib=1.0, object_kib=40.0)
    assert usd["DEEP_ARCHIVE storage"] == pytest.approx((1 + 32 / 40) * 30 * per_day(0.00099))
    assert usd["DEEP_ARCHIVE overhead"] == pytest.approx(8 / 40 * 30 * per_day(0.023))


def test_intelligent_tiering_follows_the_days_without_a_read() -> None:
    """Frequent for 30 days, infrequent to 90, then archive instant; a read brings it back; $2.50 a million objects."""
    unread = usd_of(only("INTELLIGENT_TIERING"), 120, gib=1000.0)
    assert unread["INTELLIGENT_TIERING storage"] == pytest.approx(1000 * 30 * per_day(0.023))
    assert unread["INTELLIGENT_TIERING storage_infrequent"] == pytest.approx(1000 * 60 * per_day(0.0125))
    assert unread["INTELLIGENT_TIERING storage_archive_instant"] == pytest.approx(1000 * 30 * per_day(0.004))
    million = usd_of(only("INTELLIGENT_TIERING"), 730, gib=1e6 * 1024 / KIB_PER_GIB)
    assert million["INTELLIGENT_TIERING monitoring"] == pytest.approx(24 * 2.50)
    read = stored(horizon_days=100, windows=((50.0, 51.0, DAYS_PER_MONTH, 0.25),))
    infrequent, archived = tiering_shares(TERMS["INTELLIGENT_TIERING"], read, np.array([0]))
    assert infrequent[0, [29, 30, 49, 50, 79, 80]].tolist() == [0.0, 1.0, 1.0, 0.75, 0.75, 1.0]
    assert archived[0, [89, 90]].tolist() == [0.0, 0.75]
    small = usd_of(only("INTELLIGENT_TIERING"), 120, gib=1.0, object_kib=100.0)
    assert set(small) == {"INTELLIGENT_TIERING puts", "INTELLIGENT_TIERING storage"}, "not monitored, never moved"


def test_strata_nest() -> None:
    strata = strata_of(((0.0, 10.0, DAYS_PER_MONTH, 1.0), (5.0, 20.0, DAYS_PER_MONTH / 5, 0.1)), 20)
    assert [one.fraction for one in strata] == pytest.approx([0.1, 0.9])
    assert strata[0].reads_per_day[7] == pytest.approx(1.2) and strata[1].reads_per_day[7] == pytest.approx(1.0)
    assert strata[0].days_since_read[[9, 10, 14, 15, 19]].tolist() == [0, 0, 4, 0, 4]
    assert strata[1].days_since_read[19] == 10 and np.isinf(strata_of((), 3)[0].days_since_read).all()


def test_what_grows_is_the_sum_of_its_days() -> None:
    """Growth by hand: each day's addition, stored from its day to the end."""
    horizon, each = 50, 2.0
    usd = usd_of(only("STANDARD"), horizon, gib=0.0, added=each * DAYS_PER_MONTH, object_kib=GIB_KIB)
    assert usd["STANDARD storage"] == pytest.approx(sum(range(1, horizon + 1)) * each * per_day(0.023))


def test_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        ClassTerms("COLD", {"storage": -1.0, "storgae": 1.0})
    assert [fault.field for fault in refused.value.faults] == ["COLD storage", "COLD meter", "storage_class"]


def test_datasets_share_the_volume_tiers() -> None:
    """60 TB in two datasets: 50 TB at the first price and 10 TB at the second, as if they were one."""
    tiers = {**TERMS, "STANDARD": replace(TERMS["STANDARD"], upto_gib=(51_200.0, np.inf), usd_by_tier=(0.023, 0.022))}
    alone = [stored(gib=gib, object_kib=GIB_KIB, horizon_days=730) for gib in (20_480.0, 40_960.0)]
    uses = [daily_use(tiers, one, only("STANDARD"), 730) for one in alone]
    usd = [sum(line.usd.sum() for line in lines if line.meter == "storage") for lines in bill([tiers] * 2, uses, 730)]
    assert sum(usd) == pytest.approx(24 * (51_200 * 0.023 + 10_240 * 0.022))
    assert usd[1] == pytest.approx(2 * usd[0])
