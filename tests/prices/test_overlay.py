"""Own rates: they beat the snapshot everywhere, and a faulty file is refused with all its faults."""

import dataclasses
import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.prices.book import PriceBook
from costlib.prices.overlay import OwnRate, Rates

HEADER = "service,instance_type,region,purchase,usd_per_hour,option,note,as_of\n"


@pytest.fixture(scope="module")
def book() -> PriceBook:
    return PriceBook.open()


def rates_of(tmp_path, text: str, book: PriceBook, header: str = HEADER) -> Rates:
    file = tmp_path / "contract.csv"
    file.write_text(header + text)
    return Rates.from_csv(file, book)


def test_own_rates_beat_the_snapshot_in_lookups_and_offers(tmp_path, book):
    rates = rates_of(
        tmp_path,
        "ec2,p5.48xlarge,us-east-1,on_demand,50,,contract 7,2026-10\n"
        "ec2,g5.48xlarge,us-east-1,spot,4,,,\n"
        "sagemaker,ml.g5.xlarge,us-east-1,spot,0.5,,,\n"
        "ec2,p5.48xlarge,us-east-1,savings_plan,30,compute 3y no_upfront,,\n",
        book,
    )
    own = book.with_rates(rates)
    price = own.on_demand("p5.48xlarge", "us-east-1")
    assert (price.amount, price.basis, price.source) == (50, "user", "own rates: contract.csv")
    assert (price.as_of, price.rule) == ("2026-10", "contract 7")
    assert own.spot("g5.xlarge", "us-east-1", service="sagemaker").amount == 0.5
    assert own.savings_plan("compute", "p5.48xlarge", "us-east-1", 3, "no_upfront").amount == 30
    assert own.on_demand("p5.48xlarge", "us-east-2") == book.on_demand("p5.48xlarge", "us-east-2")
    assert "4 own rates from contract.csv" in own.banner
    offers = own.offers
    place = (offers["instance_type"] == "g5.48xlarge") & (offers["region"] == "us-east-1")
    spot = offers[place & (offers["purchase"] == "spot") & (offers["service"] == "ec2")]
    assert spot["usd_expected"].tolist() == [4.0], "a region's own rate replaces its zones, too"
    assert spot["az"].isna().all()
    assert (offers["basis"] == "user").sum() == 4
    assert not (book.offers["basis"] == "user").any(), "the plain book stays as it was"


def test_an_own_rate_can_be_for_what_the_snapshot_lacks(tmp_path, book):
    own = book.with_rates(rates_of(tmp_path, "ec2,p5e.48xlarge,us-east-2,on_demand,60,,,\n", book))
    assert own.on_demand("p5e.48xlarge", "us-east-2").amount == 60


def test_discounts_say_what_they_are_on(book):
    own = book.with_rates(Rates.discounts({"ec2": 12, "s3": 5}))
    price = own.on_demand("p5.48xlarge", "us-east-1")
    assert price.amount == pytest.approx(55.04 * 0.88)
    assert (price.basis, price.rule) == ("user", "12 % own discount on karpenter")
    assert own.s3_storage("us-east-1").amount == pytest.approx(0.023 * 0.95)
    assert own.transfer("us-east-1", "us-west-2") == book.transfer("us-east-1", "us-west-2")
    estimate = own.savings_plan("compute", "p5.48xlarge", "us-east-1", 3, "no_upfront")
    assert estimate.basis == "estimate" and estimate.rule.startswith("12 % own discount")
    assert own.overlays == ("12 % own discount on ec2", "5 % own discount on s3")


@functools.cache
def plain() -> PriceBook:
    return PriceBook.open()


@given(percent=st.floats(0, 99.9))
def test_a_discount_scales_every_price_of_its_service_and_no_other(percent):
    rates = Rates.discounts({"ec2": percent})
    ec2, ml = plain().part("ec2", "capacity_block"), plain().part("sagemaker", "capacity_block")
    laid = rates.laid_over(ec2, "ec2", "capacity_block")
    assert (laid["usd_expected"] / ec2["usd_expected"]).tolist() == pytest.approx([1 - percent / 100] * len(ec2))
    assert rates.laid_over(ml, "sagemaker", "capacity_block").equals(ml)


