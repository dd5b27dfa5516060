"""What a set of commitments leaves to pay, over all hours and scenarios at once, and how that moves with each of them.

The usage of an hour is served in AWS's order: Reserved Instances, EC2 Instance Savings Plans, Compute Savings Plans;
within one by the highest saving first. The cost of the rest is nearly convex in the commitments: it would be, were each
hour's usage assigned at its best, and AWS's order is the best one within a plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

#: Rows worked on at once: few enough that an array stays in the processor's cache.
CHUNK = 16384
#: Usage below this is rounding.
TINY = 1e-9


@dataclass(frozen=True)
class Pool:
    """Capacity that serves some lines: ``rates`` is what a unit of each line takes of it; stages go one after another.

    ``in_order`` pools serve their lines as listed, the others by the highest saving over on-demand.
    """

    stage: int
    lines: tuple[int, ...]
    rates: tuple[float, ...]
    in_order: bool = False


class Cost(NamedTuple):
    """``rest_usd`` (scenarios,) what is not covered; ``slope_usd`` (scenarios, pools, periods) a unit of capacity."""

    rest_usd: Floats
    slope_usd: Floats


@dataclass(frozen=True)
class Hours:
    """Usage of every scenario: ``usage`` (lines, rows), scenario after scenario, each in hours; ``weight`` (rows,).

    ``starts`` (scenarios * periods,) is the first row of each period of each scenario; ``price_usd`` (scenarios *
    periods, lines) what a unit costs uncovered.
    """

    usage: Floats
    weight: Floats
    starts: Ints
    price_usd: Floats
    scenarios: int

    @property
    def periods(self) -> int:
        """Periods of a scenario, within which prices and capacities stand still."""
        return len(self.starts) // self.scenarios

    def sampled(self, every: int) -> Hours:
        """Every so-manieth row of each period, with its weight raised to the period's whole."""
        ends = np.append(self.starts[1:], self.usage.shape[1])
        rows = [np.arange(first, last, min(every, last - first)) for first, last in zip(self.starts, ends, strict=True)]
        weights = []
        for first, last, kept in zip(self.starts, ends, rows, strict=True):
            part = self.weight[kept]
            weights.append(part * (self.weight[first:last].sum() / part.sum()))
        starts = np.cumsum([0, *(len(kept) for kept in rows[:-1])])
        chosen = np.concatenate(rows)
        return Hours(
            np.ascontiguousarray(self.usage[:, chosen]), np.concatenate(weights), starts, self.price_usd, self.scenarios
        )

    def of_scenario(self, scenario: int) -> Hours:
        """One scenario alone."""
        segments = slice(scenario * self.periods, (scenario + 1) * self.periods)
        starts = self.starts[segments]
        last = self.starts[segments.stop] if segments.stop < len(self.starts) else self.usage.shape[1]
        rows = slice(int(starts[0]), int(last))
        return Hours(self.usage[:, rows], self.weight[rows], starts - starts[0], self.price_usd[segments], 1)

    def uncovered_usd(self) -> Floats:
        """What each scenario (scenarios,) costs without any commitment."""
        weighted = np.add.reduceat(self.usage * self.weight, self.starts, axis=1)
        return (weighted.T * self.price_usd).sum(axis=1).reshape(self.scenarios, -1).sum(axis=1)


class _Chunk(NamedTuple):
    rows: slice
    segments: Ints  # the segment of each part of the chunk
    starts: Ints  # where in the chunk each part begins
    price: Floats


class _Step(NamedTuple):
    left: Bools  # whether usage was left
    spare: Bools | None  # whether capacity was; None where there was none


