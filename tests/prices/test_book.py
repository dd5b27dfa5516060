"""The price book: known prices, honest refusals, values that nobody can change."""

import pytest

from costlib.errors import DataCorrupt, InvalidInput, NotKnown
from costlib.prices.book import PriceBook
from costlib.prices.dates import AsOf, as_of_span
from costlib.prices.places import storage_prices, transfer_prices


@pytest.fixture(scope="module")
def book() -> PriceBook:
    return PriceBook.open()


@pytest.mark.parametrize(
    ("instance_type", "usd"), [("p5.48xlarge", 55.04), ("g5.xlarge", 1.006), ("p4d.24xlarge", 21.957642)]
)
def test_anchors(book, instance_type, usd):
    price = book.on_demand(instance_type, "us-east-1")
    assert price.amount == usd
    assert (price.unit, price.basis, price.band) == ("usd_per_hour", "published", (usd, usd, usd))
    assert price.source and price.as_of >= "2025-06"


def test_known_savings_plans_are_exact(book):
    compute = book.savings_plan("compute", "m6a.xlarge", "us-east-1", 1, "no_upfront")
    assert (compute.amount, compute.basis) == (0.13965, "published")
    ml = book.savings_plan("sagemaker", "ml.m4.16xlarge", "us-east-1", 1, "partial_upfront")
    assert (ml.amount, ml.basis) == (2.60544, "published")


def test_other_prices_that_are_published(book):
    assert book.s3_storage("us-east-1").amount == 0.023
    assert book.s3_storage("us-east-1", "INTELLIGENT_TIERING").amount == 0.023
    assert book.transfer("us-east-1", "us-west-2").amount == 0.02
    assert book.capacity_block("p5.48xlarge", "us-east-1").amount == 41.528
    assert book.sagemaker("Hosting", "ml.g5.xlarge", "us-east-2").amount == 1.4084
    assert book.sagemaker("Training", "g5.xlarge", "us-east-2").amount == 1.4084
    assert book.sagemaker("TrainingPlan", "ml.p5.48xlarge", "us-east-1").amount == 36.1836


def test_one_spot_zone_differs_from_its_region(book):
    zone = book.spot("g5.48xlarge", "us-east-1", "use1-az1")
    region = book.spot("g5.48xlarge", "us-east-1")
    assert zone.amount == 4.5408
    assert region.low < region.amount < region.high
    assert "use1-az1" in zone.key


def test_unknown_names_are_all_told_with_close_matches(book):
    with pytest.raises(NotKnown) as caught:
        book.on_demand("p5.48xlrge", "us-eest-1")
    fields = {fault.field: fault.nearest for fault in caught.value.faults}
    assert "p5.48xlarge" in fields["instance_type"]
    assert "us-east-1" in fields["region"]


def test_a_missing_price_says_where_there_is_one_and_never_borrows(book):
    with pytest.raises(NotKnown, match="no ec2 spot price is held for it in eu-west-1; held in: .*us-east-1"):
        book.spot("p5.48xlarge", "eu-west-1")
    with pytest.raises(NotKnown, match="zone use1-az9 of us-east-1; held in: use1-az1"):
        book.spot("g5.xlarge", "us-east-1", "use1-az9")
    with pytest.raises(NotKnown, match="no ec2 on demand price"):
        book.on_demand("p5e.48xlarge", "us-east-1")


def test_arguments_with_few_choices_are_refused_together(book):
    with pytest.raises(InvalidInput) as caught:
        book.reserved("g5.xlarge", "us-east-1", 2, "standrd", "none")
    assert [fault.field for fault in caught.value.faults] == ["term_years", "payment", "offering_class"]
    with pytest.raises(NotKnown, match="component"):
        book.sagemaker("Trainning", "g5.xlarge", "us-east-1")
    with pytest.raises(NotKnown, match="storage_class(.|\n)*region"):
        book.s3_storage("us-eest-1", "STANDRD")
    with pytest.raises(NotKnown, match="from_region(.|\n)*to_region"):
        book.transfer("here", "there")
    with pytest.raises(NotKnown, match="way to buy"):
        book.part("ec2", "barter")


