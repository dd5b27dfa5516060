"""What SageMaker asks over EC2 for the same type in the same region, from the price book's own rows."""

from __future__ import annotations

import pandas as pd

from costlib.planner.service.market import ServiceSources

RULE = "SageMaker's Training price over EC2's on-demand price of the same type and region, less one"


def premiums(sources: ServiceSources, region: str | None = None) -> pd.DataFrame:
    """One row a type and region where both prices are held, the smallest premium first.

    Columns: instance_type, family, region, ec2_usd_per_hour, sagemaker_usd_per_hour, premium_fraction, basis (of
    SageMaker's price), ec2_source, ec2_as_of, sagemaker_source, sagemaker_as_of.
    """
    keys = ["instance_type", "region"]
    sides = []
    for service in ("ec2", "sagemaker"):
        rows = sources.sources.book.part(service, "on_demand")
        rows = rows if region is None else rows[rows["region"] == region]
        names = {"usd_expected": f"{service}_usd_per_hour", "source": f"{service}_source", "as_of": f"{service}_as_of"}
        kept = [*keys, *names, *(["basis"] if service == "sagemaker" else [])]
        sides.append(rows[kept].rename(columns=names))
    table = sides[0].merge(sides[1], on=keys)
    table["premium_fraction"] = table["sagemaker_usd_per_hour"] / table["ec2_usd_per_hour"] - 1.0
    table["family"] = table["instance_type"].str.split(".").str[0]
    return table.sort_values(["premium_fraction", *keys], kind="stable", ignore_index=True)


def by_family(table: pd.DataFrame) -> pd.DataFrame:
    """The premiums by family: rows, least, median and greatest premium, and the dates of their prices."""
    dates = table[["ec2_as_of", "sagemaker_as_of"]]
    table = table.assign(oldest=dates.min(axis=1), newest=dates.max(axis=1))
    grouped = table.groupby("family")
    made = pd.DataFrame(
        {
            "prices": grouped.size(),
            "premium_low_fraction": grouped["premium_fraction"].min(),
            "premium_median_fraction": grouped["premium_fraction"].median(),
            "premium_high_fraction": grouped["premium_fraction"].max(),
            "as_of_oldest": grouped["oldest"].min(),
            "as_of_newest": grouped["newest"].max(),
        }
    )
    return made.sort_values(["premium_median_fraction", "family"]).reset_index()
