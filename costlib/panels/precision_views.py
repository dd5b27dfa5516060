"""What the precision page says in words and in its tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from costlib.display import PURCHASE_NAMES, SERVICE_NAMES, escape, hours, hours_band, saving, usd, usd_band
from costlib.facts.precision import NOTES
from costlib.panels.banner import basis_html
from costlib.panels.html_table import table_html
from costlib.panels.precision_state import PrecisionAnswer
from costlib.planner.advice import Advice
from costlib.planner.memory_views import PARTS
from costlib.planner.plan import Plan
from costlib.units import bytes_to_gib
from costlib.workload import PRECISIONS

#: What each verdict of models.roofline means, in a sentence.
BOUNDS = {
    "compute": "the arithmetic of the accelerator",
    "memory_bandwidth": "the bandwidth of the accelerator's memory",
    "memory_capacity": "the capacity of the accelerator's memory: the step does not fit",
    "input": "its input: samples come slower than they are trained",
}
VERDICTS = {
    "input: storage": "input, by its storage: the CPU waits for reads while the GPU idles",
    "input: cpu": "input, by its CPU: samples are not prepared as fast as the GPU takes them",
    "batch too small": "too small a batch: neither the GPU nor its memory is full",
    "waiting": "something that these numbers do not tell: the GPU waits, and neither storage nor CPU is why",
    "memory_capacity": "the capacity of the GPU's memory: a little more ends the run",
    "accelerator": "the accelerator itself: arithmetic or memory bandwidth, which the roofline above tells apart",
}
#: Parts of memory that stay from step to step; what comes and goes is shown beside them.
STATES, MOVING = PARTS[:4], PARTS[4:8]


def answer_html(answer: PrecisionAnswer) -> str:
    """The cheapest format, what it saves beside the base, and where the saving comes from."""
    best, rows = answer.best, {str(row["precision"]): row for row in answer.table.to_dict("records")}
    name, base, start = str(best["precision"]), answer.base, rows[answer.base]
    said = [
        f"{escape(answer.workload.name)} costs least in <b>{name}</b>: <b>{usd(best['cost_usd'])}</b>"
        f" ({usd_band(best['cost_low_usd'], best['cost_high_usd'])}), {_machine(best)}, {_hours(best)}."
    ]
    if not best["meets_deadline"]:
        said.append("<span class='costlib-bad'>No format holds the deadline.</span>")
    if name != base:
        beside = saving(best["saved_usd"] / start["cost_usd"])
        said.append(f"Beside {base} ({usd(start['cost_usd'])}, {_machine(start)}) it {beside}: {_parts(best)}.")
    rest = f"{name} needs {escape(NOTES[name].needs)}."
    sixteen = [one for one in ("bf16", "fp16") if pd.notna(rows[one]["cost_usd"])]
    if name == "fp8" and sixteen:
        rest += f" In {sixteen[0]} the run costs {usd(rows[sixteen[0]]['cost_usd'])}."
    return f"<div class='costlib-answer'>{' '.join(said)}</div><div class='costlib-note'>{rest}</div>"


def _parts(row: Mapping[str, Any]) -> str:
    speed, choice = float(row["saved_by_speed_usd"]), float(row["saved_by_choice_usd"])
    if pd.isna(row["same_machine_cost_usd"]):
        return f"{usd(choice)} by the machine, as the other one lacks the format"
    by = [f"{usd(speed)} by speed on the same machine" if speed >= 0 else f"{usd(-speed)} lost on the same machine"]
    by.append(f"{usd(choice)} by another choice of machine" if choice >= 0 else f"{usd(-choice)} lost by the choice")
    return ", ".join(by)


def _machine(row: Mapping[Any, Any]) -> str:
    return f"{row['count']:.0f} × {escape(row['instance_type'])}"


def _hours(row: Mapping[str, Any]) -> str:
    return f"{hours(row['hours'])} ({hours_band(row['hours_low'], row['hours_high'])})"


def plans_html(table: pd.DataFrame, base: str) -> str:
    """One row a precision: the best plan with its ranges, and the two parts of what it saves."""
    rows = "".join(_plan_row(row, base) for row in table.to_dict("records"))
    heads = (
        ("Format", ""),
        ("Best plan", "the cheapest that holds the deadline"),
        ("Hours", "expected (low – high), from start to finish"),
        ("USD a run", "expected (low – high)"),
        ("Speed-up measured", "on that accelerator, over its base format; P10 – P90"),
        (f"Saved beside {base}", "USD a run"),
        ("by speed", "on the base's own machine"),
        ("by choice", "of another machine"),
    )
    return table_html(heads, rows)


def _plan_row(row: Mapping[Any, Any], base: str) -> str:
    name = f"<td><b>{row['precision']}</b></td>"
    if pd.isna(row["cost_usd"]):
        return f"<tr>{name}<td colspan='7'>{escape(row['reason'])}</td></tr>"
    bought = f"{SERVICE_NAMES[row['service']]} {PURCHASE_NAMES[row['purchase']]}, {escape(row['region'])}"
    late = "" if row["meets_deadline"] else " <span class='costlib-bad'>misses the deadline</span>"
    # Of a machine that lacks the format no saving by speed can be told.
    by_speed = "lacks it" if pd.isna(row["same_machine_cost_usd"]) else usd(row["saved_by_speed_usd"])
    saved = ["–"] * 3 if row["precision"] == base else [
        usd(row["saved_usd"]), by_speed, usd(row["saved_by_choice_usd"]),
    ]  # fmt: skip
    ends = [row[f"speedup_{end}"] for end in ("expected", "low", "high")]
    # The accelerator's own base format is what the others are over: one by definition.
    none = "not measured" if pd.isna(ends[0]) else "base" if ends[0] == ends[1] == ends[2] == 1 else ""
    speed = none or f"{ends[0]:.2f} ×<small>{ends[1]:.2f} – {ends[2]:.2f}</small>"
    cells = (
        f"<td>{_machine(row)}<small>{escape(row['accelerator'])}; {bought}</small>{late}</td>"
        f"<td class='costlib-number'>{hours(row['hours'])}<small>{hours_band(row['hours_low'], row['hours_high'])}"
        f"</small></td><td class='costlib-number'><b>{usd(row['cost_usd'])}</b>"
        f"<small>{usd_band(row['cost_low_usd'], row['cost_high_usd'])} {basis_html(row['basis'])}</small></td>"
        f"<td class='costlib-number'>{speed}</td>"
    )
    return f"<tr>{name}{cells}{''.join(f'<td class=costlib-number>{one}</td>' for one in saved)}</tr>"


def speedups_html(rows: pd.DataFrame, chosen: str, clickable: Iterable[str]) -> str:
    """One row an accelerator, one column a format: measured speed-up with its rows, dense peak, or why there is none.

    A click on an accelerator with a plan looks at it closely.
    """
    can = set(clickable)
    tip = "times as fast as the base format, median and P10 – P90; dense peak"
    heads = [("Accelerator", "and where most of its pairs are from"), *((name, tip) for name in PRECISIONS)]
    body = []
    for accelerator, mine in rows.groupby("accelerator", sort=False):
        click = f" tabindex='0' data-click='{escape(accelerator)}'" if accelerator in can else ""
        marked = " aria-selected='true'" if accelerator == chosen else ""
        base_peak = float(mine.loc[mine["precision"] == mine["base_precision"], "peak_tflops"].iloc[0])
        cells = "".join(_speed_cell(row, base_peak) for row in mine.to_dict("records"))
        known = mine[mine["n_rows"] > 0]
        rule = "" if known.empty else f"<small>{escape(known['source'].iloc[0])}</small>"
        body.append(f"<tr{click}{marked}><td>{escape(accelerator)}{rule}</td>{cells}</tr>")
    return table_html(heads, "".join(body))


def _speed_cell(row: Mapping[Any, Any], base_peak: float) -> str:
    if not row["supported"]:
        return "<td class='costlib-number'>–</td>"
    peak = f"{row['peak_tflops']:,.4g} TFLOP/s"
    if pd.isna(row["speedup_expected"]):
        beside = f"peak {row['peak_tflops'] / base_peak:.2g} × the base's<br>"
        reason = escape(row["reason"])
        return f"<td class='costlib-number' title='{reason}'>not measured<small>{beside}{peak}</small></td>"
    if row["precision"] == row["base_precision"]:
        return f"<td class='costlib-number'>base<small>{peak}</small></td>"
    spread = f"{row['speedup_low']:.2f} – {row['speedup_high']:.2f}"
    counted = f"{row['n_rows']} pairs, {row['n_models']} models"
    return (
        f"<td class='costlib-number' title='{escape(row['rule'])}'><b>{row['speedup_expected']:.2f} ×</b> {spread}"
        f"<small>{counted} {basis_html(row['basis'])}</small><small>{peak}</small></td>"
    )


def notes_html(answer: PrecisionAnswer) -> str:
    """One row a format: its bits, what it does to memory, what it needs and what it risks."""
    memory = None if answer.memory.empty else answer.memory.set_index("precision")
    body = []
    for row in answer.table.to_dict("records"):
        note = NOTES[row["precision"]]
        bits = f"1 + {note.exponent_bits} + {note.significand_bits}"
        cells = ["not known: needs the shape"] * 2
        if memory is not None:
            states, moving = (float(memory.loc[row["precision"], list(names)].sum()) for names in (STATES, MOVING))
            each = f"{states / answer.workload.model.parameters:.3g} bytes a parameter"
            cells = [f"{bytes_to_gib(states):,.1f} GiB<small>{each}</small>", f"{bytes_to_gib(moving):,.1f} GiB"]
        body.append(
            f"<tr><td><b>{row['precision']}</b><small>{bits} bits</small></td>"
            f"{''.join(f'<td class=costlib-number>{cell}</td>' for cell in cells)}"
            f"<td>{escape(note.needs)}</td><td>{escape(note.risk)}</td><td><small>{escape(note.source)}</small></td></tr>"
        )
    size = (answer.workload.fit.micro_batch if answer.workload.fit else None) or 1
    heads = (
        ("Format", "sign + exponent + significand"),
        ("States", "weights, gradients, optimizer; on one accelerator, not sharded"),
        (f"Activations, micro-batch {size}", "with logits; nothing recomputed, unless fit asks for it"),
        ("Needs", ""),
        ("Risks", ""),
        ("Source", ""),
    )
    return table_html(heads, "".join(body))


def plan_html(plan: Plan) -> str:
    """The plan that is looked at closely, in one line."""
    place = escape(plan.az or plan.region)
    return (
        f"{plan.count} × {escape(plan.instance_type)} ({plan.accelerator_count:g} × {escape(plan.accelerator)}) in"
        f" {plan.precision}, {SERVICE_NAMES[plan.service]} {PURCHASE_NAMES[plan.purchase]}, {place}:"
        f" {usd(plan.cost_usd.expected)}, {hours(plan.hours.expected)}"
    )


def step_html(answer: PrecisionAnswer) -> str:
    """What the step is bound by, from the model, with the seconds of each limit."""
    plan = f"<div class='costlib-note'>{plan_html(answer.plan)}.</div>"
    line = answer.line
    if line is None:
        return f"<div class='costlib-answer'>No roofline: {escape(answer.line_reason)}.</div>{plan}"
    step = line.step
    parts = [f"arithmetic {_seconds(step['compute_seconds'])}", f"memory {_seconds(step['memory_seconds'])}"]
    if step["input_seconds"] > 0:
        parts.append(f"input {_seconds(step['input_seconds'])}")
    if np.isfinite(line.planned_step_seconds):
        parts.append(f"as planned {_seconds(line.planned_step_seconds)}")
    idle = step["idle_fraction"]
    waits = f" The arithmetic waits {idle:.0%} of the step." if idle > 0.005 and step["fits"] else ""
    return (
        f"<div class='costlib-answer'>A step of micro-batch {line.micro_batch} is bound by"
        f" <b>{BOUNDS[str(step['bound'])]}</b>.{waits}</div>"
        f"<div class='costlib-note'>At best: {', '.join(parts)}. Largest micro-batch that fits:"
        f" {line.largest_micro_batch} ({escape(line.layout_rule)}). Input: {escape(line.input_rule)}. Global batch:"
        f" {escape(line.step_rule)}.</div>{plan}"
    )


def verdict_html(answer: PrecisionAnswer) -> str:
    """What the monitor's numbers say the run is bound by."""
    return (
        f"<div class='costlib-answer'>These numbers say: bound by <b>{VERDICTS[answer.verdict]}</b>.</div>"
        f"<div class='costlib-note'>Dollars are those of {plan_html(answer.plan)}.</div>"
    )