def test_an_own_rate_beats_an_own_discount(tmp_path, book):
    rates = rates_of(tmp_path, "ec2,g5.xlarge,us-east-1,on_demand,0.9,,,\n", book)
    own = book.with_rates(Rates.discounts({"ec2": 50}).together(rates))
    assert own.on_demand("g5.xlarge", "us-east-1").amount == 0.9
    assert own.on_demand("g5.xlarge", "us-east-2").amount == pytest.approx(1.006 / 2)


def test_every_fault_of_a_file_is_told_at_once(tmp_path, book):
    with pytest.raises(InvalidInput) as caught:
        rates_of(
            tmp_path,
            "ec2,p5.48xlage,us-eest-1,on_demand,50,,,2026-10\n"
            "ec3,p5.48xlarge,us-east-1,spot,-20,,,yesterday\n"
            "ec2,p5.48xlarge,us-east-1,savings_plan,30,,,\n"
            "ec2,p5.48xlarge,us-east-1,on_demand,0.5,,,\n"
            "ec2,p5.48xlarge,us-east-1,on_demand,nan,none,,,\n"
            "ec2,p5.48xlarge,us-east-1,on_demand,0,none,,\n"
            "ec2,g5.xlarge,us-east-1,on_demand,0.9,,,\n"
            "ec2,g5.xlarge,us-east-1,on_demand,0.8,,,\n",
            book,
        )
    faults = [fault.field for fault in caught.value.faults]
    assert faults == [
        "row 2, instance_type",
        "row 2, region",
        "row 3, usd_per_hour",
        "row 3, as_of",
        "row 3, service and purchase",
        "row 4, option",
        "row 5, usd_per_hour",
        "row 6",
        "row 7, usd_per_hour",
        "row 7, option",
        "row 9",
    ]
    assert "p5.48xlarge" in caught.value.faults[0].nearest


@pytest.mark.parametrize(
    ("header", "wrong"),
    [
        ("service,instance_type,region,usd_per_hour\n", "purchase"),
        (HEADER.replace("usd_per_hour", "usd"), "usd"),
        (HEADER.replace("note", "region"), "region"),
        ("", "service"),
    ],
)
def test_columns_are_checked(tmp_path, book, header, wrong):
    with pytest.raises(InvalidInput, match=f"columns: '{wrong}'"):
        rates_of(tmp_path, "", book, header)


def test_files_that_hold_nothing(tmp_path, book):
    with pytest.raises(InvalidInput, match="holds no rates"):
        rates_of(tmp_path, "", book)
    with pytest.raises(InvalidInput, match="cannot be read"):
        Rates.from_csv(tmp_path / "absent.csv", book)
    (tmp_path / "latin.csv").write_bytes(HEADER.encode() + b"\xff\xfe")
    with pytest.raises(InvalidInput, match="not UTF-8"):
        Rates.from_csv(tmp_path / "latin.csv", book)


def test_a_row_without_a_date_is_dated_by_its_file(tmp_path, book):
    import os

    file = tmp_path / "old.csv"
    file.write_text(HEADER + "ec2,g5.xlarge,us-east-1,on_demand,0.9,,,\n")
    os.utime(file, (1_700_000_000, 1_700_000_000))
    assert Rates.from_csv(file, book).rows[0].as_of == "2023-11-14"


@pytest.mark.parametrize("percent", [-1, 100, float("nan"), "ten", True])
def test_discounts_out_of_range(percent):
    with pytest.raises(InvalidInput, match="not a percentage"):
        Rates.discounts({"ec2": percent})


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"instance_type": "p5.48xlage"}, "instance_type"),
        ({"instance_type": "ml.p5.48xlarge"}, "instance_type"),
        ({"service": "sagemaker"}, "instance_type"),
        ({"region": "us-eest-1"}, "region"),
        ({"usd_per_hour": -1.0}, "usd_per_hour"),
        ({"usd_per_hour": float("nan")}, "usd_per_hour"),
        ({"usd_per_hour": "50"}, "usd_per_hour"),
        ({"usd_per_hour": True}, "usd_per_hour"),
        ({"usd_per_hour": 0.5}, "usd_per_hour"),
        ({"purchase": "barter"}, "service and purchase"),
        ({"purchase": "savings_plan"}, "option"),
        ({"option": "standard"}, "option"),
        ({"as_of": "2026-02-31"}, "as_of"),
        ({"as_of": "last week"}, "as_of"),
    ],
)
def test_rates_made_by_hand_are_checked_by_the_book(book, change, field):
    right = OwnRate("ec2", "p5.48xlarge", "us-east-1", "on_demand", 50.0)
    assert book.with_rates(Rates((right,))).on_demand("p5.48xlarge", "us-east-1").amount == 50.0
    with pytest.raises(InvalidInput) as caught:
        book.with_rates(Rates((dataclasses.replace(right, **change),)))
    assert [fault.field for fault in caught.value.faults] == [f"row 0, {field}"]


