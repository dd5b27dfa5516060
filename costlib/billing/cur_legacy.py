"""The legacy CUR, mapped to the view: a column for each tag, ``resourceTags/user:team``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from costlib.billing import cur
from costlib.billing.raw import blanked

if TYPE_CHECKING:
    from costlib.billing.raw import Raw

MAPS: tuple[str, ...] = ()
_TAG = re.compile(r"^(?:resourceTags/(?:user:)?|resource_tags_(?:user_)?)(.+)$")


def tag_columns(columns: Iterable[str]) -> dict[str, str]:
    """The columns that hold tags, by the tag's key; of two with one key the first."""
    found: dict[str, str] = {}
    for column in columns:
        matched = _TAG.match(column)
        if matched:
            found.setdefault(matched[1], column)
    return found


def mapped(raw: Raw) -> dict[str, Any]:
    """The view's columns as expressions on a raw legacy table."""
    import ibis

    columns = tag_columns(raw.table.columns)
    if not columns:
        return cur.mapped(raw)
    values = {key: blanked(raw.table[name].cast("string")) for key, name in columns.items()}
    tags = ibis.map(ibis.array([ibis.literal(key) for key in values]), ibis.array(list(values.values())))
    return cur.mapped(raw, tags, reduce(or_, (value.notnull() for value in values.values())))
