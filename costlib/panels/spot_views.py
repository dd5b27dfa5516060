"""What the spot page says in words and in its tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from costlib.display import escape, hours, hours_band, saving, share, usd, usd_band
from costlib.figures.spot_policies import MOVE_NAMES, POLICY_NAMES
from costlib.panels.banner import basis_html
from costlib.panels.html_table import table_html
from costlib.panels.spot_record import SpotAnswer, SpotRecord
from costlib.planner.lines import NOT_COSTED
from costlib.planner.plan import Band
from costlib.planner.quantities import requeue_rule
from costlib.planner.spot import checkpoints, drills, mixes, recorded, waiting, zones
from costlib.planner.spot.one_job import OneJob
from costlib.planner.spot.run import SpotRun
from costlib.units import HOURS_PER_MONTH, MINUTES_PER_HOUR

#: Where the next interruption is this far off, there is none.
NEVER_HOURS = 1e6
MOVED = {
    "in time": "Saved in time, even at the slow end",
    "at the line rate only": "Saved in time only if it is written at the network's line rate",
    "not in time": "Not saved in time",
    "nothing to save": "There is nothing to save",
}


def answer_html(answer: SpotAnswer) -> str:
    """The plan beside its on-demand fall-back, and whether it holds the deadline."""
    run = answer.run
    plan, on_demand = run.plan, run.on_demand
    place = plan.az or plan.region
    name, where = escape(answer.workload.name), f"{plan.count} × {escape(plan.instance_type)} in {escape(place)}"
    doom = checkpoints.why_not(run, run.interval_hours)
    if doom:
        said = [f"{name} on spot, on {where}: <span class='costlib-bad'>{escape(doom)}.</span>"]
        if on_demand is not None:
            said.append(f"On demand the same instances cost {usd(on_demand.cost_usd.expected)}.")
    else:
        said = [
            f"{name} on spot: <b>{usd(plan.cost_usd.expected)}</b>"
            f" ({usd_band(plan.cost_usd.low, plan.cost_usd.high)}) on {where},"
            f" {hours(plan.hours.expected)} ({hours_band(plan.hours.low, plan.hours.high)})."
        ]
        if on_demand is not None:
            beside = saving(1.0 - plan.cost_usd.expected / on_demand.cost_usd.expected)
            said.append(f"On demand the same instances cost {usd(on_demand.cost_usd.expected)}: spot {beside}.")
        if not plan.meets_deadline:
            late = f"It misses the deadline of {hours(answer.deadline_hours)}"
            said.append(f"<span class='costlib-bad'>{late}, as does every spot plan of these choices.</span>")
        elif answer.deadline_given:
            said.append(f"The deadline of {hours(answer.deadline_hours)}: {escape(plan.deadline)}.")
    note = (
        "This takes interruptions at a constant rate, and capacity to be back soon after each. What recorded capacity,"
        " which is far scarcer, makes of the run stands further below."
    )
    return f"<div class='costlib-answer'>{' '.join(said)}</div><div class='costlib-note'>{note} {NOT_COSTED}</div>"


def hazard_html(run: SpotRun) -> str:
    """How often it is interrupted, and how that is known."""
    hazard, origin, mtbi = run.hazard_per_hour, run.hazard_origin, run.mtbi_hours
    monthly = [_monthly(end) for end in (hazard.low, hazard.expected, hazard.high)]
    dated = f" of {origin['as_of']}" if origin["as_of"] else ""
    words = (
        f"Interruptions: {_rate(hazard.expected)} an hour for each instance ({_rate(hazard.low)} –"
        f" {_rate(hazard.high)}), so"
        f" {share(monthly[1])} ({share(monthly[0])} – {share(monthly[2])}) of instances kept for a month are hit;"
        f" {_every(run.count, mtbi)}."
    )
    return (
        f"<div>{words} {basis_html(origin['basis'])}</div><div class='costlib-note'>{escape(origin['rule'])};"
        f" {escape(origin['source'])}{escape(dated)}; {escape(requeue_rule(run.result.workload))}</div>"
    )


def _monthly(rate: float) -> float:
    return -math.expm1(-rate * HOURS_PER_MONTH)


def _every(count: int, mtbi: Band) -> str:
    which = "the run's instance" if count == 1 else f"one of the run's {count}"
    if mtbi.expected > NEVER_HOURS:
        return f"{which} never, or every {hours(mtbi.high)} at the dear end"
    calm = hours(mtbi.low) if mtbi.low < NEVER_HOURS else "never"
    return f"{which} every {hours(mtbi.expected)}, from {calm} at the cheap end to {hours(mtbi.high)} at the dear"


def _rate(per_hour: float) -> str:
    return f"{per_hour:.2g}" if per_hour < 10 else f"{per_hour:,.0f}"


def intervals_html(table: pd.DataFrame) -> str:
    """One row a rule for the checkpoint interval."""
    names = {"young": "Young 1974", "daly": "Daly 2006", "best": "exact best", "yours": "yours"}
    rows = "".join(
        f"<tr><td>{names[row['interval']]}</td><td class='costlib-number'>{_minutes(row['interval_hours'])}"
        f"<small>cheap end {_minutes(row['interval_hours_low'])}, dear end {_minutes(row['interval_hours_high'])}"
        "</small></td>"
        f"<td class='costlib-number'>{_hours(row['hours'])}<small>{hours_band(row['hours_low'], row['hours_high'])}"
        f"</small></td><td class='costlib-number'><b>{_usd(row, 'usd')}</b>"
        f"<small>{usd_band(row['usd_low'], row['usd_high'])}</small></td>"
        f"<td class='costlib-number'>{_usd(row, 'added_usd')}</td>"
        f"<td class='costlib-number'>{100 * row['lost_fraction']:.2f} %</td><td>{escape(row['why_not'])}</td></tr>"
        for row in table.to_dict("records")
    )
    heads = (
        ("Rule", ""), ("Checkpoint every", "expected; and what the rule says at the ends of the band"),
        ("Hours", "the whole run"), ("USD a run", "the whole run"),
        ("Lost (USD)", "on writes, work done twice and restarts"), ("Lost (share)", "of the billed hours"), ("", ""),
    )  # fmt: skip
    return table_html(heads, rows)


def notice_html(found: checkpoints.Notice) -> str:
    """The two-minute notice."""
    low, high = found.save_seconds_low, found.save_seconds_high
    said = f"<b>{MOVED[found.verdict]}</b>: to write {found.checkpoint_gib:,.6g} GiB takes {low:,.3g} – {high:,.3g} s,"
    said += f" and the notice gives {found.notice_seconds:,.0f} s."
    if found.saved_usd is not None and found.saved_hours is not None and found.checkpoint_gib:
        minute = 1.0 / MINUTES_PER_HOUR
        time = "less than a minute" if found.saved_hours < minute else hours(found.saved_hours)
        wins = f"would win {time} and {usd(found.saved_usd)}"
        if found.saved_hours > NEVER_HOURS and found.hours is not None and found.usd is not None:
            wins = f"would make of it {hours(found.hours)} and {usd(found.usd)}"
        said += (
            f" A save at each notice, with no other checkpoints, {wins};"
            " notices are best effort, so keep periodic checkpoints as well."
        )
    return f"<div>{said}</div><div class='costlib-note'>{escape(found.rule)}; {escape(found.source)}</div>"


def policies_html(record: SpotRecord) -> str:
    """One row a policy on recorded capacity."""
    rows = "".join(
        f"<tr><td>{POLICY_NAMES[row['policy']]}</td><td class='costlib-number'><b>{usd(row['usd'])}</b>"
        f"<small>{usd_band(row['usd_low'], row['usd_high'])}</small></td>"
        f"<td class='costlib-number'>{share(row['saved_fraction'])}</td>"
        f"<td class='costlib-number'>{share(row['met_fraction'])}</td>"
        f"<td class='costlib-number'>{hours(row['hours'])}</td>"
        f"<td class='costlib-number'>{share(row['spot_fraction'])}</td>"
        f"<td class='costlib-number'>{row['preemptions']:,.1f}</td><td class='costlib-number'>{row['jobs']:,}</td></tr>"
        for row in record.policies.to_dict("records")
    )
    heads = (
        ("Policy", ""), ("USD", "of the instances: mean, P10 – P90 of the jobs that got done"),
        ("Below on-demand", ""), ("In time", "share of the jobs"), ("Hours", "mean to the end"),
        ("On spot", "share of the billed hours"), ("Preemptions", "mean"), ("Jobs", "replayed"),
    )  # fmt: skip
    return table_html(heads, rows) + f"<div class='costlib-note'>{escape(recorded.RULE)}.</div>"


def job_html(job: OneJob) -> str:
    """One job's dollars under each policy and at the optimum."""
    best = job.usd["optimum"]
    said = ", ".join(
        f"{POLICY_NAMES[name]} {usd(amount)}" + ("" if job.met[name] else " (late)")
        for name, amount in sorted(job.usd.items(), key=lambda held: held[1])
    )
    start = job.start_step * job.step_hours
    share_there = float(job.available.mean())
    return (
        f"<div>From hour {start:,.1f} of {escape(job.trace)}, capacity was there in {share(share_there)} of the time"
        f" to the deadline: {said}. No policy could have cost less than {usd(best)}.</div>"
    )


