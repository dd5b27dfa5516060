"""Commitments, as tables for a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

from costlib import display
from costlib.exports.tables import records
from costlib.exports.terminal import plain, table
from costlib.models.commitments import paid_back_month
from costlib.planner.commit.lookbacks import RULE
from costlib.planner.commit.rates import UPFRONT_RULE
from costlib.planner.commit.report import CommitReport, left_out_words

PLAN_NAMES = {
    "standard": "standard RI",
    "convertible": "convertible RI",
    "ec2_instance": "EC2 Instance SP",
    "compute": "Compute SP",
    "sagemaker": "SageMaker SP",
    "capacity_block": "Capacity Block",
}


def commit_text(found: CommitReport, notes: Sequence[str] = ()) -> str:
    """What to buy, what it saves, how it stands to AWS's rule, and what was taken for granted (``notes`` of a file
    too)."""
    summary = found.portfolio.summary
    low, high = found.saved_band_usd
    months = found.future.months
    paid = paid_back_month(found.cash)
    estimated = int((found.purchases["basis"] == "estimate").sum())
    band = f"; {display.usd(low)} to {display.usd(high)} by the estimated rates" if estimated else ""
    parts = []
    if len(found.purchases):
        parts += [_purchases(found), ""]
        parts.append(
            f"over {months} months: expected {display.usd(summary['expected_usd'])}, saved"
            f" {display.usd(summary['expected_saved_usd'])} ({100 * summary['expected_saved_fraction']:.1f} %{band});"
            " worst future"
            f" {display.usd(summary['worst_saved_usd'])}; coverage {100 * summary['coverage']:.0f} %, utilisation"
            f" {100 * summary['utilisation']:.0f} %; "
            + (f"paid back in month {paid}" if paid else f"not paid back within {months} months")
        )
    else:
        why = "no commitment is expected to pay here"
        if not found.portfolio.problem.bought:
            why = "none of the plans, terms and payments asked for could be looked at"
        if found.offers.empty:
            why = "no rate of any commitment is held here"
        parts.append(f"buy nothing: {why}; expected {display.usd(summary['expected_usd'])} over {months} months")
    if estimated:
        parts.append(
            f"{estimated} of {len(found.purchases)} purchases rest on estimated rates (--json has the rules); live"
            " prices make them exact"
        )
    if found.purchases["rule"].str.contains(UPFRONT_RULE, regex=False).any():
        parts.append(f"what is paid upfront, where it is partial, is an estimate: {UPFRONT_RULE}")
    if len(found.lookbacks):
        rows = [
            (
                f"{row['days']} days",
                row["commitments"] or "nothing",
                display.usd(row["expected_usd"]),
                f"{100 * (row['expected_usd'] / summary['expected_usd'] - 1):+.1f} %",
            )
            for row in records(found.lookbacks)
        ]
        parts += [
            "",
            table(
                ("AWS's look-back", "would buy", "expected USD", "against this"),
                rows,
                right=("expected USD", "against this"),
            ),
            RULE,
        ]
    parts += ["", _futures(found)]
    parts += [f"- {plain(note)}" for note in (*notes, *found.demand.notes)]
    parts += [
        f"- left out: {row['offers']} offers ({row['plan_types']}, {row['terms_years']} years): {row['reason']}"
        for row in records(left_out_words(found.portfolio.left_out))
    ]
    if found.not_on_spot:
        parts.append(f"- no spot price is held, so on demand: {plain(', '.join(found.not_on_spot))}")
    return "\n".join(parts)


def _purchases(found: CommitReport) -> str:
    rows = []
    for row in records(found.purchases):
        where = " ".join(str(row[name]) for name in ("instance_type", "family", "region") if isinstance(row[name], str))
        amount = f"{row['amount']:g} x" if row["unit"] == "instances" else f"{row['amount']:.3f} USD/h"
        even = row["break_even_months"]
        rows.append(
            (
                PLAN_NAMES[row["plan_type"]],
                f"{row['term_years']:g} y" if row["plan_type"] != "capacity_block" else "",
                str(row["payment"]).replace("_", " "),
                plain(where) or "anywhere",
                f"{row['start_hour'] / 24:g}",
                amount,
                display.usd(row["upfront_usd"]),
                f"{row['usd_per_hour']:.3f}",
                f"{100 * row['utilisation']:.0f} %",
                f"{100 * row['break_even_utilisation']:.0f} %",
                "never" if even is None or not math.isfinite(even) else f"{even:.1f}",
                row["basis"],
                row["as_of"],
            )
        )
    heads = ("plan", "term", "payment", "of", "from day", "amount", "upfront", "USD/h", "used", "pays above",
             "paid back, months", "rates", "as of")  # fmt: skip
    return table(
        heads, rows, right=("from day", "amount", "upfront", "USD/h", "used", "pays above", "paid back, months")
    )


def _futures(found: CommitReport) -> str:
    rows = [
        (
            plain(row["scenario"]),
            f"{100 * row['probability']:.1f} %",
            display.usd(row["uncommitted_usd"]),
            display.usd(row["cost_usd"]),
            # What differences of sums leave of nothing is nothing.
            display.usd(row["saved_usd"] if abs(row["saved_usd"]) >= 0.005 else 0.0),
        )
        for row in records(found.portfolio.scenarios)
    ]
    heads = ("future", "chance", "no commitment", "with it", "saved")
    return table(heads, rows, right=("chance", "no commitment", "with it", "saved"))
