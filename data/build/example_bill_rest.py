"""What the example bill has beside SageMaker: machines, volumes, a bucket, an address; strangers, transfer, leftovers.

Prices are the snapshot's where it holds them; amounts, times and names are choices of the example.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.build.example_bill_lines import (
    END,
    PAYER,
    PLATFORM,
    PRODUCTION,
    RESEARCH,
    RESERVATION,
    RESERVATION_END,
    RESERVED,
    START,
    Line,
    Rates,
    hours,
)


def machines(rates: Rates) -> list[Line]:
    """Reserved data instances, spot at night, an untagged experiment, and instances that strangers started in July."""
    data = {"team": "platform", "project": "features", "environment": "prod"}
    box = ("ec2", PLATFORM, "BoxUsage:m5.xlarge", "Linux m5.xlarge Instance Hour")
    under = {"pricing": "Committed", "commitment": RESERVATION, "operation": "RunInstances"}
    lines = []
    for number in range(5):
        name = f"i-0da7a{number:012x}"
        lines += [
            Line(
                *box,
                hours(START, RESERVATION_END),
                1.0,
                rates.m5,
                rates.m5_reserved,
                name,
                status="Used",
                tags=data,
                **under,
            ),
            Line(*box, hours(RESERVATION_END), 1.0, rates.m5, rates.m5, name, tags=data, operation="RunInstances"),
        ]
    lines.append(
        Line(
            "ec2",
            PAYER,
            "HeavyUsage:m5.xlarge",
            "Reserved Instance unused hours",
            hours(START, RESERVATION_END),
            RESERVED - 5.0,
            0.0,
            rates.m5_reserved,
            None,
            status="Unused",
            **under,
        )
    )
    every = hours()
    night = every[(every.hour < 6) & (every.dayofweek >= 1) & (every.dayofweek < 6)]
    spot = {"team": "nlp", "project": "llm", "environment": "train", "model": "llm-7b"}
    lines.append(
        Line(
            "ec2",
            RESEARCH,
            "SpotUsage:g5.12xlarge",
            "g5.12xlarge Linux/UNIX Spot Instance-hour in US East (N. Virginia)",
            night,
            2.0,
            rates.g5_12x,
            rates.g5_12x_spot,
            "i-0590700000000001",
            tags=spot,
            pricing="Dynamic",
            operation="RunInstances:SV001",
        )
    )
    trial = every[(every.day <= 3) & (every.hour >= 9) & (every.hour < 17)]
    lines.append(
        Line(
            "ec2",
            RESEARCH,
            "BoxUsage:g5.12xlarge",
            "Linux g5.12xlarge Instance Hour",
            trial,
            1.0,
            rates.g5_12x,
            rates.g5_12x,
            "i-0e09e00000000001",
            operation="RunInstances",
        )
    )
    for number in range(4):
        lines.append(
            Line(
                "ec2",
                PRODUCTION,
                "USW2-BoxUsage:g5.12xlarge",
                "Linux g5.12xlarge Instance Hour",
                hours("2026-07-08 03:00", "2026-07-10 11:00"),
                1.0,
                rates.g5_12x_west,
                rates.g5_12x_west,
                f"i-0bad{number:013x}",
                "us-west-2",
                operation="RunInstances",
            )
        )
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
        lines.append(
            Line(
                "ec2",
                PLATFORM,
                "EBS:VolumeUsage.gp3",
                "GB-month of General Purpose (gp3) provisioned storage",
                at,
                share,
                rates.gp3,
                rates.gp3,
                name,
                unit="GB-Months",
                tags=tags,
                operation="CreateVolume-Gp3",
            )
        )
    days = pd.date_range(START, END, freq="D", inclusive="left")
    kept = (40_000.0 + 100.0 * np.arange(len(days))) / days.days_in_month.to_numpy(float)
    lines.append(
        Line(
            "s3",
            PLATFORM,
            "TimedStorage-ByteHrs",
            "GB-month of storage used",
            days,
            kept,
            rates.s3,
            rates.s3,
            "example-training-data",
            unit="GB-Months",
            tags=data,
            operation="StandardStorage",
            hours=24,
        )
    )
    moved = np.where(days == pd.Timestamp("2026-08-12"), 60_000.0, 300.0)
    lines.append(
        Line(
            "s3",
            PLATFORM,
            "USE1-USW2-AWS-Out-Bytes",
            "GB transferred to US West (Oregon)",
            days,
            moved,
            rates.transfer,
            rates.transfer,
            "example-training-data",
            unit="GB",
            tags=data,
            operation="GetObject",
            hours=24,
        )
    )
    lines.append(
        Line(
            "vpc",
            PLATFORM,
            "PublicIPv4:IdleAddress",
            "Idle public IPv4 address",
            hours("2026-04-10"),
            1.0,
            rates.address,
            rates.address,
            "eipalloc-0id1e000000001",
            operation="AllocateAddressVPC",
        )
    )
    return lines
