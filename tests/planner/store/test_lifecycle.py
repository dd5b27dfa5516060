"""Lifecycle rules: accepted in shape by S3's own service model, and the rules between fields held."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
import pytest
from botocore.model import StructureShape
from botocore.validate import ParamValidator

from costlib.planner.store.answer import StorageAnswer, store
from costlib.planner.store.lifecycle import lifecycle_configuration
from costlib.planner.store.pattern import StoragePattern
from costlib.planner.store.sources import StoreSources
from tests.planner.spot.test_fleet_request import not_in_enum
from tests.planner.store.conftest import EXAMPLES, pattern


@pytest.fixture(scope="module")
def shape() -> StructureShape:
    """The input of PutBucketLifecycleConfiguration, from the service model on disk."""
    model = botocore.session.get_session().get_service_model("s3")
    return model.operation_model("PutBucketLifecycleConfiguration").input_shape


CHAINS = [
    {"reads": [{"to_day": 40, "per_month": 3}, {"from_day": 40, "to_day": 200, "per_month": 0.3}]},
    {"gib": 1, "objects": 20_000, "lifetime_days": 300, "classes": ["STANDARD", "GLACIER_IR"]},
    {"lifetime_days": 20, "prefix": "raw/2026/"},
    {"age_days": 100, "prefix": ""},
    {"classes": ["STANDARD", "GLACIER_FLEXIBLE"]},
]


@pytest.mark.parametrize("data", CHAINS)
def test_accepted_by_the_service_model(data: dict, shape: StructureShape, store_sources: StoreSources) -> None:
    found = store(pattern(data=data), store_sources).lifecycle
    assert found is not None
    request = {"Bucket": "b", "LifecycleConfiguration": json.loads(json.dumps(found))}
    report = ParamValidator().validate(request, shape)
    assert not report.has_errors(), report.generate_report()
    assert not_in_enum(shape, request) == []
    check_rules(found)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_examples_too(path: Any, shape: StructureShape, store_sources: StoreSources) -> None:
    found = store(StoragePattern.from_yaml(path), store_sources).lifecycle
    report = ParamValidator().validate({"Bucket": "b", "LifecycleConfiguration": found}, shape)
    assert not report.has_errors(), report.generate_report()
    check_rules(found or {})


def check_rules(found: dict) -> None:
    """What the API Reference says and a shape does not."""
    for rule in found["Rules"]:
        days = [move["Days"] for move in rule.get("Transitions", ())]
        assert days == sorted(set(days)), "moves in turn"
        for move in rule.get("Transitions", ()):
            assert move["StorageClass"] not in ("STANDARD_IA", "ONEZONE_IA") or move["Days"] >= 30
        if "Expiration" in rule:
            assert rule["Expiration"]["Days"] >= 1 and all(day < rule["Expiration"]["Days"] for day in days)
        assert len(rule["Filter"]) == 1 and len(rule["ID"]) <= 255


def test_the_check_itself_refuses(shape: StructureShape) -> None:
    wrong = {"Bucket": "b", "LifecycleConfiguration": {"Rules": [{"Transitions": [{"Day": 3}]}]}}
    report = ParamValidator().validate(wrong, shape).generate_report()
    assert "Status" in report and "Day" in report
    rules = {"Rules": [{"Transitions": [{"StorageClass": "GLACIER_FLEXIBLE"}]}]}
    (told,) = not_in_enum(shape, {"LifecycleConfiguration": rules})
    assert told.endswith(".StorageClass: GLACIER_FLEXIBLE")


def test_small_objects_are_moved_only_if_the_filter_speaks_of_sizes(store_sources: StoreSources) -> None:
    found: StorageAnswer = store(
        pattern(data={"gib": 1, "objects": 10_486, "classes": ["STANDARD", "GLACIER_IR"]}, horizon_days=730),
        store_sources,
    )
    assert found.chosen.policies[0].steps[-1][0] == "GLACIER_IR", "billed as 128 KiB, and still cheaper"
    rule = found.lifecycle["Rules"][0]  # type: ignore[index]
    assert rule["Filter"] == {"And": {"Prefix": "a/", "ObjectSizeGreaterThan": 1}}
    assert lifecycle_configuration(found.held, found.chosen.policies, 1.0)["Rules"][0]["Filter"] == {"Prefix": "a/"}  # type: ignore[index]


def test_nothing_to_do_is_no_rule(store_sources: StoreSources) -> None:
    assert store(pattern(data={"force_class": "STANDARD"}), store_sources).lifecycle is None
