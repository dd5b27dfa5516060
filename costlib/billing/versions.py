"""Which export a file is, told by the names of its columns."""

from __future__ import annotations

import re
from collections.abc import Iterable

FOCUS_1_0, FOCUS_1_2 = "FOCUS 1.0", "FOCUS 1.2"
CUR_2, CUR_LEGACY = "CUR 2.0", "CUR legacy"
VERSIONS = (FOCUS_1_0, FOCUS_1_2, CUR_2, CUR_LEGACY)

#: Columns that came with FOCUS 1.1 and 1.2: InvoiceId, CapacityReservation*, CommitmentDiscountQuantity/Unit,
#: ServiceSubcategory, SkuMeter, SkuPriceDetails, PricingCurrency*, BillingAccountType, SubAccountType
#: (AWS Data Exports, "Migrating from FOCUS 1.0 to 1.2").
_NEW_IN_1_2 = {
    "invoiceid", "capacityreservationid", "capacityreservationstatus", "commitmentdiscountquantity",
    "commitmentdiscountunit", "servicesubcategory", "skumeter", "skupricedetails", "pricingcurrency",
    "billingaccounttype", "subaccounttype",
}  # fmt: skip
#: What a file must have to be read at all: what was charged, what kind of charge it is, and when.
FOCUS_NEEDS = ("BilledCost", "ChargeCategory", "ChargePeriodStart")
CUR_NEEDS = ("lineItem/UnblendedCost", "lineItem/LineItemType", "lineItem/UsageStartDate")


def key_of(column: str) -> str:
    """A column's name without case and separators: ``lineItem/UsageType`` is ``line_item_usage_type``."""
    return re.sub(r"[^a-z0-9]", "", column.lower())


def version_of(columns: Iterable[str]) -> str | None:
    """The export that has such columns, or None."""
    columns = list(columns)
    keys = {key_of(column) for column in columns}
    if {key_of(name) for name in FOCUS_NEEDS} <= keys:
        return FOCUS_1_2 if keys & _NEW_IN_1_2 else FOCUS_1_0
    if {key_of(name) for name in CUR_NEEDS} <= keys:
        if any("/" in column for column in columns):
            return CUR_LEGACY
        # As Parquet, the legacy report has underscores too, but a column for each tag and attribute, and no maps.
        tags = [column for column in columns if column.startswith(("resource_tags_user_", "resource_tags_aws_"))]
        return CUR_LEGACY if tags or "product_region" in columns else CUR_2
    return None


def not_a_bill(columns: Iterable[str]) -> str:
    """Why a file with these columns is not read."""
    keys = {key_of(column) for column in columns}
    for name, needs in (("FOCUS", FOCUS_NEEDS), ("CUR", CUR_NEEDS)):
        lacking = [need for need in needs if key_of(need) not in keys]
        if len(lacking) < len(needs):
            return f"is not a whole {name} export: the columns {', '.join(lacking)} are missing"
    return f"is neither a FOCUS nor a CUR export: none of {', '.join((*FOCUS_NEEDS, *CUR_NEEDS))} is among its columns"
