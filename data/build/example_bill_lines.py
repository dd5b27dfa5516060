"""The words of the example bill: its accounts and commitments, a line of charges, and the prices of the snapshot."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from costlib.prices.book import PriceBook

START, END = pd.Timestamp("2026-04-01"), pd.Timestamp("2026-10-01")
PAYER = "111122223333"
RESEARCH, PLATFORM, PRODUCTION = "444455556666", "777788889999", "222233334444"
NAMES = {RESEARCH: "ml-research", PLATFORM: "ml-platform", PRODUCTION: "ml-production", PAYER: "payer"}
MACHINE_PLAN = f"arn:aws:savingsplans::{PAYER}:savingsplan/ml-serving"
RESERVATION = f"arn:aws:ec2:us-east-1:{PAYER}:reserved-instances/m5-data"
#: The reservation ends with August: from then on its instances run on demand.
RESERVATION_END = pd.Timestamp("2026-09-01")
#: Instances reserved, and what the Savings Plan commits to, in instances of ml.g5.xlarge.
RESERVED, PLANNED = 6.0, 2.5


@dataclass(frozen=True)
class Line:
    """One resource's charges: a row for each of ``starts``, with ``quantity`` of ``unit`` at these prices of a unit."""

    service: str
    account: str
    usage_type: str
    description: str
    starts: pd.DatetimeIndex
    quantity: np.ndarray | float
    list_usd: float
    effective_usd: float
    resource: str | None
    region: str = "us-east-1"
    unit: str = "Hours"
    tags: dict[str, str] = field(default_factory=dict)
    pricing: str = "Standard"
    commitment: str | None = None
    status: str | None = None
    operation: str = ""
    hours: int = 1


def hours(first: object = START, end: object = END) -> pd.DatetimeIndex:
    """All hours from ``first`` to before ``end``."""
    return pd.date_range(pd.Timestamp(first), pd.Timestamp(end), freq="h", inclusive="left")  # type: ignore[arg-type]


def arn(kind: str, name: str, account: str, region: str = "us-east-1") -> str:
    """A SageMaker resource's ARN."""
    return f"arn:aws:sagemaker:{region}:{account}:{kind}/{name}"


@dataclass(frozen=True)
class Rates:
    """USD an hour or unit, from the price book (us-east-1 where no region is named)."""

    train_g5: float
    train_p4d: float
    managed_od: float
    managed_spot: float
    host_g5: float
    host_g5_plan: float
    host_m5: float
    notebook: float
    g5_12x: float
    g5_12x_spot: float
    g5_12x_west: float
    m5: float
    m5_reserved: float
    gp3: float
    address: float
    transfer: float
    s3: float

    @classmethod
    def of(cls, book: PriceBook) -> Rates:
        """The prices that the snapshot holds. Managed spot: list price less the middle of the savings seen."""
        services = book.table("prices/other_services").set_index(["service", "item", "region"])["usd"]
        saving = book.table("prices/managed_spot_savings").set_index(["instance_type", "region"])
        seen = saving.loc[("ml.g5.xlarge", "us-east-2")]
        managed = book.sagemaker("Training", "ml.g5.xlarge", "us-east-2").amount
        plan = book.savings_plan("sagemaker", "g5.xlarge", "us-east-1", 1, "partial_upfront")
        return cls(
            train_g5=book.sagemaker("Training", "ml.g5.2xlarge", "us-east-1").amount,
            train_p4d=book.sagemaker("Training", "ml.p4d.24xlarge", "us-east-1").amount,
            managed_od=managed,
            managed_spot=managed * (1.0 - float(seen["saving_low_fraction"] + seen["saving_high_fraction"]) / 2.0),
            host_g5=book.sagemaker("Hosting", "ml.g5.xlarge", "us-east-1").amount,
            host_g5_plan=plan.amount,
            host_m5=book.sagemaker("Hosting", "ml.m5.xlarge", "us-east-1").amount,
            notebook=book.sagemaker("Notebook", "ml.t3.medium", "us-east-1").amount,
            g5_12x=book.on_demand("g5.12xlarge", "us-east-1").amount,
            g5_12x_spot=book.spot("g5.12xlarge", "us-east-1").amount,
            g5_12x_west=book.on_demand("g5.12xlarge", "us-west-2").amount,
            m5=book.on_demand("m5.xlarge", "us-east-1").amount,
            m5_reserved=book.reserved("m5.xlarge", "us-east-1", 1, "standard", "no_upfront").amount,
            gp3=float(services["EBS", "gp3_storage", "us-east-1"]),
            address=float(services["VPC", "public_ipv4_in_use", "us-east-1"]),
            transfer=book.transfer("us-east-1", "us-west-2").amount,
            s3=book.s3_storage("us-east-1").amount,
        )
