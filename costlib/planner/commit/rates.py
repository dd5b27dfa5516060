"""The rates of every way to buy some usage, from a price book, each with how it is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from costlib.models.commitments import Line, Rates
from costlib.prices.book import PriceBook
from costlib.units import HOURS_PER_YEAR

#: What an estimated upfront share rests on. At least half: the Savings Plans API, CreateSavingsPlan,
#: upfrontPaymentAmount ("between 50 and 99 percent").
UPFRONT_RULE = (
    "half is paid upfront: AWS asks at least half of a Savings Plan, and the 372 partial-upfront Reserved Instances"
    " whose parts are held have a median of half"
)
PARTIAL_UPFRONT_FRACTION = 0.5
HOSTING_RULE = "SageMaker's Hosting price, as no Training price is held"
COLUMNS = [
    "plan_type", "term_years", "payment", "instance_type", "region", "service", "usd_per_hour", "usd_low", "usd_high",
    "upfront_fraction", "basis", "rule", "source", "as_of",
]  # fmt: skip
#: The parts of a book that have rates: service, purchase option.
PARTS = (
    ("ec2", "on_demand"),
    ("ec2", "spot"),
    ("ec2", "reserved"),
    ("ec2", "savings_plan"),
    ("ec2", "capacity_block"),
    ("sagemaker", "on_demand"),
    ("sagemaker", "savings_plan"),
)
PAIR = ["billed_type", "region"]


def rate_rows(book: PriceBook, lines: Sequence[Line]) -> pd.DataFrame:
    """A row (COLUMNS) for every rate that the book holds of the lines' types in their regions.

    ``usd_per_hour`` is effective: what is paid upfront is spread over the term. Spot is the region's expected price;
    interruptions are not in it. A type or region without a rate has no row.
    """
    wanted = pd.DataFrame(sorted({(line.service, line.instance_type, line.region) for line in lines}))
    wanted.columns = pd.Index(["service", *PAIR])
    frames = []
    for service, purchase in PARTS:
        own = wanted.loc[wanted["service"] == service, PAIR]
        if not own.empty:
            frames.append(_of_part(book.part(service, purchase), own, purchase))
    found = pd.concat([frame for frame in frames if len(frame)] or [pd.DataFrame(columns=COLUMNS)], ignore_index=True)
    missing = wanted[wanted["service"] == "sagemaker"]
    if len(missing):
        hosted = _hosting(book, missing[PAIR], found)
        found = pd.concat([found, hosted], ignore_index=True) if len(hosted) else found
    return found[COLUMNS]


def rates_of(book: PriceBook, lines: Sequence[Line]) -> Rates:
    """The same for the models. Raises InvalidInput for what rows cannot be."""
    return Rates(rate_rows(book, lines))


def every_rate(book: PriceBook) -> Rates:
    """The rates of every type and region that the book has for sale with a commitment."""
    lines = set()
    for service, purchase in (("ec2", "reserved"), ("ec2", "savings_plan"), ("sagemaker", "savings_plan")):
        rows = book.part(service, purchase)
        lines |= {Line(*pair, service) for pair in zip(rows["billed_type"], rows["region"], strict=True)}
    return rates_of(book, sorted(lines, key=lambda line: line.key))


def _of_part(part: pd.DataFrame, own: pd.DataFrame, purchase: str) -> pd.DataFrame:
    rows = part[part["az"].isna() & part["billed_type"].isin(own["billed_type"]) & part["region"].isin(own["region"])]
    rows = rows.merge(own, on=PAIR)
    words = rows["option"].str.split(" ", expand=True).reindex(columns=range(3))
    committed = purchase in ("reserved", "savings_plan")
    term = rows["term_years"].to_numpy(float)
    rows = rows.assign(
        plan_type=words[0] if committed else purchase,
        payment=words[2] if committed else "",
        instance_type=rows["billed_type"],
        usd_per_hour=rows["usd_expected"],
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        share = rows["upfront_usd"].to_numpy(float) / (rows["usd_expected"].to_numpy(float) * HOURS_PER_YEAR * term)
    return _with_upfront(rows.assign(upfront_fraction=np.clip(share, 0.0, 1.0)))


def _with_upfront(rows: pd.DataFrame) -> pd.DataFrame:
    """The shares paid upfront: what the payment says, what is held, and half where only partial is known."""
    partial = (rows["payment"] == "partial_upfront").to_numpy()
    fixed = rows["payment"].map({"no_upfront": 0.0, "all_upfront": 1.0, "": 0.0}).to_numpy(float)
    held = rows["upfront_fraction"].to_numpy(float)
    unknown = partial & ~np.isfinite(held)
    share = np.where(partial, np.where(unknown, PARTIAL_UPFRONT_FRACTION, held), fixed)
    rule = rows["rule"].fillna("").where(~unknown, (rows["rule"].fillna("") + "; " + UPFRONT_RULE).str.lstrip("; "))
    return rows.assign(upfront_fraction=share, rule=rule)[COLUMNS]


def _hosting(book: PriceBook, own: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """On-demand rows for SageMaker types that have no Training price but a Hosting price."""
    priced = found.loc[found["plan_type"] == "on_demand", ["instance_type", "region"]]
    rows = book.table("prices/sagemaker_instances").query("component == 'Hosting'")
    rows = rows.rename(columns={"instance_type": "billed_type"}).merge(own, on=PAIR).drop_duplicates(PAIR)
    has = pd.MultiIndex.from_frame(rows[PAIR]).isin(pd.MultiIndex.from_frame(priced))
    rows = rows[~has]
    rule = rows["rule"].fillna("").map(lambda text: f"{HOSTING_RULE}; {text}" if text else HOSTING_RULE)
    return rows.assign(
        plan_type="on_demand", term_years=0, payment="", instance_type=rows["billed_type"], service="sagemaker",
        usd_per_hour=rows["usd"], usd_low=rows["usd"], usd_high=rows["usd"], upfront_fraction=0.0, rule=rule,
    )[COLUMNS]  # fmt: skip
