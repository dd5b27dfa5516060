"""What is said of the places where a spot plan could run, in words and tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from costlib.display import escape, hours, hours_band, share, usd, usd_band
from costlib.exports.json_text import to_json
from costlib.panels.banner import basis_html
from costlib.panels.html_table import table_html
from costlib.panels.spot_places_state import PlacesAnswer
from costlib.planner.spot.diversified import SPREAD_RULE, TOGETHER_RULE
from costlib.planner.spot.pools import RANKING_RULE
from costlib.planner.spot.price_history import HISTORY_RULE

#: Rows that a table shows; the file has all of them.
MOST_ROWS = 40


def spread_html(answer: PlacesAnswer) -> str:
    """The fleet's pools together."""
    spread, number = answer.spread, answer.number
    words = (
        f"{number} {'pool' if number == 1 else 'pools'} of {escape(answer.region)}, in turn:"
        f" <b>{usd(spread.run_usd.expected)}</b> ({usd_band(spread.run_usd.low, spread.run_usd.high)}) a run,"
        f" {hours(spread.run_hours.expected)}; {spread.interruptions_per_run:.2g} interruptions expected in it. All at"
        f" once within {60 * spread.window_hours:,.2g} min: {_chance(spread.all_best_fraction.expected)} if they go"
        f" independently (best case), {_chance(spread.all_worst_fraction.expected)} if together (worst); the best pool"
        f" alone {_chance(spread.alone_fraction.expected)}."
    )
    return f"<div>{words}</div>{_rules(RANKING_RULE[answer.ranking], SPREAD_RULE, TOGETHER_RULE)}"


def pools_html(answer: PlacesAnswer) -> str:
    """The best pools of all regions by the ranking."""
    table = answer.pools.ranked(answer.ranking)
    rows = "".join(_pool_row(row) for row in table.head(MOST_ROWS).to_dict("records"))
    heads = (
        ("Instances", "for the whole run"), ("Place", "zone id, or region where only its price is held"),
        ("USD a run", "expected; low – high"), ("USD/hour", "of one instance"), ("Below on-demand", ""),
        (f"USD a {answer.pools.work_unit.removesuffix('s')}", "of pure work"), ("Hours", "start to finish"),
        ("Interrupted in a month", "the Spot advisor's band, of one instance"), ("Price scatter", HISTORY_RULE),
    )  # fmt: skip
    more = f" The best {MOST_ROWS} of {len(table)} are shown; the file has all." if len(table) > MOST_ROWS else ""
    left = f" Left out: {'; '.join(answer.pools.left_out)}." if answer.pools.left_out else ""
    alike = share(answer.pools.tolerance_fraction)
    said = f"Stand-ins have as many of the same accelerators, or hours of work within {alike}."
    return table_html(heads, rows) + f"<div class='costlib-note'>{escape(said + more + left)}</div>"


def _pool_row(row: dict[Any, Any]) -> str:
    low, high = row["monthly_interruption_low_fraction"], row["monthly_interruption_high_fraction"]
    band = "own history" if math.isnan(low) else f"over {share(low)}" if high >= 1 else f"{share(low)} – {share(high)}"
    stable = row["price_stability"] if math.isnan(row["price_cv_fraction"]) else share(row["price_cv_fraction"])
    off = row["off_on_demand_fraction"]
    late = "" if row["meets_deadline"] else " <span class='costlib-bad'>late</span>"
    return (
        f"<tr><td>{row['count']} × {escape(row['instance_type'])}<small>{escape(row['accelerator'])}</small></td>"
        f"<td>{escape(row['az'] or row['region'])}<small>{escape(row['region'])}</small></td>"
        f"<td class='costlib-number'><b>{usd(row['run_usd_expected'])}</b>"
        f"<small>{usd_band(row['run_usd_low'], row['run_usd_high'])}</small></td>"
        f"<td class='costlib-number'>${row['usd_per_hour_expected']:,.4f}<small>{basis_html(row['price_basis'])}"
        f" {escape(row['price_as_of'])}</small></td>"
        f"<td class='costlib-number'>{'not known' if math.isnan(off) else share(off)}</td>"
        f"<td class='costlib-number'>{usd(row['usd_per_unit_expected'])}</td>"
        f"<td class='costlib-number'>{hours(row['run_hours_expected'])}{late}</td>"
        f"<td class='costlib-number'>{band}</td><td><small>{escape(stable)}</small></td></tr>"
    )


def fleet_html(answer: PlacesAnswer) -> str:
    """The CreateFleet request, to be pasted."""
    notes = "".join(f"<li>{escape(note)}</li>" for note in answer.fleet.notes)
    return (
        f"<div>Save as <code>fleet.json</code>, then <code>{escape(answer.fleet.command)}</code></div>"
        f"<pre class='costlib-scroll costlib-json'>{escape(to_json(answer.fleet.request, indent=2))}</pre>"
        f"<ul class='costlib-note'>{notes}</ul>"
    )


