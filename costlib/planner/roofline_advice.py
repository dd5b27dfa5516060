"""What to do about the limit that holds a plan's step under its roofline, and what each advice saves in dollars."""

from __future__ import annotations

from dataclasses import replace

from costlib.facts.precision import NOTES
from costlib.planner.advice import Advice, advice_for, cost_with_hours
from costlib.planner.precision import same_machine
from costlib.planner.roofline import Roofline
from costlib.planner.search import Result
from costlib.workload import PRECISIONS

#: A gain below this share of the step is not worth an advice: the roof itself is not known better.
LEAST_GAIN = 0.02


def advise_step(result: Result, line: Roofline) -> list[Advice]:
    """What to do about the asked step, the greatest saving first; each saving is alone.

    ``memory_capacity``: a micro-batch that fits, which saves nothing by itself. ``input``: what a faster one wins back,
    where it is slower than the planned step; no other remedy helps as long as it is. ``memory_bandwidth``: the largest
    micro-batch that fits, as far as its roof is higher. Of that, and of ``compute``: another number format on the
    same machine, and the rate that the best measured runs reach.
    """
    bound = line.step["bound"]
    if bound == "memory_capacity":
        return [_room(result, line)]
    if bound == "input":
        return [_input(result, line)]
    found = [_other_format(result, line), _as_the_best(result, line)]
    if bound == "memory_bandwidth":
        found.append(_larger_batch(result, line))
    return sorted((one for one in found if one is not None), key=lambda one: -one.usd_saved)


def _room(result: Result, line: Roofline) -> Advice:
    held = line.largest_micro_batch
    finding = f"micro-batch {line.micro_batch} does not fit ({line.layout_rule})"
    do = (
        f"micro-batch {held} or less, and accumulate gradients"
        if held
        else "not even one sequence fits: recompute, shard or quantise; 02_fit_in_memory finds the cheapest change"
    )
    cost, hours = float(result.cost_usd[line.row]), float(result.wall_hours[line.row])
    rule = "saves nothing: it is what lets the run start"
    return advice_for(result, line.row, line.row, "memory_capacity", finding, do, cost, hours, rule)


def _other_format(result: Result, line: Roofline) -> Advice | None:
    """The cheapest other format on the same machine; None if none is cheaper."""
    others = {name: same_machine(result, line.row, name) for name in PRECISIONS if name != line.plan.precision}
    rows = {name: row for name, row in others.items() if row is not None}
    if not rows:
        return None
    # fp16 and bf16 run at one rate: of equal ones the later is taken, which needs no loss scaling.
    name = min(rows, key=lambda name: (round(float(result.cost_usd[rows[name]]), 6), -PRECISIONS.index(name)))
    row = rows[name]
    if result.cost_usd[row] >= result.cost_usd[line.row] * (1.0 - LEAST_GAIN):
        return None
    peaks = line.roofs.set_index("precision")["peak_tflops"]
    finding = f"its arithmetic peaks at {peaks[line.plan.precision]:,.4g} TFLOP/s in {line.plan.precision}"
    finding += f", and at {peaks[name]:,.4g} in {name}"
    do = f"train in {name} on the same machine; it needs {NOTES[name].needs}"
    cost, hours = float(result.cost_usd[row]), float(result.wall_hours[row])
    rule = "hours of the planner in both formats"
    return advice_for(result, line.row, row, "compute", finding, do, cost, hours, rule)


def _as_the_best(result: Result, line: Roofline) -> Advice | None:
    """What is won if the run reaches the high end of the measured runs' rate."""
    rate, roof = line.planned_tflops, float(line.step["attainable_tflops"])
    if rate is None or rate.expected >= min(rate.high, roof) * (1.0 - LEAST_GAIN):
        return None
    best = min(rate.high, roof)
    cost, hours = cost_with_hours(result, line.row, rate.expected / best)
    finding = f"the plan expects {rate.expected:,.0f} TFLOP/s of each accelerator, the roof allows {roof:,.0f}"
    do = "fused attention and kernels, a compiled model, communication under computation: profile one step"
    rule = f"at most: as fast as the high end of measured runs, {best:,.0f} TFLOP/s"
    return advice_for(result, line.row, line.row, "below the roof", finding, do, cost, hours, rule)


def _input(result: Result, line: Roofline) -> Advice:
    times = float(line.step["input_seconds"]) / line.planned_step_seconds
    now, fast = float(result.cost_usd[line.row]), float(result.wall_hours[line.row])
    cost, hours = cost_with_hours(result, line.row, times) if times > 1.0 else (now, fast)
    finding = f"the input takes {times:.3g} times as long as the planned step that it feeds"
    if not times > 1.0:
        finding = "the input is slower than the roof, but not slower than the planned step: nothing is lost yet"
    do = "faster storage or a cache on local disk, more vCPUs for each accelerator, data prepared ahead of the run"
    rule = "hours as long as the input takes, beside the planned ones, which wait for no input"
    made = advice_for(result, line.row, line.row, "input", finding, do, now, fast, rule)
    return replace(made, usd_saved=cost - now, hours_saved=hours - fast)


def _larger_batch(result: Result, line: Roofline) -> Advice | None:
    fitting = line.steps[line.steps["fits"] & (line.steps["micro_batch"] > line.micro_batch)]
    if fitting.empty:
        return None
    best = fitting.iloc[-1]
    gain = float(line.step["attainable_tflops"] / best["attainable_tflops"])
    if gain >= 1.0 - LEAST_GAIN:
        return None
    cost, hours = cost_with_hours(result, line.row, gain)
    done, more = (step["intensity_flops_per_byte"] for step in (line.step, best))
    finding = f"a step of {line.micro_batch} does {done:,.0f} FLOPs for each byte that it moves"
    do = f"micro-batch {best['micro_batch']}, which fits and does {more:,.0f}"
    rule = "at most: hours in proportion to what the roof allows"
    return advice_for(result, line.row, line.row, "memory_bandwidth", finding, do, cost, hours, rule)
