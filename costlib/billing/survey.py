"""One pass over a raw table: its own totals, and the oddities of real exports, before anything is mapped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from costlib.billing.engine import MAP_PREFIX
from costlib.billing.notes import Note, listed
from costlib.billing.raw import EMPTY_MARKS, ODD_MARKS
from costlib.billing.versions import key_of
from costlib.billing.view import exact_sum, is_cur, json_columns, part_of, repeats

if TYPE_CHECKING:
    from costlib.billing.engine import Engine
    from costlib.billing.raw import Raw
    from costlib.billing.sources import FileGroup

#: The raw column behind each cost of the view; CUR's effective and contracted cost are made of several.
RAW_COSTS = {
    "FOCUS": {"billed_cost": "BilledCost", "effective_cost": "EffectiveCost", "list_cost": "ListCost",
              "contracted_cost": "ContractedCost"},
    "CUR": {"billed_cost": "lineItem/UnblendedCost"},
}  # fmt: skip


BILLING_START = {"FOCUS": "BillingPeriodStart", "CUR": "bill/BillingPeriodStartDate"}
#: What a line type is amortised by in CUR, and what stands for it where the row lacks it.
AMORTISED_BY = (
    ("SavingsPlanCoveredUsage", "savingsPlan/SavingsPlanEffectiveCost", "an effective cost of 0"),
    ("SavingsPlanRecurringFee", "savingsPlan/TotalCommitmentToDate", "nothing unused"),
    ("DiscountedUsage", "reservation/EffectiveCost", "an effective cost of 0"),
    ("RIFee", "reservation/UnusedRecurringFee", "no unused recurring fee"),
)


@dataclass(frozen=True)
class Survey:
    """Of one group: raw rows, raw sums by the view's cost, rows and billed cost left out, rows by cost whose cost is no
    number (``unread``), columns to clean, notes."""

    rows: int
    sums: dict[str, float]
    left_out_rows: int
    left_out_billed: float
    unread: dict[str, int]
    cleaned: tuple[str, ...]
    notes: tuple[Note, ...]


def survey(engine: Engine, group: FileGroup, raw: Raw) -> Survey:
    """Looks at every raw row once, without the view: what it sums is what the files say."""
    import ibis

    used = part_of(group, raw)
    texts, numbers = sorted(used.raw.texts), sorted(used.raw.numbers)
    table = raw.table
    asked: dict[str, Any] = {"rows": table.count()}
    for number, name in enumerate(texts):
        column: Any = table[name]
        if column.type().is_string():
            asked[f"mark_{number}"] = column.isin([*EMPTY_MARKS, *ODD_MARKS]).sum()
    for number, name in enumerate(numbers):
        column = table[name]
        if column.type().is_string():
            words = column.notnull() & ~column.isin([*EMPTY_MARKS, *ODD_MARKS]) & column.try_cast("float64").isnull()
            asked[f"lost_{number}"] = words.sum()
        elif column.type().is_floating():
            asked[f"sum_{number}"] = column.sum()
    month = raw.columns.get(key_of(BILLING_START[family_of(group)]))
    if month is not None:
        asked["no_month"] = raw.time(month).isnull().sum()
    costs = {cost: raw.number(name) for cost, name in RAW_COSTS[family_of(group)].items() if raw.has(name)}
    asked |= {cost: exact_sum(column) for cost, column in costs.items()}
    if is_cur(group):
        split = repeats(raw)
        asked |= {f"part_{n}": _lacks(raw, kind, name).sum() for n, (kind, name, _) in enumerate(AMORTISED_BY)}
        asked["left_out_rows"] = split.sum()
        asked["left_out_billed"] = exact_sum(ibis.ifelse(split, raw.number("lineItem/UnblendedCost"), 0.0))
    for number, name in enumerate(json_columns(group)):
        text, made = table[name], table[MAP_PREFIX + name]
        asked[f"json_{number}"] = (~text.isin([*EMPTY_MARKS, *ODD_MARKS]) & text.notnull() & made.isnull()).sum()
    found = engine.execute(table.aggregate(**asked)).iloc[0].to_dict()
    count = {str(key): 0.0 if value != value or value is None else float(value) for key, value in found.items()}
    marked = [name for number, name in enumerate(texts) if count.get(f"mark_{number}", 0) > 0]
    lost = {name: int(count[f"lost_{number}"]) for number, name in enumerate(numbers) if count.get(f"lost_{number}")}
    lost |= _not_finite(engine, table, [name for n, name in enumerate(numbers) if _spoilt(found.get(f"sum_{n}"))])
    odd = _odd_marks(engine, table, marked)
    unread = {cost: lost[found_as] for cost, found_as in _columns(group, raw).items() if found_as in lost}
    return Survey(
        rows=int(count["rows"]),
        sums={cost: count[cost] for cost in costs},
        left_out_rows=int(count.get("left_out_rows", 0)),
        left_out_billed=count.get("left_out_billed", 0.0),
        unread=unread,
        cleaned=(*marked, *lost, *([str(month)] if count.get("no_month") else [])),
        notes=tuple(_notes(group, count, odd, lost, used.raw.missing)),
    )


def _spoilt(total: object) -> bool:
    """Whether a sum shows that one of its numbers is not finite."""
    return isinstance(total, float) and math.isinf(total) or str(total) == "nan"


def _not_finite(engine: Engine, table: Any, names: Sequence[str]) -> dict[str, int]:
    """How many numbers of each column are not finite."""
    if not names:
        return {}
    engine.distrust_statistics()
    asked = {f"lost_{n}": (table[name].isnan() | table[name].isinf()).sum() for n, name in enumerate(names)}
    found = engine.execute(table.aggregate(**asked)).iloc[0]
    return {name: int(found[f"lost_{n}"]) for n, name in enumerate(names) if found[f"lost_{n}"] > 0}


def _columns(group: FileGroup, raw: Raw) -> dict[str, str]:
    """The raw column of each cost that has one."""
    names = RAW_COSTS[family_of(group)].items()
    return {cost: raw.columns[key_of(name)] for cost, name in names if raw.has(name)}


def _odd_marks(engine: Engine, table: Any, names: Sequence[str]) -> dict[str, int]:
    """How often each column says "nothing" in words. Empty text is usual, so that few bills need this pass."""
    if not names:
        return {}
    asked = {f"odd_{number}": table[name].isin(ODD_MARKS).sum() for number, name in enumerate(names)}
    found = engine.execute(table.aggregate(**asked)).iloc[0]
    return {name: int(found[f"odd_{number}"]) for number, name in enumerate(names) if found[f"odd_{number}"]}


def _lacks(raw: Raw, kind: str, name: str) -> Any:
    return (raw.text("lineItem/LineItemType") == kind) & raw.number(name).isnull()


def family_of(group: FileGroup) -> str:
    """FOCUS or CUR."""
    return group.version.split()[0]


def _notes(
    group: FileGroup, count: dict[str, float], odd: dict[str, int], lost: dict[str, int], missing: set[str]
) -> list[Note]:
    where = group.paths[0] if len(group.paths) == 1 else f"{group.paths[0]} and {len(group.paths) - 1} more"
    notes = []
    if odd:
        words = f"the text null stands for nothing in {listed(sorted(odd))}; it is read as missing"
        notes.append(Note("null_text", where, words, max(odd.values())))
    for name, rows in lost.items():
        words = f"{name} holds what is no number; it is read as missing"
        notes.append(Note("not_a_number", where, words, rows))
    for number, name in enumerate(json_columns(group)):
        if broken := int(count.get(f"json_{number}", 0)):
            words = f"{name} holds text that is no JSON object; these rows count as without"
            notes.append(Note("unreadable_tags", where, words, broken))
    for number, (kind, name, instead) in enumerate(AMORTISED_BY):
        if lacking := int(count.get(f"part_{number}", 0)):
            words = f"{kind} rows without {name}: they count with {instead}, which is too low"
            notes.append(Note("not_amortised", where, words, lacking))
    if missing:
        words = f"columns that the export lacks: {listed(sorted(missing), 12)}; what needs them is missing"
        notes.append(Note("missing_columns", where, words))
    if left := int(count.get("left_out_rows", 0)):
        words = "rows of split cost allocation repeat their instance's cost and are left out"
        notes.append(Note("split_rows", where, words, left, count["left_out_billed"]))
    if strays := _strays(group):
        words = f"columns that no rule reads, {len(strays)} in all: {listed(strays)}"
        notes.append(Note("stray_columns", where, words))
    if twins := _twins(group):
        words = f"columns that differ in case or separators only, of which the first is read: {listed(twins)}"
        notes.append(Note("twin_columns", where, words))
    return notes


#: Columns of FOCUS that the view has no use for; not strays.
_KNOWN_FOCUS = frozenset(
    key_of(name)
    for name in [
        "AvailabilityZone",
        "BillingAccountName",
        "BillingAccountType",
        "BillingPeriodEnd",
        "CapacityReservationId",
        "CapacityReservationStatus",
        "ChargeClass",
        "ChargeFrequency",
        "CommitmentDiscountName",
        "CommitmentDiscountQuantity",
        "CommitmentDiscountUnit",
        "ConsumedQuantity",
        "ConsumedUnit",
        "ContractedUnitPrice",
        "InvoiceId",
        "InvoiceIssuerName",
        "ListUnitPrice",
        "PricingCurrency",
        "PricingCurrencyContractedUnitPrice",
        "PricingCurrencyEffectiveCost",
        "PricingCurrencyListUnitPrice",
        "ProviderName",
        "PublisherName",
        "RegionName",
        "ResourceName",
        "ResourceType",
        "ServiceCategory",
        "ServiceSubcategory",
        "SkuId",
        "SkuMeter",
        "SkuPriceDetails",
        "SkuPriceId",
        "SubAccountType",
        "BillingPeriodStart",
        "ChargePeriodStart",
        "ChargePeriodEnd",
        "Tags",
        "x_CostCategories",
        "x_Discounts",
        "x_Operation",
        "x_ServiceCode",
        "x_UsageType",
        "BilledCost",
        "BillingAccountId",
        "BillingCurrency",
        "ChargeCategory",
        "ChargeDescription",
        "CommitmentDiscountCategory",
        "CommitmentDiscountId",
        "CommitmentDiscountStatus",
        "CommitmentDiscountType",
        "ContractedCost",
        "EffectiveCost",
        "ListCost",
        "PricingCategory",
        "PricingQuantity",
        "PricingUnit",
        "Region",
        "RegionId",
        "ResourceId",
        "ServiceName",
        "SubAccountId",
        "SubAccountName",
    ]
)
_KNOWN_CUR = (
    "bill", "identity", "lineitem", "pricing", "product", "reservation", "savingsplan", "discount", "costcategory",
    "resourcetags", "split", "tags", "capacityreservation",
)  # fmt: skip


def _strays(group: FileGroup) -> list[str]:
    names = [name for name, _ in group.columns]
    if family_of(group) == "FOCUS":
        return [name for name in names if key_of(name) not in _KNOWN_FOCUS]
    return [name for name in names if not key_of(name).startswith(_KNOWN_CUR)]


def _twins(group: FileGroup) -> list[str]:
    seen: set[str] = set()
    twins = []
    for name, _ in group.columns:
        if key_of(name) in seen:
            twins.append(name)
        seen.add(key_of(name))
    return twins
