"""Builds the tables under data/prices. What is dropped from the raw files, and why, is in data/README.md."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from data.build.bare_metal import is_dedicated
from data.build.common import cut_as_of, finish, newest, with_left_out
from data.build.prices_services import OWN_SOURCES, build_services

#: P4 and P5 prices fell 33-45 % in June 2025: older rows of these families are history, not prices of today.
CUT_FAMILIES = frozenset({"p4d", "p4de", "p5", "p5e", "p5en"})
CUT_DATE = "2025-06"


def after_the_cut(frame: pd.DataFrame) -> pd.Series:
    """True where a row is not an old price of a family whose price was cut."""
    family = frame["instance_type"].str.removeprefix("ml.").str.split(".").str[0]
    return ~(family.isin(CUT_FAMILIES) & (frame["as_of"] < CUT_DATE))


def on_demand(raw: Path) -> pd.DataFrame:
    """One row an instance type and region; ``confirmations`` counts the other sources that agree."""
    frame = cut_as_of(pd.read_csv(raw / "prices/ec2_on_demand.csv"))
    frame["confirmations"] = frame["status"].map(
        lambda text: 0 if text == "single_source" else int(text.removeprefix("confirmed_by_"))
    )
    frame = frame.rename(columns={"usd_per_hour": "usd"})
    recent = after_the_cut(frame)
    old, frame = int((~recent).sum()), frame[recent]
    dedicated = is_dedicated(frame, frame)
    table = finish(frame[~dedicated], ["instance_type", "region"], "usd_per_hour", extra=["confirmations"])
    return with_left_out(table, dedicated_tenancy=dedicated.sum(), before_the_cut_of_june_2025=old)


def on_demand_history(raw: Path, list_prices: pd.DataFrame) -> pd.DataFrame:
    """us-east-1 only: each price that a type had, with the dates on which it was first and last seen."""
    frame = cut_as_of(pd.read_csv(raw / "prices/ec2_on_demand_history_us_east_1.csv"))
    frame = frame.rename(columns={"usd_per_hour": "usd"}).assign(region="us-east-1")
    dedicated = is_dedicated(frame, list_prices)
    keys = ["instance_type", "region", "first_seen"]
    table = finish(frame[~dedicated], keys, "usd_per_hour", extra=["last_seen"])
    return with_left_out(table, dedicated_tenancy=dedicated.sum())


def spot(raw: Path) -> pd.DataFrame:
    """Spot prices: one zone's (statistic ``zone``), or the min, mean and max over a region's zones."""
    frame = cut_as_of(pd.read_csv(raw / "prices/ec2_spot.csv"))
    names = {"spot_per_az_id": "zone", "min_over_azs": "min", "avg_over_azs": "mean", "max_over_azs": "max"}
    frame = frame.assign(statistic=frame["stat"].map(names)).rename(columns={"usd_per_hour": "usd"})
    if frame["statistic"].isna().any():
        raise ValueError(f"ec2_spot.csv: unknown stat among {sorted(frame['stat'].unique())}")
    # A zone ID such as use1-atl2-az1 is of a Local Zone, which is a place of its own: us-east-1-atl-2a.
    local = frame["az"].str.extract(r"^[a-z]+\d-(?P<city>[a-z]{3})(?P<number>\d)-az(?P<zone>\d)$")
    letter = local["zone"].map({"1": "a", "2": "b", "3": "c"})
    place = frame["region"] + "-" + local["city"] + "-" + local["number"] + letter
    frame["region"] = place.where(local["city"].notna(), frame["region"])
    frame["basis"] = np.where(local["city"].notna(), "derived", "published")
    frame["rule"] = np.where(local["city"].notna(), "the Local Zone is read from the zone ID", "")
    # A minimum from a second source must not be mixed with another source's mean and maximum.
    keys = ["instance_type", "region", "az", "statistic"]
    whole = frame[frame["statistic"] == "mean"].set_index(["instance_type", "region"]).index
    alone = (frame["source"] == "anyblob") & frame.set_index(["instance_type", "region"]).index.isin(whole)
    frame = frame[~alone & after_the_cut(frame)]
    dear = frame["usd"] >= frame["on_demand_same_source"]
    frame.loc[dear, "note"] = (frame.loc[dear, "note"] + "; " + AT_LIST).str.removeprefix("; ")
    return finish(frame, keys, "usd_per_hour")


AT_LIST = "at or above the on-demand price of the same source"


def spot_history(raw: Path) -> pd.DataFrame:
    """Irregular samples of us-east-1 spot prices, January 2024; zone letters are one account's."""
    frame = cut_as_of(pd.read_csv(raw / "prices/ec2_spot_history.csv")).rename(columns={"usd_per_hour": "usd"})
    frame = frame.drop_duplicates(["instance_type", "region", "az", "timestamp_utc"], keep="last")
    return finish(frame, ["instance_type", "region", "az", "timestamp_utc"], "usd_per_hour", basis="measured")


