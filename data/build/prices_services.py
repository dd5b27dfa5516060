"""Builds the price tables of SageMaker, S3, transfer and the other services."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from data.build.common import cut_as_of, finish, newest

#: Words by which the raw notes mark a row that must not become a price.
DOUBTFUL = "HISTORIC|SUSPECT|CONFLICT|region assumed|PRE June-2025"
#: 3.9 % below what this type costs everywhere else (1.4 times its EC2 price), while its larger sizes agree.
LOW = ("Hosting", "ml.g6e.xlarge", "eu-central-1")


def sagemaker_instances(
    raw: Path, after_the_cut: Callable[[pd.DataFrame], pd.Series], regions: set[str]
) -> pd.DataFrame:
    """One row a component, instance type and region; Training prices that are not known follow Hosting."""
    frame = cut_as_of(pd.read_csv(raw / "prices/sagemaker_instances.csv")).rename(columns={"usd_per_hour": "usd"})
    frame = frame[after_the_cut(frame) & ~frame["notes"].str.contains(DOUBTFUL, na=False)]
    keys = ["component", "instance_type", "region"]
    frame = frame[~pd.MultiIndex.from_frame(frame[keys]).isin([LOW])]
    frame = newest(frame, keys)
    chosen = (frame["component"] == "Training") & frame["notes"].str.contains("SpotTraining meter", na=False)
    frame.loc[chosen, "note"] += (
        "; rate of the SpotTraining meter, equal to Hosting (a second reading, 1.2575, disagrees)"
    )
    frame["note"] = frame["note"].str.removeprefix("; ")
    frame["basis"], frame["rule"] = "published", ""
    return finish(pd.concat([frame, training_from_hosting(frame, regions)]), keys, "usd_per_hour")


def training_from_hosting(frame: pd.DataFrame, regions: set[str]) -> pd.DataFrame:
    """Training rows that are missing, where Hosting is known and SageMaker takes the type for training."""
    pairs = ["instance_type", "region"]
    hosting = frame[frame["component"] == "Hosting"]
    training = frame[frame["component"] == "Training"]
    both = hosting.merge(training, on=pairs)
    gap = (both["usd_y"] / both["usd_x"] - 1).abs().max()
    if gap > 0.002:
        raise ValueError(f"Training and Hosting differ by up to {gap:.2%}: the rule that equates them does not hold")
    missing = hosting[
        hosting["instance_type"].isin(training_types())
        & hosting["region"].isin(regions)
        & ~pd.MultiIndex.from_frame(hosting[pairs]).isin(pd.MultiIndex.from_frame(training[pairs]))
    ]
    rule = f"equals the Hosting price; they agree within 0.2 % in all {len(both)} places where both are known"
    return missing.assign(component="Training", basis="derived", rule=rule)


def training_types() -> frozenset[str]:
    """The instance types that SageMaker's API accepts for training (the enum in its service model)."""
    from botocore.loaders import Loader

    return frozenset(Loader().load_service_model("sagemaker", "service-2")["shapes"]["TrainingInstanceType"]["enum"])


def sagemaker_other(raw: Path) -> pd.DataFrame:
    """Serverless inference, ML storage and endpoint data; rows that are facts in words are left out."""
    frame = cut_as_of(pd.read_csv(raw / "prices/sagemaker_other.csv", dtype={"value": str}))
    frame = frame[frame["unit"].str.startswith("usd_") & ~frame["notes"].str.contains(DOUBTFUL, na=False)]
    frame = frame.assign(usd=frame["value"].astype(float))
    keys = ["category", "item", "region"]
    return finish(newest(frame, keys), keys, None)


def managed_spot_savings(raw: Path) -> pd.DataFrame:
    """What jobs saved with managed spot training: low and high saving, a fraction of the on-demand cost."""
    frame = cut_as_of(pd.read_csv(raw / "prices/sagemaker_other.csv", dtype=str))
    frame = frame[(frame["category"] == "managed_spot") & frame["item"].str.startswith("observed")]
    rows = []
    for _, row in frame.iterrows():
        text = str(row["value"])
        instance_type = re.search(r"ml\.[a-z0-9]+\.[a-z0-9]+", text)
        span = re.search(r"(\d+)-(\d+)% realised", text)
        billed = re.search(r"(\d+) s training, (\d+) s billable", text)
        if instance_type is None or not (span or billed):
            raise ValueError(f"managed spot saving not understood: {text}")
        if span:
            low, high = int(span[1]) / 100, int(span[2]) / 100
        else:
            low = high = round(1 - int(billed[2]) / int(billed[1]), 4)  # type: ignore[index]
        rows.append(
            {
                **row,
                "instance_type": instance_type[0],
                "saving_low_fraction": low,
                "saving_high_fraction": high,
            }
        )
    return finish(
        pd.DataFrame(rows), ["instance_type", "region"], "fraction", ["saving_high_fraction"], "measured",
        value="saving_low_fraction",
    )  # fmt: skip


