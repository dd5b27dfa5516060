"""Four kinds of work to start from. Their numbers are examples of this workbook: no source says them, put your own."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

EXAMPLE_RULE = (
    "counts, hours and people's hours of the four kinds are examples of this workbook, not measured: put your own"
)
#: People's time as an example: rate, and hours for the whole set.
_RATE = 80
_STAFF = {"ec2": 6, "batch": 3, "sagemaker": 1}

#: By name: the key ``jobs`` of a workload.
KINDS: MappingProxyType[str, dict[str, Any]] = MappingProxyType(
    {
        "one long job": {
            "count": 1, "hours_each": 120, "instance_type": "p4d.24xlarge", "instances": 2,
            "staff_usd_per_hour": _RATE, "staff_hours": dict(_STAFF),
        },
        "a day of short jobs": {
            "count": 24, "hours_each": 0.25, "instance_type": "g5.xlarge", "over_hours": 10,
            "staff_usd_per_hour": _RATE, "staff_hours": {"ec2": 1, "batch": 0.5, "sagemaker": 0.2},
        },
        "a sweep of small jobs": {
            "count": 300, "hours_each": 0.2, "instance_type": "g5.12xlarge", "parallel": 40, "vcpu": 8, "gpu": 1,
            "memory_gib": 28, "staff_usd_per_hour": _RATE, "staff_hours": dict(_STAFF),
        },
        "a standing research fleet": {
            "count": 1500, "hours_each": 2, "instance_type": "g5.2xlarge", "parallel": 8, "over_hours": 730,
            "standing": True, "staff_usd_per_hour": _RATE, "staff_hours": {"ec2": 16, "batch": 8, "sagemaker": 2},
        },
    }
)  # fmt: skip
