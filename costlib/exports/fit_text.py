"""What fits where, as a table for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from costlib import display
from costlib.exports.terminal import table
from costlib.planner.fit_answer import AcceleratorFit
from costlib.units import bytes_to_gib

NOTE = """GiB of one accelerator, expected, of what it has; most: the largest micro-batch. The layout is the workload's,
else the plainest, on the cheapest instance. Dollars: one run, on demand, with what recomputation, accumulation,
sharding and pipelines take in time; a micro-batch that is left open is the largest that there is room for."""


def fit_text(found: Sequence[AcceleratorFit]) -> str:
    """One line an accelerator, then what the numbers are."""
    heads = ("accelerator", "verdict", "GiB", "of", "layout", "most", "change that makes it fit", "USD a run")
    rows = [
        (
            answer.accelerator,
            answer.fits,
            f"{bytes_to_gib(answer.choice.bytes_expected):.1f}" if answer.choice else "",
            f"{bytes_to_gib(answer.usable_bytes):.1f}",
            _layout(answer),
            "" if answer.largest_micro_batch is None else answer.largest_micro_batch,
            "; ".join([*filter(None, [answer.reason]), *_changes(answer)]),
            _dollars(answer),
        )
        for answer in found
    ]
    return table(heads, rows, right=("GiB", "of", "most", "USD a run")) + f"\n\n{NOTE}"


def _changes(answer: AcceleratorFit) -> list[str]:
    return [", ".join(answer.cheapest_fix.changes)] if answer.cheapest_fix else []


def _layout(answer: AcceleratorFit) -> str:
    choice = answer.choice
    if choice is None:
        return ""
    return f"{choice.count} x {choice.instance_type}, {choice.precision}, micro-batch {choice.micro_batch}"


def _dollars(answer: AcceleratorFit) -> str:
    choice = answer.cheapest_fix.choice if answer.cheapest_fix else answer.choice
    if choice is None or choice.cost_usd is None:
        return ""
    return display.usd(choice.cost_usd)
