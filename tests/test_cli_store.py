"""``costlib store`` as a person meets it: stable keys, lines that add up, text, refusals and exit codes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import costlib
from costlib import cli
from costlib.paths import data_dir
from tests.running import Ran

TRAINING = data_dir() / "examples" / "storage" / "training.yaml"
KEYS = set(
    [
        "name",
        "region",
        "horizon_days",
        "policies",
        "lines",
        "usd",
        "standard_usd",
        "saved_usd",
        "single_class",
        "warnings",
        "lifecycle_configuration",
        "formats",
        "selective",
        "preprocess",
        "cache",
        "network",
        "as_of",
    ]
)


def keys_in(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {key for one in value.values() for key in keys_in(one)}
    return {key for one in value for key in keys_in(one)} if isinstance(value, list) else set()


def test_json_has_the_keys_that_help_and_readme_name(capsys: pytest.CaptureFixture[str]) -> None:
    ran = Ran(capsys, "store", TRAINING, "--json")
    found = ran.json
    assert ran.code == 0 and set(found) == KEYS
    said = set(re.findall(r"\w+", cli.cli.commands["store"].help or ""))
    own = {name: value for name, value in found.items() if name != "lifecycle_configuration"}
    for line in (*own["lines"], *own["preprocess"]["lines"]):
        line["inputs"] = None  # the names of a formula's numbers
    assert keys_in(own) <= said
    readme = (Path(costlib.__file__).parent.parent / "README.md").read_text()
    row = next(line for line in readme.splitlines() if line.startswith("| `costlib store"))
    assert [key for key in KEYS if key not in row] == []


def test_lines_add_up_and_months_to_lines(capsys: pytest.CaptureFixture[str]) -> None:
    found = Ran(capsys, "store", TRAINING, "--json").json
    assert sum(line["usd"] for line in found["lines"]) == pytest.approx(found["usd"]["expected"])
    for line in found["lines"]:
        assert sum(line["monthly_usd"]) == pytest.approx(line["usd"])
    assert sum(one["usd"]["expected"] for one in found["policies"]) == pytest.approx(found["usd"]["expected"])
    assert (
        found["saved_usd"] == pytest.approx(found["standard_usd"] - found["usd"]["expected"]) and found["saved_usd"] > 0
    )
    images = found["policies"][0]
    assert images["stretches"][0] == {"class": "STANDARD", "from_day": 0, "to_day": 60}
    rules = found["lifecycle_configuration"]["Rules"]
    assert {rule["ID"] for rule in rules} == {"costlib-images", "costlib-checkpoints", "costlib-logs"}


def test_own_discounts_are_taken(capsys: pytest.CaptureFixture[str]) -> None:
    plain, own = (Ran(capsys, "store", TRAINING, "--json", *more).json for more in ((), ("--discount", "s3=50")))
    assert own["usd"]["expected"] == pytest.approx(0.5 * plain["usd"]["expected"])


def test_text_has_the_answer_the_rules_and_every_section(capsys: pytest.CaptureFixture[str]) -> None:
    ran = Ran(capsys, "store", TRAINING)
    said = ("as of 20", "less than all in STANDARD", "then DEEP_ARCHIVE from day 60",
            "put-bucket-lifecycle-configuration",
            '"StorageClass": "DEEP_ARCHIVE"', "parquet, snappy", "no longer available", "once is cheaper from",
            "FSx for Lustre", "NAT gateway", "costs nothing a GiB")  # fmt: skip
    assert ran.code == 0 and [words for words in said if words not in ran.out] == []


def test_sections_that_a_pattern_lacks_are_null(capsys: pytest.CaptureFixture[str]) -> None:
    path = TRAINING.with_name("checkpoints.yaml")
    found = Ran(capsys, "store", path, "--json").json
    assert [found[name] for name in ("formats", "selective", "preprocess", "cache", "network")] == [None] * 5
    assert "NAT gateway" not in Ran(capsys, "store", path).out


def test_refused_with_everything_at_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    text = TRAINING.read_text()
    path.write_text(text.replace("gib: 2048", "gib: -2048").replace("lifetime_days: 365", "lifetime: 365"))
    ran = Ran(capsys, "store", path, "--json")
    told = {fault["field"]: fault for fault in ran.json["errors"]}
    assert ran.code == 2 and set(told) == {"datasets.0.gib", "datasets.1.lifetime"}
    assert told["datasets.1.lifetime"]["nearest"] == ["lifetime_days"]
    path.write_text(text.replace("us-east-1", "us-eats-1"))
    ran = Ran(capsys, "store", path)
    assert ran.code == 2 and "did you mean us-east-1" in ran.err
    assert Ran(capsys, "store", tmp_path / "none.yaml").code == 2
    path.write_text(text.replace("p4d.24xlarge", "p4d.24xlarg"))
    assert "p4d.24xlarge" in Ran(capsys, "store", path).err


def test_dollars_of_formats_say_of_what(capsys: pytest.CaptureFixture[str]) -> None:
    out = Ran(capsys, "store", TRAINING).out
    assert "USD over 12 months of storage with 20 reads a month of 30 % of the columns; decoding is not counted" in out


def test_whole_numbers_and_empty_lists_are_told_plainly(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("kind: storage\nname: bad\nregion: us-east-1\nhorizon_days: 1.5\ndatasets: []\n")
    ran = Ran(capsys, "store", path)
    assert ran.code == 2 and "horizon_days: 1.5 must be a whole number" in ran.err
    assert "datasets: [] is empty; name at least one" in ran.err


def test_text_says_where_prices_of_caches_and_network_are_from(capsys: pytest.CaptureFixture[str]) -> None:
    found, out = Ran(capsys, "store", TRAINING, "--json").json, Ran(capsys, "store", TRAINING).out
    for section, name in (("cache", "place"), ("network", "path")):
        for row in found[section]:
            line = next(line for line in out.splitlines() if line.startswith(f"{row[name]}  "))
            assert row.get("why_not") or (row["source"] in line and row["as_of"] in line)
    assert "the run costs $" in out
