"""Autoscaling requests: accepted in shape by the services' own models, with enumerations, ranges and patterns."""

from __future__ import annotations

import json
import re
from typing import Any

import botocore.session
import pytest
from botocore.model import ListShape, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator

from costlib.models.autoscaling import Policy
from costlib.planner.serve.policy_request import policy_request

POLICY = Policy(425.9449, 60.0, 900.0, 2, 22)


#: What Java's patterns write and Python's do not know; ASCII stands for all letters here.
JAVA_CLASSES = {"\\p{Print}": "[ -~]", "\\p{L}": "A-Za-z", "\\p{Z}": " ", "\\p{N}": "0-9",
                "\\uD800\\uDC00-\\uDBFF\\uDFFF": ""}  # fmt: skip


def shape(service: str, operation: str) -> StructureShape:
    model = botocore.session.get_session().get_service_model(service)
    return model.operation_model(operation).input_shape


def not_allowed(of: Shape, value: Any, path: str = "") -> list[str]:
    """What ParamValidator does not look at: enumerations and patterns of texts."""
    if isinstance(of, StructureShape):
        return [text for key, item in value.items() for text in not_allowed(of.members[key], item, f"{path}.{key}")]
    if isinstance(of, ListShape):
        return [text for item in value for text in not_allowed(of.member, item, path)]
    if not isinstance(of, StringShape):
        return []
    pattern = of.metadata.get("pattern")
    wrong = bool(of.enum) and value not in of.enum
    if pattern:
        for java, ours in JAVA_CLASSES.items():
            pattern = pattern.replace(java, ours)
        wrong |= re.fullmatch(pattern, value) is None
    return [f"{path}: {value}"] if wrong else []


@pytest.mark.parametrize(
    ("service", "operation", "part"),
    [
        ("application-autoscaling", "RegisterScalableTarget", "register"),
        ("application-autoscaling", "PutScalingPolicy", "policy"),
        ("sagemaker", "AddTags", "tags"),
    ],
)
def test_accepted_by_the_service_model(service: str, operation: str, part: str) -> None:
    found = policy_request(POLICY, "us-east-1", {"team": "search"}).as_dict()
    body = json.loads(json.dumps(found[part], allow_nan=False))
    of = shape(service, operation)
    report = ParamValidator().validate(body, of)
    assert not report.has_errors(), report.generate_report()
    # The placeholder stands where twelve digits go.
    if part == "tags":
        body["ResourceArn"] = body["ResourceArn"].replace("REPLACE_WITH_YOUR_ACCOUNT", "123456789012")
    assert not_allowed(of, body) == []


def test_the_check_itself_refuses() -> None:
    body: Any = policy_request(POLICY, "us-east-1").policy
    wrong = {**body, "PolicyType": "Tracking"}
    wrong["TargetTrackingScalingPolicyConfiguration"] = {"ScaleInCooldown": "soon"}
    of = shape("application-autoscaling", "PutScalingPolicy")
    report = ParamValidator().validate(wrong, of).generate_report()
    assert "TargetValue" in report and "ScaleInCooldown" in report
    assert not_allowed(of, {"PolicyType": "Tracking"}) == [".PolicyType: Tracking"]
    assert not_allowed(of, {"PolicyName": "a\tb"}) == [".PolicyName: a\tb"]


def test_numbers_are_the_policys() -> None:
    found = policy_request(POLICY, "us-east-1")
    config = found.policy["TargetTrackingScalingPolicyConfiguration"]
    assert config["TargetValue"] == 425.945 and config["ScaleInCooldown"] == 900 and config["ScaleOutCooldown"] == 60
    assert found.register["MinCapacity"] == 2 and found.register["MaxCapacity"] == 22
    assert found.policy["ResourceId"] == found.register["ResourceId"]
