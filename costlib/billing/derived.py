"""The view's columns that follow from its others, whatever the export."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from costlib.billing import recognise
from costlib.billing.raw import no_tags


def derived(columns: Mapping[str, Any], bought: recognise.Bought) -> dict[str, Any]:
    """How usage was bought, SageMaker's component, instance-hours, what the resource is, and whether there are tags.

    ``tags`` may be None for an export without them; ``has_tags`` is counted where ``columns`` do not say it.
    """
    import ibis

    tags, has_tags = columns["tags"], columns.get("has_tags")
    none = ibis.literal(False)
    if has_tags is None:
        has_tags = none if tags is None else ibis.coalesce(tags.length() > 0, none)
    return {
        "purchase_option": bought.option,
        "is_spot": bought.is_spot,
        "is_covered": bought.is_covered,
        "component": recognise.component_of(columns["service_code"], columns["usage_type"]),
        "instance_hours": recognise.instance_hours_of(
            columns["charge_category"],
            columns["commitment_status"],
            columns["instance_type"],
            columns["unit"],
            columns["usage_type"],
            columns["quantity"],
        ),
        "resource_kind": recognise.resource_kind_of(columns["resource_id"]),
        "resource_name": recognise.resource_name_of(columns["resource_id"]),
        "tags": no_tags() if tags is None else tags,
        "has_tags": has_tags,
    }
