"""The tables under the charts of the commitments page: other choices, the ladder, single offers."""

from __future__ import annotations

import pandas as pd

from costlib.display import escape, share, usd
from costlib.figures.commit_names import PAYMENT_NAMES, PLAN_NAMES, amount_name, offer_name, scope_name, term_name
from costlib.panels.banner import basis_html
from costlib.panels.commit_later import CommitLater
from costlib.panels.html_table import table_html
from costlib.planner.commit.lookbacks import RULE
from costlib.planner.commit.report import CommitReport
from costlib.units import HOURS_PER_MONTH


def others_html(report: CommitReport, later: CommitLater) -> str:
    """Expected and worst cost of each way to choose."""
    each, chance = report.portfolio.scenarios, report.portfolio.scenarios["probability"].to_numpy()
    cost, bare = each["cost_usd"].to_numpy(), each["uncommitted_usd"].to_numpy()
    ways = [
        ("these purchases", "", cost),
        ("no commitments", "", bare),
        ("hindsight", "each future's own best, were it known: not to be had", later.regret["hindsight_usd"].to_numpy()),
        *(
            (f"AWS's rule, {row['days']} days", _bought(row["commitments"]), row["cost_usd"])
            for row in later.lookbacks.to_dict("records")
        ),
    ]  # fmt: skip
    base = float(bare @ chance)
    rows = "".join(
        f"<tr><td>{name}<small>{escape(what)}</small></td><td class='costlib-number'><b>{usd(float(own @ chance))}</b>"
        f"</td><td class='costlib-number'>{usd(round(base - float(own @ chance), 2))}</td>"
        f"<td class='costlib-number'>{usd(round(float((bare - own).min()), 2))}</td>"
        f"<td class='costlib-number'>{usd(float(own.max()))}</td></tr>"
        for name, what, own in ways
    )
    heads = (
        ("Way to choose", ""), ("Expected (USD)", ""), ("Expected saving (USD)", "against no commitments"),
        ("Saving in its worst future (USD)", "negative: it costs more than none"), ("Dearest future (USD)", ""),
    )  # fmt: skip
    rule = f"AWS's rule: {RULE}. It is held over the same futures, without the cost of capital."
    return table_html(heads, rows) + f"<div class='costlib-note'>{escape(rule)}</div>"


def caution_html(report: CommitReport, curve: pd.DataFrame | None) -> str:
    """Which futures the weight looks at, and what all weights come to (``curve``: Portfolio.frontier)."""
    each = report.portfolio.scenarios
    if report.asked.tail_of == "loss":
        column, worst = "tail_lost_usd", each.sort_values("saved_usd").iloc[0]
        words = (
            f"The weight looks at the futures in which the purchases do worst against none, as “{worst['scenario']}”."
        )
        what = "what is lost in the worst tenth"
    else:
        column, worst = "tail_usd", each.sort_values("cost_usd").iloc[-1]
        words = f"The weight looks at the dearest futures, as “{worst['scenario']}”, and buys what is of use there."
        what = "the mean of the dearest tenth"
    if curve is not None:
        first, last = curve.iloc[0], curve.iloc[-1]
        words += (
            f" From no weight to all of it, the expected cost goes from {usd(first['expected_usd'])} to"
            f" {usd(last['expected_usd'])}, and {what} from {usd(round(first[column], 2))} to"
            f" {usd(round(last[column], 2))}."
        )
    return f"<div class='costlib-note'>{escape(words)}</div>"


def ladder_html(later: CommitLater) -> str:
    """The rungs, and what they come to."""
    found = later.ladder.summary
    rows = "".join(
        f"<tr><td class='costlib-number'>{at + 1}</td><td>{escape(PLAN_NAMES[row['plan_type']])}"
        f"<small>{escape(scope_name(row))}</small></td>"
        f"<td class='costlib-number'>{row['start_hour'] / HOURS_PER_MONTH:.0f}</td>"
        f"<td>{term_name(row['term_years'])}<small>{escape(PAYMENT_NAMES[row['payment']])}</small></td>"
        f"<td class='costlib-number'><b>{amount_name(row['amount'], row['unit'])}</b></td>"
        f"<td class='costlib-number'>{usd(row['upfront_usd'])}</td>"
        f"<td class='costlib-number'>{share(row['utilisation'])}</td>"
        f"<td title='{escape(row['rule'])}'>{basis_html(row['basis'])}</td></tr>"
        for at, row in enumerate(later.ladder_rows.to_dict("records"))
    )
    heads = (
        ("Rung", "its number in the picture"), ("Buy", ""), ("In month", "0: now"), ("Term", ""), ("Amount", ""),
        ("Upfront (USD)", "when it is bought"), ("Expected use", ""), ("Known as", ""),
    )  # fmt: skip
    saved, worst = found["expected_saved_usd"], found["worst_saved_usd"]
    several = (
        "Not all ends at once, so there is always something to let go of. Later rungs are a plan, not a promise: look"
        " again each quarter."
    )
    words = (
        f"<div>In rungs, {usd(saved)} is expected to be saved over the horizon; in the worst future"
        f" {usd(abs(worst))} is {'saved' if worst >= 0 else 'lost'}."
        f" {several if len(later.ladder_rows) > 1 else 'Waiting is not worth it here: one rung is best.'}</div>"
    )
    return words + (table_html(heads, rows) if rows else "<div>No rung is worth buying.</div>")


def offers_html(offers: pd.DataFrame) -> str:
    """Every commitment to one instance of a type, cheapest first."""
    rows = "".join(
        f"<tr><td>{escape(offer_name(row))}</td><td class='costlib-number'><b>{usd(row['usd_per_hour'])}</b></td>"
        f"<td class='costlib-number'>{share(row['saved_fraction'])}</td>"
        f"<td class='costlib-number'>{usd(row['upfront_usd'])}</td>"
        f"<td class='costlib-number'>{usd(row['recurring_usd_per_hour'])}</td>"
        f"<td class='costlib-number'>{_even(row['break_even_against_on_demand'])}</td>"
        f"<td class='costlib-number'>{_even(row['break_even_against_spot'])}</td>"
        f"<td class='costlib-number'>{_months(row['break_even_months'])}</td>"
        f"<td title='{escape(row['rule'])}'>{basis_html(row['basis'])}</td>"
        f"<td class='costlib-number'>{escape(row['as_of'])}</td></tr>"
        for row in offers.fillna({"rule": ""}).to_dict("records")
    )
    heads = (
        ("Offer", ""), ("USD an hour", "of one instance, upfront spread over the term"), ("Below on-demand", ""),
        ("Upfront (USD)", ""), ("By the hour (USD)", "beside what is paid upfront"),
        ("Pays from", "share of the hours from which it costs less than on-demand"),
        ("Pays over spot from", "never: spot costs less even if it is always used"),
        ("Paid back (months)", "if it is always used"), ("Known as", ""), ("As of", ""),
    )  # fmt: skip
    return table_html(heads, rows)


def _bought(words: str) -> str:
    """The commitments of a look-back (planner.commit.lookbacks) with their names written out."""
    parts = [part.split(" ", 2) for part in words.split("; ") if part]
    said = [f"{PLAN_NAMES[plan]}, {PAYMENT_NAMES[payment]}, {amount}" for plan, payment, amount in parts]
    return "; ".join(said) or "nothing"


def _even(fraction: float) -> str:
    if fraction != fraction:
        return "not known"
    return share(fraction) if fraction <= 1 else "never"


def _months(months: float) -> str:
    return "–" if months != months else "at once" if months == 0 else f"{months:,.1f}"