def moves_html(table: pd.DataFrame) -> str:
    """What moving between zones is worth, in a sentence, and the rule."""
    alone, moving = table[table["moves"] == "stay"]["usd"], table[table["moves"] != "stay"]
    best = moving.sort_values("usd").iloc[0]
    words = (
        f"Staying in one zone would have cost {usd_band(alone.min(), alone.max())}, {usd(alone.mean())} on average;"
        f" to {MOVE_NAMES[str(best['moves'])]} {usd(best['usd'])}, which {saving(1.0 - best['usd'] / alone.mean())}"
        " of that average."
    )
    return f"<div>{words}</div><div class='costlib-note'>{escape(zones.RULE)}.</div>"


def waiting_html(table: pd.DataFrame) -> str:
    """One row a schedule of asking again."""
    rows = "".join(
        f"<tr><td>{escape(row['schedule'])}</td><td class='costlib-number'>{row['wait_minutes']:,.0f} min"
        f"<small>P90 {row['wait_minutes_p90']:,.0f} min</small></td>"
        f"<td class='costlib-number'>{row['late_minutes']:,.1f} min</td>"
        f"<td class='costlib-number'>{100 * row['missed_fraction']:.1f} %</td>"
        f"<td class='costlib-number'>{row['calls']:,.1f}<small>P90 {row['calls_p90']:,.0f}</small></td></tr>"
        for row in table.to_dict("records")
    )
    heads = (
        ("Asked again", ""), ("Until capacity is had", "from the interruption; mean"),
        ("Late", "from capacity's return to the call that got it"),
        ("Returns missed", "capacity was gone again before a call"), ("API calls", "a gap"),
    )  # fmt: skip
    return table_html(heads, rows) + f"<div class='costlib-note'>{escape(waiting.RULE)}.</div>"


def mixes_note() -> str:
    """The rule behind the shares."""
    return f"<div class='costlib-note'>{escape(mixes.RULE)}.</div>"


def drills_html() -> str:
    """What each drill is."""
    counts = {"draws": drills.Drill().draws, "burst": "as many"}
    said = "; ".join(f"{name}: {meaning.format(**counts)}" for name, meaning in drills.DRILLS.items())
    return f"<div class='costlib-note'>{escape(said)}. Lost: work done twice; dollars are of the whole run.</div>"


def checklist_html() -> str:
    """What to do in the real exercise."""
    items = "".join(f"<li>{escape(what)} <small>– {escape(why)}</small></li>" for what, why in drills.CHECKLIST)
    return f"<div>For the real exercise:<ol>{items}</ol></div>"


def _minutes(amount: float) -> str:
    if amount == float("inf"):
        return "never"
    return f"{amount * MINUTES_PER_HOUR:,.3g} min" if amount < 10 else hours(amount)


def _hours(amount: float) -> str:
    return hours(amount) if amount < NEVER_HOURS else "never"


def _usd(row: Mapping[Any, Any], name: str) -> str:
    return usd(row[name]) if row["hours"] < NEVER_HOURS else "–"
