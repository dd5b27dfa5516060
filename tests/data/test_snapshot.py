"""The embedded tables: whole, described by PROVENANCE.json, and free of the errors known in their sources."""

import hashlib
import json

import pandas as pd
import pytest

from costlib.paths import data_dir
from costlib.tables import Snapshot

PROVENANCE = json.loads((data_dir() / "PROVENANCE.json").read_text())


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return Snapshot.open()


@pytest.mark.parametrize("name", sorted(PROVENANCE["tables"]))
def test_each_table_is_the_one_described(snapshot, name):
    entry = PROVENANCE["tables"][name]
    assert len(snapshot.read(name)) == entry["rows"] > 0


def test_no_table_lies_about_undescribed():
    described = {entry["file"] for entry in PROVENANCE["tables"].values()}
    found = {str(path.relative_to(data_dir())) for path in data_dir().glob("*/*.csv")}
    assert found == described


def test_snapshot_id_names_the_content():
    tables = PROVENANCE["tables"]
    digest = hashlib.sha256("".join(tables[name]["sha256"] for name in sorted(tables)).encode()).hexdigest()
    assert PROVENANCE["snapshot_id"] == f"{PROVENANCE['as_of']}-{digest[:8]}"


@pytest.mark.parametrize("name", sorted(PROVENANCE["tables"]))
def test_the_card_names_every_table_and_column(snapshot, name):
    card = (data_dir() / "README.md").read_text()
    section = card.partition(f"### {name}\n")[2].partition("\n### ")[0]
    assert section, f"data/README.md has no section {name}"
    missing = [column for column in snapshot.read(name).columns if f"`{column}`" not in section + common(card)]
    assert not missing, f"data/README.md does not explain {missing} of {name}"


def common(card: str) -> str:
    return card.partition("## Columns of every table")[2].partition("\n## ")[0]


def test_no_old_price_of_the_families_that_were_cut(snapshot):
    for name in ("ec2_on_demand", "ec2_reserved", "ec2_spot", "ec2_capacity_blocks", "sagemaker_instances"):
        table = snapshot.read(f"prices/{name}")
        family = table["instance_type"].str.removeprefix("ml.").str.split(".").str[0]
        cut = table[family.isin(["p4d", "p4de", "p5", "p5e", "p5en"])]
        assert len(cut) and (cut["as_of"] >= "2025-06").all(), name


def test_bare_metal_of_dedicated_tenancy_is_out_and_counted(snapshot):
    listed = snapshot.read("prices/ec2_on_demand")
    pairs = set(zip(listed["instance_type"], listed["region"], strict=True))
    for pair in (
        ("i8g.metal-24xl", "us-east-1"),
        ("r7i.metal-24xl", "us-gov-west-1"),
        ("c6g.metal", "us-gov-west-1"),
        ("m6gd.metal", "us-gov-east-1"),
    ):
        assert pair not in pairs
    assert ("g4dn.metal", "us-east-1") in pairs, "dearer than 16xlarge because it has twice the processors"
    history = snapshot.read("prices/ec2_on_demand_history")
    # Same-size virtual instances; 6 to 10 % more is dedicated tenancy.
    metal = history[history["instance_type"].str.contains(r"\.metal-\d+xl$")]
    twin = metal["instance_type"].str.replace(r"metal-(\d+)xl", r"\1xlarge", regex=True)
    price = listed[listed["region"] == "us-east-1"].set_index("instance_type")["usd"].reindex(twin).to_numpy()
    assert len(metal) > 30 and (metal["usd"] / price - 1).abs().max() < 0.005


def test_the_card_gives_the_counts_of_what_was_left_out():
    card = (data_dir() / "README.md").read_text()
    for name, entry in PROVENANCE["tables"].items():
        section = card.partition(f"### {name}\n")[2].partition("\n### ")[0]
        for reason, rows in entry.get("left_out", {}).items():
            assert f"{rows} row" in section, f"{name}: {rows} rows left out for {reason} are not in the card"


