"""Every hourly way to buy an instance, as one long table: the price side of a search.

A *part* is the offers of one service and purchase option, for example ``("ec2", "spot")``; the whole table
is its parts one after another. Parts read tables only through ``TableReader`` and never change them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from costlib.prices import estimates, spot_bands

TableReader = Callable[[str], pd.DataFrame]
PartReader = Callable[[str, str], pd.DataFrame]

#: ``instance_type`` is EC2's name; ``billed_type`` is the name on the bill (``ml.`` in front on SageMaker).
#: ``az`` is missing where the price is the region's. ``usd_*`` are per instance-hour; committed prices are
#: effective hourly rates, and ``upfront_usd`` is the part paid at the start (missing where not known).
COLUMNS = (
    "service",
    "instance_type",
    "billed_type",
    "region",
    "az",
    "purchase",
    "option",
    "term_years",
    "usd_low",
    "usd_expected",
    "usd_high",
    "upfront_usd",
    "unit",
    "basis",
    "rule",
    "source",
    "as_of",
)
UNIT = "usd_per_hour"
MANAGED_SPOT = "managed spot"
TRAINING_PLAN = "training plan"


def to_offers(frame: pd.DataFrame, service: str, purchase: str) -> pd.DataFrame:
    """A frame with at least the place, the price and its origin, completed to COLUMNS.

    ``usd`` stands for all three of low, expected and high where these are not given.
    """
    rows = frame.copy(deep=False)
    if "usd_expected" not in rows:
        rows["usd_low"] = rows["usd_expected"] = rows["usd_high"] = rows["usd"]
    rows["service"], rows["purchase"], rows["unit"] = service, purchase, UNIT
    rows["billed_type"] = rows["instance_type"]
    if service == "sagemaker":
        rows["instance_type"] = rows["instance_type"].str.removeprefix("ml.")
    if "option" not in rows:
        rows["option"] = ""
    if "term_years" not in rows:
        rows["term_years"] = np.int64(0)
    if "upfront_usd" not in rows:
        rows["upfront_usd"] = np.nan if rows["term_years"].any() else 0.0
    if "az" not in rows:
        rows["az"] = pd.Series(pd.NA, index=rows.index, dtype="str")
    rows["rule"] = rows["rule"].fillna("")
    return rows[list(COLUMNS)].reset_index(drop=True)


def ec2_on_demand(table: TableReader, part: PartReader) -> pd.DataFrame:
    """Published on-demand prices."""
    return to_offers(table("prices/ec2_on_demand"), "ec2", "on_demand")


def ec2_spot(table: TableReader, part: PartReader) -> pd.DataFrame:
    """One row a zone where its price is known, and one row a region; bands from spot_bands."""
    spots = table("prices/ec2_spot")
    rows = pd.concat([spot_bands.spot_by_zone(spots), spot_bands.spot_by_region(spots)], ignore_index=True)
    spread = spot_bands.spot_spread(table("prices/ec2_spot_history"))
    drift = spot_bands.spot_drift(spots)
    return to_offers(spot_bands.spot_band(rows, spots, spread, drift, part("ec2", "on_demand")), "ec2", "spot")


def ec2_reserved(table: TableReader, part: PartReader) -> pd.DataFrame:
    """Reserved Instances: effective hourly rate, with the upfront part where it is known."""
    rows = table("prices/ec2_reserved")
    rows["option"] = rows["offering_class"] + " " + rows["term_years"].astype(str) + "y " + rows["payment"]
    return to_offers(rows, "ec2", "reserved")


def ec2_savings_plan(table: TableReader, part: PartReader) -> pd.DataFrame:
    """The one known Compute rate; all others estimated from the Reserved Instance of the same kind."""
    known = table("prices/savings_plans").query("plan_type != 'sagemaker'")
    maxima = table("prices/savings_plan_maxima")
    rows = estimates.ec2_savings_plans(known, maxima, table("prices/ec2_reserved"), part("ec2", "on_demand"))
    return to_offers(rows, "ec2", "savings_plan")


def ec2_capacity_block(table: TableReader, part: PartReader) -> pd.DataFrame:
    """Capacity Blocks for ML: a reservation of fixed start and length, paid at once."""
    return to_offers(table("prices/ec2_capacity_blocks"), "ec2", "capacity_block")


def sagemaker_on_demand(table: TableReader, part: PartReader) -> pd.DataFrame:
    """SageMaker training instances."""
    return to_offers(table("prices/sagemaker_instances").query("component == 'Training'"), "sagemaker", "on_demand")


def sagemaker_spot(table: TableReader, part: PartReader) -> pd.DataFrame:
    """Managed spot training, estimated: AWS bills fewer seconds at the on-demand rate."""
    rows = estimates.managed_spot(
        part("sagemaker", "on_demand"),
        part("ec2", "spot"),
        part("ec2", "on_demand"),
        table("prices/managed_spot_savings"),
    )
    return to_offers(rows.assign(option=MANAGED_SPOT), "sagemaker", "spot")


def sagemaker_savings_plan(table: TableReader, part: PartReader) -> pd.DataFrame:
    """The one known rate; its discount, for its term and payment, estimates all others."""
    known = table("prices/savings_plans").query("plan_type == 'sagemaker'")
    rows = estimates.sagemaker_savings_plans(known, table("prices/savings_plan_maxima"), part("sagemaker", "on_demand"))
    return to_offers(rows, "sagemaker", "savings_plan")


def sagemaker_training_plan(table: TableReader, part: PartReader) -> pd.DataFrame:
    """Flexible Training Plans: SageMaker's way to buy reserved accelerator capacity."""
    rows = table("prices/sagemaker_instances").query("component == 'TrainingPlan'")
    return to_offers(rows.assign(option=TRAINING_PLAN), "sagemaker", "capacity_block")


PARTS: Mapping[tuple[str, str], Callable[[TableReader, PartReader], pd.DataFrame]] = MappingProxyType(
    {
        ("ec2", "on_demand"): ec2_on_demand,
        ("ec2", "spot"): ec2_spot,
        ("ec2", "reserved"): ec2_reserved,
        ("ec2", "savings_plan"): ec2_savings_plan,
        ("ec2", "capacity_block"): ec2_capacity_block,
        ("sagemaker", "on_demand"): sagemaker_on_demand,
        ("sagemaker", "spot"): sagemaker_spot,
        ("sagemaker", "savings_plan"): sagemaker_savings_plan,
        ("sagemaker", "capacity_block"): sagemaker_training_plan,
    }
)