def test_nobody_can_change_the_book(book):
    before = book.on_demand("g5.xlarge", "us-east-1")
    for frame in (book.offers, book.part("ec2", "on_demand"), book.table("prices/ec2_on_demand")):
        frame.loc[:, frame.select_dtypes("number").columns] = -1.0
        frame["region"] = "nowhere"
    assert book.on_demand("g5.xlarge", "us-east-1") == before
    assert (book.offers["usd_expected"] > 0).all()
    with pytest.raises(AttributeError):
        book.mode = "live"  # type: ignore[misc]


def test_banner_names_snapshot_and_date(book):
    assert book.banner == f"snapshot {book.snapshot_id}, prices as of {book.as_of} or earlier"
    assert book.as_of.startswith("20")


def test_histories(book):
    listed = book.on_demand_history("p5.48xlarge")
    assert set(listed["usd"]) >= {98.32, 55.04}, "the price before June 2025 and the one of today"
    assert len(book.spot_history("g5.xlarge")) == 46
    assert book.spot_history("a1.large").empty, "a type that is known, and was not sampled"
    for history in (book.on_demand_history, book.spot_history):
        with pytest.raises(NotKnown, match="did you mean g5.xlarge"):
            history("g5.xlarg")


def test_prices_of_all_regions_at_once(book):
    assert storage_prices(book)["us-east-1"] == book.s3_storage("us-east-1")
    assert transfer_prices(book, "us-east-1")["us-west-2"].amount == 0.02
    assert transfer_prices(book, "us-east-1-wl1-nyc1") == {}, "a Wavelength Zone is known, and has no transfer price"
    with pytest.raises(NotKnown, match="did you mean STANDARD"):
        storage_prices(book, "STANDRD")
    with pytest.raises(NotKnown, match="did you mean .*us-east-1"):
        transfer_prices(book, "us-eest-1")


def test_the_dates_of_what_is_shown_are_not_the_newest_of_the_snapshot(book):
    here = book.dates("on_demand", "us-east-1", "g5.xlarge")
    assert str(here) == "as of 2026-07-20"
    everywhere = book.dates("on_demand")
    assert str(everywhere) == "as of 2024-02-21 to 2026-07-20"
    assert everywhere.newest < book.as_of, "the newest date of all is of two SageMaker rows"
    table = book.table("prices/ec2_spot")
    assert as_of_span(table) == AsOf(table["as_of"].min(), table["as_of"].max())
    assert as_of_span(table.assign(as_of=None)) is None
    with pytest.raises(NotKnown, match="us-east-1(.|\n)*g5.xlarge"):
        book.dates("on_demand", "us-eest-1", "g5.xlarg")
    with pytest.raises(NotKnown, match="has no ec2 spot price in eu-west-1"):
        book.dates("spot", "eu-west-1", "p5.48xlarge")
    with pytest.raises(NotKnown, match="way to buy"):
        book.dates("barter")


def test_a_banner_can_be_of_what_is_shown(book):
    rows = book.part("ec2", "on_demand").query("region == 'us-east-1' and instance_type == 'g5.xlarge'")
    assert book.banner_of(rows) == f"snapshot {book.snapshot_id}, prices as of 2026-07-20"
    assert book.banner_of(rows.iloc[:0]) == book.banner


def test_a_changed_file_is_refused(tmp_path):
    import shutil

    from costlib.paths import data_dir

    shutil.copytree(data_dir() / "prices", tmp_path / "prices")
    shutil.copy(data_dir() / "PROVENANCE.json", tmp_path)
    file = tmp_path / "prices/ec2_on_demand.csv"
    file.write_text(file.read_text().replace("55.04,", "5.504,", 1))
    with pytest.raises(DataCorrupt, match=r"ec2_on_demand\.csv has checksum"):
        PriceBook.open(tmp_path).on_demand("p5.48xlarge", "us-east-1")


def test_the_name_of_a_sagemaker_type_is_no_ec2_type(book):
    with pytest.raises(NotKnown, match="service='sagemaker'"):
        book.on_demand("ml.g5.xlarge", "us-east-1")
    assert book.on_demand("ml.g5.xlarge", "us-east-1", service="sagemaker").amount > 1.2


def test_storage_is_priced_by_the_month_only(book):
    with pytest.raises(NotKnown, match="storage_class"):
        book.s3_storage("us-east-1", "TAGS")
