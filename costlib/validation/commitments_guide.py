"""How AWS applies commitments, held against the examples that its own guides work by hand.

Sources: Savings Plans User Guide, "Understanding how Savings Plans apply to your usage", its five scenarios and the one
of an earlier edition (docs.aws.amazon.com/savingsplans/latest/userguide/sp-applying.html); AWS whitepaper "Amazon EC2
Reserved Instances and Other AWS Service Reservation Models", "Maximizing Utilization with Size Flexibility".
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from costlib.models.commitments_apply import Applied, apply_discounts
from costlib.models.commitments_inputs import Commitment, Line, Usage

SAVINGS_PLANS = "https://docs.aws.amazon.com/savingsplans/latest/userguide/sp-applying.html"
RESERVED = (
    "https://docs.aws.amazon.com/whitepapers/latest/cost-optimization-reservation-models/"
    "maximizing-utilization-with-size-flexibility-in-regional-reserved-instances.html"
)
PARTIAL: dict[str, Any] = {"term_years": 1, "payment": "partial_upfront"}

#: One hour of usage: line, on-demand, Compute and EC2 Instance Savings Plan rates in USD, quantity. The rates are the
#: guide's own, "illustrative only".
GUIDE = (
    (Line("r5.4xlarge", "us-east-1"), 1.00, 0.70, 0.60, 4.0),
    (Line("vcpu", "us-west-1", "fargate"), 0.04, 0.03, None, 400.0),
    (Line("gb", "us-west-1", "fargate"), 0.004, 0.003, None, 1600.0),
    (Line("m5.24xlarge", "us-east-1", platform="windows", tenancy="dedicated"), 10.00, 8.20, 7.80, 1.0),
    # A million requests of 0.5 GB for 3 seconds.
    (Line("gb_second", "us-east-2", "lambda"), 0.000015, 0.00001275, None, 1_500_000.0),
    (Line("million_requests", "us-east-2", "lambda"), 0.20, 0.20, None, 1.0),
)
EARLIER = (
    (Line("c5.9xlarge", "us-east-1"), 4.0, 2.0, 1.0, 1.0),
    (Line("c5.24xlarge", "us-east-1", platform="windows", tenancy="dedicated"), 10.0, 8.0, 6.0, 1.0),
    (Line("vcpu", "us-west-1", "fargate"), 1.5, 1.0, None, 10.0),
    (Line("gb", "us-west-1", "fargate"), 2.0, 1.0, None, 5.0),
)
#: What a regional Reserved Instance "applies to": bought, running, how many run, how many of them are covered.
SIZES = (
    ("t2.medium", "t2.small", 2.0, 2.0),
    ("t2.medium", "t2.large", 1.0, 0.5),
    ("c4.8xlarge", "c4.8xlarge", 1.0, 1.0),
    ("c4.8xlarge", "c4.4xlarge", 2.0, 2.0),
    ("c4.8xlarge", "c4.2xlarge", 4.0, 4.0),
    ("c4.8xlarge", "c4.large", 16.0, 16.0),
)

Example = tuple[tuple[Line, float, float, float | None, float], ...]


def rate_row(line: Line, plan_type: str, usd: float, term_years: float = 0, payment: str = "") -> dict[str, object]:
    """A row of a rates table."""
    named = ("instance_type", "region", "service", "platform", "tenancy")
    terms = {"plan_type": plan_type, "term_years": term_years, "payment": payment, "upfront_fraction": 0.5}
    return {**terms, **{name: getattr(line, name) for name in named}, "usd_per_hour": usd}


def rates_of(example: Example) -> pd.DataFrame:
    """The rates of an example. What a Reserved Instance costs the guide does not say: as an EC2 Instance plan here, and
    no number of the guide depends on it."""
    rows = []
    for line, on_demand, compute_usd, instance_usd, _ in example:
        rows += [rate_row(line, "on_demand", on_demand), rate_row(line, "compute", compute_usd, 1, "partial_upfront")]
        if instance_usd is not None:
            rows += [rate_row(line, plan, instance_usd, 1, "partial_upfront") for plan in ("ec2_instance", "standard")]
    return pd.DataFrame(rows)


def hour_of(example: Example, *commitments: Commitment) -> Applied:
    """An example's hour under commitments."""
    usage = Usage(tuple(line for line, *_ in example), np.array([[quantity for *_, quantity in example]]))
    return apply_discounts(usage, commitments, rates_of(example))


