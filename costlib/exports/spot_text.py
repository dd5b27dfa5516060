"""Spot, as tables for a terminal."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import pandas as pd

from costlib import display
from costlib.exports.tables import records
from costlib.exports.terminal import plain, table
from costlib.planner.lines import NOT_COSTED
from costlib.planner.spot import recorded
from costlib.planner.spot.own_odds import RULE as OWN_RULE
from costlib.planner.spot.replays import PAPER_PRICE_RULE, Question, Tape
from costlib.planner.spot.report import SpotReport


def spot_text(found: SpotReport) -> str:
    """The plan, its checkpoints, its odds, its best pools, and the fleet request's command."""
    run, plan = found.run, found.run.plan
    made = [
        f"{plain(plan.key)}: {display.usd(plan.cost_usd.expected)}"
        f" ({display.usd_band(plan.cost_usd.low, plan.cost_usd.high)}), {display.hours(plan.hours.expected)}"
        f" ({display.hours_band(plan.hours.low, plan.hours.high)}); deadline: {plan.deadline}"
    ]
    if run.on_demand is not None:
        saved = display.saving(1.0 - plan.cost_usd.expected / run.on_demand.cost_usd.expected)
        made.append(f"on demand {display.usd(run.on_demand.cost_usd.expected)}: spot {saved}")
    origin = run.hazard_origin
    made.append(
        f"interrupted every {display.hours(run.mtbi_hours.expected)} ({origin['basis']}: {plain(origin['rule'])};"
        f" {plain(origin['source'])} {origin['as_of']})".replace(" )", ")")
    )
    made += ["", _intervals(found), f"two-minute notice: {found.notice.verdict}"]
    if found.why_not_replayed:
        made += ["", f"recorded capacity was not replayed: {plain(found.why_not_replayed)}"]
    if found.ways is not None and found.policies is not None:
        made += ["", _ways(found.ways, found.deadline_hours), "", _policies(found.policies), recorded.RULE]
    if found.own is not None:
        made += ["", _own(found.own), OWN_RULE]
    made += ["", _pools(found), "", f"a fleet of them: {found.fleet.command} (--json has the request)", "", NOT_COSTED]
    return "\n".join(made)


def _intervals(found: SpotReport) -> str:
    rows = [
        (row["interval"], f"{row['interval_hours'] * 60.0:,.3g} min", _finite(row["hours"], display.hours),
         _finite(row["usd"], display.usd), f"{100 * row['lost_fraction']:.2f} %", row["why_not"])
        for row in records(found.intervals)
    ]  # fmt: skip
    heads = ("interval", "every", "hours", "USD a run", "lost", "")
    return table(heads, rows, right=("every", "hours", "USD a run", "lost"))


def _ways(ways: pd.DataFrame, deadline_hours: float) -> str:
    rows = [
        (
            row["way"].replace("_", " ") if row["way"] != "net" else f"net for {display.hours(row['net_hours'])}",
            display.share(row["chance"]), display.share(row["chance_at_high_hours"]), display.usd(row["usd"]),
            display.usd_band(row["usd_low"], row["usd_high"]),
        )
        for row in records(ways)
    ]  # fmt: skip
    heads = ("way to buy", "in time", "at high hours", "USD", "P10 – P90")
    body = table(heads, rows, right=("in time", "at high hours", "USD", "P10 – P90"))
    return f"done within {display.hours(deadline_hours)}, on recorded capacity:\n{body}"


def _own(own: pd.DataFrame) -> str:
    rows = [
        (
            "spot only" if row["way"] == "spot_only" else f"net for {display.hours(row['net_hours'])}",
            display.share(row["chance"]), display.usd(row["usd"]), display.usd_band(row["usd_low"], row["usd_high"]),
        )
        for row in records(own)
    ]  # fmt: skip
    heads = ("way to buy, starting now", "in time", "USD", "80 % of outcomes")
    return "odds from your own trace:\n" + table(heads, rows, right=heads[1:])


def _policies(policies: pd.DataFrame) -> str:
    rows = [
        (row["policy"], display.usd(row["usd"]), display.usd_band(row["usd_low"], row["usd_high"]),
         display.share(row["saved_fraction"]), display.share(row["met_fraction"]), display.hours(row["hours"]))
        for row in records(policies)
    ]  # fmt: skip
    heads = ("policy", "USD", "P10 – P90", "below on-demand", "in time", "hours")
    return table(heads, rows, right=heads[1:])


def _pools(found: SpotReport) -> str:
    rows = [
        (f"{row['count']} x {row['instance_type']}", row["az"] or row["region"], f"{row['usd_per_hour_expected']:,.4f}",
         display.usd(row["run_usd_expected"]), display.hours(row["run_hours_expected"]), row["price_as_of"])
        for row in records(found.pools.pools.head(12))
    ]  # fmt: skip
    heads = ("pool", "place", "USD/hour", "USD a run", "hours", "price as of")
    body = table(heads, rows, right=("USD/hour", "USD a run", "hours"))
    return f"{body}\nthe best 12 of {len(found.pools.pools)} pools"


def _finite(value: float, say: Callable[[float], str]) -> str:
    return say(value) if math.isfinite(value) else "never"


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
        f"{plain(tape.name)}: {len(tape.available):,} steps of {minutes:.4g} min, capacity in"
        f" {display.share(float(tape.available.mean()))} of them\n{question.policy}: {question.work_hours:g} h of work,"
        f" {question.deadline_hours:g} h to the deadline, {question.changeover_hours:g} h a changeover; {price}"
    )
    return f"{head}\n\n{table(('what', 'found'), rows, right=('found',))}"


def _ratio(value: float) -> str:
    return "not known" if value != value else f"{value:.3f}"


def _number(value: float, unit: str) -> str:
    return "not known" if value != value else f"{value:,.2f} {unit}".strip()
