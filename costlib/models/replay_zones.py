"""One job over several zones whose traces share a clock: stay, move when preempted, or move when cheaper.

Between steps a job may go over to spot of another zone that has capacity; that costs the changeover and the time that
its checkpoint takes to get there. When to use on-demand is the single-zone policy's: it sees whether any zone has spot.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput, unknown
from costlib.models.availability import checked
from costlib.models.replay import Replayed, checked_starts, policy_named
from costlib.models.replay_fleet import TINY_SECONDS, Fleet
from costlib.models.replay_policies import Now, Policy, guard
from costlib.models.replay_terms import IDLE, ON_DEMAND, SPOT, Terms
from costlib.units import SECONDS_PER_HOUR

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

#: stay: the first zone only. on_preemption: any zone at a start, then that one for as long as it lasts. when_cheaper:
#: also away from spot that still runs, for spot that is cheaper by more than the move costs over the work left.
MOVES = ("stay", "on_preemption", "when_cheaper")


@dataclass(frozen=True)
class Zones:
    """(zones, steps) availability on one clock, and spot prices over on-demand: (zones,), or (zones, steps).

    ``move_hours``: what a move adds to the changeover, to bring the checkpoint over; ``move_cost_hours``: what it
    costs beside, in hours of on-demand (transfer between regions).
    """

    available: npt.ArrayLike
    spot_price_ratio: npt.ArrayLike
    move_hours: float = 0.0
    move_cost_hours: float = 0.0


def replay_zones(
    zones: Zones,
    step_hours: float,
    work_hours: float,
    deadline_hours: float,
    changeover_hours: float,
    policy: str | Policy,
    moves: str,
    starts: npt.ArrayLike | None = None,
) -> Replayed:
    """A job over several zones from each of ``starts``; results, billing and faults as of ``replay``.

    Work is durable at once. Of zones with capacity the cheapest is taken, of equals the one where the job is, then the
    first. The safety net counts a move's time with every changeover, so it holds wherever the job is. Raises
    InvalidInput, also for zones of different lengths and prices out of (0, 1].
    """
    there = checked(zones.available, dimensions=2)
    prices = _prices(zones, there)
    if moves not in MOVES:
        raise InvalidInput([unknown("moves", moves, MOVES, "way to move")])
    faults = [
        Fault(name, value, "must be a number not below 0")
        for name, value in (("move_hours", zones.move_hours), ("move_cost_hours", zones.move_cost_hours))
        if not (np.isfinite(value) and value >= 0)
    ]
    if faults:
        raise InvalidInput(faults)
    if moves == "stay":
        there, prices = there[:1], prices[:1]
    longest = changeover_hours + (zones.move_hours if len(there) > 1 else 0.0)
    terms = Terms.of_hours(step_hours, work_hours, deadline_hours, longest, float(prices.mean()))
    first = checked_starts(starts, there.shape[1], terms)
    return _walk(there, prices, terms, round(changeover_hours * SECONDS_PER_HOUR, 6), zones, policy, moves, first)


def _walk(
    there: Bools, prices: Floats, terms: Terms, changeover: float, zones: Zones, policy: str | Policy, moves: str,
    first: Ints,
) -> Replayed:  # fmt: skip
    """The loop over steps; a job's zone is where its checkpoint is."""
    jobs, size = len(first), terms.step_seconds
    rule = policy_named(policy).begin(terms, jobs)
    fleet = Fleet.fresh(first)
    at_zone, paid, spot_cost = np.full(jobs, -1), np.zeros(jobs), np.zeros(jobs)
    out = {name: np.full(jobs, np.nan) for name in ("cost", "finish", "spot", "on_demand", "starts", "preemptions")}
    flags = np.concatenate([there, np.zeros((len(there), 1), dtype=bool)], axis=1)
    step = 0
    while len(fleet.jobs):
        at = np.minimum(fleet.first + step, there.shape[1])
        up = flags[:, at]
        price = np.where(up, prices[:, np.minimum(at, there.shape[1] - 1)], np.inf)
        rows = np.arange(len(at))
        here = np.maximum(at_zone, 0)
        fleet.preempt(up[here, rows])
        any_up: Bools = np.asarray(up.any(axis=0))
        now = Now(step, any_up, fleet.mode, fleet.switching, fleet.done, fleet.done, fleet.jobs)
        wanted = rule.wanted(now, terms)
        chosen = guard(wanted, now, terms) if rule.guarded else wanted
        best = _best_zone(price, at_zone, rows)
        goes = (chosen == SPOT) & (fleet.mode != SPOT)
        if moves == "when_cheaper":
            goes |= (chosen == SPOT) & _worth_moving(price, best, here, rows, fleet, terms, zones, step)
        brings = goes & (at_zone >= 0) & (best != at_zone)
        moved_on_spot = goes & (fleet.mode == SPOT)
        falls_back = (chosen == ON_DEMAND) & (fleet.mode != ON_DEMAND)
        fleet.switch(chosen, terms)
        cost_of_start = changeover + brings * round(zones.move_hours * SECONDS_PER_HOUR, 6)
        # On-demand starts where the checkpoint is: there is nothing to bring.
        fleet.switching = np.where(goes, cost_of_start, np.where(falls_back, changeover, fleet.switching))
        fleet.starts += moved_on_spot
        paid += brings * zones.move_cost_hours * SECONDS_PER_HOUR
        at_zone = np.where(goes, best, at_zone)
        here = np.maximum(at_zone, 0)
        spot_cost += np.where(chosen == SPOT, price[here, rows], 0.0) * (chosen == SPOT) * size
        used, finished = fleet.advance(terms)
        stuck = (chosen == IDLE) & (fleet.first + step >= there.shape[1])
        ends = finished | stuck
        if ends.any():
            number = fleet.jobs[ends]
            out["cost"][number] = spot_cost[ends] + paid[ends] + fleet.on_demand_steps[ends] * size
            out["finish"][number] = np.where(stuck[ends], np.inf, step * size + used[ends])
            out["spot"][number] = fleet.spot_steps[ends] * size
            out["on_demand"][number] = fleet.on_demand_steps[ends] * size
            out["starts"][number], out["preemptions"][number] = fleet.starts[ends], fleet.preemptions[ends]
            at_zone, paid, spot_cost = at_zone[~ends], paid[~ends], spot_cost[~ends]
            fleet.keep(~ends)
        step += 1
    return Replayed(
        out["cost"] / terms.work_seconds,
        out["finish"] / SECONDS_PER_HOUR,
        out["finish"] <= terms.deadline_seconds + TINY_SECONDS,
        np.zeros(jobs),
        out["spot"] / SECONDS_PER_HOUR,
        out["on_demand"] / SECONDS_PER_HOUR,
        out["starts"].astype(np.int64),
        out["preemptions"].astype(np.int64),
    )