def advice_html(found: Sequence[Advice], nothing: str) -> str:
    """One row an advice: why, what to do, what it saves, by which rule; ``nothing`` where there is none."""
    if not found:
        return f"<div class='costlib-note'>{escape(nothing)}</div>"
    body = "".join(
        f"<tr><td>{escape(one.finding)}<small>{_marks(one)}</small></td><td>{escape(one.do)}</td>"
        f"<td class='costlib-number'><b>{usd(one.usd_saved)}</b></td>"
        f"<td class='costlib-number'>{_hours_saved(one.hours_saved)}</td>"
        f"<td class='costlib-number'>{usd(one.cost_usd)}</td>"
        f"<td>{basis_html(one.basis)} <small>{escape(one.rule)}</small></td></tr>"
        for one in found
    )
    heads = (
        ("Because", ""), ("Do", ""), ("Saves", "USD a run; each alone"), ("Hours saved", "from start to finish"),
        ("Then costs", "USD a run"), ("How it is known", ""),
    )  # fmt: skip
    return table_html(heads, body)


def _marks(one: Advice) -> str:
    return "; ".join(f"{mark.fraction:.0%}: {escape(mark.meaning)} ({escape(mark.source)})" for mark in one.thresholds)


def _hours_saved(amount: float) -> str:
    if abs(amount) < 1e-9:
        return "–"
    return hours(amount) if amount > 0 else f"{hours(-amount)} more"


def _seconds(amount: float) -> str:
    return f"{amount:,.2f} s" if amount >= 1 else f"{amount * 1000:,.3g} ms"
