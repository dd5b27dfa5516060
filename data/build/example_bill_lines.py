"""What the example bill's three accounts ran from April to September 2026: hours, prices, tags, waste and anomalies.

Prices are the snapshot's where it holds them; amounts, times and names are choices of the example.
"""

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
        """The prices that the snapshot holds. Managed spot: list price less the middle of the savings that were seen."""
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


def training(rates: Rates) -> list[Line]:
    """Jobs on demand, jobs on managed spot, and a large job a week; one job of June runs away."""
    lines = []
    vision = {"team": "vision", "project": "detector", "environment": "train", "model": "detector-v2"}
    for number, day in enumerate(pd.date_range(START, END, freq="3D", inclusive="left")):
        at = hours(day + pd.Timedelta(hours=20), day + pd.Timedelta(hours=38))
        at = at[at < END]
        name = arn("training-job", f"detector-{number:03d}", RESEARCH)
        lines.append(Line("sagemaker", RESEARCH, "USE1-Train:ml.g5.2xlarge", "Training ml.g5.2xlarge", at, 2.0,
                          rates.train_g5, rates.train_g5, name, tags=vision, operation="RunInstance"))  # fmt: skip
    speech = {"team": "speech", "project": "asr", "environment": "train", "model": "asr-small"}
    for number, day in enumerate(pd.date_range(START, END, freq="2D", inclusive="left")):
        at = hours(day + pd.Timedelta(hours=6), day + pd.Timedelta(hours=16))
        name = arn("training-job", f"asr-{number:03d}", RESEARCH, "us-east-2")
        lines.append(Line("sagemaker", RESEARCH, "USE2-TrSpt:ml.g5.xlarge", "Managed Spot Training ml.g5.xlarge", at, 4.0,
                          rates.managed_od, rates.managed_spot, name, "us-east-2", tags=speech, pricing="Dynamic",
                          operation="RunInstance"))  # fmt: skip
    nlp = {"team": "nlp", "project": "llm", "environment": "train", "model": "llm-7b"}
    for number, day in enumerate(pd.date_range("2026-04-07", END, freq="7D", inclusive="left")):
        at = hours(day, day + pd.Timedelta(hours=18))
        name = arn("training-job", f"llm-{number:02d}", RESEARCH)
        lines.append(Line("sagemaker", RESEARCH, "USE1-Train:ml.p4d.24xlarge", "Training ml.p4d.24xlarge", at, 1.0,
                          rates.train_p4d, rates.train_p4d, name, tags=nlp, operation="RunInstance"))  # fmt: skip
    runaway = hours("2026-06-17", "2026-06-20")
    lines.append(Line("sagemaker", RESEARCH, "USE1-Train:ml.p4d.24xlarge", "Training ml.p4d.24xlarge", runaway, 1.0,
                      rates.train_p4d, rates.train_p4d, arn("training-job", "llm-retry-loop", RESEARCH), tags=nlp,
                      operation="RunInstance"))  # fmt: skip
    return lines


def serving(rates: Rates) -> list[Line]:
    """An endpoint under a Savings Plan, scaled out on 24 August and never back; one that nobody needs since May."""
    tags = {"team": "vision", "project": "detector", "environment": "prod", "model": "detector-v2"}
    grown = pd.Timestamp("2026-08-24 09:00")
    name = arn("endpoint", "detector-prod", PRODUCTION)
    host = ("sagemaker", PRODUCTION, "USE1-Host:ml.g5.xlarge", "Hosting ml.g5.xlarge")
    under = {"pricing": "Committed", "commitment": MACHINE_PLAN, "operation": "RunInstance", "tags": tags}
    lines = [
        Line(*host, hours(START, grown), 2.0, rates.host_g5, rates.host_g5_plan, name, status="Used", **under),
        Line(*host, hours(grown), PLANNED, rates.host_g5, rates.host_g5_plan, name, status="Used", **under),
        Line(*host, hours(grown), 5.0 - PLANNED, rates.host_g5, rates.host_g5, name, tags=tags, operation="RunInstance"),
        Line("plan", PAYER, "MachineLearningSP:1yrPartialUpfront", "Savings Plan unused commitment",
             hours(START, grown), PLANNED - 2.0, 0.0, rates.host_g5_plan, None, unit="Hours", pricing="Committed",
             commitment=MACHINE_PLAN, status="Unused"),
        Line("sagemaker", PRODUCTION, "USE1-Host:ml.m5.xlarge", "Hosting ml.m5.xlarge", hours("2026-05-04 14:00"), 1.0,
             rates.host_m5, rates.host_m5, arn("endpoint", "ab-test-old", PRODUCTION),
             tags={"Team": "vision", "environment": "production"}, operation="RunInstance"),
    ]  # fmt: skip
    return lines


def notebooks(rates: Rates) -> list[Line]:
    """Three notebooks of office hours, and one that nobody stops from June on."""
    every = hours()
    office = every[(every.dayofweek < 5) & (every.hour >= 8) & (every.hour < 18)]
    lines = []
    for person, team in (("ada", "vision"), ("emmy", "nlp"), ("mary", "speech")):
        tags = {"team": team, "project": "research", "environment": "dev"}
        lines.append(Line("sagemaker", RESEARCH, "USE1-Notebk:ml.t3.medium", "Notebook ml.t3.medium", office, 1.0,
                          rates.notebook, rates.notebook, arn("notebook-instance", person, RESEARCH), tags=tags,
                          operation="RunInstance"))  # fmt: skip
    lines.append(Line("sagemaker", RESEARCH, "USE1-Notebk:ml.t3.medium", "Notebook ml.t3.medium", hours("2026-06-01 09:00"),
                      1.0, rates.notebook, rates.notebook, arn("notebook-instance", "forgotten", RESEARCH),
                      tags={"team": "nlp", "environment": "dev"}, operation="RunInstance"))  # fmt: skip
    return lines


