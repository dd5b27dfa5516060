"""Spot, as tables for a terminal."""

from __future__ import annotations

from collections.abc import Mapping

from costlib import display
from costlib.exports.terminal import table
from costlib.planner.spot.replays import PAPER_PRICE_RULE, Question, Tape


def replay_text(tape: Tape, question: Question, found: Mapping[str, float]) -> str:
    """What the starts of one trace come to with one policy."""
    minutes = tape.step_hours * 60.0
    rows = [
        ("starts", f"{found['starts']:,.0f}"),
        ("cost over on-demand, mean", _ratio(found["cost_ratio"])),
        ("cost over on-demand, P10 to P90", f"{_ratio(found['cost_ratio_p10'])} – {_ratio(found['cost_ratio_p90'])}"),
        ("met the deadline", display.share(found["met_fraction"])),
        ("hours to the end, mean", _number(found["finish_hours"], "h")),
        ("lost work, mean", _number(found["lost_work_hours"], "h")),
        ("billed hours on spot", "" if found["spot_fraction"] != found["spot_fraction"] else
         display.share(found["spot_fraction"])),
        ("preemptions, mean", _number(found["preemptions"], "")),
    ]  # fmt: skip
    price = f"spot at {question.price_ratio:.3f} of on-demand"
    if question.spot_price_ratio is None:
        price += f" ({PAPER_PRICE_RULE})"
    head = (
        f"{tape.name}: {len(tape.available):,} steps of {minutes:.4g} min, capacity in"
        f" {display.share(float(tape.available.mean()))} of them\n{question.policy}: {question.work_hours:g} h of work,"
        f" {question.deadline_hours:g} h to the deadline, {question.changeover_hours:g} h a changeover; {price}"
    )
    return f"{head}\n\n{table(('what', 'found'), rows, right=('found',))}"


def _ratio(value: float) -> str:
    return "not known" if value != value else f"{value:.3f}"


def _number(value: float, unit: str) -> str:
    return "not known" if value != value else f"{value:,.2f} {unit}".strip()
