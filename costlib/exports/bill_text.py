"""A bill's review as tables for a terminal. Names and tags come from the bill: control characters are taken out."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence

import pandas as pd

from costlib.billing.report import BillReview
from costlib.billing.sharing import RULES
from costlib.exports.bill_json import dated
from costlib.exports.terminal import plain, table

#: Rows of a table; --json has all.
MOST = 15


def bill_text(found: BillReview, rule: str) -> str:
    """What was read and how it reconciles, then each table of the review, and why others are missing."""
    bill = found.bill
    comparison = bill.reconciliation
    made = [
        f"{plain(bill.source)}: {', '.join(bill.versions)}, {comparison.raw_rows:,} rows, "
        f"{bill.currency or 'currency not known'}; amounts below are {found.cost.replace('_', ' ')} where one is meant",
        _reconciled(found),
    ]
    made += [f"note ({note.kind}): {plain(textwrap.shorten(note.text, 300))}{_of(note.rows)}" for note in bill.notes]
    made += ["", _periods(found.periods)]
    made += _table("by commitment", found.commitments, COMMITMENTS)
    made += _table("accelerator-hours", found.accelerators, ACCELERATORS)
    made += _table("what an instance-hour cost, dearest first", _dearest(found.rates), RATES)
    made += _table("why months differ", found.drivers, DRIVERS)
    made += _table("forecast", found.forecast, FORECAST)
    made += _table("budget", found.budget, BUDGET)
    made += _table("whose cost it was", found.attribution, OWNERS)
    if found.chargeback is not None:
        made += _table(f"chargeback, shared cost by the rule {rule}: {RULES[rule]}", found.chargeback, CHARGEBACK)
    made += _table("what breaks the tag policy, dearest first (--json has the policies)", found.violators, VIOLATORS)
    made += ["", *(f"no {name}: {plain(reason)}" for name, reason in found.why_not.items())] if found.why_not else []
    return "\n".join(made)


def _reconciled(found: BillReview) -> str:
    comparison = found.bill.reconciliation
    verdict = "every row and cent of the raw files is here" if comparison.whole else "DOES NOT ADD UP to the raw files"
    sums = ", ".join(f"{name.replace('_', ' ')} {amount:,.2f}" for name, amount in comparison.view.items())
    return f"{verdict}: {sums}{_of(comparison.left_out_rows or None, ' left out')}"


def _of(rows: int | None, words: str = "") -> str:
    return "" if rows is None else f" ({rows:,} rows{words})"


def money(value: object) -> str:
    """An amount in the bill's currency, with cents."""
    # A hair below 0 is 0, not minus 0.
    return "" if _none(value) else f"{round(float(str(value)), 2) + 0.0:,.2f}"


def share(value: object) -> str:
    """A fraction as a percentage."""
    return "" if _none(value) else f"{100 * float(str(value)):.1f} %"


def count(value: object) -> str:
    """A number without fraction."""
    return "" if _none(value) else f"{float(str(value)):,.0f}"


def rate(value: object) -> str:
    """A price of an hour."""
    return "" if _none(value) else f"{float(str(value)):,.4f}"


def words(value: object) -> str:
    """Text, cut to what a column holds."""
    return "" if _none(value) else textwrap.shorten(plain(value), 60, placeholder="...") or plain(value)[:60]


def _none(value: object) -> bool:
    return value is None or value != value or str(value) in ("<NA>", "NaT")


