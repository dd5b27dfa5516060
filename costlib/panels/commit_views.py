"""What the commitments page says first: what was read, what to buy, and how sure it is."""

from __future__ import annotations

import numpy as np
import pandas as pd

from costlib.display import escape, saving, share, usd, usd_band
from costlib.figures.commit_names import PAYMENT_NAMES, PLAN_NAMES, amount_name, scope_name, term_name
from costlib.models.commitments import Usage, paid_back_month
from costlib.models.commitments_forecast import MONTH
from costlib.models.commitments_inputs import SAVINGS_PLANS
from costlib.panels.banner import basis_html
from costlib.panels.commit_later import CommitLater
from costlib.panels.commit_usage import Begun
from costlib.panels.html_table import table_html
from costlib.planner.commit.demand import PATTERN_WEEKS, WEEK_HOURS
from costlib.planner.commit.report import CommitReport, left_out_words
from costlib.units import HOURS_PER_MONTH

#: Notes of a kind that are shown at once; the rest stand behind them.
MOST_NOTES = 4


def usage_html(begun: Begun) -> str:
    """What was read: its hours, a row a kind of usage, and what was taken for granted."""
    read = begun.read
    count = len(read.hours)
    first, last = read.hours[0], read.hours[-1]
    kinds = "one kind of usage" if len(read.usage.lines) == 1 else f"{len(read.usage.lines)} kinds of usage"
    when = f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC, {kinds}. The horizon begins after it."
    if begun.planned is not None:
        when = f"of the horizon itself, {kinds}."
    said = f"<div><b>{escape(read.name)}</b>: {count:,} hours ({count / 168:,.1f} weeks), {when}</div>"
    rows = "".join(
        f"<tr><td>{escape(line.instance_type)}</td><td>{escape(line.region)}</td><td>{escape(line.service)}</td>"
        f"<td class='costlib-number'>{own.mean():,.2f}</td><td class='costlib-number'>{np.median(own):,.2f}</td>"
        f"<td class='costlib-number'>{own.max():,.4g}</td><td class='costlib-number'>{share(float((own > 0).mean()))}"
        "</td></tr>"
        for line, own in zip(read.usage.lines, read.usage.quantity.T, strict=True)
    )
    heads = (
        ("Type", ""), ("Region", ""), ("Service", ""), ("Mean (instances)", "instance-hours of an hour"),
        ("Median (instances)", ""), ("Most (instances)", "in one hour"), ("Runs", "share of the hours"),
    )  # fmt: skip
    return said + table_html(heads, rows) + _notes(read.notes)


def answer_html(report: CommitReport, later: CommitLater | None) -> str:
    """What is expected of the purchases, in a sentence or two."""
    rows, found = report.purchases, report.portfolio.summary
    months = report.future.months
    bare = found["expected_usd"] + found["expected_saved_usd"]
    span = f"over {months} months"
    if rows.empty:
        why = (
            "no commitment is expected to pay here" if len(report.offers) else "no rate of any commitment is held here"
        )
        words = f"Buy nothing: {why}. Without any, {usd(bare)} {span} is expected."
        return f"<div class='costlib-answer'>{words}</div>"
    saved = found["expected_saved_usd"]
    band = ""
    if later is not None and len(estimated(rows)):
        band = f" (from {usd_band(*later.saved_band_usd)} as the estimated rates go)"
    what = "the commitment below" if len(rows) == 1 else f"the {len(rows)} commitments below"
    verb = "save" if saved >= 0 else "lose"
    said = [
        f"Buy {what}: expected to <b>{verb} {usd(abs(saved))}</b>{band} {span}, of"
        f" {usd(bare)} without any; that {saving(found['expected_saved_fraction'])}."
    ]
    worst = report.portfolio.scenarios.sort_values("saved_usd").iloc[0]
    name = escape(worst["scenario"])
    if worst["saved_usd"] < 0:
        said.append(f"In the worst future ({name}) they lose {usd(-worst['saved_usd'])}.")
    else:
        said.append(f"In the worst future ({name}) they still save {usd(worst['saved_usd'])}.")
    said.append(f"They cover {share(found['coverage'])} of the on-demand value, {share(found['utilisation'])} used.")
    month = paid_back_month(report.cash)
    said.append(
        f"What was paid is back by the end of month {month}." if month is not None
        else "What is paid is not back within the horizon."
    )  # fmt: skip
    return f"<div class='costlib-answer'>{' '.join(said)}</div>"


def estimated(rows: pd.DataFrame) -> pd.DataFrame:
    """The purchases that rest on estimated rates."""
    return rows[rows["basis"] == "estimate"]


def sureness_html(report: CommitReport) -> str:
    """How many purchases rest on estimates, and what else the answer takes for granted."""
    rows = report.purchases
    guessed = estimated(rows)
    said = []
    if len(guessed):
        plans = int(guessed["plan_type"].isin(SAVINGS_PLANS).sum())
        what = "estimated Savings Plans rates" if plans == len(guessed) else "estimated rates"
        verb = "rests" if len(guessed) == 1 else "rest"
        said.append(
            f"<b>{len(guessed)} of {_count(len(rows), 'purchase')} {verb} on {what}</b> (the rule is shown on hovering"
            " over the label); with live prices they become exact."
        )
    without = sorted(
        {f"{line.instance_type} {line.region}" for line in report.demand.scenarios.lines} - _on_sale(report)
    )
    if without:
        said.append(
            f"No rate of a commitment of the chosen plans, terms and payments is held for {escape(', '.join(without))}."
        )
    if report.not_on_spot:
        said.append(f"No spot price is held, so none is taken, for {escape(', '.join(report.not_on_spot))}.")
    if report.asked.held:
        said.append(f"Sized beyond {_count(len(report.asked.held), 'commitment')} in force.")
    return "".join(f"<div>{one}</div>" for one in said)


