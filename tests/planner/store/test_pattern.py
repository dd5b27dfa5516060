"""Storage patterns: read, written, refused with every fault at once and with close matches."""

from __future__ import annotations

from pathlib import Path

import pytest

from costlib.errors import Fault, InvalidInput
from costlib.planner.store.pattern import StoragePattern
from tests.planner.store.conftest import EXAMPLES, pattern


def faults(content: object) -> dict[str, Fault]:
    with pytest.raises(InvalidInput) as refused:
        StoragePattern.from_mapping(content)
    return {fault.field: fault for fault in refused.value.faults}


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_examples_are_read_and_come_back_equal(path: Path) -> None:
    read = StoragePattern.from_yaml(path)
    assert StoragePattern.from_mapping(read.to_mapping()) == read and read.name == path.stem


def test_everything_wrong_is_told_at_once_with_close_matches() -> None:
    reads = [{"to_day": 3, "per_mnth": 3, "fraction": 2}, {"from_day": 9, "to_day": 3, "per_month": 1}]
    told = faults(
        {
            "kind": "storage", "name": "x", "regoin": "a", "region": "us-east-1", "horizon_days": 0,
            "datasets": [
                {"name": "a", "gib": -1, "objects": 3, "reads": reads, "force_class": "STANDARD_AI"},
            ],
            "network": {"gib_per_mont": 3},
        }
    )  # fmt: skip
    assert told["horizon_days"].problem == "must be at least 1"
    assert told["datasets.0.gib"].problem == "must be at least 0"
    assert "per_month" in told["datasets.0.reads.0.per_mnth"].nearest
    assert "at most 1" in told["datasets.0.reads.0.fraction"].problem
    assert told["datasets.0.reads.1.to_day"].problem == "must be after from_day (9)"
    assert "STANDARD_IA" in told["datasets.0.force_class"].nearest
    assert told["network.gib_per_mont"].nearest[0] == "gib_per_month"
    assert told["regoin"].nearest == ("region",)


@pytest.mark.parametrize(
    ("data", "field", "said"),
    [
        ({"gib": 0}, "datasets.0.gib", "nothing to store"),
        ({"objects": 1e15}, "datasets.0.objects", "at most"),
        ({"gib": 1e-9, "objects": 1e5}, "datasets.0.objects", "less than a byte"),
        ({"age_days": 50, "lifetime_days": 40}, "datasets.0.age_days", "past lifetime_days (40)"),
        ({"lifetime_days": 5, "reads": [{"from_day": 9, "to_day": 10, "per_month": 1}]},
         "datasets.0.reads.0.from_day", "after the objects are deleted"),
        ({"classes": ["STANDARD"], "force_class": "STANDARD_IA"}, "datasets.0.force_class", "not among classes"),
        ({"classes": ["STANDARD", "STANDARD"]}, "datasets.0.classes", "twice"),
        ({"reads": [{"to_day": 3, "per_month": 2, "per_month_low": 3, "per_month_high": 1}]},
         "datasets.0.reads.0.per_month_low", "above per_month"),
    ],
)  # fmt: skip
def test_what_does_not_agree_is_refused(data: dict, field: str, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        pattern(data=data)
    told = {fault.field: fault.problem for fault in refused.value.faults}
    assert said in told[field]


def test_prefixes_must_not_overlap() -> None:
    one, other = ({"name": name, "gib": 1, "objects": 1} for name in ("a", "b"))
    assert "stands twice" in faults({**pattern().to_mapping(), "datasets": [one, one]})["datasets"].problem
    inside = {**other, "prefix": "a/b/"}
    assert "overlap" in faults({**pattern().to_mapping(), "datasets": [one, inside]})["datasets"].problem


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    for content, said in ((b"a: [", "not valid YAML"), (b"\xff", "UTF-8"), (b"a: 1\na: 2", "stands twice"),
                          (b"- 1", "not a mapping")):  # fmt: skip
        path = tmp_path / "p.yaml"
        path.write_bytes(content)
        with pytest.raises(InvalidInput, match=said):
            StoragePattern.from_yaml(path)
    with pytest.raises(InvalidInput, match="cannot be read"):
        StoragePattern.from_yaml(tmp_path / "none.yaml")


def test_a_change_is_checked_anew() -> None:
    assert pattern().changed({"datasets.0.gib": 7, "network.gib_per_month": 3}).network is not None
    assert pattern(network={"gib_per_month": 3}).changed({"network": None}).network is None
    with pytest.raises(InvalidInput, match="datasets.0.gib"):
        pattern().changed({"datasets.0.gib": -7})
