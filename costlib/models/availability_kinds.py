"""Kinds of spot capacity: how soon availability changes, by how long it has lasted; which kind a trace looks like.

A stretch of availability (or of its absence) ends at a rate that depends on its age: young stretches end soon, old ones
last. A kind is one set of these rates; a handful of kinds, with their shares among recorded traces, says what to expect
before anything was seen, and each step that is seen moves the odds between them (Bayes' rule).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

#: Ages at which rates change, in hours: each class is as long as all before it.
AGE_EDGES_HOURS: Floats = np.array([1, 2, 4, 8, 16, 32, 64]) / 6.0
AGES = len(AGE_EDGES_HOURS) + 1
#: Stages: the ages without capacity, then those with.
STAGES = 2 * AGES
#: A trace counts as at most so many hours of record, or the longest would be all that is learnt from.
MOST_HOURS_OF_ONE_TRACE = 300.0
#: Record that is added to each kind, at the rates of all traces together: what no trace showed is not ruled out.
ADDED_HOURS = 3.0


@dataclass(frozen=True)
class Kinds:
    """``rates_per_hour``: (kinds, STAGES) changes an hour in each stage; ``shares``: (kinds,) of recorded traces."""

    rates_per_hour: tuple[tuple[float, ...], ...]
    shares: tuple[float, ...]

    @property
    def rates(self) -> Floats:
        """The rates as an array."""
        return np.array(self.rates_per_hour)


def stage_of(available: Bools, age_hours: npt.ArrayLike) -> Ints:
    """The stage of stretches of this age; any shape."""
    age = np.searchsorted(AGE_EDGES_HOURS, np.asarray(age_hours) - 1e-9, side="right")
    return np.where(available, AGES, 0) + age


def changes_and_hours(trace: Bools, step_hours: float) -> tuple[Floats, Floats]:
    """Changes of availability of one trace, and hours of record, in each stage."""
    steps = np.arange(len(trace))
    first = np.maximum.accumulate(np.where(np.diff(trace, prepend=~trace[0]), steps, 0))
    stage = stage_of(trace, (steps - first + 1) * step_hours)[:-1]
    changed = trace[1:] != trace[:-1]
    return (
        np.bincount(stage[changed], minlength=STAGES).astype(float),
        np.bincount(stage, minlength=STAGES).astype(float) * step_hours,
    )


def fitted_kinds(changes: Floats, hours: Floats, kinds: int, rounds: int = 60) -> Kinds:
    """The kinds that traces with these (traces, STAGES) changes and hours of record are most likely a mixture of.

    Expectation-maximisation of a mixture of Poisson processes with rates constant within a stage, started from traces
    in the order of their share of hours with capacity, cut in equal groups.
    """
    scale = np.minimum(1.0, MOST_HOURS_OF_ONE_TRACE / hours.sum(axis=1))[:, None]
    changes, hours = changes * scale, hours * scale
    overall = (changes.sum(axis=0) + 0.5) / (hours.sum(axis=0) + 1.0)
    order = np.argsort(hours[:, AGES:].sum(axis=1) / hours.sum(axis=1), kind="stable")
    member = np.zeros((len(hours), kinds))
    member[order, np.arange(len(hours)) * kinds // len(hours)] = 1.0
    for _ in range(rounds):
        rates = (member.T @ changes + ADDED_HOURS * overall) / (member.T @ hours + ADDED_HOURS)
        rates = np.clip(rates, 1e-3, 30.0)
        shares = (member.sum(axis=0) + 0.5) / (member.sum() + 0.5 * kinds)
        member = normalised(changes @ np.log(rates).T - hours @ rates.T + np.log(shares))
    # Four digits say all that the record tells, and read back the same.
    rounded = tuple(tuple(float(f"{rate:.4g}") for rate in row) for row in rates)
    return Kinds(rounded, tuple(float(f"{share:.4g}") for share in shares))


def normalised(log_odds: Floats) -> Floats:
    """Rows of odds that sum to 1 from their logarithms."""
    odds = np.exp(log_odds - log_odds.max(axis=-1, keepdims=True))
    return odds / odds.sum(axis=-1, keepdims=True)


def log_likelihoods(kinds: Kinds, step_hours: float) -> Floats:
    """(2, STAGES, kinds): log of the chance that a step of this length leaves, or (second) changes, availability."""
    stays = -kinds.rates.T * step_hours
    return np.stack([stays, np.log(-np.expm1(stays))])


def transitions(kinds: Kinds, step_hours: float) -> Floats:
    """(kinds, STAGES, STAGES): chance of each stage a step later. Ages move on at one over their class's length."""
    rates = kinds.rates
    length = np.diff(np.concatenate([[0.0], AGE_EDGES_HOURS, [np.inf]]))
    chance = np.zeros((len(rates), STAGES, STAGES))
    for stage in range(STAGES):
        age = stage % AGES
        changes = -np.expm1(-rates[:, stage] * step_hours)
        older = min(step_hours / length[age], 1.0)
        chance[:, stage, 0 if stage >= AGES else AGES] = changes
        chance[:, stage, min(stage + 1, stage - age + AGES - 1)] += (1.0 - changes) * older
        chance[:, stage, stage] += (1.0 - changes) * (1.0 - older)
    return chance
