"""Tables for a terminal: aligned, with units, and free of control characters from data."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from costlib import display
from costlib.exports.tables import bought, exclusions_frame, ladder_frame, records
from costlib.planner.ladder import Ladder
from costlib.planner.lines import NOT_COSTED
from costlib.planner.plan import Plan
from costlib.planner.search import Result


def plain(text: object) -> str:
    """Text without control, formatting (bidirectional) and line-breaking characters."""
    return "".join(
        " " if character in "\n\t\u2028\u2029" else character
        for character in str(text)
        if character in "\n\t\u2028\u2029" or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co")
    )


def table(heads: Sequence[str], rows: Sequence[Sequence[object]], right: Sequence[str] = ()) -> str:
    """Rows under their heads; columns named in ``right`` are aligned right."""
    cells = [[plain(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    made = []
    for row in cells:
        texts = [
            cell.rjust(width) if head in right else cell.ljust(width)
            for cell, width, head in zip(row, widths, heads, strict=True)
        ]
        made.append("  ".join(texts).rstrip())
    made.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(made)


def plans_text(plans: Sequence[Plan]) -> str:
    """The ranked plans, one a line; amounts are for one run."""
    rows = [
        (
            plan.rank or "-",
            display.SERVICE_NAMES[plan.service],
            f"{plan.count} x {plan.instance_type}",
            plan.az or plan.region,
            bought(plan.purchase, plan.option),
            plan.precision,
            display.hours(plan.hours.expected),
            display.usd(plan.cost_usd.expected),
            display.usd_band(plan.cost_usd.low, plan.cost_usd.high),
            plan.deadline,
            plan.basis,
        )
        for plan in plans
    ]
    heads = ("rank", "service", "instances", "place", "purchase", "precision", "time", "USD a run", "range")
    return table((*heads, "deadline", "basis"), rows, right=("rank", "time", "USD a run", "range"))


def explain_text(plan: Plan, rows: Sequence[Mapping[str, object]]) -> str:
    """One plan with every line: amount, formula, numbers, basis, source and rule."""
    made = [f"{plain(plan.key)}", f"{display.usd(plan.cost_usd.expected)} for one run"]
    made[-1] += f" ({display.usd_band(plan.cost_usd.low, plan.cost_usd.high)}), "
    made[-1] += f"{display.hours(plan.hours.expected)} ({display.hours_band(plan.hours.low, plan.hours.high)})"
    made += [f"hours: {plan.hours_basis}; {plain(plan.hours_rule or plan.hours_source)}"]
    made += [f"deadline: {plan.deadline}; prices as of {plan.prices_as_of}"]
    for row in rows:
        band = display.usd_band(float(str(row["usd_low"])), float(str(row["usd_high"])))
        made += [
            "",
            f"{display.ITEM_NAMES.get(str(row['item']), row['item'])}: {display.usd(float(str(row['usd'])))} ({band})",
            f"  = {plain(row['formula'])}",
            f"  with {plain(row['numbers'])}",
            f"  {row['basis']}, as of {row['as_of']}; {plain(row['source'])}",
        ]
        if row["rule"]:
            made.append(f"  {plain(row['rule'])}")
    return "\n".join([*made, "", NOT_COSTED])


def exclusions_text(result: Result) -> str:
    """What fell out and why, and how many of how many are left."""
    rows = [
        (f"{row['candidates']:,}", row["reason"], textwrap.shorten(row["detail"], 100, placeholder=" ..."))
        for row in records(exclusions_frame(result))
    ]
    body = table(("candidates", "fell out because", "detail"), rows, right=("candidates",))
    return f"{body}\n{len(result.order):,} of {result.enumerated:,} candidates hold the deadline."


def ladder_text(result: Result, ladder: Ladder) -> str:
    """The savings ladder; each step rests on those above it."""
    rows = [
        (
            row["meaning"],
            display.usd(row["cost_usd"]),
            row["effect"] or "",
            row["alone_effect"] or "",
            "" if row["meets_deadline"] else "late",
            row["plan"],
        )
        for row in records(ladder_frame(result, ladder))
    ]
    heads = ("step", "USD a run", "effect", "alone", "deadline", "plan")
    body = table(heads, rows, right=("USD a run",))
    return f"{body}\n{ladder.summary}"


def prices_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """The prices of one instance type, USD an instance-hour."""
    cells = [
        (
            display.SERVICE_NAMES[row["service"]],
            row["region"],
            row["az"] if isinstance(row["az"], str) else "",
            bought(row["purchase"], row["option"]),
            f"{row['usd_per_hour']:,.4f}",
            "" if row["usd_low"] == row["usd_high"] else f"{row['usd_low']:,.4f} – {row['usd_high']:,.4f}",
            row["basis"],
            row["as_of"],
            row["source"],
        )
        for row in rows
    ]
    heads = ("service", "region", "zone", "purchase", "USD/hour", "range", "basis", "as of", "source")
    body = table(heads, cells, right=("USD/hour", "range"))
    note = "\nThe rules behind derived and estimated prices: --json" if any(row["rule"] for row in rows) else ""
    return body + note


def snapshot_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """The tables of a snapshot."""
    cells = [
        (
            row["table"],
            f"{row['rows']:,}",
            row["as_of_oldest"] or "",
            row["as_of_newest"] or "",
            "as described" if row["verified"] else "DAMAGED",
        )
        for row in rows
    ]
    return table(("table", "rows", "oldest", "newest", "checksum"), cells, right=("rows",))
