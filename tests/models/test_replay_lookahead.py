"""The lookahead policy: safe on any trace, blind to the future, and what it costs where the answer is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costlib.models.availability_kinds import AGES, STAGES, Kinds, changes_and_hours, fitted_kinds, transitions
from costlib.models.availability_recorded import RECORDED_KINDS
from costlib.models.replay import replay
from costlib.models.replay_lookahead import Lookahead

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
    seen: list[list[int]] = []
    for tape in (one, two):
        watch = _Recorder()
        replay(tape, step, work, deadline, changeover, RATIO, watch, [0])
        seen.append(watch.wishes[:cut])
    length = min(map(len, seen))
    assert seen[0][:length] == seen[1][:length]


class _Recorder(Lookahead):
    """The policy, with what it wanted of the first job, step by step."""

    def begin(self, terms, jobs):
        rule = super().begin(terms, jobs)
        object.__setattr__(self, "wishes", [])
        wanted = rule.wanted

        def recorded(now, terms):
            wish = wanted(now, terms)
            self.wishes.append(int(wish[0]))
            return wish

        rule.wanted = recorded
        return rule


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