def machines(rates: Rates) -> list[Line]:
    """Reserved data instances, spot at night, an untagged experiment, and instances that strangers started in July."""
    data = {"team": "platform", "project": "features", "environment": "prod"}
    box = ("ec2", PLATFORM, "BoxUsage:m5.xlarge", "Linux m5.xlarge Instance Hour")
    under = {"pricing": "Committed", "commitment": RESERVATION, "operation": "RunInstances"}
    lines = []
    for number in range(5):
        name = f"i-0da7a{number:012x}"
        lines += [
            Line(*box, hours(START, RESERVATION_END), 1.0, rates.m5, rates.m5_reserved, name, status="Used", tags=data, **under),
            Line(*box, hours(RESERVATION_END), 1.0, rates.m5, rates.m5, name, tags=data, operation="RunInstances"),
        ]  # fmt: skip
    lines.append(Line("ec2", PAYER, "HeavyUsage:m5.xlarge", "Reserved Instance unused hours", hours(START, RESERVATION_END),
                      RESERVED - 5.0, 0.0, rates.m5_reserved, None, status="Unused", **under))  # fmt: skip
    every = hours()
    night = every[(every.hour < 6) & (every.dayofweek >= 1) & (every.dayofweek < 6)]
    spot = {"team": "nlp", "project": "llm", "environment": "train", "model": "llm-7b"}
    lines.append(Line("ec2", RESEARCH, "SpotUsage:g5.12xlarge",
                      "g5.12xlarge Linux/UNIX Spot Instance-hour in US East (N. Virginia)", night, 2.0, rates.g5_12x,
                      rates.g5_12x_spot, "i-0590700000000001", tags=spot, pricing="Dynamic",
                      operation="RunInstances:SV001"))  # fmt: skip
    trial = every[(every.day <= 3) & (every.hour >= 9) & (every.hour < 17)]
    lines.append(Line("ec2", RESEARCH, "BoxUsage:g5.12xlarge", "Linux g5.12xlarge Instance Hour", trial, 1.0, rates.g5_12x,
                      rates.g5_12x, "i-0e09e00000000001", operation="RunInstances"))  # fmt: skip
    for number in range(4):
        lines.append(Line("ec2", PRODUCTION, "USW2-BoxUsage:g5.12xlarge", "Linux g5.12xlarge Instance Hour",
                          hours("2026-07-08 03:00", "2026-07-10 11:00"), 1.0, rates.g5_12x_west, rates.g5_12x_west,
                          f"i-0bad{number:013x}", "us-west-2", operation="RunInstances"))  # fmt: skip
    return lines


def storage(rates: Rates) -> list[Line]:
    """Volumes (one attached to nothing from July on), a bucket, an idle address, and transfer with one huge day."""
    every = hours()
    data = {"team": "platform", "project": "features", "environment": "prod"}
    lines = []
    for name, gib, at, tags in (
        ("vol-0da7a0000000001", 2000.0, every, data),
        ("vol-0f0e60000000001", 1500.0, hours("2026-07-01"), {"team": "vision", "environment": "dev"}),
    ):
        share = gib / (at.days_in_month.to_numpy(float) * 24.0)
        lines.append(Line("ec2", PLATFORM, "EBS:VolumeUsage.gp3", "GB-month of General Purpose (gp3) provisioned storage",
                          at, share, rates.gp3, rates.gp3, name, unit="GB-Months", tags=tags,
                          operation="CreateVolume-Gp3"))  # fmt: skip
    days = pd.date_range(START, END, freq="D", inclusive="left")
    kept = (40_000.0 + 100.0 * np.arange(len(days))) / days.days_in_month.to_numpy(float)
    lines.append(Line("s3", PLATFORM, "TimedStorage-ByteHrs", "GB-month of storage used", days, kept, rates.s3, rates.s3,
                      "example-training-data", unit="GB-Months", tags=data, operation="StandardStorage", hours=24))  # fmt: skip
    moved = np.where(days == pd.Timestamp("2026-08-12"), 60_000.0, 300.0)
    lines.append(Line("s3", PLATFORM, "USE1-USW2-AWS-Out-Bytes", "GB transferred to US West (Oregon)", days, moved,
                      rates.transfer, rates.transfer, "example-training-data", unit="GB", tags=data,
                      operation="GetObject", hours=24))  # fmt: skip
    lines.append(Line("vpc", PLATFORM, "PublicIPv4:IdleAddress", "Idle public IPv4 address", hours("2026-04-10"), 1.0,
                      rates.address, rates.address, "eipalloc-0id1e000000001", operation="AllocateAddressVPC"))  # fmt: skip
    return lines


def all_lines(rates: Rates) -> list[Line]:
    """Everything that ran."""
    return [*training(rates), *serving(rates), *notebooks(rates), *machines(rates), *storage(rates)]
