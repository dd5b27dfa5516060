"""The lookahead policy: safe on any trace, blind to the future, and what it costs where the answer is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costlib.models.availability_kinds import AGES, STAGES, Kinds, changes_and_hours, fitted_kinds, transitions
from costlib.models.availability_recorded import RECORDED_KINDS
from costlib.models.replay import replay, step_by_step
from costlib.models.replay_lookahead import Lookahead
from costlib.models.replay_runs import stride
from costlib.models.replay_tape import tape
from costlib.models.replay_terms import Terms

RATIO = 0.3
#: Few terms, so that few tables are made: step, work, deadline and changeover in hours.
TERMS = [
    (0.1, 2.0, 2.1, 0.1),  # no slack but for one start
    (0.1, 2.0, 2.25, 0.1),
    (0.1, 2.0, 3.37, 0.25),  # a changeover of two and a half steps
    (195 / 3600, 3.0, 4.0, 0.05),
    (1 / 6, 1.0, 2.9, 0.0),
]
flags = st.lists(st.tuples(st.booleans(), st.integers(1, 12)), min_size=1, max_size=25).map(
    lambda runs: np.concatenate([np.full(length, up) for up, length in runs])
)


@pytest.mark.parametrize("terms", TERMS)
@given(trace=flags)
@settings(max_examples=60, deadline=None)
def test_every_deadline_that_leaves_room_for_one_start_is_met_whatever_the_trace(terms, trace) -> None:
    step, work, deadline, changeover = terms
    padded = np.concatenate([trace, np.zeros(int(deadline / step) + 1, bool)])
    result = replay(padded, step, work, deadline, changeover, RATIO, "lookahead")
    assert result.met_deadline.all()


STEPS = st.sampled_from([0.02, 0.1, 1 / 6, 195 / 3600, 0.5, 1.0])
#: Over a step: none, within a step, a step, longer than one.
CHANGEOVERS = st.sampled_from([0.0, 0.3, 1.0, 1.7, 2.5])
#: Always, never, every other step, or as drawn.
SHAPES = st.sampled_from(["up", "down", "turning", "drawn"])


@given(
    step=STEPS, changeover_steps=CHANGEOVERS, work_steps=st.floats(0.2, 25), slack_steps=st.floats(0, 12),
    kept=st.sampled_from([None, (0.1, 0.0), (0.5, 0.02)]), shape=SHAPES, drawn=flags,
)  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_every_deadline_of_work_and_one_start_is_met(
    step, changeover_steps, work_steps, slack_steps, kept, shape, drawn
) -> None:
    work, changeover = work_steps * step, changeover_steps * step
    deadline = work + changeover + slack_steps * step
    needed = int(np.ceil(deadline / step)) + 1
    shapes = {"up": np.ones(40), "down": np.zeros(40), "turning": np.arange(40) % 2, "drawn": drawn}
    trace = np.resize(shapes[shape], needed + 20)
    more = {} if kept is None else {"checkpoint_interval_hours": kept[0], "checkpoint_write_hours": kept[1]}
    result = replay(trace, step, work, deadline, changeover, RATIO, "lookahead", **more)
    assert result.met_deadline.all()
    if shape == "up" and slack_steps > 2 + changeover_steps and kept is None:
        assert (result.on_demand_hours == 0).all(), "and spot that is always there is all that is used"


@pytest.mark.parametrize("terms", TERMS)
def test_the_worst_trace_for_it_is_met_too(terms) -> None:
    """Spot that is taken away at the first step after each start, and given back as soon as the job gives up."""
    step, work, deadline, changeover = terms
    trace = np.zeros(int(deadline / step) + 3, bool)
    for at in range(len(trace)):
        trace[at] = True
        tape = np.append(trace, np.zeros(len(trace), bool))
        tried = replay(tape, step, work, deadline, changeover, RATIO, "lookahead", [0])
        assert tried.met_deadline.all()
        trace[at] = at % 2 == 0


@given(trace=flags, cut=st.integers(5, 40), other=flags)
@settings(max_examples=60, deadline=None)
def test_what_comes_later_does_not_change_what_was_done_before(trace, cut, other) -> None:
    step, work, deadline, changeover = TERMS[3]
    room = np.zeros(int(deadline / step) + 1, bool)
    one = np.concatenate([trace, room])
    two = np.concatenate([one[:cut], other, room])
    terms = Terms.of_hours(step, work, deadline, changeover, RATIO)
    did = [tape(flags, terms, Lookahead(), 0)[:cut].tolist() for flags in (one, two)]
    length = min(map(len, did))
    assert did[0][:length] == did[1][:length]


@pytest.mark.parametrize("terms", [*TERMS, (32 / 3600, 2.0, 3.0, 0.05)])
@given(trace=flags, interval=st.sampled_from([None, 0.25]))
@settings(max_examples=40, deadline=None)
def test_strides_give_what_single_steps_give(terms, trace, interval) -> None:
    step, work, deadline, changeover = terms
    padded = np.concatenate([trace, np.zeros(int(deadline / step) + 1, bool)])
    given_terms = Terms.of_hours(step, work, deadline, changeover, RATIO, interval, 0.01)
    starts = np.arange(len(trace))
    fleet, last, used = stride(padded, given_terms, Lookahead().begin(given_terms, len(starts)), starts)
    by_step, last_by_step, used_by_step = step_by_step(
        padded, given_terms, Lookahead().begin(given_terms, len(starts)), starts
    )
    assert np.array_equal(last, last_by_step) and used == pytest.approx(used_by_step, abs=1e-4)
    for column in ("spot_steps", "on_demand_steps", "starts", "preemptions", "mode"):
        assert np.array_equal(getattr(fleet, column), getattr(by_step, column)), column


def test_where_spot_is_always_there_it_is_all_spot_and_where_never_all_on_demand() -> None:
    always = replay(np.ones(60), 0.1, 2.0, 3.0, 0.1, RATIO, "lookahead", [0])
    assert (always.on_demand_hours[0], always.cost_ratio[0]) == (0.0, pytest.approx(2.1 * RATIO / 2))
    never = replay(np.zeros(60), 0.1, 2.0, 3.0, 0.1, RATIO, "lookahead", [0])
    assert (never.spot_hours[0], never.starts[0]) == (0.0, 1)


def test_spot_as_dear_as_on_demand_is_not_worth_a_changeover() -> None:
    trace = np.concatenate([np.zeros(5), np.tile([1, 1, 0], 20)])
    result = replay(trace, 0.1, 2.0, 3.0, 0.1, 1.0, "lookahead", [0])
    assert result.cost_ratio[0] <= replay(trace, 0.1, 2.0, 3.0, 0.1, 1.0, "safety_net", [0]).cost_ratio[0]


def test_jobs_together_do_what_each_does_alone() -> None:
    trace = np.random.default_rng(3).random(80).round().astype(int)
    together = replay(trace, 0.1, 2.0, 3.37, 0.25, RATIO, "lookahead")
    for start in (0, 7, 20):
        alone = replay(trace, 0.1, 2.0, 3.37, 0.25, RATIO, "lookahead", [start])
        assert alone.cost_ratio[0] == pytest.approx(together.cost_ratio[start])


def test_chances_of_stages_sum_to_one_and_flip_availability_at_the_rate() -> None:
    chance = transitions(RECORDED_KINDS, 0.1)
    assert chance.sum(axis=2) == pytest.approx(np.ones(chance.shape[:2]))
    assert chance[0, AGES, 0] == pytest.approx(-np.expm1(-0.1 * RECORDED_KINDS.rates[0, AGES]))
    assert transitions(RECORDED_KINDS, 1e-9) == pytest.approx(np.tile(np.eye(STAGES), (len(chance), 1, 1)), abs=1e-6)


def test_kinds_are_found_again_from_traces_made_of_them() -> None:
    rng = np.random.default_rng(11)
    quick, slow = np.full(STAGES, 2.0), np.full(STAGES, 0.2)
    seen = []
    for rates in [quick] * 6 + [slow] * 6:
        trace, state = np.zeros(20_000, bool), False
        for step in range(len(trace)):
            state ^= rng.random() < -np.expm1(-rates[0] * 0.05)
            trace[step] = state
        seen.append(changes_and_hours(trace, 0.05))
    kinds = fitted_kinds(np.array([a for a, _ in seen]), np.array([b for _, b in seen]), 2)
    assert isinstance(kinds, Kinds) and sum(kinds.shares) == pytest.approx(1.0, abs=1e-3)
    youngest = sorted(kinds.rates[:, 0])
    # The hours that are added to each kind pull both towards the middle.
    assert youngest == pytest.approx([0.2, 2.0], rel=0.4)
