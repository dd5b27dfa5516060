"""Tag policy as code: which tags with which values must be there, who breaks it, and the policies to prevent that."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from costlib.billing.bill import plain_key
from costlib.errors import Fault, InvalidInput, unknown

if TYPE_CHECKING:
    import pandas as pd

    from costlib.billing.bill import Bill

#: What creates tagged resources, by service code: the action, and the resources that it tags. For EC2 as in AWS's
#: example "Require a tag on specified created resources", where others of a call stay free; SageMaker's create actions
#: take the condition aws:RequestTag on all that they make (IAM User Guide, condition keys for Amazon SageMaker).
CREATES: dict[str, tuple[tuple[str, str], ...]] = {
    "AmazonEC2": (
        ("ec2:RunInstances", "arn:aws:ec2:*:*:instance/*"),
        ("ec2:RunInstances", "arn:aws:ec2:*:*:volume/*"),
        ("ec2:CreateVolume", "arn:aws:ec2:*:*:volume/*"),
    ),
    "AmazonSageMaker": (
        ("sagemaker:CreateTrainingJob", "*"),
        ("sagemaker:CreateProcessingJob", "*"),
        ("sagemaker:CreateTransformJob", "*"),
        ("sagemaker:CreateEndpoint", "*"),
        ("sagemaker:CreateNotebookInstance", "*"),
    ),
}
ENFORCED = {"AmazonEC2": ("ec2:instance", "ec2:volume"), "AmazonSageMaker": ()}
#: AWS's limits on tags (Organizations, Tag): a key has 1 to 128 characters, a value at most 256.
MOST_KEY, MOST_VALUE = 128, 256


@dataclass(frozen=True)
class TagPolicy:
    """``required`` keys, ``allowed`` values by key (``*`` at an end stands for anything), on rows of ``services``."""

    required: tuple[str, ...]
    allowed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    services: tuple[str, ...] = tuple(CREATES)

    def __post_init__(self) -> None:
        faults = [Fault("required", key, "is there twice") for key in self.required if self.required.count(key) > 1]
        keys = list(dict.fromkeys([*self.required, *self.allowed]))
        if not keys:
            faults.append(Fault("required", None, "names no tag, and allowed neither: the policy asks for nothing"))
        faults += [
            Fault("tag", key, f"must have 1 to {MOST_KEY} characters, and not begin with aws:")
            for key in keys
            if not 1 <= len(key) <= MOST_KEY or key.lower().startswith("aws:")
        ]
        for key, values in self.allowed.items():
            if not values:
                faults.append(Fault(f"allowed.{key}", None, "allows no value at all"))
            faults += [
                Fault(f"allowed.{key}", value, f"must have at most {MOST_VALUE} characters, and one * at its end")
                for value in values
                if len(value) > MOST_VALUE or "*" in value[:-1]
            ]
        faults += [
            unknown("services", one, CREATES, "service of a tag policy") for one in self.services if one not in CREATES
        ]
        if faults:
            raise InvalidInput(faults)

    @classmethod
    def from_yaml(cls, path: str | os.PathLike[str]) -> TagPolicy:
        """The policy of a YAML file: ``required: [team]``, ``allowed: {environment: [dev]}``, ``services: [...]``."""
        import yaml

        try:
            with open(path, encoding="utf-8") as file:
                content = yaml.safe_load(file)
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise InvalidInput([Fault("tag_policy", str(path), f"cannot be read: {error}")]) from error
        return cls.from_mapping(content)

    @classmethod
    def from_mapping(cls, content: Any) -> TagPolicy:
        """The policy of a mapping. Raises InvalidInput with everything wrong."""
        names = ("required", "allowed", "services")
        if not isinstance(content, Mapping):
            raise InvalidInput([Fault("tag_policy", content, f"must be a mapping of {', '.join(names)}")])
        faults = [unknown("tag_policy", name, names, "part of a tag policy") for name in content if name not in names]
        allowed = content.get("allowed", {})
        lists = {"required": content.get("required", []), "services": content.get("services", list(CREATES))}
        if isinstance(allowed, Mapping):
            lists |= {f"allowed.{key}": values for key, values in allowed.items()}
        else:
            faults.append(Fault("allowed", allowed, "must be a mapping of a tag to its values"))
        for name, values in lists.items():
            if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
                faults.append(Fault(name, values, "must be a list of texts"))
        if faults:
            raise InvalidInput(faults)
        by_key = {str(key): tuple(values) for key, values in allowed.items()}
        return cls(tuple(lists["required"]), by_key, tuple(lists["services"]))

    @property
    def keys(self) -> tuple[str, ...]:
        """All keys that the policy speaks of."""
        return tuple(dict.fromkeys([*self.required, *self.allowed]))

    def service_control_policy(self) -> dict[str, Any]:
        """The Service Control Policy that refuses to create what lacks a required tag.

        One statement a key and kind of resource, as in AWS's example: keys in one condition would all have to lack. It
        does not look at values: that is the tag policy's part.
        """
        statements: list[dict[str, Any]] = []
        for key in self.required:
            for service in self.services:
                by_resources: dict[str, list[str]] = {}
                for action, resource in CREATES[service]:
                    by_resources.setdefault(action, []).append(resource)
                for action, resources in by_resources.items():
                    statements.append(
                        {
                            "Sid": f"Deny{re.sub('[^A-Za-z]', '', action.split(':')[1])}Without{len(statements) + 1}",
                            "Effect": "Deny",
                            "Action": action,
                            "Resource": resources[0] if resources == ["*"] else resources,
                            "Condition": {"Null": {f"aws:RequestTag/{key}": "true"}},
                        }
                    )
        return {"Version": "2012-10-17", "Statement": statements}

    def tag_policy(self) -> dict[str, Any]:
        """The Organizations tag policy: the keys in this spelling, and the values that they may have."""
        tags: dict[str, Any] = {}
        enforced = [kind for service in self.services for kind in ENFORCED[service]]
        for key in self.keys:
            one: dict[str, Any] = {"tag_key": {"@@assign": key}}
            if key in self.allowed:
                one["tag_value"] = {"@@assign": list(self.allowed[key])}
                if enforced:
                    one["enforced_for"] = {"@@assign": enforced}
            # The policy key stands for the tag key in any capitals.
            tags[key.lower()] = one
        return {"tags": tags}


def violators(bill: Bill, policy: TagPolicy, cost: str = "effective_cost", most: int = 1000) -> pd.DataFrame:
    """Resources that break the policy, dearest first: ``account_id, service, resource_id, problem, rows, cost``.

    ``problem`` names keys that are missing, values that are not allowed, and keys that stand there in other capitals.
    Only usage with a resource counts: what has none cannot be tagged.
    """
    import ibis

    rows = bill.rows
    wanted = rows.filter(
        (rows.charge_category == "Usage") & rows.resource_id.notnull() & rows.service_code.isin(list(policy.services))
    )
    tests = _tests(bill, policy)
    told: Any = ibis.literal("")
    for words, wrong in tests:
        told = told + ibis.ifelse(ibis.coalesce(wrong, ibis.literal(False)), f"{words}; ", "")
    table = wanted.mutate(problem=told)
    broken = table.filter(reduce(or_, (ibis.coalesce(wrong, ibis.literal(False)) for _, wrong in tests)))
    keys = ["account_id", "service", "resource_id", "problem"]
    found = broken.group_by(keys).agg(rows=broken.count(), cost=broken[cost].sum())
    frame = bill.ask(found.order_by([ibis.desc("cost"), "resource_id"]).limit(most))
    frame["problem"] = frame["problem"].astype(str).str.removesuffix("; ")
    return frame


def _tests(bill: Bill, policy: TagPolicy) -> list[tuple[str, Any]]:
    """What can be wrong with a row: the words for it, and the expression that it is so."""
    import ibis

    tests: list[tuple[str, Any]] = []
    for key in policy.keys:
        held = bool(bill.spellings(key))
        value = bill.tag(key) if held else ibis.literal("").nullif("")
        if key in policy.required:
            tests.append((f"{key} is missing", value.isnull() if held else ibis.literal(True)))
        for other in sorted({plain_key(raw) for raw in bill.tag_keys}):
            if other != key and other.lower() == key.lower():
                tests.append((f"{key} is written {other}", bill.tag(other).notnull()))
        if held and key in policy.allowed:
            right = [_matches(value, pattern) for pattern in policy.allowed[key]]
            tests.append((f"{key} has a value that is not allowed", value.notnull() & ~reduce(or_, right)))
    return tests


def _matches(value: Any, pattern: str) -> Any:
    return value.startswith(pattern[:-1]) if pattern.endswith("*") else value == pattern
