"""The one documented view of a bill: every export comes to these columns, whatever it calls them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from costlib.billing import cur, cur2, cur_legacy, focus
from costlib.billing.raw import Raw
from costlib.billing.versions import CUR_2, CUR_LEGACY, FOCUS_1_0, FOCUS_1_2, key_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from costlib.billing.engine import Engine
    from costlib.billing.sources import FileGroup

#: Name: (type, meaning). Costs are floats in ``currency``; times are UTC; text is never empty, but missing.
COLUMNS: dict[str, tuple[str, str]] = {
    "billing_start": (
        "timestamp",
        "first moment of the billing month; of the charge's month where the export does not say",
    ),
    "charge_start": ("timestamp", "when the charge began"),
    "charge_end": ("timestamp", "when the charge ended, exclusive"),
    "currency": ("string", "currency of all costs in the row"),
    "payer_id": ("string", "account that pays"),
    "account_id": ("string", "account that used"),
    "account_name": ("string", "its name, where the export has it"),
    "charge_category": ("string", "Usage, Purchase, Tax, Credit, Adjustment; as given or Unknown where it is none"),
    "billed_cost": ("float64", "what is invoiced for the row"),
    "effective_cost": ("float64", "amortised: with the row's share of what was paid upfront or as a fee"),
    "list_cost": ("float64", "at public on-demand prices"),
    "contracted_cost": ("float64", "at negotiated prices, before commitments"),
    "service": ("string", "name of the service"),
    "service_code": ("string", "AmazonEC2, AmazonSageMaker, ...; the name where the export has no code"),
    "region": ("string", "region code"),
    "usage_type": ("string", "AWS's usage type; missing in FOCUS without AWS's columns"),
    "operation": ("string", "AWS's operation"),
    "description": ("string", "the charge in AWS's words"),
    "instance_type": ("string", "type named by product, usage type or description, in this order"),
    "purchase_option": (
        "string",
        "of usage: on_demand, spot, managed_spot, reserved, savings_plan, capacity_block; dynamic (priced by supply, "
        "not EC2's spot), committed (a commitment of unknown kind)",
    ),
    "is_spot": ("boolean", "usage bought as spot or managed_spot"),
    "is_covered": ("boolean", "usage bought by a commitment, with what of it was not used"),
    "component": ("string", "SageMaker's component (recognise.COMPONENTS)"),
    "quantity": ("float64", "what was priced, in unit; missing where the row takes usage back"),
    "unit": ("string", "unit of quantity"),
    "instance_hours": ("float64", "hours that an instance of instance_type ran; missing for all other rows"),
    "commitment_id": ("string", "ARN of the Savings Plan or reservation"),
    "commitment_kind": ("string", "savings_plan, reserved, capacity_block, committed"),
    "commitment_status": ("string", "Used or Unused; in CUR a fee's effective cost is its unused part"),
    "resource_id": ("string", "ARN or id of the resource"),
    "resource_kind": ("string", "training-job, endpoint, ... of a SageMaker ARN"),
    "resource_name": ("string", "the name in a SageMaker ARN"),
    "tags": ("map<string, string>", "tags by the export's own keys: ask Bill.tag"),
    "has_tags": ("boolean", "whether the row has any tag"),
}
COSTS = ("billed_cost", "effective_cost", "list_cost", "contracted_cost")
_MAPPINGS = {FOCUS_1_0: focus, FOCUS_1_2: focus, CUR_2: cur2, CUR_LEGACY: cur_legacy}


@dataclass(frozen=True)
class Part:
    """One group of files: its raw table, the same as the view's rows, which knows what the mapping used and lacked."""

    group: FileGroup
    raw: Raw
    rows: ir.Table


def json_columns(group: FileGroup) -> list[str]:
    """Columns of the group that hold JSON objects as text."""
    wanted = {key_of(name) for name in _MAPPINGS[group.version].MAPS}
    first: dict[str, tuple[str, str]] = {}
    for name, kind in group.columns:
        first.setdefault(key_of(name), (name, kind))
    return [name for key, (name, kind) in first.items() if key in wanted and "string" in kind and "map" not in kind]


def raw_of(engine: Engine, group: FileGroup) -> Raw:
    """The group's raw table, nothing cleaned."""
    return Raw(engine.read(group, json_columns(group)))


def part_of(group: FileGroup, raw: Raw, cleaned: Sequence[str] = ()) -> Part:
    """The group's rows in the view, with the columns ``cleaned`` that hold marks for "nothing"."""
    raw = Raw(raw.table.filter(~repeats(raw)) if is_cur(group) else raw.table, cleaned)
    columns = _MAPPINGS[group.version].mapped(raw)
    rows = raw.table.select(**{name: columns[name].cast(kind) for name, (kind, _) in COLUMNS.items()})
    return Part(group, raw, rows)


def is_cur(group: FileGroup) -> bool:
    """Whether the group is a Cost and Usage Report."""
    return group.version in (CUR_2, CUR_LEGACY)


def repeats(raw: Raw) -> Any:
    """Rows of a CUR that repeat an instance's cost, split over its containers."""
    import ibis

    return ibis.coalesce(raw.text("lineItem/Operation").isin(cur.SPLIT_OPERATIONS), ibis.literal(False))


def exact_sum(column: Any) -> Any:
    """A sum that does not depend on the order of its rows, as floats do: for what must agree to the cent."""
    return column.try_cast("decimal(38, 12)").sum().cast("float64")