def failover_html(answer: PlacesAnswer) -> str:
    """Standing ready in another region against copying when needed."""
    found = answer.failover
    rows = "".join(
        f"<tr><td>{escape(row['region'])}<small>{row['count']} × {escape(row['instance_type'])}</small></td>"
        f"<td class='costlib-number'>{_usd(row['ready_fixed_usd'])}</td>"
        f"<td class='costlib-number'>{_hours(row['ready_hours'])}</td>"
        f"<td class='costlib-number'>{_hours(row['on_need_hours_expected'])}"
        f"<small>{_band(row['on_need_hours_low'], row['on_need_hours_high'])}</small></td>"
        f"<td class='costlib-number'>{_usd(row['ready_expected_usd'])}</td>"
        f"<td class='costlib-number'>{_usd(row['on_need_expected_usd'])}</td>"
        f"<td class='costlib-number'>{_even(row['break_even_chance'])}</td>"
        f"<td>{escape(row['answer'])}{_missing(row)}</td></tr>"
        for row in found.table.head(MOST_ROWS).to_dict("records")
    )
    heads = (
        ("To", "with its cheapest pool"), ("Ready costs", "a run, needed or not"), ("Goes on after", "when ready"),
        ("or after", "when the data are copied only then"), ("Ready, expected", "cost at the chance given"),
        ("Copied then, expected", "cost at the chance given"), ("Pays from", "the chance from which being ready pays"),
        ("So", ""),
    )  # fmt: skip
    low, middle, high = found.bandwidth_gbps
    note = (
        f"The cheapest run first. From {found.from_region}; a chance of {share(found.chance_fraction)} a run,"
        f" checkpoints copied every {hours(found.sync_hours)}, {low:g} – {high:g} Gbit/s ({middle:g} expected)"
        " between regions."
    )
    rules = _rules(found.as_dict()["rules"])
    return table_html(heads, rows) + f"<div class='costlib-note'>{escape(note)}</div>{rules}"


def managed_html(answer: PlacesAnswer) -> str:
    """SageMaker's managed spot beside EC2 spot."""
    rows = "".join(
        f"<tr><td>{row['count']} × {escape(row['instance_type'])}<small>{escape(row['region'])}</small></td>"
        f"<td class='costlib-number'>{usd(row['ec2_run_usd_expected'])}"
        f"<small>{usd_band(row['ec2_run_usd_low'], row['ec2_run_usd_high'])}"
        f" {basis_html(row['ec2_basis'])}</small></td>"
        f"<td class='costlib-number'><b>{usd(row['sagemaker_run_usd_expected'])}</b>"
        f"<small>{usd_band(row['sagemaker_run_usd_low'], row['sagemaker_run_usd_high'])}"
        f" {basis_html(row['sagemaker_basis'])}</small></td>"
        f"<td class='costlib-number'>{_signed(row['sagemaker_premium_usd'])}"
        f"<small>{100 * row['sagemaker_premium_fraction']:+.0f} %</small></td>"
        f"<td class='costlib-number'>{share(row['saving_fraction_expected'])}</td>"
        f"<td class='costlib-number'>{hours(row['sagemaker_run_hours_expected'])}"
        f"<small>{hours_band(row['sagemaker_run_hours_low'], row['sagemaker_run_hours_high'])}</small></td>"
        f"<td>{escape(row['max_wait'])}</td></tr>"
        for row in answer.managed.table.head(MOST_ROWS).to_dict("records")
    )
    heads = (
        ("Instances", ""), ("EC2 spot", "USD a run, mean of the region's zones"), ("Managed spot", "USD a run"),
        ("SageMaker adds", "USD a run"), ("Below on-demand", "SageMaker's own on-demand price"),
        ("Hours", "start to finish"), ("Within the longest wait", "MaxWaitTimeInSeconds"),
    )  # fmt: skip
    left = f"Left out: {'; '.join(answer.managed.left_out)}." if answer.managed.left_out else ""
    rules = _rules(answer.managed.as_dict()["rules"])
    return table_html(heads, rows) + f"<div class='costlib-note'>{escape(left)}</div>{rules}"


def _rules(*held: object) -> str:
    """Rules to unfold, one a line: texts, and lists and mappings of them."""
    items = "".join(f"<li>{escape(rule)}</li>" for rule in _texts(held))
    return f"<details class='costlib-note'><summary>How this is reckoned</summary><ul>{items}</ul></details>"


def _texts(held: object) -> list[str]:
    if isinstance(held, Mapping):
        held = list(held.values())
    if isinstance(held, list | tuple):
        return [text for one in held for text in _texts(one)]
    return [str(held)] if held else []


def _chance(value: float) -> str:
    return "under 1 in a million" if value < 1e-6 else f"{100 * value:.2g} %"


def _usd(value: float) -> str:
    return "not known" if math.isnan(value) else usd(value)


def _signed(value: float) -> str:
    return usd(value) if value >= 0 else f"−{usd(-value)}"


def _hours(value: float) -> str:
    return "not known" if math.isnan(value) else hours(value)


def _band(low: float, high: float) -> str:
    return "" if math.isnan(low) or math.isnan(high) else hours_band(low, high)


def _even(value: float) -> str:
    return "not known" if math.isnan(value) else "never" if math.isinf(value) else _chance(value)


def _missing(row: dict[Any, Any]) -> str:
    return f"<small class='costlib-bad'>{escape(row['missing'])}</small>" if row["missing"] else ""
