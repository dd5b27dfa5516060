"""Plans and what goes with them as plain tables, and as CSV that a spreadsheet cannot mistake for formulas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from costlib import __version__
from costlib.display import ITEM_NAMES, PURCHASE_NAMES
from costlib.planner.explain import explain
from costlib.planner.explain import plans as plans_of
from costlib.planner.ladder import Ladder
from costlib.planner.lines import NOT_COSTED
from costlib.planner.plan import Plan
from costlib.planner.search import Result

#: A spreadsheet runs text that starts with one of these (also in their full-width forms) as a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def to_csv(result: Result, plans: Sequence[Plan]) -> bytes:
    """One row a plan (columns: plans_frame's, and the snapshot's id and date), UTF-8."""
    return _csv(result, plans_frame(plans))


def lines_to_csv(result: Result, plans: Sequence[Plan]) -> bytes:
    """One row for each item of each plan (columns: lines_frame's, and the snapshot's id and date), UTF-8."""
    return _csv(result, lines_frame(plans))


def _csv(result: Result, frame: pd.DataFrame) -> bytes:
    book = result.sources.book
    frame = frame.assign(
        workload=result.workload.name,
        snapshot_id=book.snapshot_id,
        prices_as_of=book.as_of,
        own_rates="; ".join(book.overlays),
    )
    return frame_to_csv(frame)


def frame_to_csv(frame: pd.DataFrame) -> bytes:
    """Any frame as CSV; text that a spreadsheet would run as a formula gets an apostrophe in front."""
    return frame.map(_as_text).to_csv(index=False, lineterminator="\n").encode()


def _as_text(value: object) -> object:
    return "'" + value if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """A frame as one mapping a row."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def plans_frame(plans: Sequence[Plan]) -> pd.DataFrame:
    """One row a plan: choices, hours and USD for one run (low, expected, high), USD of each item, basis."""
    rows = []
    for number, plan in enumerate(plans, start=1):
        by_item = {line.item: line.usd.expected for line in plan.lines}
        rows.append(
            {
                "plan": number,
                "rank": plan.rank or None,
                "service": plan.service,
                "instance_type": plan.instance_type,
                "count": plan.count,
                "accelerator": plan.accelerator,
                "accelerator_count": plan.accelerator_count,
                "region": plan.region,
                "az": plan.az,
                "purchase": plan.purchase,
                "option": plan.option,
                "precision": plan.precision,
                "hours_low": plan.hours.low,
                "hours_expected": plan.hours.expected,
                "hours_high": plan.hours.high,
                "cost_low_usd": plan.cost_usd.low,
                "cost_expected_usd": plan.cost_usd.expected,
                "cost_high_usd": plan.cost_usd.high,
                **{f"{item}_usd": by_item.get(item, 0.0) for item in ITEM_NAMES},
                "meets_deadline": plan.meets_deadline,
                "meets_deadline_at_high": plan.meets_deadline_at_high,
                "pareto": plan.on_front,
                "basis": plan.basis,
                "hours_basis": plan.hours_basis,
                "hours_source": plan.hours_source,
                "hours_rule": plan.hours_rule,
            }
        )
    return pd.DataFrame(rows)


def lines_frame(plans: Sequence[Plan]) -> pd.DataFrame:
    """One row for each item of each plan; ``plan`` is the plan's number in ``plans_frame``."""
    rows = [
        {"plan": number, "key": plan.key, **line}
        for number, plan in enumerate(plans, start=1)
        for line in explain(plan)
    ]
    names = {"usd": "expected_usd", "usd_low": "low_usd", "usd_high": "high_usd"}
    return pd.DataFrame(rows).rename(columns=names)


def bought(purchase: str, option: str) -> str:
    """A purchase option in words: "Reserved Instance standard 1y no_upfront", "managed spot"."""
    name = PURCHASE_NAMES[purchase]
    return option if option.endswith(name) else f"{name} {option}".rstrip()


def exclusions_frame(result: Result) -> pd.DataFrame:
    """Why candidates fell out, and how many."""
    return pd.DataFrame([item.as_dict() for item in result.exclusions], columns=["reason", "candidates", "detail"])


def ladder_frame(result: Result, ladder: Ladder) -> pd.DataFrame:
    """The naive start and each rung: USD for one run, what it saves in this order and alone, the plan reached.

    ``saved_usd`` and the fractions are negative where a rung costs more; ``effect`` says which, in words.
    """
    reached = plans_of(result, ladder.rows)
    rows: list[dict[str, object]] = [
        {
            "step": "start",
            "meaning": "naive start: " + ", ".join(f"{k} {v}" for k, v in ladder.start_choices.items()),
            "cost_usd": ladder.start_usd,
            "saved_usd": None,
            "saved_fraction": None,
            "effect": None,
            "alone_saved_fraction": None,
            "alone_effect": None,
            "meets_deadline": ladder.start_meets_deadline,
        }
    ]
    for rung in ladder.rungs:
        rows.append(
            {
                "step": rung.lever,
                "meaning": rung.meaning,
                "cost_usd": rung.cost_usd,
                "saved_usd": rung.saved_usd,
                "saved_fraction": rung.saved_fraction,
                "effect": rung.effect,
                "alone_saved_fraction": rung.alone_fraction,
                "alone_effect": rung.alone_effect,
                "meets_deadline": rung.meets_deadline,
            }
        )
    return pd.DataFrame(rows).assign(plan=[plan.key for plan in reached])


def about_rows(result: Result) -> list[tuple[str, str]]:
    """What stands in the foot of every export: snapshot, dates, version, own rates."""
    book = result.sources.book
    return [
        ("Workload", result.workload.name),
        ("Price snapshot", book.snapshot_id),
        ("Prices as of", f"{book.as_of} or earlier; each line has its own date"),
        ("Own rates", "; ".join(book.overlays) or "none"),
        ("Version", f"costlib {__version__}"),
        ("Amounts", "USD for one run, before tax; low and high bound each plan, they are not a probability"),
        ("Limits", NOT_COSTED),
        ("Candidates", f"{result.enumerated:,} enumerated, {len(result.order):,} hold the deadline"),
    ]