def savings_plans(raw: Path) -> pd.DataFrame:
    """The two Savings Plans rates that are known: one Compute, one SageMaker."""
    ec2 = cut_as_of(pd.read_csv(raw / "prices/ec2_savings_plans.csv"))
    ec2 = ec2.assign(plan_type=ec2["plan_type"].str.lower(), usd=ec2["usd_per_hour"])
    ml = cut_as_of(pd.read_csv(raw / "prices/sagemaker_savings_plans.csv").dropna(subset=["sp_usd_per_hour"]))
    ml = ml.assign(
        plan_type="sagemaker",
        instance_type=ml["usage_type"].str.split(":").str[-1],
        term_years=ml["term"].str.removesuffix("yr").astype(int),
        payment=ml["payment"].str.lower().str.replace(" ", "_"),
        usd=ml["sp_usd_per_hour"],
        on_demand_usd=ml["ondemand_usd_per_hour"],
    )
    keys = ["plan_type", "instance_type", "region", "term_years", "payment"]
    return finish(pd.concat([ec2, ml]), keys, "usd_per_hour", extra=["on_demand_usd"])


#: Of the two plan types of EC2, the raw files have no maximum: AWS announced these in November 2019, and its user
#: guide states them since. The source's place is in OWN_SOURCES.
EC2_MAXIMA = pd.DataFrame(
    {
        "plan_type": ["compute", "ec2_instance"],
        "discount_fraction": [0.66, 0.72],
        "source": "savings-plans-user-guide",
        "as_of": "2019-11",
        "note": "announced in November 2019; unchanged in later copies of the user guide",
    }
)
#: Sources that the raw files do not name.
OWN_SOURCES = pd.DataFrame(
    {
        "source": ["savings-plans-user-guide"],
        "where": [
            "AWS Savings Plans User Guide, plan types (docs.aws.amazon.com/savingsplans/latest/userguide), as quoted in"
            " lyz-code.github.io/blue-book/aws_savings_plan and, at the announcement, in business2community.com"
        ],
    }
)


def savings_plan_maxima(raw: Path) -> pd.DataFrame:
    """The largest discount that AWS publishes for each type of Savings Plan."""
    frame = cut_as_of(pd.read_csv(raw / "prices/sagemaker_savings_plans.csv"))
    frame = frame[frame["discount_pct"].astype(str).str.fullmatch(r"up to \d+")]
    frame = frame.assign(
        plan_type="sagemaker",
        discount_fraction=frame["discount_pct"].str.removeprefix("up to ").astype(float) / 100,
    )
    every = pd.concat([newest(frame, ["plan_type"]), EC2_MAXIMA])
    return finish(every, ["plan_type"], "fraction", value="discount_fraction")


def s3(raw: Path) -> pd.DataFrame:
    """S3: storage by tier, requests, retrieval; the minimums are columns."""
    frame = cut_as_of(pd.read_csv(raw / "prices/s3.csv").dropna(subset=["usd"]))
    return finish(
        frame,
        ["storage_class", "region", "item", "tier"],
        None,
        ["min_storage_days", "min_billable_object_kb"],
    )


def transfer(raw: Path) -> pd.DataFrame:
    """Data transfer between regions and zones, to the internet, and network endpoints and addresses."""
    frame = cut_as_of(pd.read_csv(raw / "prices/transfer.csv"))
    return finish(frame, ["kind", "from_region", "to_region", "tier", "unit"], None)


def other_services(raw: Path) -> pd.DataFrame:
    """EBS, EFS, FSx, Lambda, CloudWatch, Athena, EventBridge, ECR, addresses and a few single prices."""
    frame = cut_as_of(pd.read_csv(raw / "prices/other_services.csv"))
    frame = frame[~frame["region"].str.contains("assumed")]
    inferred = frame["notes"].str.contains("INFERRED", na=False)
    label = frame["notes"].str.extract(r'labels it only "([^"]+)"')[0]
    frame["basis"] = inferred.map({True: "derived", False: "published"})
    frame["rule"] = (
        "price of the feed's \"" + label + '"; the tier (MB/s a TiB) follows from the order of its prices'
        " and the tiers that the AWS SDK documents"
    ).where(inferred, "")
    keys = ["service", "item", "region"]
    return finish(newest(frame, keys), keys, None)


def build_services(
    raw: Path, after_the_cut: Callable[[pd.DataFrame], pd.Series], regions: set[str]
) -> dict[str, pd.DataFrame]:
    """The tables of every service but EC2."""
    return {
        "prices/savings_plans": savings_plans(raw),
        "prices/savings_plan_maxima": savings_plan_maxima(raw),
        "prices/sagemaker_instances": sagemaker_instances(raw, after_the_cut, regions),
        "prices/sagemaker_other": sagemaker_other(raw),
        "prices/managed_spot_savings": managed_spot_savings(raw),
        "prices/s3": s3(raw),
        "prices/transfer": transfer(raw),
        "prices/other_services": other_services(raw),
    }