def test_the_card_says_how_old_the_on_demand_prices_are(snapshot):
    # Markdown wraps anywhere.
    card = " ".join((data_dir() / "README.md").read_text().split())
    table = snapshot.read("prices/ec2_on_demand")
    here = table["region"] == "us-east-1"
    gov = table["region"].str.startswith("us-gov")
    new = table["as_of"] >= "2026-07"
    assert f"({(here & new).sum():,} of {here.sum():,} and {(gov & new).sum():,} of {gov.sum():,} rows)" in card
    other = table[~here & ~gov]
    assert f"{(other['as_of'] == '2024-02-21').sum():,} of the {len(other):,}" in card
    assert f"{len(table):,} rows, {table['region'].nunique()} regions" in card
    hosting = snapshot.read("prices/sagemaker_instances")
    by_hand = hosting[hosting["note"].str.contains("hand-transcribed", na=False)]["component"].value_counts()
    assert f"{by_hand['Hosting']:,} SageMaker Hosting prices" in card and f"{by_hand['Training']:,} derived" in card


def test_the_gaps_that_the_card_names_are_gaps(snapshot):
    listed = snapshot.read("prices/ec2_on_demand")
    assert not listed["instance_type"].str.startswith(("p5e.", "trn2", "u-p6e-gb200")).any()
    reserved = snapshot.read("prices/ec2_reserved").query("term_years == 1 and offering_class == 'standard'")
    assert not reserved["instance_type"].str.startswith("p5.").any()
    for region in ("ap-east-2", "ap-southeast-6", "ap-southeast-7", "mx-central-1"):
        for name in ("ec2_on_demand", "ec2_spot", "ec2_reserved", "sagemaker_instances", "ec2_capacity_blocks"):
            assert not (snapshot.read(f"prices/{name}")["region"] == region).any()
        assert (snapshot.read("prices/s3")["region"] == region).any()


def test_every_source_is_used(snapshot):
    used = set()
    for name in set(snapshot.tables) - {"prices/sources"}:
        used.update(snapshot.read(name)["source"].dropna())
    assert set(snapshot.read("prices/sources")["source"]) <= used


def test_known_errors_of_the_sources_are_out(snapshot):
    ml = snapshot.read("prices/sagemaker_instances").set_index(["component", "instance_type", "region"])["usd"]
    assert ml["Training", "ml.g5.xlarge", "us-east-2"] == 1.4084
    for region in ("ap-northeast-1", "ap-northeast-2", "eu-west-1"):
        assert ("Notebook", "ml.p4de.24xlarge", region) not in ml.index, "carried p4d's price"
    assert ("Hosting", "ml.g6e.xlarge", "eu-central-1") not in ml.index
    for size in ("12xlarge", "16xlarge"):
        assert ("Notebook", f"ml.g5.{size}", "sa-east-1") not in ml.index, "swapped in the feed"
    p4d, p4de = (ml.xs(f"ml.{family}.24xlarge", level=1) for family in ("p4d", "p4de"))
    both = pd.concat([p4d, p4de], axis=1, join="inner")
    assert (both.iloc[:, 0] < both.iloc[:, 1]).all()
    reserved = snapshot.read("prices/ec2_reserved")
    odd = reserved["region"].isin(["ap-northeast-1", "ap-northeast-2", "ap-south-1"])
    odd &= (reserved["instance_type"] == "p4d.24xlarge") & (reserved["offering_class"] == "convertible")
    assert not odd.any()


def test_training_prices_that_follow_hosting_say_so(snapshot):
    ml = snapshot.read("prices/sagemaker_instances")
    derived = ml[ml["basis"] == "derived"]
    assert set(derived["component"]) == {"Training"}
    assert derived["rule"].str.startswith("equals the Hosting price").all()
    hosting = ml[ml["component"] == "Hosting"].set_index(["instance_type", "region"])["usd"]
    pairs = pd.MultiIndex.from_frame(derived[["instance_type", "region"]])
    assert (hosting[pairs].to_numpy() == derived["usd"].to_numpy()).all()
    assert not derived["instance_type"].str.startswith(("ml.inf", "ml.t2")).any(), "SageMaker does not train on these"


def test_inferred_file_system_tiers_are_labelled(snapshot):
    fsx = snapshot.read("prices/other_services").query("service == 'FSx for Lustre'")
    assert (fsx["basis"] == "derived").all() and fsx["rule"].str.contains("order of its prices").all()


def test_sources_name_nothing_that_only_their_first_reader_can_follow_up(snapshot):
    private = r"find_string|text index|copy id|file id|stored-file|kept in raw|\bids? \d{9,}|(?:/| and) \d{11}\b"
    for name in snapshot.tables:
        frame = snapshot.read(name)
        for column in frame.columns.intersection(["source", "note", "where", "rule"]):
            found = frame.loc[frame[column].astype("str").str.contains(private, na=False), column]
            assert found.empty, (name, column, found.iloc[0])
