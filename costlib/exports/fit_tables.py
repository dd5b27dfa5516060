"""What fits where as plain tables: one row an accelerator, a change or a sequence length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from costlib.planner.fit_answer import AcceleratorFit, Choice
from costlib.planner.memory_views import PARTS
from costlib.prices.book import PriceBook

#: What is told of a layout, as asked and after the cheapest change.
_LAYOUT = (
    "instance_type", "count", "accelerators", "devices", "precision", "optimizer", "recompute", "zero_stage",
    "micro_batch", "accumulation_steps", "bytes_low", "bytes_expected", "bytes_high", "usd_per_hour",
    "hours", "cost_usd",
)  # fmt: skip


def verdicts_frame(found: Sequence[AcceleratorFit], book: PriceBook) -> pd.DataFrame:
    """One row an accelerator: verdict, bytes of one accelerator, largest micro-batch, layout, cheapest change.

    Columns of the layout as asked start with ``asked_``, those of the changed one with ``fix_``; USD are for one run,
    on demand, in the home region.
    """
    rows = [
        {
            "accelerator": answer.accelerator,
            "fits": answer.fits,
            "usable_bytes": answer.usable_bytes,
            "usable_basis": answer.usable_basis,
            "usable_source": answer.usable_source,
            "largest_micro_batch": answer.largest_micro_batch,
            "instance_types": " ".join(answer.instance_types),
            "reason": answer.reason,
            "reason_source": answer.reason_source,
            **_layout("asked", answer.choice),
            "fix_changes": ", ".join(answer.cheapest_fix.changes) if answer.cheapest_fix else None,
            "fix_accelerator": answer.cheapest_fix.accelerator if answer.cheapest_fix else None,
            "fix_added_usd": answer.cheapest_fix.added_usd if answer.cheapest_fix else None,
            **_layout("fix", answer.cheapest_fix.choice if answer.cheapest_fix else None),
        }
        for answer in found
    ]
    return pd.DataFrame(rows).assign(
        snapshot_id=book.snapshot_id, prices_as_of=book.as_of, own_rates="; ".join(book.overlays)
    )


def memory_frame(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of planner.memory_views with the unit in the names: bytes of one accelerator."""
    return rows.rename(columns={name: f"{name}_bytes" for name in (*PARTS, "low", "expected", "high")})


def _layout(prefix: str, choice: Choice | None) -> dict[str, Any]:
    return {f"{prefix}_{name}": None if choice is None else getattr(choice, name) for name in _LAYOUT}
