"""FOCUS 1.0 and 1.2 as AWS exports them, mapped to the view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from costlib.billing import recognise
from costlib.billing.derived import derived

if TYPE_CHECKING:
    from costlib.billing.raw import Raw

#: Text columns that hold a JSON object where the file has no maps.
MAPS = ("Tags",)
CATEGORIES = ("Usage", "Purchase", "Tax", "Credit", "Adjustment")


def mapped(raw: Raw) -> dict[str, Any]:
    """The view's columns as expressions on a raw FOCUS table.

    Rules: spot is pricing category Dynamic on EC2, managed spot SageMaker's TrSpt; a commitment's category Spend is a
    Savings Plan, Usage a Reserved Instance (FOCUS 1.2 and its supporting content for AWS). Costs stay as published.
    """
    category = raw.text("ChargeCategory")
    service, usage_type = raw.text("ServiceName"), raw.text("x_UsageType", "SkuMeter")
    description, pricing = raw.text("ChargeDescription"), raw.text("PricingCategory")
    code = raw.text("x_ServiceCode") if raw.has("x_ServiceCode") else recognise.service_code_of(service)
    quantity, unit = _quantity(raw)
    kind = _commitment_kind(raw)
    on_ec2 = code == recognise.EC2 if raw.has("x_ServiceCode") else service.isin(recognise.EC2_NAMES)
    is_spot = ((pricing == "Dynamic") & on_ec2) | usage_type.contains("SpotUsage")
    columns = {
        "billing_start": raw.month("BillingPeriodStart", "ChargePeriodStart"),
        "charge_start": raw.time("ChargePeriodStart"),
        "charge_end": raw.time("ChargePeriodEnd"),
        "currency": raw.text("BillingCurrency"),
        "payer_id": raw.text("BillingAccountId"),
        "account_id": raw.text("SubAccountId"),
        "account_name": raw.text("SubAccountName"),
        "charge_category": category,
        "billed_cost": raw.number("BilledCost"),
        "effective_cost": raw.number("EffectiveCost"),
        "list_cost": raw.number("ListCost"),
        "contracted_cost": raw.number("ContractedCost"),
        "service": service,
        "service_code": code,
        "region": raw.text("RegionId", "Region"),
        "usage_type": usage_type,
        "operation": raw.text("x_Operation"),
        "description": description,
        "instance_type": recognise.instance_type_of(*_type_texts(raw, usage_type, description)),
        "quantity": quantity,
        "unit": unit,
        "commitment_id": raw.text("CommitmentDiscountId"),
        "commitment_kind": kind,
        "commitment_status": raw.text("CommitmentDiscountStatus"),
        "resource_id": raw.text("ResourceId"),
        "tags": raw.map("Tags"),
    }
    bought = recognise.Bought(category, usage_type, _committed(raw), kind, is_spot, pricing == "Dynamic")
    return columns | derived(columns, bought)


def _type_texts(raw: Raw, usage_type: Any, description: Any) -> tuple[Any, ...]:
    return (usage_type, description) if raw.has("x_UsageType") or raw.has("SkuMeter") else (description,)


def _quantity(raw: Raw) -> tuple[Any, Any]:
    """What was priced, and for exports without it what was consumed, each with its unit."""
    if raw.has("PricingQuantity"):
        unit = raw.text("PricingUnit") if raw.has("PricingUnit") else raw.text("ConsumedUnit")
        return raw.number("PricingQuantity"), unit
    return raw.number("ConsumedQuantity"), raw.text("ConsumedUnit", "PricingUnit")


def _committed(raw: Raw) -> Any:
    """Whether a commitment has part in the row: its id says so, and without that column its category."""
    if raw.has("CommitmentDiscountId"):
        return raw.text("CommitmentDiscountId").notnull()
    return raw.text("CommitmentDiscountCategory", "CommitmentDiscountType").notnull()


def _commitment_kind(raw: Raw) -> Any:
    """``savings_plan``, ``reserved``, ``capacity_block``; ``committed`` where only the commitment's id is known."""
    import ibis

    category, kind = raw.text("CommitmentDiscountCategory"), raw.text("CommitmentDiscountType")
    commitment = raw.text("CommitmentDiscountId")
    return ibis.cases(
        (kind.contains("Capacity Block"), "capacity_block"),
        (category == "Spend", "savings_plan"),
        (category == "Usage", "reserved"),
        (commitment.contains(":savingsplan"), "savings_plan"),
        (commitment.contains(":reserved-instances"), "reserved"),
        (commitment.notnull(), "committed"),
        else_=ibis.null("string"),
    )
