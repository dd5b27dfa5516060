"""What each way to serve costs a month at any multiple of the traffic, and where the cheapest way changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.models.scale_to_zero import on_fraction
from costlib.models.serving_fleet import instances_for, mean_instances
from costlib.models.serving_modes import cheapest_mode, mode_grid, mode_thresholds
from costlib.planner.serve.asked import Asked
from costlib.planner.serve.candidates import Candidates, Loads
from costlib.planner.serve.functions import Functions
from costlib.planner.serve.shared_models import SharedModels
from costlib.units import HOURS_PER_MONTH, MINUTES_PER_HOUR

Floats = npt.NDArray[np.float64]
#: Costs (rows, scales) of each choice within a mode.
Costs = Callable[[Floats], Floats]

#: Ways that answer at once, and those that make requests wait.
NAMES = {
    "real_time": "real-time endpoint, count fixed",
    "real_time_by_hour": "real-time endpoint, count by the hour",
    "multi_variant": "variants on one real-time endpoint",
    "multi_model": "models sharing instances",
    "serverless": "serverless endpoint",
    "lambda": "Lambda",
    "lambda_provisioned": "Lambda, provisioned concurrency",
    "ec2": "EC2 or ECS fleet, count by the hour",
    "async": "asynchronous endpoint, scaled to zero",
    "batch": "batch transform",
    "ec2_spot": "own queue on EC2 spot, scaled to zero",
}
#: How far the thresholds look, as multiples of the traffic.
LOWEST_SCALE, HIGHEST_SCALE = 1e-4, 100.0


@dataclass(frozen=True)
class Modes:
    """``choices`` by mode: what may be chosen within it, and ``costs`` (choices, scales) of each, USD a month."""

    choices: dict[str, tuple[str, ...]]
    costs: dict[str, Costs]

    @property
    def names(self) -> tuple[str, ...]:
        """The modes, in the order of their rows."""
        return tuple(self.costs)

    def at(self, scales: npt.ArrayLike) -> Floats:
        """USD a month of each mode's cheapest choice (modes, scales); infinite where none keeps the promise."""
        many = np.atleast_1d(np.asarray(scales, float))
        return np.stack([_least(cost(many)) for cost in self.costs.values()])

    def table(self, scale: float = 1.0) -> pd.DataFrame:
        """A row a mode, the cheapest first: ``mode, meaning, choice, usd_per_month``; missing where none serves."""
        rows = []
        for mode, cost in self.costs.items():
            values = cost(np.array([scale]))[:, 0]
            values = np.where(np.isnan(values), np.inf, values)
            at = int(values.argmin()) if len(values) else 0
            ok = len(values) > 0 and np.isfinite(values[at])
            rows.append((mode, NAMES[mode], self.choices[mode][at] if ok else "", values[at] if ok else np.nan))
        frame = pd.DataFrame(rows, columns=["mode", "meaning", "choice", "usd_per_month"])
        return frame.sort_values("usd_per_month", na_position="last", kind="stable", ignore_index=True)

    def thresholds(self, mean_per_second: float, points: int = 400) -> pd.DataFrame:
        """Stretches of traffic with one cheapest mode: ``mode, from_scale, to_scale, from_requests_per_month,
        to_requests_per_month``."""
        found = mode_thresholds(self.at, mode_grid(LOWEST_SCALE, HIGHEST_SCALE, points))
        found["mode"] = [self.names[at] if at >= 0 else "" for at in found["mode"]]
        month = mean_per_second * HOURS_PER_MONTH * 3600.0
        return found.assign(
            from_requests_per_month=found["from_scale"] * month, to_requests_per_month=found["to_scale"] * month
        )

    def curve(self, mean_per_second: float, points: int = 120) -> pd.DataFrame:
        """Cost by traffic, to be drawn: ``scale, requests_per_month``, a column a mode, and ``cheapest``."""
        grid = mode_grid(LOWEST_SCALE, HIGHEST_SCALE, points)
        values = self.at(grid)
        best = cheapest_mode(values)
        frame = pd.DataFrame({"scale": grid, "requests_per_month": grid * mean_per_second * HOURS_PER_MONTH * 3600.0})
        for mode, row in zip(self.names, values, strict=True):
            frame[mode] = np.where(np.isfinite(row), row, np.nan)
        return frame.assign(cheapest=[self.names[at] if at >= 0 else "" for at in best])


