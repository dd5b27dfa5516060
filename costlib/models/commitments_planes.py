"""Cutting planes in HiGHS: what can be bought, the weight on the bad tail, and the least cost that the planes allow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from costlib.errors import CostlibError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Columns:
    """What can be bought: each column a unit of capacity of ``pool`` in the periods of ``window`` (columns, periods).

    ``usd`` (columns,) is its whole price within the horizon, ``most`` (columns,) the capacity above which none is used.
    """

    pool: Ints
    window: npt.NDArray[np.bool_]
    usd: Floats
    most: Floats

    def capacity(self, amount: Floats, pools: int) -> Floats:
        """Capacity (pools, periods) of amounts (columns,)."""
        found = np.zeros((pools, self.window.shape[1]))
        np.add.at(found, self.pool, amount[:, None] * self.window)
        return found

    def slope(self, slope_usd: Floats) -> Floats:
        """Slopes by pool and period as slopes by column (scenarios, columns)."""
        return np.einsum("sjt,jt->sj", slope_usd[:, self.pool, :], self.window.astype(float))


@dataclass(frozen=True)
class Risk:
    """``weight`` of the mean cost of the worst ``tail_fraction`` of the scenarios; the rest weighs the mean of all.

    With ``beside_usd`` (scenarios,) the tail is of costs above these: of what is lost against them.
    """

    weight: float
    tail_fraction: float
    beside_usd: Floats | None = None

    def above(self, usd: Floats) -> Floats:
        """What the tail is of, for costs (scenarios,)."""
        return usd if self.beside_usd is None else usd - self.beside_usd

    def weights(self, usd: Floats, probability: Floats) -> Floats:
        """What each scenario (scenarios,) of costs counts in the objective; they add up to one."""
        tail = tail_weights(self.above(usd), probability, self.tail_fraction)
        return (1 - self.weight) * probability + self.weight * tail

    def of(self, usd: Floats, probability: Floats) -> float:
        """The objective of costs (scenarios,)."""
        above = self.above(usd)
        tail = tail_mean(above, probability, self.tail_fraction)
        return float((1 - self.weight) * (probability @ usd) + self.weight * tail)


def tail_weights(usd: Floats, probability: Floats, tail_fraction: float) -> Floats:
    """What each scenario counts in the mean of the costliest ``tail_fraction``, in part at its edge."""
    order = np.argsort(-usd, kind="stable")
    before = np.concatenate([[0.0], np.cumsum(probability[order])[:-1]])
    share = np.clip(tail_fraction - before, 0.0, probability[order])
    found = np.empty(len(usd))
    found[order] = share / share.sum()
    return found


def tail_mean(usd: Floats, probability: Floats, tail_fraction: float) -> float:
    """The mean of the costliest ``tail_fraction`` (CVaR, expected shortfall)."""
    return float(usd @ tail_weights(usd, probability, tail_fraction))


def _solver() -> Any:
    """HiGHS on one thread, without a word: its banner would come before what a command prints.

    Not by its option for the number of threads: all solvers of a process must agree on that, or the later one refuses.
    """
    # Takes a quarter of a second to import, and not every look at commitments wants a solver.
    import highspy

    class Quiet(highspy.Highs):
        def enableCallbacks(self) -> None:  # noqa: N802, the name is HiGHS's; it is called while it is made
            self.silent()
            super().enableCallbacks()

    made = Quiet()
    made.setOptionValue("parallel", "off")
    return made


class Master:
    """The planes found so far, in HiGHS; amounts are held as shares of the most that is of use, USD in parts of the
    dearest of these, so that all numbers are about one."""

    def __init__(self, columns: Columns, probability: Floats, risk: Risk):
        self.columns, self.probability = columns, probability
        self._scenarios, self._count = len(probability), len(columns.usd)
        self.scale = np.maximum(columns.most, 1e-12)
        self._unit_usd = max(float((columns.usd * self.scale).max(initial=0.0)), 1e-12)
        self._highs = _solver()
        infinite = self._highs.inf
        self._infinite = infinite
        count, scenarios = self._count, self._scenarios
        # Shares of amounts; the rest each scenario pays; the tail's edge; the excess of each scenario over it.
        lower = np.concatenate([np.zeros(count + scenarios), [-infinite], np.zeros(scenarios)])
        upper = np.concatenate([np.ones(count), np.full(scenarios + 1 + scenarios, infinite)])
        self._highs.addVars(len(lower), lower, upper)
        self._linear, self._value = np.zeros((scenarios, count)), np.zeros(scenarios)
        self.set_risk(risk)
        self._bend_rows(np.zeros((scenarios, count)), np.zeros(scenarios))

    def set_risk(self, risk: Risk) -> None:
        """Weighs the tail anew; the planes stay."""
        self.risk = risk
        mean = (1 - risk.weight) * self.probability
        tail = np.concatenate([[risk.weight], risk.weight / risk.tail_fraction * self.probability])
        amounts = (self.columns.usd + mean @ self._linear) * self.scale / self._unit_usd
        costs = np.concatenate([amounts, mean, tail])
        self._highs.changeColsCost(len(costs), np.arange(len(costs), dtype=np.int32), costs)

    def _bend_rows(self, slope: Floats, value: Floats) -> None:
        """Rows excess - rest + edge - slope @ amounts >= value, after all the others."""
        self._bent_at = int(self._highs.getNumRow())
        scenarios, count = self._scenarios, self._count
        at = np.arange(scenarios)
        index = np.hstack(
            [
                np.tile(np.arange(count), (scenarios, 1)),
                (count + at)[:, None],
                np.full((scenarios, 1), count + scenarios),
                (count + scenarios + 1 + at)[:, None],
            ]
        ).astype(np.int32)
        ones = np.ones((scenarios, 1))
        values = np.hstack([-slope * self.scale / self._unit_usd, -ones, ones, ones])
        self._add(self.risk.above(value) / self._unit_usd, index, values)

    def bend(self, slope: Floats, value: Floats) -> None:
        """Adds slope (scenarios, columns) @ amounts + value (scenarios,) to what the planes say of each scenario."""
        self._highs.deleteRows(
            self._scenarios, np.arange(self._bent_at, self._bent_at + self._scenarios, dtype=np.int32)
        )
        self._linear, self._value = slope, value
        self.set_risk(self.risk)
        self._bend_rows(slope, value)

    def add(self, usd: Floats, slope: Floats, amount: Floats) -> None:
        """A plane for each scenario: usd (scenarios,) at an amount, and its slopes."""
        scenarios, count = self._scenarios, self._count
        index = np.hstack([np.tile(np.arange(count), (scenarios, 1)), (count + np.arange(scenarios))[:, None]])
        values = np.hstack([-slope * self.scale / self._unit_usd, np.ones((scenarios, 1))])
        self._add((usd - slope @ amount) / self._unit_usd, index.astype(np.int32), values)

    def _add(self, lower: Floats, index: npt.NDArray[np.int32], values: Floats) -> None:
        rows, width = index.shape
        starts = (np.arange(rows) * width).astype(np.int32)
        upper = np.full(rows, self._infinite)
        self._highs.addRows(rows, lower, upper, rows * width, starts, index.ravel(), values.ravel())

    def box(self, low: Floats, high: Floats) -> None:
        """Holds the shares (columns,) between two ends."""
        self._highs.changeColsBounds(self._count, np.arange(self._count, dtype=np.int32), low, high)

    def solve(self) -> tuple[Floats, float]:
        """The best amounts by the planes, and what they promise."""
        status = self._run()
        if status != "Optimal":
            # From where it stopped last time it may fail; from nothing it does not.
            self._highs.clearSolver()
            status = self._run()
        if status != "Optimal":
            raise CostlibError(f"the solver ended without an answer: {status}")
        found = np.asarray(self._highs.getSolution().col_value)[: self._count]
        # What was added to each scenario whatever the amounts is no cost of theirs, so HiGHS does not know of it.
        fixed = (1 - self.risk.weight) * float(self.probability @ self._value)
        promised = float(self._highs.getInfo().objective_function_value) * self._unit_usd + fixed
        return np.maximum(found, 0.0) * self.scale, promised

    def _run(self) -> str:
        self._highs.run()
        return str(self._highs.modelStatusToString(self._highs.getModelStatus()))
