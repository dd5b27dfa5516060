"""What must hold of price tables: run by the tests, and before a refresh replaces any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from costlib.basis import BASES
from costlib.errors import DataCorrupt
from costlib.tables import Snapshot

_COMMITMENT = ("instance_type", "region", "term_years")
#: The key of each table: no two rows have the same.
KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "prices/ec2_on_demand": ("instance_type", "region"),
        "prices/ec2_on_demand_history": ("instance_type", "region", "first_seen"),
        "prices/ec2_spot": ("instance_type", "region", "az", "statistic"),
        "prices/ec2_spot_history": ("instance_type", "region", "az", "timestamp_utc"),
        "prices/ec2_reserved": (*_COMMITMENT, "offering_class", "payment"),
        "prices/ec2_capacity_blocks": ("instance_type", "region"),
        "prices/savings_plans": ("plan_type", *_COMMITMENT, "payment"),
        "prices/savings_plan_maxima": ("plan_type",),
        "prices/sagemaker_instances": ("component", "instance_type", "region"),
        "prices/sagemaker_other": ("category", "item", "region"),
        "prices/managed_spot_savings": ("instance_type", "region"),
        "prices/s3": ("storage_class", "region", "item", "tier"),
        "prices/transfer": ("kind", "from_region", "to_region", "tier", "unit"),
        "prices/other_services": ("service", "item", "region"),
    }
)
#: Prices that AWS gives away: the only rows that may be zero.
FREE_KINDS = (
    "internet_ingress",
    "internet_egress_free_tier",
    "gateway_endpoint_s3",
    "s3_to_same_region_service",
)
#: us-east-1 on-demand prices that are known from several sources.
ANCHORS_USD_PER_HOUR: Mapping[str, float] = MappingProxyType(
    {"p5.48xlarge": 55.04, "g5.xlarge": 1.006, "p4d.24xlarge": 21.957642}
)
S3_TIERS = ("first 50 TB", "next 450 TB", "over 500 TB")
AT_LIST_NOTE = "at or above the on-demand price"


def check(tables: Mapping[str, pd.DataFrame], anchor_tolerance: float = 0.0) -> list[str]:
    """Everything that is wrong with the tables, one sentence each; an empty list means nothing is.

    ``anchor_tolerance`` is the fraction by which a live price may differ from the anchors of the snapshot.
    """
    problems = [f"{name} is missing" for name in (*KEYS, "prices/sources") if name not in tables]
    if problems:
        return problems
    for name, keys in KEYS.items():
        problems += (f"{name}: {text}" for text in _rows(tables[name], keys))
    problems += _sources(tables)
    problems += _free(tables)
    problems += _anchors(tables["prices/ec2_on_demand"], anchor_tolerance)
    problems += _below_list(tables)
    problems += _tiers(tables["prices/s3"])
    return problems


def check_snapshot(snapshot: Snapshot) -> list[str]:
    """The same for a snapshot on disk, its checksums included."""
    tables = {}
    problems = []
    for name in (*KEYS, "prices/sources"):
        if name not in snapshot.tables:
            continue
        try:
            tables[name] = snapshot.read(name)
        except DataCorrupt as error:
            problems.append(str(error))
    return problems or check(tables)


def _rows(frame: pd.DataFrame, keys: tuple[str, ...]) -> Iterator[str]:
    twice = frame.duplicated(list(keys))
    if twice.any():
        first = frame.loc[twice, list(keys)].iloc[0].to_dict()
        yield f"{int(twice.sum())} rows repeat a key, for example {first}"
    for column in ("unit", "basis", "source", "as_of"):
        if frame[column].isna().any():
            yield f"{int(frame[column].isna().sum())} rows have no {column}"
    if not frame["as_of"].dropna().str.fullmatch(r"\d{4}(-\d{2}(-\d{2})?)?").all():
        yield "an as_of is not a date"
    if not set(frame["basis"].dropna()) <= set(BASES):
        yield f"a basis is not one of {', '.join(BASES)}"
    unexplained = frame["basis"].isin(["derived", "estimate"]) & frame["rule"].isna()
    if unexplained.any():
        yield f"{int(unexplained.sum())} derived or estimated rows have no rule"
    if "usd" in frame:
        if not np.isfinite(frame["usd"]).all():
            yield f"{int((~np.isfinite(frame['usd'])).sum())} prices are not numbers"
        if (frame["usd"] < 0).any():
            yield f"{int((frame['usd'] < 0).sum())} prices are negative"


def _sources(tables: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    known = set(tables["prices/sources"]["source"])
    for name in KEYS:
        strange = sorted(set(tables[name]["source"].dropna()) - known)
        if strange:
            yield f"{name}: sources not in prices/sources: {', '.join(strange)}"


def _free(tables: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    for name in KEYS:
        frame = tables[name]
        if "usd" not in frame:
            continue
        zero = frame[frame["usd"] == 0]
        if name == "prices/transfer":
            zero = zero[~zero["kind"].isin(FREE_KINDS)]
        if name == "prices/s3":
            zero = zero[zero["tier"] != "bulk"]  # bulk retrieval from Glacier is free
        if len(zero):
            yield f"{name}: {len(zero)} prices are zero, for example {zero.iloc[0].to_dict()}"


def _anchors(on_demand: pd.DataFrame, tolerance: float) -> Iterator[str]:
    here = on_demand[on_demand["region"] == "us-east-1"].set_index("instance_type")["usd"]
    for instance_type, usd in ANCHORS_USD_PER_HOUR.items():
        if instance_type not in here.index:
            yield f"prices/ec2_on_demand: the anchor {instance_type} in us-east-1 is missing"
        elif abs(here[instance_type] / usd - 1) > tolerance + 1e-9:
            found = here[instance_type]
            yield f"prices/ec2_on_demand: {instance_type} in us-east-1 is {found:g}, expected {usd:g}"


def _below_list(tables: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    listed = tables["prices/ec2_on_demand"][["instance_type", "region", "usd"]]
    pair = ["instance_type", "region"]
    reserved = tables["prices/ec2_reserved"].merge(listed, on=pair, suffixes=("", "_list"))
    for name, dear in (
        ("prices/ec2_reserved", reserved[reserved["usd"] >= reserved["usd_list"]]),
        (
            "prices/ec2_spot",
            _dear_spot(tables["prices/ec2_spot"].merge(listed, on=pair, suffixes=("", "_list"))),
        ),
    ):
        if len(dear):
            yield f"{name}: {len(dear)} prices above on-demand, for example {dear.iloc[0].to_dict()}"
    terms = reserved.pivot_table(index=[*pair, "offering_class", "payment"], columns="term_years", values="usd")
    if {1, 3} <= set(terms.columns) and (terms[3] > terms[1]).any():
        count = int((terms[3] > terms[1]).sum())
        yield f"prices/ec2_reserved: {count} three-year rates are above the one-year rate"


def _dear_spot(spot: pd.DataFrame) -> pd.DataFrame:
    """Spot above on-demand by more than rounding (0.005 %) and not noted as such."""
    noted = spot["note"].fillna("").str.contains(AT_LIST_NOTE)
    return spot[(spot["usd"] > spot["usd_list"] * 1.00005) & ~noted]


def _tiers(s3: pd.DataFrame) -> Iterator[str]:
    standard = s3[(s3["storage_class"] == "STANDARD") & (s3["item"] == "storage")]
    table = standard.pivot_table(index="region", columns="tier", values="usd")
    if set(table.columns) != set(S3_TIERS) or table.isna().any(axis=None):
        yield f"prices/s3: the STANDARD storage tiers are not {', '.join(S3_TIERS)} in every region"
        return
    rising = table[list(S3_TIERS)].diff(axis=1).iloc[:, 1:] > 0
    if rising.any(axis=None):
        yield "prices/s3: a larger STANDARD storage tier costs more than a smaller one"
