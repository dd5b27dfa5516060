"""What the example bill has of SageMaker: training, serving, notebooks; a runaway job, idle and grown endpoints.

Prices are the snapshot's where it holds them; amounts, times and names are choices of the example.
"""

from __future__ import annotations

import pandas as pd

from data.build.example_bill_lines import (
    END,
    MACHINE_PLAN,
    PAYER,
    PLANNED,
    PRODUCTION,
    RESEARCH,
    START,
    Line,
    Rates,
    arn,
    hours,
)


def training(rates: Rates) -> list[Line]:
    """Jobs on demand, jobs on managed spot, and a large job a week; one job of June runs away."""
    lines = []
    vision = {"team": "vision", "project": "detector", "environment": "train", "model": "detector-v2"}
    for number, day in enumerate(pd.date_range(START, END, freq="3D", inclusive="left")):
        at = hours(day + pd.Timedelta(hours=20), day + pd.Timedelta(hours=38))
        at = at[at < END]
        name = arn("training-job", f"detector-{number:03d}", RESEARCH)
        lines.append(
            Line(
                "sagemaker",
                RESEARCH,
                "USE1-Train:ml.g5.2xlarge",
                "Training ml.g5.2xlarge",
                at,
                2.0,
                rates.train_g5,
                rates.train_g5,
                name,
                tags=vision,
                operation="RunInstance",
            )
        )
    speech = {"team": "speech", "project": "asr", "environment": "train", "model": "asr-small"}
    for number, day in enumerate(pd.date_range(START, END, freq="2D", inclusive="left")):
        at = hours(day + pd.Timedelta(hours=6), day + pd.Timedelta(hours=16))
        name = arn("training-job", f"asr-{number:03d}", RESEARCH, "us-east-2")
        lines.append(
            Line(
                "sagemaker",
                RESEARCH,
                "USE2-TrSpt:ml.g5.xlarge",
                "Managed Spot Training ml.g5.xlarge",
                at,
                4.0,
                rates.managed_od,
                rates.managed_spot,
                name,
                "us-east-2",
                tags=speech,
                pricing="Dynamic",
                operation="RunInstance",
            )
        )
    nlp = {"team": "nlp", "project": "llm", "environment": "train", "model": "llm-7b"}
    for number, day in enumerate(pd.date_range("2026-04-07", END, freq="7D", inclusive="left")):
        at = hours(day, day + pd.Timedelta(hours=18))
        name = arn("training-job", f"llm-{number:02d}", RESEARCH)
        lines.append(
            Line(
                "sagemaker",
                RESEARCH,
                "USE1-Train:ml.p4d.24xlarge",
                "Training ml.p4d.24xlarge",
                at,
                1.0,
                rates.train_p4d,
                rates.train_p4d,
                name,
                tags=nlp,
                operation="RunInstance",
            )
        )
    runaway = hours("2026-06-17", "2026-06-20")
    lines.append(
        Line(
            "sagemaker",
            RESEARCH,
            "USE1-Train:ml.p4d.24xlarge",
            "Training ml.p4d.24xlarge",
            runaway,
            1.0,
            rates.train_p4d,
            rates.train_p4d,
            arn("training-job", "llm-retry-loop", RESEARCH),
            tags=nlp,
            operation="RunInstance",
        )
    )
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
        Line(
            *host, hours(grown), 5.0 - PLANNED, rates.host_g5, rates.host_g5, name, tags=tags, operation="RunInstance"
        ),
        Line(
            "plan",
            PAYER,
            "MachineLearningSP:1yrPartialUpfront",
            "Savings Plan unused commitment",
            hours(START, grown),
            PLANNED - 2.0,
            0.0,
            rates.host_g5_plan,
            None,
            unit="Hours",
            pricing="Committed",
            commitment=MACHINE_PLAN,
            status="Unused",
        ),
        Line(
            "sagemaker",
            PRODUCTION,
            "USE1-Host:ml.m5.xlarge",
            "Hosting ml.m5.xlarge",
            hours("2026-05-04 14:00"),
            1.0,
            rates.host_m5,
            rates.host_m5,
            arn("endpoint", "ab-test-old", PRODUCTION),
            tags={"Team": "vision", "environment": "production"},
            operation="RunInstance",
        ),
    ]
    return lines


def notebooks(rates: Rates) -> list[Line]:
    """Three notebooks of office hours, and one that nobody stops from June on."""
    every = hours()
    office = every[(every.dayofweek < 5) & (every.hour >= 8) & (every.hour < 18)]
    lines = []
    for person, team in (("ada", "vision"), ("emmy", "nlp"), ("mary", "speech")):
        tags = {"team": team, "project": "research", "environment": "dev"}
        lines.append(
            Line(
                "sagemaker",
                RESEARCH,
                "USE1-Notebk:ml.t3.medium",
                "Notebook ml.t3.medium",
                office,
                1.0,
                rates.notebook,
                rates.notebook,
                arn("notebook-instance", person, RESEARCH),
                tags=tags,
                operation="RunInstance",
            )
        )
    lines.append(
        Line(
            "sagemaker",
            RESEARCH,
            "USE1-Notebk:ml.t3.medium",
            "Notebook ml.t3.medium",
            hours("2026-06-01 09:00"),
            1.0,
            rates.notebook,
            rates.notebook,
            arn("notebook-instance", "forgotten", RESEARCH),
            tags={"team": "nlp", "environment": "dev"},
            operation="RunInstance",
        )
    )
    return lines
