"""Amounts as they are sold: Reserved Instances by the instance, Savings Plans in tenths of a cent an hour."""

from __future__ import annotations

import numpy as np

from costlib.models.commitments_planes import Risk
from costlib.models.commitments_problem import Problem
from costlib.models.commitments_solve import Search, Solved

#: A Savings Plan is bought in steps of a tenth of a cent an hour.
PLAN_STEP_USD = 0.001
#: Instances of one offer from which on a half of one is not looked into.
MANY = 20
#: Amounts below this share of what could be of use are the solver's rounding.
NOTHING = 1e-6


def in_whole_amounts(problem: Problem, search: Search, solved: Solved, risk: Risk, quick: bool = False) -> Solved:
    """Reserved Instances in whole numbers, each to the side that costs less; then plans anew, in whole steps.

    Quick: each to the nearer side, and plans as they are; likewise from ``MANY`` instances on, where a half is little.
    """
    amount = solved.amount.copy()
    if not len(amount):
        return solved
    single = np.array([offer.whole for offer, _, _ in problem.bought], bool)
    units = np.where(single, problem.amounts, PLAN_STEP_USD)
    count = amount / units
    broken = single & (np.abs(count - np.round(count)) > NOTHING * np.maximum(count, 1.0))
    few = broken & (count < MANY)
    if few.any() and not quick:
        amount[single & ~few] = (np.round(count) * units)[single & ~few]
        for at in np.flatnonzero(few):
            tries = []
            for whole in (np.floor(count[at]), np.ceil(count[at])):
                trial = amount.copy()
                trial[at] = whole * units[at]
                tries.append((search.rough(trial), trial))
            amount = min(tries, key=lambda tried: tried[0])[1]
        if not single.all():
            amount = search.solve(risk, amount, fixed=single).amount
    amount = np.round(amount / units) * units
    return search.fix(risk, amount)
