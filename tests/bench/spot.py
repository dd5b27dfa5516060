"""Times replays and checkpoint formulas on one core: ``python -m tests.bench.spot``.

The yardstick stands in the same run: a plain loop over the steps of one job at a time, which must also give the same
costs. Writes build/bench/spot.json.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import numpy as np

from costlib.facts.spot_traces import SpotTraces
from costlib.models.checkpoint import expected_hours
from costlib.models.replay import replay
from costlib.models.replay_terms import Terms
from costlib.planner.spot.recorded import LOOKAHEAD_APART, replayed
from tests.bench.one_core import run

RATIO = 0.9731 / 3.06
WORK_HOURS, DEADLINE_HOURS, CHANGEOVER_HOURS = 48.0, 60.0, 0.05
#: The last two change most often for the length of their steps, which is the hardest for strides.
TRACES = (
    "aws0215-us-east-1c_v100_1", "awscpu-us-east-1c_intel_64", "aws1026-us-west-2b_v100_8", "aws1213-us-west-2b_v100_8",
)  # fmt: skip
POLICIES = ("on_demand", "safety_net", "uniform_progress")
#: Jobs that the plain loop is timed on; its time for all is in proportion.
PLAIN_JOBS = 40


def plain(flags: Sequence[bool], step: float, work: float, deadline: float, changeover: float, policy: str) -> float:
    """The cost over on-demand of one job, step by step, in seconds throughout."""
    mode, switching, done, cost, at = "idle", 0.0, 0.0, 0.0, 0
    while done < work - 1e-6:
        there = flags[at]
        if mode == "spot" and not there:
            mode, switching = "idle", 0.0
        now = at * step
        left = math.floor((deadline - now) / step + 1e-9)
        line, line_ahead = now * work / deadline, (now + 2 * changeover) * work / deadline
        if policy == "on_demand":
            wish = "on_demand"
        else:
            if policy == "safety_net":
                wish = "spot" if there else "idle"
                if mode == "on_demand":
                    wish = "on_demand"
            else:
                wish = "spot" if there else "on_demand" if done < line else "idle"
                if mode == "on_demand" and (not there or done <= line_ahead):
                    wish = "on_demand"
            rest = work - done
            if mode != "spot" and math.ceil((rest + 2 * changeover) / step - 1e-9) >= left:
                wish = "on_demand"
            elif math.ceil((rest + changeover) / step - 1e-9) >= left:
                wish = "spot" if mode == "spot" and switching < 1e-3 else "on_demand"
        if wish != mode:
            mode, switching = wish, changeover
        if mode != "idle":
            cost += step * (RATIO if mode == "spot" else 1.0)
            waits = min(switching, step)
            switching -= waits
            done = min(done + step - waits, work)
        at += 1
    return cost / work


def measure() -> dict[str, float]:
    """All figures; seconds unless the name says otherwise."""
    figures: dict[str, float] = {}
    traces = SpotTraces.open()
    ours_total = plain_total = 0.0
    for name in TRACES:
        flags, step_hours = traces.of(name), traces.step_hours(name)
        for policy in POLICIES:
            terms = (flags, step_hours, WORK_HOURS, DEADLINE_HOURS, CHANGEOVER_HOURS, RATIO, policy)
            times = []
            for _ in range(3):
                begin = time.perf_counter()
                result = replay(*terms)
                times.append(time.perf_counter() - begin)
            ours = min(times)
            chosen = np.linspace(0, len(result.cost_ratio) - 1, PLAIN_JOBS).astype(int)
            listed = flags.tolist()
            hours = (step_hours, WORK_HOURS, DEADLINE_HOURS, CHANGEOVER_HOURS)
            in_seconds = [round(value * 3600, 6) for value in hours]
            begin = time.perf_counter()
            costs = [plain(listed[start:], *in_seconds, policy) for start in chosen]
            plainly = (time.perf_counter() - begin) / PLAIN_JOBS * len(result.cost_ratio)
            assert np.allclose(costs, result.cost_ratio[chosen], rtol=1e-9), (name, policy)
            figures[f"{name}_{policy}_all_starts_seconds"] = ours
            figures[f"{name}_{policy}_times_faster_than_plain"] = plainly / ours
            ours_total, plain_total = ours_total + ours, plain_total + plainly
    figures["times_faster_than_plain_over_all"] = plain_total / ours_total
    terms = Terms.of_hours(1.0, WORK_HOURS, DEADLINE_HOURS, CHANGEOVER_HOURS, RATIO)
    begin = time.perf_counter()
    jobs = replayed(traces, terms, "lookahead", LOOKAHEAD_APART)
    figures["lookahead_seconds_a_thousand_jobs"] = (time.perf_counter() - begin) / len(jobs.weight) * 1000
    rng = np.random.default_rng(0)
    work, mtbi = rng.uniform(1, 100, 1_000_000), rng.uniform(1, 100, 1_000_000)
    begin = time.perf_counter()
    expected_hours(work, 1.0, 0.05, 0.1, mtbi)
    figures["million_expected_hours_seconds"] = time.perf_counter() - begin
    return figures


if __name__ == "__main__":
    run(measure, "spot")