class Value:
    """The cost of what commitments leave, of all scenarios, for any capacities of the pools."""

    def __init__(self, hours: Hours, pools: Sequence[Pool]):
        self.hours, self.pools = hours, tuple(pools)
        self._chunks = _chunks(hours)
        self._serving: list[list[tuple[int, float]]] = [[] for _ in hours.usage]
        for at, pool in enumerate(self.pools):
            for line, rate in zip(pool.lines, pool.rates, strict=True):
                self._serving[line].append((at, rate))
        self._orders: dict[bytes, list[tuple[int, int, float]]] = {}
        for chunk in self._chunks:
            key = chunk.price.tobytes()
            if key not in self._orders:
                self._orders[key] = _order(self.pools, chunk.price)

    def at(self, capacity: Floats, slopes: bool = True) -> Cost:
        """Cost at capacities (pools, periods), the same in every scenario."""
        segments = len(self.hours.starts)
        rest, slope = np.zeros(segments), np.zeros((segments, len(self.pools)))
        for chunk in self._chunks:
            left, steps, _ = self._serve(chunk, capacity)
            weight = self.hours.weight[chunk.rows]
            total = np.zeros(len(weight))
            for line, price in enumerate(chunk.price):
                total += left[line] * price
            np.add.at(rest, chunk.segments, np.add.reduceat(total * weight, chunk.starts))
            if slopes:
                for pool, worth in enumerate(self._worth(chunk, steps)):
                    if isinstance(worth, np.ndarray):
                        np.add.at(slope[:, pool], chunk.segments, -np.add.reduceat(worth * weight, chunk.starts))
        shape = (self.hours.scenarios, self.hours.periods)
        return Cost(rest.reshape(shape).sum(axis=1), slope.reshape(*shape, -1).transpose(0, 2, 1))

    def floor_usd(self, capacity: Floats, factor: Floats) -> Floats:
        """What no assignment of the hours' usage goes below, if capacity had a price (scenarios,).

        The price of each pool's capacity in each hour is what one more unit would save at ``capacity``, by ``factor``
        (pools,). A unit of usage then costs its uncovered price or the cheapest capacity for it: whatever the
        commitments and however they are assigned, uncovered usage costs no less than this, less their capacity at
        that price (the weak duality of linear programs).
        """
        floor = np.zeros(len(self.hours.starts))
        for chunk in self._chunks:
            _, steps, _ = self._serve(chunk, capacity)
            worth = [
                np.maximum(each, 0.0) * share for each, share in zip(self._worth(chunk, steps), factor, strict=True)
            ]
            usage = self.hours.usage[:, chunk.rows]
            total = np.zeros(usage.shape[1])
            for line, price in enumerate(chunk.price):
                unit = np.full(usage.shape[1], price)
                for pool, rate in self._serving[line]:
                    np.minimum(unit, worth[pool] * rate, out=unit)
                total += usage[line] * unit
            weighted = np.add.reduceat(total * self.hours.weight[chunk.rows], chunk.starts)
            np.add.at(floor, chunk.segments, weighted)
        return floor.reshape(self.hours.scenarios, -1).sum(axis=1)

    def hourly_usd(self, capacity: Floats) -> Floats:
        """What is not covered of each row (rows,), USD, not weighed."""
        found = np.zeros(self.hours.usage.shape[1])
        for chunk in self._chunks:
            left, _, _ = self._serve(chunk, capacity)
            found[chunk.rows] = chunk.price @ left
        return found

    def used(self, capacity: Floats) -> tuple[Floats, Floats]:
        """Capacity used, in unit-hours (scenarios, pools, periods), and usage left over (scenarios, periods, lines)."""
        segments, periods = len(self.hours.starts), self.hours.periods
        used, rest = np.zeros((segments, len(self.pools))), np.zeros((segments, len(self.hours.usage)))
        for chunk in self._chunks:
            left, _, spare = self._serve(chunk, capacity)
            weight = self.hours.weight[chunk.rows]
            given = np.stack([capacity[:, at] for at in chunk.segments % periods], axis=1)
            hours = np.add.reduceat(weight, chunk.starts)
            unused = np.add.reduceat(np.reshape(spare, (-1, len(weight))) * weight, chunk.starts, axis=1)
            np.add.at(used, chunk.segments, (given * hours - unused).T)
            np.add.at(rest, chunk.segments, np.add.reduceat(left * weight, chunk.starts, axis=1).T)
        shape = (self.hours.scenarios, periods)
        return used.reshape(*shape, -1).transpose(0, 2, 1), rest.reshape(*shape, -1)

    def _serve(self, chunk: _Chunk, capacity: Floats) -> tuple[Floats, list[_Step], list[Floats]]:
        """Usage left at the end, what each step of service left, and spare capacity."""
        left = self.hours.usage[:, chunk.rows].copy()
        lengths = np.diff(np.append(chunk.starts, left.shape[1]))
        period = chunk.segments % self.hours.periods
        if len(lengths) == 1:
            spare = [np.full(left.shape[1], row[period[0]]) for row in capacity]
        else:
            spare = list(np.repeat(capacity[:, period], lengths, axis=1))
        some: list[bool] = np.any(capacity[:, period] > 0, axis=1).tolist()
        steps = []
        for pool, line, rate in self._orders[chunk.price.tobytes()]:
            if not some[pool]:
                steps.append(_Step(left[line] > TINY, None))
                continue
            taken = left[line] * rate
            np.minimum(taken, spare[pool], out=taken)
            spare[pool] -= taken
            taken /= rate
            left[line] -= taken
            steps.append(_Step(left[line] > TINY, spare[pool] > TINY))
        return left, steps, spare

    def _worth(self, chunk: _Chunk, steps: list[_Step]) -> list[Floats | float]:
        """What one more unit of each pool's capacity would save in each hour: the steps of service, backwards.

        Where a step left capacity, one more unit of its line would take it from later steps; where it left usage, one
        more unit of capacity would serve it. Where it left neither, one more unit of either would be left.
        """
        unit: list[Floats | float] = list(map(float, chunk.price))
        worth: list[Floats | float] = [0.0] * len(self.pools)
        order = self._orders[chunk.price.tobytes()]
        for (pool, line, rate), step in zip(reversed(order), reversed(steps), strict=True):
            saved = unit[line] / rate
            if step.spare is not None:
                unit[line] = np.where(step.spare, worth[pool] * rate, unit[line])
            worth[pool] = np.where(step.left, saved, worth[pool])
        return worth


