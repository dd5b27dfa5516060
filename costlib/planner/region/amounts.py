"""What a region's plan costs, as data: each line under the name that the answer gives it, and the rules behind them."""

from __future__ import annotations

import math

from costlib.planner.region.ranking import Rows

#: The lines that data make, as the answer calls them.
DATA_LINES = {
    "initial_copy": "data_transfer",
    "sync": "data_sync",
    "copy_storage": "copy_storage",
    "home_storage": "dataset_storage",
    "checkpoint_storage": "checkpoint_storage",
    "egress": "result_transfer",
    "requests": "copy_requests",
}
RULES = {
    "total": "the plan's own lines, as costlib plan adds them up: one run, everything expected",
    "campaign": "runs a month times months, at least one run; the copy is made once and kept for all months",
    "price_only": "the region that the price of instances alone ranks first: all lines but those of DATA",
    "break_even": (
        "against the home region's best plan, bought the same way; the dataset's objects keep their size. In GiB: up to"
        " which size of the dataset the region pays; in runs: from how many runs of the campaign on. A commitment is"
        " paid whether it runs or not, so it has no break-even in runs"
    ),
    "committed": "a commitment is costed as if its whole term were used like the campaign; commitment_usd is what is"
    " signed for",
    "storage": "S3 Standard at its first tier, as costlib plan has it",
}


def amounts(rows: Rows, number: int, runs: float) -> dict[str, object]:
    """The amounts of one region as data: its lines, its total with the ends of its price, and the campaign's."""
    total = float(rows.total_usd[number])
    return {
        "compute_usd": number_or_none(rows.compute_usd[number]),
        "data_usd": number_or_none(rows.data_usd[number]),
        "lines": {name: number_or_none(rows.usd[item][number]) for name, item in DATA_LINES.items()},
        "total_usd": number_or_none(total),
        "total_usd_low": number_or_none(rows.low_usd[number]),
        "total_usd_high": number_or_none(rows.high_usd[number]),
        "campaign_usd": number_or_none(total * runs),
    }


def number_or_none(value: float) -> float | None:
    """JSON has no nan and no infinity: not known, and never, are null."""
    return float(value) if math.isfinite(value) else None