@pytest.mark.parametrize("percent_off", [{"ec2": 150}, {"ec3": 10}, {"ec2": "ten"}])
def test_discounts_made_by_hand_are_checked_by_the_book(book, percent_off):
    with pytest.raises(InvalidInput, match="discounts"):
        book.with_rates(Rates(percent_off=percent_off))
    with pytest.raises(InvalidInput, match="discounts"):
        PriceBook.open(rates=Rates(percent_off=percent_off))


@pytest.mark.parametrize(
    ("line", "nearest"),
    [
        ("ec2,ml.g5.xlarge,us-east-1,on_demand,0.9,,,\n", "g5.xlarge"),
        ("sagemaker,g5.xlarge,us-east-1,on_demand,0.9,,,\n", "ml.g5.xlarge"),
    ],
)
def test_the_name_of_the_other_service_is_refused(tmp_path, book, line, nearest):
    with pytest.raises(InvalidInput, match="name of a type, and the service is") as caught:
        rates_of(tmp_path, line, book)
    (fault,) = caught.value.faults
    assert (fault.field, fault.nearest) == ("row 2, instance_type", (nearest,))


@pytest.mark.parametrize("number", ["1e0", "nan", "inf", "1_000", "+1", "1,5", "0x1", "1 000", "one", "$1", ""])
def test_a_price_is_written_one_way(tmp_path, book, number):
    with pytest.raises(InvalidInput) as caught:
        rates_of(tmp_path, f'ec2,g5.xlarge,us-east-1,on_demand,"{number}",,,\n', book)
    (fault,) = caught.value.faults
    assert (fault.field, fault.value) == ("row 2, usd_per_hour", number)


def test_a_percentage_is_no_price_and_says_where_it_belongs(tmp_path, book):
    with pytest.raises(InvalidInput, match="is a percentage: give it as a discount"):
        rates_of(tmp_path, "ec2,g5.xlarge,us-east-1,on_demand,12%,,,\n", book)


@pytest.mark.parametrize(("usd", "refused"), [(60, False), (0.6, True), (6000, True)])
def test_a_rate_of_a_type_without_a_list_price_is_held_to_its_capacity_blocks(tmp_path, book, usd, refused):
    line = f"ec2,p5e.48xlarge,us-east-2,on_demand,{usd},,,\n"
    if not refused:
        assert rates_of(tmp_path, line, book).rows[0].usd_per_hour == usd
        return
    with pytest.raises(InvalidInput, match="is not plausible: p5e.48xlarge"):
        rates_of(tmp_path, line, book)


@pytest.mark.parametrize("as_of", ["2026-13", "2026-02-30", "2026-1-1", "30.11.2026", "2026"])
def test_a_date_is_a_day_or_a_month_of_the_calendar(tmp_path, book, as_of):
    with pytest.raises(InvalidInput, match="row 2, as_of: .* is not a date like 2026-11-30 or 2026-11"):
        rates_of(tmp_path, f"ec2,g5.xlarge,us-east-1,on_demand,0.9,,,{as_of}\n", book)


@pytest.mark.parametrize(("separator", "words"), [(";", "semicolons"), ("\t", "tabs")])
def test_other_separators_are_named(tmp_path, book, separator, words):
    text = (HEADER + "ec2,g5.xlarge,us-east-1,on_demand,0.9,,,\n").replace(",", separator)
    with pytest.raises(InvalidInput, match=f"separated by {words}") as caught:
        rates_of(tmp_path, text, book, header="")
    assert len(caught.value.faults) == 1