def _on_sale(report: CommitReport) -> set[str]:
    """Types in their regions that something chosen covers."""
    rows = report.rates[report.rates["plan_type"].isin(report.asked.plan_types)]
    return set(rows["instance_type"] + " " + rows["region"])


def purchases_html(rows: pd.DataFrame) -> str:
    """What to buy, a row each."""
    if rows.empty:
        return ""
    body = "".join(
        f"<tr><td>{escape(PLAN_NAMES[row['plan_type']])}<small>{escape(scope_name(row))}</small></td>"
        f"<td>{term_name(row['term_years'])}<small>{escape(PAYMENT_NAMES[row['payment']])}</small></td>"
        f"<td class='costlib-number'>{_start(row['start_hour'])}</td>"
        f"<td class='costlib-number'><b>{amount_name(row['amount'], row['unit'])}</b></td>"
        f"<td class='costlib-number'>{usd(row['usd_per_hour'])}</td>"
        f"<td class='costlib-number'>{usd(row['upfront_usd'])}</td>"
        f"<td class='costlib-number'>{share(row['utilisation'])}</td>"
        f"<td class='costlib-number'>{_break_even(row['break_even_utilisation'])}</td>"
        f"<td class='costlib-number'>{_month(row['break_even_months'])}</td>"
        f"<td title='{escape(row['rule'])}'>{basis_html(row['basis'])}</td>"
        f"<td class='costlib-number'>{escape(row['as_of'])}</td></tr>"
        for row in rows.sort_values(["start_hour", "usd_per_hour"], ascending=[True, False]).to_dict("records")
    )
    heads = (
        ("Buy", "plan and what it serves"), ("Term", "and payment"), ("From month", "0: now"), ("Amount", ""),
        ("USD an hour", "upfront spread over the term"), ("Upfront (USD)", "paid when it is bought"),
        ("Expected use", "share that is used, over all futures"),
        ("Breaks even at", "share used at which it costs as much as it replaces"),
        ("Paid back (months)", "at the expected use, from its start; –: not within its term"),
        ("Known as", "published, or an estimate whose rule is shown here"), ("As of", "the oldest of its rates"),
    )  # fmt: skip
    return table_html(heads, body)


def assumptions_html(report: CommitReport) -> str:
    """How the futures were made, and what was not looked at."""
    first, *rest = report.demand.notes
    notes = [f"futures: {len(report.demand.scenarios.names)}; {first}", *rest]
    if report.future.growth is None:
        notes.append("p07 to p93 are futures of equal chance, from little usage to much; p50 is the middle one")
    if report.usage is not None:
        notes.append(_levels(report, report.usage))
    left = left_out_words(report.portfolio.left_out)
    notes += [
        f"not looked at: {_count(row['offers'], 'offer')} of"
        f" {', '.join(PLAN_NAMES[name] for name in row['plan_types'].split(', '))}"
        f" ({row['terms_years']} years): {row['reason']}"
        for row in left.to_dict("records")
    ]
    return _notes(notes)


def falls_html(falls: pd.DataFrame) -> str:
    """What on-demand prices have done before, with the source."""
    if falls.empty:
        return ""
    fell = ", ".join(f"{row['instance_type']} {100 * row['fall_fraction']:.0f} %" for row in falls.to_dict("records"))
    first = falls.iloc[0]
    words = (
        f"AWS lowered on-demand prices in June 2025: {fell} in {first['region']} (price lists of {first['last_seen']}"
        f" and {first['first_seen']}; prices/ec2_on_demand_history, {first['source']})."
    )
    return f"<div class='costlib-note'>{escape(words)}</div>"


def _levels(report: CommitReport, usage: Usage) -> str:
    """How far usage has gone by the end of the horizon, valued on demand: what growth really means."""
    scenarios = report.demand.scenarios
    price = report.held_rates.on_demand_usd(scenarios.lines)
    now = float(usage.quantity[-PATTERN_WEEKS * WEEK_HOURS :].mean(axis=0) @ price[: len(usage.lines)])
    end = scenarios.quantity[:, -MONTH:].mean(axis=1) @ price
    if not now:
        return "nothing ran in the last weeks"
    lasting = {name: usd / now for name, usd in zip(scenarios.names, end, strict=True) if usd}
    if not lasting:
        return "nothing runs in the last month of any future"
    low, high = min(lasting, key=lasting.__getitem__), max(lasting, key=lasting.__getitem__)
    return (
        f"in the last month of the horizon usage is, valued on demand, from {lasting[low]:,.3g} ({low}) to"
        f" {lasting[high]:,.3g} times ({high}) that of the last weeks, where it has not ended;"
        f" {lasting.get(scenarios.names[report.demand.middle], 0):,.3g} times in the middle"
    )


def _notes(notes: list[str] | tuple[str, ...]) -> str:
    shown = "".join(f"<li>{escape(note)}</li>" for note in notes[:MOST_NOTES])
    rest = "".join(f"<li>{escape(note)}</li>" for note in notes[MOST_NOTES:])
    more = f"<details><summary>{len(notes) - MOST_NOTES} more</summary><ul>{rest}</ul></details>" if rest else ""
    return f"<div class='costlib-note'><ul style='margin:2px 0'>{shown}</ul>{more}</div>" if notes else ""


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _start(hour: float) -> str:
    return f"{hour / HOURS_PER_MONTH:.0f}"


def _month(months: float) -> str:
    return "–" if np.isnan(months) else "at once" if months == 0 else f"{months:,.1f}"


def _break_even(fraction: float) -> str:
    return share(fraction) if fraction <= 1 else "never"