def modes_of(
    found: Candidates,
    loads: Loads,
    serverless: Functions,
    lambdas: Functions,
    shared: SharedModels | None,
    asked: Asked,
    start_minutes: float,
) -> Modes:
    """Every mode that the load tests and prices allow."""
    costs: dict[str, Costs] = {}
    choices: dict[str, tuple[str, ...]] = {}

    def add(mode: str, names: tuple[str, ...], cost: Costs) -> None:
        costs[mode], choices[mode] = cost, names

    def named(way: str, rows: npt.NDArray[np.int64]) -> tuple[str, ...]:
        # EC2 has its own names of the types.
        return tuple(found.names[row].removeprefix("ml." if way.startswith("ec2") else "") for row in rows)

    def fleet(way: str, fixed: bool) -> tuple[tuple[str, ...], Costs]:
        rows = worth_looking_at(found.usd(way), found.kept_per_second)
        kept, usd = found.kept_per_second[rows], found.usd(way)[rows] * HOURS_PER_MONTH
        levels, share = (np.array([loads.peak]), np.ones(1)) if fixed else (loads.hourly_levels, loads.hourly_fraction)

        def cost(scales: Floats) -> Floats:
            many = _fleets(scales, levels, share, kept, asked, 1)
            at_peak = instances_for(scales * loads.peak, kept[:, None], 0, asked.zones_to_survive)
            return np.where(at_peak <= asked.most, usd[:, None] * many, np.inf)

        return named(way, rows), cost

    if asked.models == 1:
        add("real_time", *fleet("hosting", True))
        add("real_time_by_hour", *fleet("hosting", False))
        add("ec2", *fleet("ec2", False))
        if asked.variants > 1:
            rows = worth_looking_at(found.usd("hosting"), found.kept_per_second)
            kept, usd = found.kept_per_second[rows], found.usd("hosting")[rows] * HOURS_PER_MONTH
            add("multi_variant", tuple(found.names[row] for row in rows), lambda scales: usd[:, None] * _fleets(
                scales, loads.hourly_levels, loads.hourly_fraction, kept, asked, asked.variants))  # fmt: skip
    elif shared is not None:
        add("real_time_by_hour", shared.names, shared.apart)
        add("multi_model", shared.names, shared.together)
    if serverless.names and np.isfinite(serverless.usd_per_gib_second):
        add("serverless", serverless.names, lambda scales: serverless.costs(scales, loads, asked))
    if lambdas.names and np.isfinite(lambdas.usd_per_gib_second):
        add("lambda", lambdas.names, lambda scales: lambdas.costs(scales, loads, asked))
        add("lambda_provisioned", lambdas.names, lambda scales: lambdas.provisioned_costs(scales, loads, asked))
    if asked.patience_minutes is not None and asked.models == 1 and asked.patience_minutes >= start_minutes:
        most = found.curves.most_per_second
        for way, made in (("async", _to_zero), ("ec2_spot", _to_zero), ("batch", _batch)):
            rows = worth_looking_at(found.usd(way), most)
            cost = made(found.usd(way)[rows], most[rows], loads, asked, start_minutes)
            add(way, named(way, rows), cost)
    return Modes(choices, costs)


def worth_looking_at(usd: Floats, kept: Floats) -> npt.NDArray[np.int64]:
    """Rows that may be the cheapest of some fleet: no other costs as little and keeps as much."""
    order = np.lexsort((-kept, usd))
    good = order[np.isfinite(usd[order]) & (kept[order] > 0)]
    best = np.maximum.accumulate(kept[good]) if len(good) else np.zeros(0)
    first = np.concatenate([[True], kept[good][1:] > best[:-1]]) if len(good) else np.zeros(0, bool)
    return np.asarray(good[first])


def _fleets(scales: Floats, levels: Floats, share: Floats, kept: Floats, asked: Asked, parts: int) -> Floats:
    """Mean instances (rows, scales) of ``parts`` fleets that share the load evenly."""
    least = asked.least if parts == 1 else max(1, -(-asked.least // parts))
    return parts * mean_instances(scales, levels / parts, share, kept, least, asked.zones_to_survive)


def _to_zero(usd: Floats, most: Floats, loads: Loads, asked: Asked, start_minutes: float) -> Costs:
    """An endpoint or queue worker that is off when idle; beyond one instance as many as the load takes."""
    start, idle = start_minutes * 60.0, asked.idle_minutes * 60.0

    def cost(scales: Floats) -> Floats:
        load = scales[:, None] * loads.levels
        rows = []
        for rate, price in zip(most, usd * HOURS_PER_MONTH, strict=True):
            on = on_fraction(np.minimum(load, rate), 1.0 / rate, start, idle)
            rows.append(price * (np.where(load >= rate, np.ceil(load / rate - 1e-9), on) @ loads.level_fraction))
        return np.stack(rows) if rows else np.zeros((0, len(scales)))

    return cost


def _batch(usd: Floats, most: Floats, loads: Loads, asked: Asked, start_minutes: float) -> Costs:
    """One job at a time for what came in half the patience, and in the other half done: hours of work and a start."""
    assert asked.patience_minutes is not None
    start_hours = start_minutes / MINUTES_PER_HOUR
    period_hours = max(asked.patience_minutes / MINUTES_PER_HOUR / 2, start_hours)
    jobs = HOURS_PER_MONTH / period_hours
    spare_hours = period_hours - start_hours

    def cost(scales: Floats) -> Floats:
        work_hours = loads.interval.mean() * scales * HOURS_PER_MONTH / most[:, None]
        peak_hours = scales * loads.peak * period_hours / most[:, None]
        # Instances side by side, each with a start, so that the fullest period is done in time.
        side = np.maximum(np.ceil(peak_hours / max(spare_hours, 1e-9) - 1e-9), 1.0)
        return np.asarray(usd[:, None] * (work_hours + side * jobs * start_hours))

    return cost


def _least(values: Floats) -> Floats:
    if not len(values):
        return np.full(values.shape[1], np.inf)
    return np.asarray(np.where(np.isnan(values), np.inf, values).min(axis=0))
