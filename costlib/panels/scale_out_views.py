"""What the scaling page says in words and in its tables."""

from __future__ import annotations

import math

import pandas as pd

from costlib.display import PURCHASE_NAMES, escape, hours, hours_band, percent, usd, usd_band
from costlib.panels.banner import basis_html
from costlib.panels.scale_out_state import ScaleOutAnswer
from costlib.planner.batch_size import BatchPlan
from costlib.planner.cpu_or_gpu_verdict import Verdict
from costlib.planner.scale_out import ScalingCurve
from costlib.units import BYTES_PER_GB, SECONDS_PER_HOUR, bytes_to_gib

#: A cluster is called efficient from here on.
EFFICIENT = 0.8
MOST_ROWS = 25


def scaling_html(answer: ScaleOutAnswer) -> str:
    """How far the type scales, what stops it, and how the model fares on the measured rows beside it."""
    curve = answer.curve
    last = curve.kind("strong").iloc[-1]
    runs = curve.kind("strong")["runs"]
    reach = curve.most_instances_at(EFFICIENT)
    said = [
        f"<b>{last['instances']:,} × {escape(curve.instance_type)}</b> ({last['accelerators']:,.0f}"
        f" {escape(curve.accelerator)}) are {last['speedup']:,.0f} times as fast as one accelerator, with the global"
        f" batch of {curve.global_batch_tokens:,.0f} tokens kept: <b>{percent(last['efficiency'])}</b> of the ideal"
        f" ({percent(last['efficiency_low'])} – {percent(last['efficiency_high'])})."
    ]
    if not runs.all():
        said.append(
            "Some of these clusters cannot run it: too little memory, or fewer samples than copies of the model."
        )
    said.append(
        f"Up to <b>{reach:,} instances</b> keep {percent(EFFICIENT)}."
        if reach
        else f"No number of instances keeps {percent(EFFICIENT)}."
    )
    if last["limit"] != "little is lost":
        said.append(f"Lost most to: {escape(last['limit'])}.")
    inside = answer.measured["inside"]
    weights = "sharded over all accelerators" if curve.sharded else "on every accelerator"
    note = (
        f"{basis_html(curve.basis)} Weights {weights}; {curve.message_bytes / BYTES_PER_GB:,.3g} GB of gradients a"
        f" step; global batch: {escape(curve.global_batch_said)}. How: {escape(curve.rule)}."
        f" Of the {len(answer.measured)} measured runs nearest in kind,"
        f" {int(inside.sum())} are inside what the model says of them (80 % band)."
    )
    return f"<div class='costlib-answer'>{' '.join(said)}<br><small>{note}</small></div>"


def curve_html(curve: ScalingCurve) -> str:
    """Strong scaling, one row a count."""
    rows = "".join(
        f"<tr><td class='costlib-number'>{row['instances']:,}</td>"
        f"<td class='costlib-number'>{row['accelerators']:,.0f}</td>"
        f"<td class='costlib-number'>{row['speedup']:,.1f}</td>"
        f"<td class='costlib-number'>{percent(row['efficiency'])}<small>{percent(row['efficiency_low'])} –"
        f" {percent(row['efficiency_high'])}</small></td>"
        f"<td class='costlib-number'>{row['step_seconds']:,.3g}</td>"
        f"<td class='costlib-number'>{percent(row['exchange_fraction'])}</td>"
        f"<td>{escape(row['limit'])}</td><td>{'yes' if row['runs'] else '<b class=costlib-bad>no</b>'}</td></tr>"
        for row in curve.kind("strong").to_dict("records")
    )
    return _table(
        ("Instances", "Accelerators", "Speed-up", "Share of the ideal", "Step (s)", "Exchange", "Lost most to",
         "Can run"),
        rows,
    )  # fmt: skip


def clusters_html(answer: ScaleOutAnswer) -> str:
    """Few large or many small: the cheapest of each size of machine within the deadline."""
    best, deadline = answer.best_by_size, answer.workload.deadline_hours
    within = "" if deadline is None else f" within {deadline:g} h"
    way, region = PURCHASE_NAMES[answer.purchase], escape(answer.workload.dataset.home_region)
    if best.empty:
        return f"<div class='costlib-answer'>No cluster in {region} can do this{within}, {way}.</div>"
    first = best.iloc[0]
    said = (
        f"Cheapest{within}, {way} in {region}: <b>{first['count']:,} × {escape(first['instance_type'])}</b>"
        f" ({first['accelerators']:,} {escape(first['accelerator'])}), <b>{usd(first[f'usd_{answer.purchase}'])}</b> in"
        f" {hours(first['hours'])}."
    )
    for row in best.iloc[1:].to_dict("records"):
        times = row[f"usd_{answer.purchase}"] / first[f"usd_{answer.purchase}"]
        said += (
            f" With {escape(row['machines'])}: {row['count']:,} × {escape(row['instance_type'])}, {times:.2g} times the"
            f" dollars, {hours(row['hours'])}."
        )
    note = (
        f"{basis_html('estimate')} For the work alone: start-up, interruptions of spot, storage and transfer are in"
        " 13_plan."
    )
    return f"<div class='costlib-answer'>{said}<br><small>{note}</small></div>"


