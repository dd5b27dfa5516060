"""How commitments are named for people, in charts, tables and controls alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PLAN_NAMES = {
    "standard": "Standard Reserved Instance",
    "convertible": "Convertible Reserved Instance",
    "ec2_instance": "EC2 Instance Savings Plan",
    "compute": "Compute Savings Plan",
    "sagemaker": "SageMaker Savings Plan",
    "capacity_block": "Capacity Block",
}
PAYMENT_NAMES = {
    "no_upfront": "no upfront",
    "partial_upfront": "partial upfront",
    "all_upfront": "all upfront",
    "": "",
}


def scope_name(row: Mapping[Any, Any]) -> str:
    """What a purchase serves: a type or a family in a region, or everything that its plan covers."""
    parts = [row[name] for name in ("instance_type", "family", "region")]
    return " ".join(part for part in parts if isinstance(part, str)) or "all of its service"


def term_name(term_years: float) -> str:
    """A term in words; a Capacity Block's is in days."""
    if round(term_years, 6) in (1, 3):
        return "1 year" if round(term_years) == 1 else "3 years"
    return f"{term_years * 365:.0f} days"


def amount_name(amount: float, unit: str) -> str:
    """An amount with its unit: instances, or USD an hour."""
    return f"{amount:,.0f} instances" if unit == "instances" else f"{amount:,.3f} USD/h"


def offer_name(row: Mapping[Any, Any]) -> str:
    """A plan, its term and payment: what is chosen among."""
    parts = [PLAN_NAMES[row["plan_type"]], term_name(row["term_years"]), PAYMENT_NAMES[row["payment"]]]
    return ", ".join(part for part in parts if part)
