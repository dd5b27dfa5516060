"""The chosen policies as stretches of days, and as the JSON that put-bucket-lifecycle-configuration takes."""

from __future__ import annotations

from collections.abc import Sequence

from costlib.models.storage_policy import Policy
from costlib.planner.store.policies import Held

#: The API's names of classes, where they are not ours.
API_NAMES = {"GLACIER_FLEXIBLE": "GLACIER"}
COMMAND = (
    "aws s3api put-bucket-lifecycle-configuration --bucket YOUR-BUCKET --lifecycle-configuration file://lifecycle.json"
)


def stretches(held: Held, policy: Policy) -> list[dict[str, object]]:
    """In which class objects are from which to which day of their age; the last day is that of their deletion, or of
    the oldest within the horizon."""
    days = [day for _, day in policy.steps] + [held.stored[1].ages]
    return [
        {"class": name, "from_day": day, "to_day": until}
        for (name, day), until in zip(policy.steps, days[1:], strict=True)
        if until > day
    ]


def lifecycle_configuration(
    held: Sequence[Held], policies: Sequence[Policy], least_kib: float
) -> dict[str, list[dict[str, object]]] | None:
    """The rules, one a dataset that needs one; None where nothing is to be moved or deleted.

    S3 leaves objects below ``least_kib`` where they are unless the filter speaks of sizes, so rules for datasets of
    smaller objects say that any size is meant.
    """
    rules = []
    for one, policy in zip(held, policies, strict=True):
        moves: list[dict[str, object]] = [
            {"Days": day, "StorageClass": API_NAMES.get(name, name)} for name, day in policy.steps[1:]
        ]
        rule: dict[str, object] = {"ID": f"costlib-{one.data.name}", "Status": "Enabled"}
        small = one.data.object_kib < least_kib and moves
        prefix = one.data.key_prefix
        rule["Filter"] = {"And": {"Prefix": prefix, "ObjectSizeGreaterThan": 1}} if small else {"Prefix": prefix}
        if moves:
            rule["Transitions"] = moves
        if one.data.lifetime_days is not None:
            rule["Expiration"] = {"Days": one.data.lifetime_days}
        if moves or one.data.lifetime_days is not None:
            rules.append(rule)
    return {"Rules": rules} if rules else None