def clusters_table_html(answer: ScaleOutAnswer) -> str:
    """The cheapest cluster of each type that holds the deadline; of types where none does, the fastest."""
    table, way = answer.clusters, answer.purchase
    rows = table[table[f"usd_{way}"].notna()]
    late = rows["hours"] > (answer.workload.deadline_hours or math.inf)
    rank = rows[f"usd_{way}"].where(~late, rows["hours"])
    rows = rows.assign(late=late, rank=rank).sort_values(["late", "rank"], kind="stable")
    rows = rows.drop_duplicates("instance_type").head(MOST_ROWS)
    body = "".join(
        f"<tr><td>{row['count']:,} × {escape(row['instance_type'])}</td>"
        f"<td>{row['accelerators']:,} × {escape(row['accelerator'])}"
        f"<small>{escape(row['precision'])}{', sharded' if row['sharded'] else ''}</small></td>"
        f"<td class='costlib-number'>{hours(row['hours'])}<small>{hours_band(row['hours_low'], row['hours_high'])}"
        f"</small></td><td class='costlib-number'>{usd(row[f'usd_{way}'])}"
        f"<small>{usd_band(row[f'usd_low_{way}'], row[f'usd_high_{way}'])}</small></td>"
        f"<td class='costlib-number'>{percent(row['efficiency'])}</td>"
        f"<td>{'late' if row['late'] else ''}</td></tr>"
        for row in rows.to_dict("records")
    )
    return _table(
        ("Cluster", "Accelerators", "Hours (low – high)", "USD (low – high)", "Efficiency", ""),
        body,
    )


def batch_html(answer: ScaleOutAnswer) -> str:
    """What the batch comes to, where it saturates and what holds it."""
    plan = answer.batch
    if plan is None:
        return "<div class='costlib-note'>No answer for these values: see the message beside them.</div>"
    said = [_chosen(plan), _saturates(plan), *_holders(plan)]
    if plan.critical_batch is not None:
        said.append(
            f"The critical batch is <b>{plan.critical_batch:,.0f}</b> samples: a batch of {plan.global_batch:,} takes"
            f" {1 + plan.global_batch / plan.critical_batch:.3g} times the least samples. Soonest at the target here:"
            f" about {plan.best_global_batch:,}."
        )
    note = f"{basis_html(plan.basis)} Global batch: {escape(plan.global_batch_said)}. Throughput: {escape(plan.rule)}"
    if plan.basis == "user":
        note += f", {percent(plan.curve.median_error)} off in the median"
    if plan.critical_batch is not None:
        note += f". Critical batch: {escape(answer.critical_rule)}"
    return f"<div class='costlib-answer'>{' '.join(said)}<br><small>{note}.</small></div>"


def _chosen(plan: BatchPlan) -> str:
    row = plan.chosen_row
    head = f"Each of {plan.replicas:,} replicas takes {plan.share:,} samples a step"
    if row is None:
        return f"{head}: not even a micro-batch of 1 fits in memory."
    costs = f"{100 * (row['time_ratio'] - 1):.1f} % more time than all at once"
    return (
        f"{head}: <b>{row['micro_steps']:,} micro-batches of {row['micro_batch']:,}</b>, {row['step_seconds']:,.3g} s,"
        f" {costs}; {bytes_to_gib(row['bytes']):.1f} GiB each ({escape(row['verdict'])})."
    )


def _saturates(plan: BatchPlan) -> str:
    if math.isinf(plan.saturating_batch):
        return "Your points show no limit: measure larger batches."
    return (
        f"Throughput reaches {percent(plan.efficiency)} of its limit at a batch of"
        f" <b>{plan.saturating_batch:,.0f}</b> a replica."
    )


