"""CUR 2.0, mapped to the view: tags and product attributes are maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from costlib.billing import cur

if TYPE_CHECKING:
    from costlib.billing.raw import Raw

#: Text columns that hold a JSON object where the file has no maps (CSV).
MAPS = ("resource_tags", "tags", "product")


def mapped(raw: Raw) -> dict[str, Any]:
    """The view's columns as expressions on a raw CUR 2.0 table."""
    return cur.mapped(raw, raw.map("resource_tags", "tags"), attributes=raw.map("product"))
