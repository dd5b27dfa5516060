"""The replay: the reference optimum, two ways of running equal, corners by hand, faults by name."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.facts.spot_traces import SpotTraces
from costlib.models.replay import POLICIES, optimum, policy_named, replay, step_by_step
from costlib.models.replay_leap import leap
from costlib.models.replay_runs import stride
from costlib.models.replay_terms import Terms
from costlib.paths import data_dir
from costlib.tables import Snapshot

#: p3.2xlarge in the reference runs.
RATIO = 0.9731 / 3.06
TERMS = [
    "trace", "work_hours", "deadline_ratio", "changeover_seconds", "checkpoint_interval_seconds",
    "checkpoint_write_seconds",
]  # fmt: skip
REFERENCE = Snapshot.open(data_dir() / "traces").read("spot/replay_reference")
TRACES = SpotTraces.open()
UNIFORM = ("uniform_progress", "uniform_progress_plain", "uniform_progress_literal")
SIMULATED = ("on_demand", "spot_only", "safety_net", *UNIFORM)


def arguments(terms: tuple, trace: np.ndarray) -> tuple:
    name, work, ratio, changeover, interval, write = terms
    kept = {"checkpoint_interval_hours": interval / 3600, "checkpoint_write_hours": write / 3600} if interval else {}
    return (trace, TRACES.step_hours(name), work, work * ratio, changeover / 3600, RATIO), kept


def test_the_optimum_is_the_references() -> None:
    some = REFERENCE[REFERENCE["work_hours"] == 12].iloc[::40]
    assert len(some) > 40
    for row in some.itertuples():
        given_terms, kept = arguments(tuple(getattr(row, name) for name in TERMS), TRACES.of(row.trace))
        found = optimum(*given_terms, [row.start_step], **kept)
        assert found == pytest.approx([row.cost_ratio_omniscient], rel=1e-5), row.trace


flags = st.lists(st.tuples(st.booleans(), st.integers(1, 20)), min_size=1, max_size=30).map(
    lambda runs: np.concatenate([np.full(length, up) for up, length in runs] + [np.zeros(90, bool)])
)
jobs = st.fixed_dictionaries(
    {
        "work_hours": st.floats(0.5, 6),
        "slack": st.floats(1.05, 2.5),
        "changeover_hours": st.sampled_from([0.0, 0.05, 0.1, 0.3]),
        "step_hours": st.sampled_from([0.1, 1 / 6, 195 / 3600]),
    }
)


def terms_of(job: dict, **more) -> Terms:
    deadline = job["work_hours"] * job["slack"] + 2 * job["changeover_hours"] + 2 * job["step_hours"]
    return Terms.of_hours(job["step_hours"], job["work_hours"], deadline, job["changeover_hours"], RATIO, **more)


kept_work = st.sampled_from([(None, 0.0), (0.05, 0.02), (0.1, 0.0), (1 / 6, 10 / 3600), (0.5, 0.02)])


@given(trace=flags, job=jobs, policy=st.sampled_from(SIMULATED), kept=kept_work)
@settings(max_examples=500, deadline=None)
def test_strides_give_what_single_steps_give(trace: np.ndarray, job: dict, policy: str, kept: tuple) -> None:
    more = {"checkpoint_interval_hours": kept[0], "checkpoint_write_hours": kept[1]} if kept[0] else {}
    both_ways_agree(trace, terms_of(job, **more), policy, np.arange(0, len(trace), 3))


@pytest.mark.parametrize("policy", SIMULATED)
@pytest.mark.parametrize("kept", [(None, 0.0), (1 / 6, 10 / 3600)])
@pytest.mark.parametrize("name", ["aws1213-us-west-2b_k80_8", "gcph100-us-west1-b_h100_16", "aws1128-us-west-2a_k80_1"])
def test_strides_give_what_single_steps_give_on_recorded_traces(policy: str, kept: tuple, name: str) -> None:
    for work, deadline in ((12.0, 13.0), (24.0, 30.0), (12.0, 24.0)):
        terms = Terms.of_hours(TRACES.step_hours(name), work, deadline, 0.05, RATIO, *(kept if kept[0] else ()))
        trace = TRACES.of(name).astype(bool)
        both_ways_agree(trace, terms, policy, np.arange(0, len(trace), 7))


def both_ways_agree(trace: np.ndarray, terms: Terms, policy: str, starts: np.ndarray) -> None:
    rule = policy_named(policy)
    fleet, step, used = stride(trace, terms, rule, starts)
    fleet_by_step, step_by, used_by = step_by_step(trace, terms, rule, starts)
    assert np.array_equal(step, step_by)
    assert used == pytest.approx(used_by, abs=1e-4)
    for column in ("spot_steps", "on_demand_steps", "starts", "preemptions", "mode"):
        assert np.array_equal(getattr(fleet, column), getattr(fleet_by_step, column)), column
    assert fleet.lost == pytest.approx(fleet_by_step.lost, abs=1e-3)


@pytest.mark.parametrize("policy", ["safety_net", "uniform_progress"])
@pytest.mark.parametrize("interval_hours", [None, 1 / 6])
def test_most_of_a_recorded_trace_is_leapt_over(policy: str, interval_hours: float | None) -> None:
    name = "aws1213-us-west-2b_v100_8"
    more = {} if interval_hours is None else {"checkpoint_interval_hours": interval_hours}
    terms = Terms.of_hours(TRACES.step_hours(name), 48.0, 60.0, 0.05, RATIO, **more)
    _, step = leap(TRACES.of(name).astype(bool), terms, policy_named(policy), np.arange(2000))
    # Hours until its net falls differ by policy: spot whenever it is there uses its slack up sooner.
    assert step.mean() * TRACES.step_hours(name) > (20 if policy == "safety_net" else 40)


@given(trace=flags, job=jobs, policy=st.sampled_from(SIMULATED[2:]), interval=st.sampled_from([None, 0.1, 0.5]))
@settings(max_examples=300, deadline=None)
def test_no_deadline_that_can_be_met_is_missed_whatever_the_trace(trace, job, policy, interval) -> None:
    more = {} if interval is None else {"checkpoint_interval_hours": interval, "checkpoint_write_hours": 0.02}
    room = 0 if interval is None else interval + 0.02
    deadline = job["work_hours"] * job["slack"] + 2 * job["changeover_hours"] + 2 * job["step_hours"] + room
    padded = np.concatenate([trace, np.zeros(int(deadline / job["step_hours"]) + 1, bool)])
    result = replay(
        padded, job["step_hours"], job["work_hours"], deadline, job["changeover_hours"], RATIO, policy, **more
    )
    assert result.met_deadline.all()
    assert (result.finish_hours >= job["work_hours"] - 1e-6).all()


def test_the_optimum_is_that_of_trying_every_plan() -> None:
    rng = np.random.default_rng(4)
    steps, step_hours = 7, 1 / 6
    for _ in range(12):
        trace = rng.random(steps) < 0.5
        changeover, work = rng.choice([0.0, 0.05, 0.2]), rng.integers(1, 6) / 6
        if work + changeover > steps * step_hours:
            continue
        cheapest = np.inf
        for plan in itertools.product((0, 1, 2), repeat=steps):
            mode, lost, done, cost = 0, 0.0, 0.0, 0.0
            for wish, there in zip(plan, trace, strict=True):
                if wish == 1 and not there:
                    break
                if wish != mode:
                    mode, lost = wish, changeover if wish else lost
                if wish:
                    cost += step_hours * (RATIO if wish == 1 else 1.0)
                    waits = min(lost, step_hours)
                    lost, done = lost - waits, done + step_hours - waits
                if done >= work - 1e-9:
                    cheapest = min(cheapest, cost)
                    break
        found = optimum(trace, step_hours, work, steps * step_hours, changeover, RATIO, [0])
        assert found == pytest.approx([cheapest / work])


@given(trace=flags, job=jobs)
@settings(max_examples=30, deadline=None)
def test_nothing_beats_the_optimum(trace: np.ndarray, job: dict) -> None:
    job = {**job, "work_hours": round(job["work_hours"] * 60) / 60}
    deadline = job["work_hours"] * job["slack"] + 2 * job["changeover_hours"] + 2 * job["step_hours"]
    padded = np.concatenate([trace, np.zeros(int(deadline / job["step_hours"]) + 1, bool)])
    terms = (padded, job["step_hours"], job["work_hours"], deadline, job["changeover_hours"], RATIO)
    starts = np.array([0, 5])
    for by_second in (False, True):
        bound = optimum(*terms, starts, billed_by_second=by_second)
        # The lookahead's table takes a second a job: its own tests compare it with the optimum on real traces.
        for policy in set(POLICIES) - {"lookahead"}:
            result = replay(*terms, policy, starts, billed_by_second=by_second)
            # Undone or late work may be cheaper.
            assert (result.cost_ratio >= bound - 1e-6)[result.met_deadline].all()


def test_by_hand() -> None:
    # Steps of an hour, 3 h of work, half an hour to start. Spot for two hours, gone for one, then back.
    trace = np.array([1, 1, 0, 1, 1, 1, 1, 1])
    result = replay(trace, 1.0, 3.0, 8.0, 0.5, 0.25, "safety_net", [0])
    # 1.5 h of work, preempted, an hour of waiting, then 0.5 + 1.5 h: five hours, four of them billed.
    assert (result.finish_hours[0], result.spot_hours[0], result.preemptions[0]) == (5.0, 4.0, 1)
    assert result.cost_ratio[0] == pytest.approx(4 * 0.25 / 3)
    # With a checkpoint after every hour of work, and none that takes time, the half hour after the first is lost.
    kept = replay(trace, 1.0, 3.0, 8.0, 0.5, 0.25, "safety_net", [0], checkpoint_interval_hours=1.0)
    assert (kept.lost_work_hours[0], kept.finish_hours[0]) == (0.5, 5.5)
    never = replay(np.zeros(9), 1.0, 3.0, 8.0, 0.5, 0.25, "safety_net", [0])
    assert never.spot_hours[0] == 0 and never.met_deadline[0]
    always = replay(np.ones(9), 1.0, 3.0, 8.0, 0.5, 0.25, "uniform_progress", [0, 1])
    assert always.cost_ratio == pytest.approx([4 * 0.25 / 3] * 2)


def test_spot_alone_may_never_finish() -> None:
    trace = np.array([1, 1, 0, 0, 0, 0, 0, 0])
    result = replay(trace, 1.0, 3.0, 4.0, 0.5, 0.25, "spot_only", [0])
    assert np.isinf(result.finish_hours[0]) and not result.met_deadline[0]
    assert result.cost_ratio[0] == pytest.approx(2 * 0.25 / 3), "what was run is paid for"


def test_each_start_alone_gives_what_all_starts_give() -> None:
    name = "aws1026-us-west-2b_v100_8"
    terms = (TRACES.of(name), TRACES.step_hours(name), 12.0, 15.0, 0.05, RATIO)
    together = pd.DataFrame(replay(*terms, "uniform_progress")._asdict())
    alone = pd.concat([pd.DataFrame(replay(*terms, "uniform_progress", [at])._asdict()) for at in range(0, 900, 90)])
    pd.testing.assert_frame_equal(together.iloc[:900:90].reset_index(drop=True), alone.reset_index(drop=True))


def test_a_cheaper_spot_price_never_costs_more() -> None:
    trace = TRACES.of("gcph100-us-west1-b_h100_16")
    dear, cheap = (replay(trace, 1 / 6, 12, 15, 0.05, ratio, "safety_net", [7, 99]).cost_ratio for ratio in (0.8, 0.2))
    assert (cheap <= dear).all() and (cheap < dear).any()


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"deadline_hours": 2.0}, "deadline_hours", "shorter than the work"),
        ({"deadline_hours": 300.0}, "deadline_hours", "no start fits"),
        ({"available": [0, 1, np.nan, 1] * 30}, "available", "a gap in the trace"),
        ({"available": [0, 4, 1, 1] * 30}, "available", "0 or 1"),
        ({"available": []}, "available", "empty"),
        ({"spot_price_ratio": 0.0}, "spot_price_ratio", "above 0"),
        ({"spot_price_ratio": 1.5}, "spot_price_ratio", "at most 1"),
        ({"step_hours": 0.0}, "step_hours", "above 0"),
        ({"changeover_hours": -1.0}, "changeover_hours", "not below 0"),
        ({"starts": [119]}, "starts", "leaves the trace"),
        ({"starts": [0.5]}, "starts", "whole steps"),
        ({"policy": "gredy"}, "policy", "greedy"),
    ],
)
def test_bad_input_is_refused_by_name(changes: dict, field: str, words: str) -> None:
    right = {
        "available": [0, 1] * 60, "step_hours": 0.1, "work_hours": 3.0, "deadline_hours": 4.0, "changeover_hours": 0.1,
        "spot_price_ratio": 0.3, "policy": "safety_net", "starts": None,
    }  # fmt: skip
    with pytest.raises(InvalidInput, match=words) as refused:
        replay(**{**right, **changes})
    assert field in [fault.field for fault in refused.value.faults]


def test_several_faults_are_told_together() -> None:
    with pytest.raises(InvalidInput) as refused:
        replay([0, 1], -1.0, 3.0, 4.0, 0.1, 2.0, "safety_net")
    assert [fault.field for fault in refused.value.faults] == ["step_hours", "spot_price_ratio"]


def test_a_deadline_of_just_the_work_and_a_start_is_not_refused_for_rounding() -> None:
    # In floating point 0.2 + 0.1 is more than 0.3, by rounding alone; a second less is refused.
    for work, changeover, deadline in ((0.2, 0.1, 0.3), (2.2, 1.1, 3.3)):
        assert work + changeover > deadline
        for policy in ("on_demand", "safety_net", "uniform_progress", "lookahead"):
            result = replay(np.tile([1, 0], 60), 0.1, work, deadline, changeover, RATIO, policy, [0, 1])
            assert result.met_deadline.all(), policy
        with pytest.raises(InvalidInput, match="deadline_hours"):
            replay(np.tile([1, 0], 60), 0.1, work, deadline - 1 / 3600, changeover, RATIO, "lookahead", [0])