Column = tuple[str, str, Callable[[object], str]]
PERIODS: tuple[Column, ...] = (
    ("billed_cost", "billed", money),
    ("effective_cost", "effective", money),
    ("list_cost", "list", money),
    ("contracted_cost", "contracted", money),
    ("savings_rate", "savings rate", share),
    ("savings_rate_list", "savings rate over list", share),
    ("coverage", "coverage by commitments", share),
    ("coverage_eligible", "coverage of instances", share),
    ("utilisation", "utilisation of commitments", share),
    ("unused", "commitments not used", money),
    ("spot_share", "spot share", share),
    ("spot_saving", "saving by spot", share),
    ("blended_rate", "cost of an instance-hour", rate),
    ("training_jobs", "training jobs", count),
    ("cost_per_training_job", "cost of a training job", money),
    ("cost_per_thousand_requests", "cost of 1,000 requests", rate),
    ("untagged_cost", "untagged", money),
    ("untagged_share", "untagged share of usage", share),
)
COMMITMENTS: tuple[Column, ...] = (
    ("commitment_id", "commitment", words),
    ("commitment_kind", "kind", words),
    ("bought", "billed", money),
    ("used", "used", money),
    ("unused", "unused", money),
    ("utilisation", "utilisation", share),
    ("saved", "saved", money),
)
ACCELERATORS: tuple[Column, ...] = (
    ("period", "period", words),
    ("accelerator_hours", "hours", count),
    ("accelerator_cost", "cost", money),
    ("cost_per_accelerator_hour", "an hour", rate),
    ("unknown_hours", "instance-hours of unknown types", count),
)
RATES: tuple[Column, ...] = (
    ("period", "period", words),
    ("service_code", "service", words),
    ("instance_type", "type", words),
    ("purchase_option", "bought", words),
    ("hours", "hours", count),
    ("effective_rate", "effective an hour", rate),
    ("list_rate", "list an hour", rate),
)
DRIVERS: tuple[Column, ...] = (
    ("period", "month", words),
    ("cost_before", "before", money),
    ("cost", "cost", money),
    ("change", "change", money),
    ("price", "price", money),
    ("volume", "volume", money),
    ("mix", "mix", money),
    ("new", "new", money),
    ("gone", "gone", money),
    ("other", "other", money),
)
FORECAST: tuple[Column, ...] = (
    ("month", "month", words),
    ("expected", "expected", money),
    ("low", "low", money),
    ("high", "high", money),
)
BUDGET: tuple[Column, ...] = (
    ("month", "month", words),
    ("budget", "budget", money),
    ("actual", "actual", money),
    ("forecast", "forecast", money),
    ("budget_variance", "to budget", share),
    ("forecast_variance", "to forecast", share),
    ("verdict", "verdict", words),
)
OWNERS: tuple[Column, ...] = (
    ("period", "period", words),
    ("owner", "owner", words),
    ("rows", "rows", count),
    ("cost", "cost", money),
)
CHARGEBACK: tuple[Column, ...] = (
    ("owner", "owner", words),
    ("direct", "own", money),
    ("shared", "shared", money),
    ("total", "total", money),
    ("share", "share", share),
)
VIOLATORS: tuple[Column, ...] = (
    ("account_id", "account", words),
    ("service", "service", words),
    ("resource_id", "resource", words),
    ("problem", "problem", words),
    ("cost", "cost", money),
)


def _periods(frame: pd.DataFrame) -> str:
    """The figures down, the last periods across."""
    shown = frame.tail(6)
    heads = ["", *dated(shown["period"]).fillna("no date")]
    rows = [[head, *(write(one) for one in shown[name])] for name, head, write in PERIODS if name in shown]
    return table(heads, rows, right=heads[1:])


def _dearest(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values(["period", "effective_cost"], ascending=[False, False])


def _table(title: str, frame: pd.DataFrame | None, columns: Sequence[Column]) -> list[str]:
    if frame is None or frame.empty:
        return []
    shown = frame.head(MOST)
    cells = [dated(shown[name]) for name, _, _ in columns]
    rows = [
        [write(value) for (_, _, write), value in zip(columns, values, strict=True)]
        for values in zip(*cells, strict=True)
    ]
    right = [head for _, head, write in columns if write is not words]
    more = [f"... and {len(frame) - MOST:,} more (--json has all)"] if len(frame) > MOST else []
    return ["", title, table([head for _, head, _ in columns], rows, right=right), *more]
