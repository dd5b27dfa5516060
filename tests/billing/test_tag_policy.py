"""Tag policy: who breaks it, and the policies that would stop it."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from costlib.billing.bill import open_bill
from costlib.billing.tag_policy import TagPolicy, violators
from costlib.errors import InvalidInput
from tests.billing.conftest import focus, written

POLICY = {"required": ["team"], "allowed": {"environment": ["dev", "prod-*"]}}


def test_who_breaks_it(tmp_path: Path) -> None:
    rows = [
        ("good", {"team": "a", "environment": "dev"}, 1.0),
        ("fine", {"team": "a", "environment": "prod-eu"}, 1.0),
        ("bare", {}, 5.0),
        ("other", {"Team": "a"}, 4.0),
        ("value", {"team": "a", "environment": "production"}, 3.0),
        ("empty", {"team": ""}, 2.0),
        ("", {}, 50.0),
    ]
    frame = focus(*({"ResourceId": name, "Tags": json.dumps(tags), "EffectiveCost": cost} for name, tags, cost in rows))
    bucket = focus({"ResourceId": "bucket", "x_ServiceCode": "AmazonS3"})
    bill = open_bill(written(pd.concat([frame, bucket]), tmp_path / "b.csv"))
    found = violators(bill, TagPolicy.from_mapping(POLICY)).set_index("resource_id")
    assert found["problem"].to_dict() == {
        "bare": "team is missing",
        "other": "team is missing; team is written Team",
        "value": "environment has a value that is not allowed",
        "empty": "team is missing",
    }
    assert list(found["cost"]) == [5.0, 4.0, 3.0, 2.0]
    # A key that nobody has used yet is missing everywhere.
    assert len(violators(bill, TagPolicy(("cost-centre",)))) == 6


def test_the_service_control_policy() -> None:
    """The shape of AWS's example: Null on aws:RequestTag, a statement a key, EC2 on instances and volumes only."""
    policy = TagPolicy(("team", "cost/centre"), services=("AmazonEC2",)).service_control_policy()
    assert policy["Version"] == "2012-10-17"
    first = policy["Statement"][0]
    assert first["Action"] == "ec2:RunInstances" and first["Effect"] == "Deny"
    assert first["Resource"] == ["arn:aws:ec2:*:*:instance/*", "arn:aws:ec2:*:*:volume/*"]
    assert first["Condition"] == {"Null": {"aws:RequestTag/team": "true"}}
    keys = [list(one["Condition"]["Null"]) for one in policy["Statement"]]
    assert all(len(one) == 1 for one in keys) and ["aws:RequestTag/cost/centre"] in keys
    ids = [one["Sid"] for one in policy["Statement"]]
    assert len(set(ids)) == len(ids) and all(one.isalnum() for one in ids)
    sagemaker = TagPolicy(("team",), services=("AmazonSageMaker",)).service_control_policy()
    assert {one["Action"] for one in sagemaker["Statement"]} >= {
        "sagemaker:CreateTrainingJob",
        "sagemaker:CreateEndpoint",
    }
    json.dumps(policy)


def test_the_tag_policy() -> None:
    made = TagPolicy.from_mapping({**POLICY, "required": ["Team"]}).tag_policy()
    assert made["tags"]["team"] == {"tag_key": {"@@assign": "Team"}}
    environment = made["tags"]["environment"]
    assert environment["tag_value"] == {"@@assign": ["dev", "prod-*"]}
    assert environment["enforced_for"] == {"@@assign": ["ec2:instance", "ec2:volume"]}


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        ([], ["tag_policy"]),
        ({}, ["required"]),
        ({"requires": ["a"], "allowed": []}, ["tag_policy", "allowed"]),
        ({"required": "team", "services": [1]}, ["required", "services"]),
        ({"required": ["aws:x", "a", "a"], "services": ["EC2"]}, ["required", "required", "tag", "services"]),
        ({"required": ["a"], "allowed": {"e": [], "f": ["*x", "y" * 300]}}, ["allowed.e", "allowed.f", "allowed.f"]),
    ],
)
def test_policies_that_make_no_sense(content: object, fields: list[str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        TagPolicy.from_mapping(content)
    assert [fault.field for fault in caught.value.faults] == fields


def test_a_policy_file(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("required: [team]\nallowed: {environment: [dev, 'prod-*']}\n")
    assert TagPolicy.from_yaml(path) == TagPolicy.from_mapping(POLICY)
    path.write_text("required: [team\n")
    with pytest.raises(InvalidInput, match="cannot be read"):
        TagPolicy.from_yaml(path)