def _order(pools: Sequence[Pool], price: Floats) -> list[tuple[int, int, float]]:
    """(pool, line, rate) in the order of service."""
    steps = []
    for at, pool in enumerate(pools):
        for place, (line, rate) in enumerate(zip(pool.lines, pool.rates, strict=True)):
            rank = (float(place), 0.0) if pool.in_order else (round(rate / price[line], 9), rate)
            steps.append(((pool.stage, *rank), at, line, rate))
    return [step[1:] for step in sorted(steps)]


def _chunks(hours: Hours) -> list[_Chunk]:
    """Rows in pieces of one price vector, each with its segments."""
    ends = np.append(hours.starts[1:], hours.usage.shape[1])
    found: list[_Chunk] = []
    open_segments: list[tuple[int, int, int]] = []

    def close() -> None:
        if open_segments:
            first = open_segments[0][1]
            found.append(
                _Chunk(
                    slice(first, open_segments[-1][2]),
                    np.array([segment for segment, _, _ in open_segments]),
                    np.array([begin - first for _, begin, _ in open_segments]),
                    hours.price_usd[open_segments[0][0]],
                )
            )
            open_segments.clear()

    for segment, (first, last) in enumerate(zip(hours.starts, ends, strict=True)):
        for begin in range(int(first), int(last), CHUNK):
            end = min(begin + CHUNK, int(last))
            if open_segments and (
                end - open_segments[0][1] > CHUNK
                or not np.array_equal(hours.price_usd[segment], hours.price_usd[open_segments[0][0]])
            ):
                close()
            open_segments.append((segment, begin, end))
    close()
    return found
