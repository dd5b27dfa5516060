"""What changed between two snapshots, as tables for a terminal."""

from __future__ import annotations

import math

from costlib.exports.tables import records
from costlib.exports.terminal import plain, table
from costlib.prices.compare import Comparison

#: Single prices that a terminal is shown.
MOST_ROWS = 40


def diff_text(found: Comparison) -> str:
    """Counts by table, then the largest changes, what the sentinel flags first."""
    if found.rows.empty:
        return f"{found.old_id} and {found.new_id} have the same prices"
    counts = [
        (row["table"], f"{row['new']:,}", f"{row['gone']:,}", f"{row['changed']:,}",
         _number(row["median_ratio"], ".3f"), f"{row['flagged']:,}")
        for row in records(found.by_table)
    ]  # fmt: skip
    heads = ("table", "new", "gone", "changed", "median new / old", "flagged")
    parts = [table(heads, counts, right=heads[1:]), ""]
    rows = [
        (row["table"], plain(row["key"]), row["kind"], _number(row["old_usd"], ".6g"), _number(row["new_usd"], ".6g"),
         _number(row["ratio"], ".3f"), row["flag"])
        for row in records(found.rows.head(MOST_ROWS))
    ]  # fmt: skip
    titles = ("table", "price", "kind", "old USD", "new USD", "new / old", "looks like a slip")
    parts.append(table(titles, rows, right=("old USD", "new USD", "new / old")))
    if len(found.rows) > MOST_ROWS:
        parts.append(f"and {len(found.rows) - MOST_ROWS:,} more (--json has all)")
    return "\n".join(parts)


def _number(amount: float, form: str) -> str:
    return "" if math.isnan(amount) else f"{amount:{form}}"
