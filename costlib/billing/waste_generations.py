"""Instances and volumes of an older generation whose successor has a lower price at the same size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from costlib.billing.recognise import EC2, SAGEMAKER
from costlib.billing.waste_finding import LIKELY, MONTH_DAYS, Finding, text_or_none, where_and_when
from costlib.billing.waste_window import RECENT_DAYS, Window
from costlib.errors import NotKnown

if TYPE_CHECKING:
    from costlib.prices.book import PriceBook

#: The price book's names of SageMaker's components.
COMPONENTS = {
    "Endpoint Instance": "Hosting",
    "Training Job": "Training",
    "Processing": "Processing",
    "Notebook Instance": "Notebook",
    "Batch Transform": "BatchTransform",
}
#: A smaller saving than this share is within what prices move.
LEAST_FRACTION = 0.01


def older(window: Window, book: PriceBook) -> list[Finding]:
    """Findings by account, region and type, from the on-demand use of the last RECENT_DAYS. The saving is by list
    prices of ``book``; what neither table knows is left out."""
    chains = _chains(book)
    rows = window.rows
    chosen = (
        rows.recent
        & (rows.purchase_option == "on_demand")
        & rows.instance_hours.notnull()
        & rows.service_code.isin([EC2, SAGEMAKER])
    )
    rows = rows.filter(chosen)
    keys = ["service_code", "component", "instance_type", "region", "account_id"]
    table = rows.group_by(keys).agg(hours=rows.instance_hours.sum(), usd=rows.usd.sum(), first=rows.charge_start.min())
    findings = []
    for row in window.ask(table.order_by(keys)).to_dict("records"):
        family, _, size = str(row["instance_type"]).removeprefix("ml.").partition(".")
        options = [
            (price, name)
            for name in (f"{newer}.{size}" for newer in chains["instance"].get(family, ()))
            if (price := _price(book, row, name)) is not None
        ]
        now = _price(book, row, f"{family}.{size}")
        if now is None or not options or float(row["usd"]) <= 0:
            continue
        price, name = min(options)
        saved = 1.0 - price / now
        if saved < LEAST_FRACTION:
            continue
        is_ml = row["service_code"] == SAGEMAKER
        findings.append(
            _finding(
                window,
                row,
                str(row["instance_type"]),
                f"ml.{name}" if is_ml else name,
                saved,
                f"{row['hours']:,.0f} h on demand in {RECENT_DAYS} days; list price {now:,.4f} an hour, "
                f"of {name} {price:,.4f}",
                {"InstanceType": f"ml.{name}" if is_ml else name},
            )
        )
    return findings + _volumes(window, book, chains["volume"])


def _volumes(window: Window, book: PriceBook, chains: Mapping[str, tuple[str, ...]]) -> list[Finding]:
    """Volumes by account, region and type."""
    rows = window.rows.filter(window.rows.usage_type.contains("EBS:VolumeUsage.") & window.rows.recent)
    rows = rows.mutate(volume=rows.usage_type.re_extract("EBS:VolumeUsage[.]([a-z0-9]+)", 1))
    keys = ["volume", "region", "account_id"]
    table = rows.group_by(keys).agg(months=rows.quantity.sum(), usd=rows.usd.sum(), first=rows.charge_start.min())
    listed = book.table("prices/other_services")
    rates = listed[listed["service"] == "EBS"].set_index(["item", "region"])["usd"].to_dict()
    findings = []
    for row in window.ask(table.order_by(keys)).to_dict("records"):
        now = rates.get((f"{row['volume']}_storage", row["region"]))
        for newer in chains.get(str(row["volume"]), ()):
            price = rates.get((f"{newer}_storage", row["region"]))
            if now is None or price is None or price >= now or float(row["usd"]) <= 0:
                continue
            text = f"{row['months']:,.1f} GB-months in {RECENT_DAYS} days; list price {now:g}, of {newer} {price:g}"
            fix = {"VolumeType": newer}
            findings.append(_finding(window, row, f"{row['volume']} volumes", newer, 1.0 - price / now, text, fix))
    return findings


def _finding(window: Window, row: Any, old: str, new: str, saved: float, evidence: str, fix: dict[str, Any]) -> Finding:
    usd = float(row["usd"]) * MONTH_DAYS / RECENT_DAYS
    return Finding(
        kind="previous_generation",
        resource=old,
        **where_and_when(row, row["first"], window.end),
        evidence=evidence,
        usd=saved * float(row["usd"]),
        usd_per_month=saved * usd,
        at_stake_usd=usd,
        rule=f"its cost in the bill's last {RECENT_DAYS} days, less its share by the ratio of list prices",
        certainty=LIKELY,
        advice=f"{new} takes its place at the same size; measure your work on it first",
        fix_json=fix,
    )


def _chains(book: PriceBook) -> dict[str, dict[str, tuple[str, ...]]]:
    """All later families of each family, by what is billed."""
    table = book.table("facts/successors")
    chains: dict[str, dict[str, tuple[str, ...]]] = {"instance": {}, "volume": {}}
    for what, rows in table.groupby("what"):
        direct = dict(zip(rows["family"], rows["successor"], strict=True))
        for family in direct:
            later, at = [], family
            while at in direct and direct[at] not in later:
                at = direct[at]
                later.append(at)
            chains[str(what)][str(family)] = tuple(later)
    return chains


def _price(book: PriceBook, row: Mapping[Any, Any], instance_type: str) -> float | None:
    """USD an hour at list price; None where it is not known."""
    region = text_or_none(row["region"])
    if region is None:
        return None
    try:
        if row["service_code"] == EC2:
            return book.on_demand(instance_type, region).amount
        component = COMPONENTS.get(str(row["component"]))
        return None if component is None else book.sagemaker(component, instance_type, region).amount
    except NotKnown:
        return None
