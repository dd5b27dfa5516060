"""A target-tracking policy as requests to Application Auto Scaling, ready to paste; and tags for cost allocation.

Field by field from the API Reference (RegisterScalableTarget, PutScalingPolicy,
TargetTrackingScalingPolicyConfiguration; SageMaker's AddTags), as botocore's service models carry it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from costlib.models.autoscaling import Policy

PLACEHOLDER_ENDPOINT, PLACEHOLDER_VARIANT = "REPLACE_WITH_YOUR_ENDPOINT", "AllTraffic"
DIMENSION = "sagemaker:variant:DesiredInstanceCount"
METRIC = "SageMakerVariantInvocationsPerInstance"
#: Keys by which Cost Explorer and a bill can tell endpoints apart, once they are activated as cost allocation tags.
TAG_KEYS = ("team", "model", "stage", "endpoint")


@dataclass(frozen=True)
class PolicyRequest:
    """``register`` is the body of RegisterScalableTarget, ``policy`` that of PutScalingPolicy, ``tags`` of AddTags."""

    register: dict[str, Any]
    policy: dict[str, Any]
    tags: dict[str, Any]

    @property
    def commands(self) -> list[str]:
        """How the requests are sent, once each is saved in its file."""
        return [
            "aws application-autoscaling register-scalable-target --cli-input-json file://target.json",
            "aws application-autoscaling put-scaling-policy --cli-input-json file://policy.json",
            "aws sagemaker add-tags --cli-input-json file://tags.json",
        ]

    def as_dict(self) -> dict[str, object]:
        """JSON-ready."""
        return {"register": self.register, "policy": self.policy, "tags": self.tags, "commands": self.commands}


def policy_request(policy: Policy, region: str, values: Mapping[str, str] | None = None) -> PolicyRequest:
    """The requests for one policy; ``values`` fills tags, what is missing stays to be replaced."""
    resource = f"endpoint/{PLACEHOLDER_ENDPOINT}/variant/{PLACEHOLDER_VARIANT}"
    where = {"ServiceNamespace": "sagemaker", "ResourceId": resource, "ScalableDimension": DIMENSION}
    given = values or {}
    return PolicyRequest(
        register={**where, "MinCapacity": int(policy.least), "MaxCapacity": int(policy.most)},
        policy={
            "PolicyName": "costlib-target-tracking",
            **where,
            "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": {
                "TargetValue": round(float(policy.target_per_minute), 3),
                "PredefinedMetricSpecification": {"PredefinedMetricType": METRIC},
                "ScaleOutCooldown": int(policy.scale_out_cooldown_seconds),
                "ScaleInCooldown": int(policy.scale_in_cooldown_seconds),
                "DisableScaleIn": False,
            },
        },
        tags={
            "ResourceArn": f"arn:aws:sagemaker:{region}:REPLACE_WITH_YOUR_ACCOUNT:endpoint/{PLACEHOLDER_ENDPOINT}",
            "Tags": [{"Key": key, "Value": given.get(key, f"REPLACE_WITH_YOUR_{key.upper()}")} for key in TAG_KEYS],
        },
    )