def reserved(raw: Path, list_prices: pd.DataFrame) -> pd.DataFrame:
    """Reserved Instances; ``usd`` is the effective hourly rate over the whole term."""
    frame = cut_as_of(pd.read_csv(raw / "prices/ec2_reserved.csv"))
    frame = frame.rename(columns={"effective_usd_per_hour": "usd"})
    frame["upfront_basis"] = frame["upfront_basis"].map(
        lambda text: "" if pd.isna(text) else ("published" if text == "exact" else "derived")
    )
    recent = after_the_cut(frame)
    old, frame = int((~recent).sum()), frame[recent]
    # Three years dearer than one is not plausible, and nothing says which of the two is wrong: both go.
    kind = ["instance_type", "region", "offering_class"]
    by_term = frame.pivot_table(index=[*kind, "payment"], columns="term_years", values="usd")
    odd = by_term[by_term[3] > by_term[1]].reset_index()[kind].drop_duplicates()
    is_odd = frame.set_index(kind).index.isin(odd.set_index(kind).index)
    odd_rows, frame = int(is_odd.sum()), frame[~is_odd]
    listed = frame.merge(list_prices[["instance_type", "region", "usd"]], how="left", on=["instance_type", "region"])
    dear = (listed["usd_x"] >= listed["usd_y"]).to_numpy()
    table = finish(
        frame[~dear],
        ["instance_type", "region", "term_years", "offering_class", "payment"],
        "usd_per_hour",
        extra=["upfront_usd", "hourly_usd", "upfront_basis"],
    )
    return with_left_out(
        table, before_the_cut_of_june_2025=old, three_years_dearer_than_one=odd_rows, not_below_on_demand=dear.sum()
    )


def capacity_blocks(raw: Path) -> pd.DataFrame:
    """EC2 Capacity Blocks for ML: the newest price of each type and region (or local zone)."""
    frame = cut_as_of(pd.read_csv(raw / "prices/ec2_capacity_blocks.csv")).rename(columns={"usd_per_hour": "usd"})
    frame = frame[frame["region"] != "unknown"]
    per_accelerator = frame["usd"] / frame["accelerator_count"]
    # The gb200 rows of early 2026 give the price of one accelerator in the column of the whole block.
    frame = frame[(per_accelerator / frame["usd_per_accelerator_hour"]).between(0.99, 1.01)]
    frame = newest(frame, ["instance_type", "region"])
    return finish(frame, ["instance_type", "region"], "usd_per_hour", extra=["accelerator_count"])


def build(raw: Path) -> dict[str, pd.DataFrame]:
    """Every table under ``prices/`` from ``raw/prices``."""
    list_prices = on_demand(raw)
    return {
        "prices/ec2_on_demand": list_prices,
        "prices/ec2_on_demand_history": on_demand_history(raw, list_prices),
        "prices/ec2_spot": spot(raw),
        "prices/ec2_spot_history": spot_history(raw),
        "prices/ec2_reserved": reserved(raw, list_prices),
        "prices/ec2_capacity_blocks": capacity_blocks(raw),
        **build_services(raw, after_the_cut, set(list_prices["region"])),
    }


def sources(raw: Path, tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Where each source id was read that ``tables`` (prices and facts) name."""
    ec2 = pd.read_csv(raw / "prices/ec2_sources.csv", dtype=str, keep_default_na=False)
    ec2["where"] = (
        ec2["origin"]
        + ": "
        + ec2["path"]
        + " @ "
        + ec2["commit_or_version"]
        + " (data of "
        + ec2["data_date"]
        + "; "
        + ec2["how_the_upstream_got_it"]
        + ")"
    )
    ec2 = ec2.rename(columns={"source_id": "source"})[["source", "where"]]
    pattern = ec2[ec2["source"].str.endswith("@<commit>")]
    used = sorted({source for table in tables.values() for source in table["source"].dropna()})
    for _, row in pattern.iterrows():
        stem = row["source"].removesuffix("<commit>")
        dated = pd.DataFrame([{"source": s, "where": row["where"]} for s in used if s.startswith(stem)])
        ec2 = pd.concat([ec2[ec2["source"] != row["source"]], dated])
    services = pd.read_csv(raw / "prices/service_sources.csv", dtype=str, keep_default_na=False)[["source", "where"]]
    both = pd.concat([ec2, services, OWN_SOURCES], ignore_index=True)
    return both[both["source"].isin(used)].sort_values("source", ignore_index=True)
