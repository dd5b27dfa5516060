"""The least expected cost with a weight on the bad tail, by cutting planes that HiGHS holds.

Capacities are sought on a sample of the hours, whose cost is bent to touch the cost over all hours, in value and slope,
wherever that was worked out last. So few passes over all hours are needed, and what they find is exact: the cost of the
answer, and a bound that no other answer goes below.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from costlib.models.commitments_planes import Columns, Master, Risk
from costlib.models.commitments_value import Value

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: Steps of the search on the sample, and passes over all hours, at most.
MOST_STEPS, MOST_PASSES = 150, 16
#: Steps when only the weight has moved.
QUICK_STEPS = 4
#: Width of the box, as a share of what could be of use, at which a search begins and ends.
FIRST_WIDTH, LEAST_WIDTH = 0.25, 1e-6
#: Share of the cost below which an improvement does not matter: where every step sees all hours, and on a sample.
SMALL, SMALL_ON_SAMPLE = 2e-5, 1e-4


class Solved(NamedTuple):
    """``amount`` (columns,), what the scenarios pay uncovered (scenarios,), and the objective."""

    amount: Floats
    rest_usd: Floats
    objective_usd: float


class _Seen(NamedTuple):
    """An amount looked at over all hours: what the scenarios pay uncovered, and its slopes (scenarios, columns)."""

    amount: Floats
    rest_usd: Floats
    slope_usd: Floats | None


class Search:
    """Best amounts for one problem, and again for other risk weights with what was found kept.

    ``sample`` may be ``full`` itself: then every step sees all hours.
    """

    def __init__(self, full: Value, sample: Value, columns: Columns, probability: Floats, risk: Risk):
        self.full, self.sample = full, sample
        self.columns, self.probability = columns, probability
        self._planes = Master(columns, probability, risk)
        self._exact = sample is full
        self._small = SMALL if self._exact else SMALL_ON_SAMPLE
        self._seen: list[_Seen] = []
        self._slope, self._value = np.zeros((len(probability), len(columns.usd))), np.zeros(len(probability))

    def solve(self, risk: Risk, start: Floats, fixed: Bools | None = None) -> Solved:
        """Best amounts under a risk weight, sought until the bent sample promises next to nothing more.

        Where all hours do not keep what the sample promised, it is believed less far.
        """
        self._set(risk)
        best, reach = self._look(start), 1.0
        for _ in range(MOST_PASSES if len(start) else 0):
            self._touch(best)
            amount, promised = self._descend(best.amount, MOST_STEPS, reach, fixed)
            usd = self.objective(best)
            if promised < self._small * usd:
                break
            found = self._look(amount)
            gain = usd - self.objective(found)
            if gain < 0.25 * promised:
                reach = 0.25 * float(np.max(np.abs(amount - best.amount) / self._planes.scale))
            elif gain > 0.75 * promised:
                reach = min(2.0 * reach, 1.0)
            best = found if gain > 0 else best
        return self._solved(best)

    def again(self, risk: Risk) -> Solved:
        """Best amounts under another weight: a few steps from the best of all that was looked at before."""
        self._set(risk)
        best = min(self._seen, key=self.objective)
        if not len(best.amount):
            return self._solved(best)
        self._touch(best)
        amount, _ = self._descend(best.amount, QUICK_STEPS, 1.0, None)
        found = self._look(amount, quick=True)
        return self._solved(min(best, found, key=self.objective))

    def fix(self, risk: Risk, amount: Floats) -> Solved:
        """What an amount costs, over all hours."""
        self._set(risk)
        return self._solved(self._look(amount, quick=True))

    def rough(self, amount: Floats) -> float:
        """The objective at an amount as the search sees it."""
        cost = self.sample.at(self.columns.capacity(amount, len(self.sample.pools)), slopes=False)
        rest = cost.rest_usd + self._slope @ amount + self._value
        return float(self.columns.usd @ amount) + self.risk.of(rest, self.probability)

    def objective(self, seen: _Seen) -> float:
        """What something looked at is worth under the present weight."""
        return float(self.columns.usd @ seen.amount) + self.risk.of(seen.rest_usd, self.probability)

    def _set(self, risk: Risk) -> None:
        self.risk = risk
        self._planes.set_risk(risk)

    def _solved(self, best: _Seen) -> Solved:
        return Solved(best.amount, best.rest_usd, self.objective(best))

    def bound_usd(self, risk: Risk) -> float:
        """What no amounts of these offers, however AWS assigned them, have an objective below.

        At the best that was looked at, capacity's price by the hour adds up to what the columns cost, or nearly so;
        where it is more it is lowered until it does. Then no column is worth more than it costs, and usage at those
        prices is the bound.
        """
        self._set(risk)
        best = min((seen for seen in self._seen if seen.slope_usd is not None), key=self.objective)
        assert best.slope_usd is not None
        chance = risk.weights(best.rest_usd, self.probability)
        worth = -(chance @ best.slope_usd)
        factor = np.ones(len(self.full.pools))
        np.minimum.at(
            factor,
            self.columns.pool,
            np.divide(self.columns.usd, worth, out=np.ones_like(worth), where=worth > self.columns.usd),
        )
        capacity = self.columns.capacity(best.amount, len(self.full.pools))
        floor = float(chance @ self.full.floor_usd(capacity, factor))
        if risk.beside_usd is not None:
            # What costs are held beside counts in the tail alone.
            tail = (chance - (1 - risk.weight) * self.probability) @ risk.beside_usd
            floor -= float(tail)
        return min(floor, self.objective(best))

    def _look(self, amount: Floats, quick: bool = False) -> _Seen:
        """The truth about an amount; not quick: with slopes."""
        for seen in self._seen:
            if (quick or seen.slope_usd is not None) and np.array_equal(seen.amount, amount):
                return seen
        cost = self.full.at(self.columns.capacity(amount, len(self.full.pools)), slopes=not quick)
        slope = None if quick else self.columns.slope(cost.slope_usd)
        found = _Seen(amount, cost.rest_usd, slope)
        self._seen.append(found)
        return found

    def _touch(self, seen: _Seen) -> None:
        """Bends the sample's cost so that value and slope agree with all hours at an amount."""
        if self._exact:
            return
        if seen.slope_usd is None:
            seen = self._look(seen.amount)
        rest, slope = self._sampled(seen.amount)
        assert seen.slope_usd is not None
        self._slope = seen.slope_usd - slope
        self._value = seen.rest_usd - rest - self._slope @ seen.amount
        self._planes.bend(self._slope, self._value)

    def _sampled(self, amount: Floats) -> tuple[Floats, Floats]:
        """Cost and slope by the sample, as planes."""
        cost = self.sample.at(self.columns.capacity(amount, len(self.sample.pools)))
        slope = self.columns.slope(cost.slope_usd)
        self._planes.add(cost.rest_usd, slope, amount)
        return cost.rest_usd, slope

    def _descend(self, start: Floats, most_steps: int, reach: float, fixed: Bools | None) -> tuple[Floats, float]:
        """From an amount down the sample's (bent) cost, within a box that grows with success, and what that gains.

        No amount moves by more than ``reach`` of what could be of use; those ``fixed`` do not move.
        """
        columns, scale = self.columns, self._planes.scale
        free = np.ones(len(start), bool) if fixed is None else ~fixed
        least, most = np.maximum(start / scale - reach, 0.0), np.minimum(start / scale + reach, 1.0)
        width = min(FIRST_WIDTH, reach)

        def look(amount: Floats) -> float:
            rest, _ = self._sampled(amount)
            rest = rest + self._slope @ amount + self._value
            return float(columns.usd @ amount) + self.risk.of(rest, self.probability)

        here = start
        usd = before = look(start)
        for _ in range(most_steps):
            if width < LEAST_WIDTH:
                break
            share = here / scale
            low = np.where(free, np.maximum(share - width, least), share)
            high = np.where(free, np.minimum(share + width, most), share)
            self._planes.box(low, np.maximum(low, high))
            there, promised = self._planes.solve()
            edge = bool(np.any(np.abs(there / scale - share) > 0.999 * width))
            if usd - promised < self._small * abs(usd):
                if not edge or width >= 1.0:
                    break
                width = 1.0
                continue
            found = look(there)
            if found < usd:
                good = usd - found > 0.5 * (usd - promised)
                width = min(2.0 * width, 1.0) if good and edge else width if good else width / 1.5
                here, usd = there, found
            else:
                width /= 2.0
        return here, before - usd
