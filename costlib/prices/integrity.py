"""What must hold of price tables: run by the tests, and before a refresh replaces any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import pandas as pd

from costlib.errors import DataCorrupt
from costlib.prices.estimates import LEAST_SPOT_FRACTION
from costlib.row_checks import TableRule, row_problems
from costlib.tables import Snapshot

_COMMITMENT = ("instance_type", "region", "term_years")
_HOURLY = frozenset({"usd_per_hour"})
#: No single price in the snapshot reaches it; more is a slip.
_USD = {"usd": (0.0, 10_000.0)}
_UNITS_S3 = (
    "usd_per_gb_month usd_per_gb usd_per_1000_requests usd_per_1000_objects usd_per_1000_objects_month"
    " usd_per_1000_tag_months usd_per_job usd_per_tb_scanned"
)
_UNITS_OTHER = (
    "usd_per_10000_requests usd_per_1000_metrics usd_per_1000_requests usd_per_alarm_metric_month usd_per_alarm_month"
    " usd_per_dpu_hour usd_per_gb usd_per_gb_month usd_per_gb_scanned usd_per_gb_second usd_per_gibps_month"
    " usd_per_hour usd_per_iops_month usd_per_metric_month usd_per_mibps_month usd_per_million_64k_requests"
    " usd_per_million_events usd_per_million_invocations usd_per_million_requests usd_per_tb usd_per_vcpu_hour"
)
#: What each table must be; its key is such that no two rows have the same.
RULES: Mapping[str, TableRule] = MappingProxyType(
    {
        "prices/ec2_on_demand": TableRule(("instance_type", "region"), _USD, _HOURLY),
        "prices/ec2_on_demand_history": TableRule(
            ("instance_type", "region", "first_seen"), _USD, _HOURLY, days=("first_seen", "last_seen")
        ),
        "prices/ec2_spot": TableRule(("instance_type", "region", "az", "statistic"), _USD, _HOURLY),
        "prices/ec2_spot_history": TableRule(("instance_type", "region", "az", "timestamp_utc"), _USD, _HOURLY),
        "prices/ec2_reserved": TableRule(
            (*_COMMITMENT, "offering_class", "payment"),
            {**_USD, "upfront_usd": (0.0, 1e7), "hourly_usd": (0.0, 10_000.0), "term_years": (1, 3)},
            _HOURLY,
            frozenset({"upfront_usd", "hourly_usd"}),
        ),
        "prices/ec2_capacity_blocks": TableRule(
            ("instance_type", "region"), {**_USD, "accelerator_count": (1, 72)}, _HOURLY
        ),
        "prices/savings_plans": TableRule(("plan_type", *_COMMITMENT, "payment"), _USD, _HOURLY),
        "prices/savings_plan_maxima": TableRule(
            ("plan_type",), {"discount_fraction": (0.0, 1.0)}, frozenset({"fraction"})
        ),
        "prices/sagemaker_instances": TableRule(("component", "instance_type", "region"), _USD, _HOURLY),
        "prices/sagemaker_other": TableRule(
            ("category", "item", "region"),
            _USD,
            frozenset({"usd_per_second", "usd_per_gb_month", "usd_per_gb", "usd_per_hour"}),
        ),
        "prices/managed_spot_savings": TableRule(
            ("instance_type", "region"),
            {"saving_low_fraction": (0.0, 1.0), "saving_high_fraction": (0.0, 1.0)},
            frozenset({"fraction"}),
        ),
        "prices/s3": TableRule(
            ("storage_class", "region", "item", "tier"),
            {**_USD, "min_storage_days": (0, 366), "min_billable_object_kb": (0, 1e6)},
            frozenset(_UNITS_S3.split()),
            frozenset({"min_storage_days", "min_billable_object_kb"}),
        ),
        "prices/transfer": TableRule(
            ("kind", "from_region", "to_region", "tier", "unit"), _USD, frozenset({"usd_per_gb", "usd_per_hour"})
        ),
        "prices/other_services": TableRule(("service", "item", "region"), _USD, frozenset(_UNITS_OTHER.split())),
    }
)
#: Over regions, the price of one thing: in all tables it stays within 0.5 and 2.3 times its median (transfer: 0.125,
#: between the two regions of the eastern US), so that a slip of the decimal point stands out.
SLIP_FACTOR = 4.0
THINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "prices/ec2_on_demand": ("instance_type",),
        "prices/ec2_reserved": ("instance_type", "term_years", "offering_class", "payment"),
        "prices/ec2_capacity_blocks": ("instance_type",),
        "prices/sagemaker_instances": ("component", "instance_type"),
        "prices/sagemaker_other": ("category", "item", "unit"),
        "prices/s3": ("storage_class", "item", "tier", "unit"),
        "prices/transfer": ("kind", "tier", "unit"),
        "prices/other_services": ("service", "item", "unit"),
        "prices/ec2_on_demand_history": ("instance_type",),
        "prices/ec2_spot_history": ("instance_type", "az"),
    }
)
SLIP_FACTORS: Mapping[str, float] = MappingProxyType({"prices/transfer": 9.0})
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


def check(tables: Mapping[str, pd.DataFrame], anchor_tolerance: float = 0.0, newest: str | None = None) -> list[str]:
    """Everything that is wrong with the tables, one sentence each; an empty list means nothing is.

    ``anchor_tolerance`` is the fraction by which a live price may differ from the anchors of the snapshot;
    ``newest`` is the day after which no date may be. Where a table lacks what the rows of a table need, only that is
    told: nothing further can be looked at.
    """
    problems = [f"{name} is missing" for name in (*RULES, "prices/sources") if name not in tables]
    if problems:
        return problems
    for name, rule in RULES.items():
        problems += (f"{name}: {text}" for text in row_problems(tables[name], rule, newest))
    if any(text.endswith("no rows") or " no column " in text or " of usd are not numbers" in text for text in problems):
        return problems
    problems += _slips(tables)
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
    for name in (*RULES, "prices/sources"):
        if name not in snapshot.tables:
            continue
        try:
            tables[name] = snapshot.read(name)
        except DataCorrupt as error:
            problems.append(str(error))
    return problems or check(tables, newest=snapshot.as_of)


def _slips(tables: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    """Prices far off the median of the same thing over regions: a slip of the decimal point."""
    for name, keys in THINGS.items():
        frame = tables[name]
        # What is given away has no ratio.
        paid = frame[frame["usd"] > 0]
        median = paid.groupby(list(keys), dropna=False)["usd"].transform("median")
        factor = SLIP_FACTORS.get(name, SLIP_FACTOR)
        far = paid[~(paid["usd"] / median).between(1 / factor, factor)]
        if len(far):
            yield f"{name}: {len(far)} prices are far off the median of their kind, for example {_first(far)}"


def _first(rows: pd.DataFrame) -> dict[str, object]:
    """The cells of the first row that say something, without the note."""
    return {str(name): value for name, value in rows.iloc[0].dropna().items() if name not in ("note", "rule")}


def _sources(tables: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    known = set(tables["prices/sources"]["source"])
    for name in RULES:
        strange = sorted(set(tables[name]["source"].dropna()) - known)
        if strange:
            yield f"{name}: sources not in prices/sources: {', '.join(strange)}"


def _free(tables: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    for name in RULES:
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
    spot = tables["prices/ec2_spot"].merge(listed, on=pair, suffixes=("", "_list"))
    # Half of the fourth decimal: sources round to it.
    cheap = spot[spot["usd"] < LEAST_SPOT_FRACTION * spot["usd_list"] - 0.00005]
    if len(cheap):
        yield f"prices/ec2_spot: {len(cheap)} prices save more than the 90 % of AWS, for example {_first(cheap)}"
    for name, dear in (
        ("prices/ec2_reserved", reserved[reserved["usd"] >= reserved["usd_list"]]),
        ("prices/ec2_spot", _dear_spot(spot)),
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