def _best_zone(price: Floats, at_zone: Ints, rows: Ints) -> Ints:
    """The cheapest zone with capacity; the job's own, if none is cheaper."""
    best = price.argmin(axis=0)
    held = at_zone >= 0
    own = price[np.maximum(at_zone, 0), rows]
    return np.where(held & (own <= price[best, rows]), at_zone, best)


def _worth_moving(
    price: Floats, best: Ints, here: Ints, rows: Ints, fleet: Fleet, terms: Terms, zones: Zones, step: int
) -> Bools:
    """Spot at work that would save more over the work left than the move costs, with room for it in time."""
    left = terms.work_seconds - fleet.done
    now, then = price[here, rows], price[best, rows]
    known = np.isfinite(now) & np.isfinite(then)
    saves = np.where(known, (np.where(known, now, 0.0) - np.where(known, then, 0.0)) * left, 0.0)
    costs = np.where(known, then, 0.0) * terms.changeover_seconds + zones.move_cost_hours * SECONDS_PER_HOUR
    spare = terms.latest_seconds(np.asarray(float(step))) - left
    room = spare >= 2 * terms.changeover_seconds
    return (fleet.mode == SPOT) & (fleet.switching <= TINY_SECONDS) & (best != here) & (saves > costs) & room


def _prices(zones: Zones, there: Bools) -> Floats:
    """Spot prices as (zones, steps). Raises InvalidInput for another shape or prices out of (0, 1]."""
    given = np.asarray(zones.spot_price_ratio, dtype=float)
    if given.ndim == 1 and len(given) == len(there):
        given = np.repeat(given[:, None], there.shape[1], axis=1)
    if given.shape != there.shape:
        raise InvalidInput([Fault("spot_price_ratio", str(given.shape), "must be one a zone, or one a zone and step")])
    wrong = ~((given > 0) & (given <= 1))
    if wrong.any():
        problem = "must be above 0 and at most 1: the spot price over the on-demand price"
        raise InvalidInput([Fault("spot_price_ratio", float(given[wrong][0]), problem)])
    return given
