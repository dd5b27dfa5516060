"""What one job of a replay did in each step, for a picture of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from costlib.models.replay import step_by_step
from costlib.models.replay_policies import Modes, Now, Policy, Rule, guard
from costlib.models.replay_terms import Terms

Bools = npt.NDArray[np.bool_]


def tape(trace: Bools, terms: Terms, policy: Policy, start: int) -> Modes:
    """What a job that began at step ``start`` did, step by step until it was done: IDLE, SPOT or ON_DEMAND.

    The same job as in ``replay`` with these terms; a job that never gets done ends with the trace.
    """
    recorder = _Recorder(policy.begin(terms, 1))
    step_by_step(trace, terms, recorder, np.array([start]))
    return np.array(recorder.seen, dtype=np.int8)


class _Recorder:
    """A rule, held to the safety net if it is, that writes down what its one job does."""

    guarded = False

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self.seen: list[int] = []

    def wanted(self, now: Now, terms: Terms) -> Modes:
        """What the rule wants, after the safety net."""
        wanted = self._rule.wanted(now, terms)
        chosen = guard(wanted, now, terms) if self._rule.guarded else wanted
        self.seen.append(int(chosen[0]))
        return chosen