def compute(amount: float) -> Commitment:
    """A Compute Savings Plan of so many USD an hour, as in the guide."""
    return Commitment("compute", amount, **PARTIAL)


def guide_check() -> pd.DataFrame:
    """``label, group, reference, predicted, source``, and ``exact``: whether it is the guide's number, as far as that
    has digits."""
    rows = [*_plans(), *_sizes()]
    frame = pd.DataFrame(rows, columns=["label", "group", "reference", "predicted", "digits", "source"])
    # The guide rounds half a cent up (47.125 is its 47.13): half of its last digit, and the rounding of the sum.
    half = 0.5 * 10.0 ** -frame.pop("digits")
    return frame.assign(exact=(frame["predicted"] - frame["reference"]).abs() <= half + 1e-9)


def _plans() -> list[tuple[str, str, float, float, int, str]]:
    bare = hour_of(GUIDE)
    all_usage, some, across = (hour_of(GUIDE, compute(usd)) for usd in (50.0, 2.0, 19.6))
    reserved = Commitment("standard", 2, instance_type="r5.4xlarge", region="us-east-1", **PARTIAL)
    beside = hour_of(GUIDE, compute(18.2), reserved)
    two = hour_of(GUIDE, compute(16.8), Commitment("ec2_instance", 3.0, family="r5", region="us-east-1", **PARTIAL))
    whole = hour_of(EARLIER, compute(25))
    r5 = float(some.covered_quantity[0, 0])
    found = [
        ("scenario 1: without a plan", 59.10, bare.on_demand_usd[0], 2),
        ("scenario 1: all usage at the plan's rates", 47.13, all_usage.covered_usd[0], 2),
        ("scenario 2: r5.4xlarge covered", 2.9, r5, 1),
        ("scenario 2: r5.4xlarge on demand", 1.1, 4 - r5, 1),
        ("scenario 2: USD of r5 on demand", 1.14, (4 - r5) * 1.00, 2),
        ("scenario 2: USD of the rest", 55.10, some.on_demand_usd[0] - (4 - r5) * 1.00, 2),
        ("scenario 2: all on demand", 56.24, some.on_demand_usd[0], 2),
        ("scenario 3: the plan is met", 19.60, across.covered_usd[0], 2),
        ("scenario 3: the rest on demand", 32.70, across.on_demand_usd[0], 2),
        ("scenario 4: the plan is met beside two RI", 18.20, 18.2 * beside.used_fraction[0, 0], 2),
        ("scenario 4: the rest on demand", 32.70, beside.on_demand_usd[0], 2),
        ("scenario 5: used of the EC2 Instance plan", 2.40, 3 * two.used_fraction[0, 1], 2),
        ("scenario 5: the Compute plan is met", 16.80, 16.8 * two.used_fraction[0, 0], 2),
        ("scenario 5: the rest on demand", 32.70, two.on_demand_usd[0], 2),
        ("earlier edition, scenario 1: all usage", 25.00, whole.total_usd[0], 2),
    ]
    return [(label, "Savings Plans", said, float(usd), digits, SAVINGS_PLANS) for label, said, usd, digits in found]


def _sizes() -> list[tuple[str, str, float, float, int, str]]:
    rows = []
    for bought, runs, count, said in SIZES:
        line = Line(runs, "us-east-1")
        held = Commitment("standard", 1, instance_type=bought, region="us-east-1", **PARTIAL)
        sold = rate_row(Line(bought, "us-east-1"), "standard", 0.5, 1, "partial_upfront")
        rates = pd.DataFrame([rate_row(line, "on_demand", 1.0), sold])
        found = apply_discounts(Usage((line,), np.array([[count]])), [held], rates)
        label = f"one {bought} covers of {count:g} {runs}"
        rows.append((label, "Reserved Instances", said, float(found.covered_quantity[0, 0]), 1, RESERVED))
    return rows
