"""What both Cost and Usage Reports share: line types, and how each is amortised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from costlib.billing import recognise
from costlib.billing.derived import derived

if TYPE_CHECKING:
    from costlib.billing.raw import Raw

#: FOCUS's charge category of a line type (FOCUS supporting content, chargecategory.md); discounts on usage are usage.
CATEGORY_OF = {
    "Usage": "Usage", "SavingsPlanCoveredUsage": "Usage", "DiscountedUsage": "Usage", "SavingsPlanNegation": "Usage",
    "BundledDiscount": "Usage", "EdpDiscount": "Usage", "PrivateRateDiscount": "Usage", "Discount": "Usage",
    "Fee": "Purchase", "RIFee": "Purchase", "SavingsPlanUpfrontFee": "Purchase", "SavingsPlanRecurringFee": "Purchase",
    "Tax": "Tax", "Credit": "Credit", "Refund": "Adjustment",
}  # fmt: skip
UNKNOWN = "Unknown"
#: Rows that repeat an instance's cost, split over its containers: they are no further cost.
SPLIT_OPERATIONS = ("EKSPod-EC2", "ECSTask-EC2")
PLAN_PRODUCTS = ("ComputeSavingsPlans", "MachineLearningSavingsPlans", "DatabaseSavingsPlans")


def mapped(raw: Raw, tags: Any = None, has_tags: Any = None, attributes: Any = None) -> dict[str, Any]:
    """The view's columns as expressions on a raw CUR table; ``attributes`` is CUR 2.0's map of the product's.

    Amortisation as in AWS's Cloud Intelligence Dashboards (cid/summary_view.sql). Billed cost is the unblended cost:
    a negation row takes back what covered usage shows at on-demand rates, so that sums are the report's own.
    Contracted cost is the unblended cost of usage and of usage that a Savings Plan covers; for reserved usage the
    report holds no negotiated rate, and the public one stands for it.
    """
    import ibis

    kind, usage_type = raw.text("lineItem/LineItemType"), raw.text("lineItem/UsageType")
    unblended, description = raw.number("lineItem/UnblendedCost"), raw.text("lineItem/LineItemDescription")
    public = raw.number("pricing/publicOnDemandCost")
    plan, reservation = _arns(raw)
    negation, reserved = kind == "SavingsPlanNegation", kind == "DiscountedUsage"
    category = ibis.cases(*((kind == name, category) for name, category in CATEGORY_OF.items()), else_=UNKNOWN)
    status = ibis.cases(
        (kind.isin(["SavingsPlanCoveredUsage", "DiscountedUsage"]), "Used"),
        (kind.isin(["SavingsPlanRecurringFee", "RIFee"]), "Unused"),
        else_=ibis.null("string"),
    )
    commitment_kind = ibis.cases(
        (kind.isin(["SavingsPlanCoveredUsage", "SavingsPlanNegation", "SavingsPlanRecurringFee"]), "savings_plan"),
        (kind == "SavingsPlanUpfrontFee", "savings_plan"),
        (kind.isin(["DiscountedUsage", "RIFee"]), "reserved"),
        (plan.notnull(), "savings_plan"),
        (reservation.notnull(), "reserved"),
        else_=ibis.null("string"),
    )
    code = raw.text("lineItem/ProductCode")
    is_spot = usage_type.contains("SpotUsage")
    texts = [raw.text("product/instanceType")] if raw.has("product/instanceType") else []
    columns = {
        "billing_start": raw.month("bill/BillingPeriodStartDate", "lineItem/UsageStartDate"),
        "charge_start": raw.time("lineItem/UsageStartDate"),
        "charge_end": raw.time("lineItem/UsageEndDate"),
        "currency": raw.text("lineItem/CurrencyCode"),
        "payer_id": raw.text("bill/PayerAccountId"),
        "account_id": raw.text("lineItem/UsageAccountId"),
        "account_name": raw.text("lineItem/UsageAccountName"),
        "charge_category": category,
        "billed_cost": unblended,
        "effective_cost": _effective(raw, kind, unblended, reservation, code),
        "list_cost": ibis.ifelse(negation, 0.0, public),
        "contracted_cost": ibis.cases((negation, 0.0), (reserved, public), else_=unblended),
        "service": ibis.coalesce(raw.text("product/ProductName"), _attribute(attributes, "product_name"), code),
        "service_code": code,
        "region": ibis.coalesce(
            raw.text("product/regionCode"), raw.text("product/region"), _attribute(attributes, "region")
        ),
        "usage_type": usage_type,
        "operation": raw.text("lineItem/Operation"),
        "description": description,
        "instance_type": recognise.instance_type_of(*texts, usage_type, description),
        "quantity": ibis.ifelse(negation, ibis.null("float64"), raw.number("lineItem/UsageAmount")),
        "unit": raw.text("pricing/unit"),
        "commitment_id": ibis.coalesce(plan, reservation),
        "commitment_kind": commitment_kind,
        "commitment_status": status,
        "resource_id": raw.text("lineItem/ResourceId"),
        "tags": tags,
        "has_tags": has_tags,
    }
    bought = recognise.Bought(category, usage_type, commitment_kind.notnull(), commitment_kind, is_spot, None)
    return columns | derived(columns, bought)


def _arns(raw: Raw) -> tuple[Any, Any]:
    """The ARNs of the Savings Plan and of the reservation; Parquet's legacy names break up "ARN", and keys do not."""
    return raw.text("savingsPlan/SavingsPlanARN"), raw.text("reservation/ReservationARN")


def _effective(raw: Raw, kind: Any, unblended: Any, reservation: Any, code: Any) -> Any:
    import ibis

    def amount(name: str) -> Any:
        return ibis.coalesce(raw.number(name), 0.0)

    unused_plan = amount("savingsPlan/TotalCommitmentToDate") - amount("savingsPlan/UsedCommitment")
    unused_reservation = amount("reservation/UnusedAmortizedUpfrontFeeForBillingPeriod")
    unused_reservation = unused_reservation + amount("reservation/UnusedRecurringFee")
    return ibis.cases(
        (kind == "SavingsPlanCoveredUsage", amount("savingsPlan/SavingsPlanEffectiveCost")),
        (kind == "SavingsPlanRecurringFee", unused_plan),
        (kind.isin(["SavingsPlanNegation", "SavingsPlanUpfrontFee"]), 0.0),
        (kind == "DiscountedUsage", amount("reservation/EffectiveCost")),
        (kind == "RIFee", unused_reservation),
        ((kind == "Fee") & reservation.notnull(), 0.0),
        ((kind == "Refund") & code.isin(PLAN_PRODUCTS), 0.0),
        else_=unblended,
    )


def _attribute(attributes: Any, name: str) -> Any:
    import ibis

    return ibis.null("string") if attributes is None else attributes.get(name)