def _holders(plan: BatchPlan) -> list[str]:
    at_once, small = plan.smallest_at_once, plan.smallest_by_accumulating
    if small is None:
        return ["No single instance sold here holds one sample."]
    said = []
    if at_once is not None:
        said.append(
            f"The cheapest instance that holds it at once is <b>{escape(at_once['instance_type'])}</b>"
            f" ({usd(at_once['usd_per_hour'])} an hour)."
        )
    if at_once is None or small["instance_type"] != at_once["instance_type"]:
        steps = small["micro_steps"]
        many = "by accumulating" if math.isinf(steps) else f"in {steps:,.0f} micro-batches"
        said.append(f"{escape(small['instance_type'])} ({usd(small['usd_per_hour'])}) holds it {many}.")
    return said


def holders_html(plan: BatchPlan) -> str:
    """One instance of every type: its largest micro-batch, and how it comes to the saturating batch."""
    rows = "".join(
        f"<tr><td>{escape(row['instance_type'])}</td><td>{escape(row['accelerator'])}"
        f"<small>{'sharded' if row['sharded'] else ''}</small></td>"
        f"<td class='costlib-number'>{row['largest_micro_batch']:,}</td><td>{_held(row)}</td>"
        f"<td class='costlib-number'>{usd(row['usd_per_hour'])}</td></tr>"
        for row in plan.holders.to_dict("records")
    )
    return _table(
        ("One instance", "Accelerator", "Largest micro-batch", "The saturating batch", "USD an hour, on-demand"), rows
    )


def _held(row: dict[object, object]) -> str:
    if row["holds"]:
        return "at once"
    steps = float(str(row["micro_steps"]))
    if math.isnan(steps):
        return "<b class='costlib-bad'>not even one sample</b>"
    return "by accumulating" if math.isinf(steps) else f"in {steps:,.0f} micro-batches"


def small_html(verdict: Verdict | None) -> str:
    """CPU or GPU in words."""
    if verdict is None:
        return "<div class='costlib-note'>No answer for these values: see the message beside them.</div>"
    cheap, quick = verdict.cheapest, verdict.fastest
    text = f"Cheapest: {_machine(cheap)}"
    text += "; it is the fastest, too" if cheap.equals(quick) else f". Fastest: {_machine(quick)}"
    text += f". As the job grows, {_even(verdict, 'cheaper', verdict.break_even_usd)}; "
    text += _even(verdict, "faster", verdict.break_even_hours)
    note = f"{escape(verdict.rule)}. One machine, on demand in {escape(verdict.region)}, for the work alone."
    return f"<div class='costlib-answer'>{text}.<br><small>{note}</small></div>"


def _machine(row: pd.Series) -> str:
    kind = str(row["kind"]).upper()
    return f"<b>{escape(row['instance_type'])}</b> ({kind}), {usd(row['usd'])} in {time(row['hours'])}"


def _even(verdict: Verdict, word: str, size: float) -> str:
    if math.isnan(size):
        return f"whether a GPU is {word} is not known: only one kind is held"
    if size == 0:
        return f"a GPU is {word} at any size"
    if math.isinf(size):
        return f"a GPU is {word} at no size"
    return f"a GPU is {word} above about {float(f'{size:.2g}'):,.0f} {escape(verdict.size_unit)}"


def small_table_html(verdict: Verdict) -> str:
    """Each machine, cheapest first; of many, the cheapest of each kind."""
    table = pd.concat([part.head(MOST_ROWS // 2) for _, part in verdict.table.groupby("kind")]).sort_values("usd")
    rows = "".join(
        f"<tr><td>{escape(row['instance_type'])}</td><td>{escape(row['accelerator']) or 'CPU'}"
        f"<small>{escape(row['precision'])}</small></td>"
        f"<td class='costlib-number'>{time(row['hours'])}<small>{time(row['hours_low'])} – {time(row['hours_high'])}"
        f"</small></td><td class='costlib-number'>{usd(row['usd'])}</td>"
        f"<td>{basis_html(row['basis'])}<small>{escape(row['rule'])}</small></td><td>{escape(row['source'])}</td></tr>"
        for row in table.to_dict("records")
    )
    return _table(("Machine", "Trains on", "Time (low – high)", "USD", "How it is known", "Source"), rows)


def time(amount_hours: float) -> str:
    """Hours as display.hours writes them; seconds below a minute."""
    seconds = amount_hours * SECONDS_PER_HOUR
    return f"{seconds:.2g} s" if seconds < 60 else hours(amount_hours)


def _table(headings: tuple[str, ...], rows: str) -> str:
    head = "".join(f"<th>{heading}</th>" for heading in headings)
    return (
        f"<div class='costlib-scroll'><table class='costlib-table'><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )
