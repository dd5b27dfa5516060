"""Where the cheapest service changes, with job length, job count and people's time; and the map of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from costlib.models.overhead import Terms, usd
from costlib.models.overhead_flip import flip_job_count, flip_job_hours, flip_staff_usd, smooth_usd
from costlib.planner.service.compare import Comparison

Floats = npt.NDArray[np.float64]
#: How far around the user's own jobs the map goes, and in how many steps; flips beyond it are left out.
REACH, STEPS = 100.0, 61
SHORTEST_HOURS, MOST_JOBS = 1.0 / 3600.0, 1e6
RULE = (
    "with all else as given: types, prices, instances at once, people's time; whole jobs and billing steps are taken as"
    " smooth"
)


@dataclass(frozen=True)
class Flip:
    """From ``at`` on (job_hours, or job_count) ``to`` is the cheapest service in place of ``of``."""

    what: str
    at: float
    of: str
    to: str

    def as_dict(self) -> dict[str, object]:
        """JSON-ready."""
        return {"what": self.what, "at": self.at, "from": self.of, "to": self.to}


@dataclass(frozen=True)
class Map:
    """The cheapest service over job length (columns) and count (rows).

    ``service``: codes into ``services``; ``saved_fraction``: by how much it is cheaper than the next best service (nan
    where there is none); ``usd`` of it.
    """

    services: tuple[str, ...]
    job_hours: Floats
    jobs: Floats
    service: npt.NDArray[np.int64]
    saved_fraction: Floats
    usd: Floats


def flips(found: Comparison) -> tuple[Flip, ...]:
    """All places within the map's reach at which the cheapest service changes, by job length, then by job count."""
    made: list[Flip] = []
    hours, count = found.question.hours.expected, float(found.question.count)
    for what, solve, own, other in (
        ("job_hours", flip_job_hours, hours, count),
        ("job_count", flip_job_count, count, hours),
    ):
        pairs = [_crossings(found, one, two, solve, other) for one, two in combinations(found.rows_by_service, 2)]
        limits = list(found.most_hours.values()) if what == "job_hours" else []
        points = np.unique(np.concatenate([*pairs, np.array(limits)]))
        least = own / REACH if what == "job_hours" else max(own / REACH, 1.0)
        points = points[(points >= least) & (points <= own * REACH)]
        before, after = (_cheapest(found, what, points * side, other) for side in (1 - 1e-6, 1 + 1e-6))
        made += [
            Flip(what, float(at), str(one), str(two))
            for at, one, two in zip(points, before, after, strict=True)
            if one != two
        ]
    return tuple(made)


def staff_flips(found: Comparison) -> dict[str, dict[str, float]]:
    """For each service and each other: what people's time for the first may cost before the second is as cheap.

    Nan where it is dearer without any.
    """
    hours, count = found.question.hours.expected, found.question.count
    room: dict[str, dict[str, float]] = {}
    for one in found.allowed:
        for other in found.allowed:
            if one is not other:
                mine, theirs = (_one(found.candidates.terms[1], way.row) for way in (one, other))
                room.setdefault(one.service, {})[other.service] = float(flip_staff_usd(mine, theirs, hours, count))
    return room


def service_map(found: Comparison) -> Map:
    """The cheapest service around the user's own jobs."""
    hours, count = found.question.hours.expected, found.question.count
    across = np.geomspace(max(hours / REACH, SHORTEST_HOURS), hours * REACH, STEPS)
    down = np.unique(np.round(np.geomspace(max(count / REACH, 1.0), min(max(count, 10.0) * REACH, MOST_JOBS), STEPS)))
    services = tuple(found.rows_by_service)
    cost = np.stack(
        [
            np.where(
                found.within(name, across),
                usd(_wide(found.candidates.terms[1], rows), across[None, None, :], down[None, :, None]).min(axis=0),
                np.inf,
            )
            for name, rows in found.rows_by_service.items()
        ]
    )
    order = np.sort(cost, axis=0)
    next_best = order[1] if len(services) > 1 else np.full(order[0].shape, np.inf)
    saved = np.where(np.isfinite(next_best), 1.0 - order[0] / next_best, np.nan)
    return Map(services, across, down, np.argmin(cost, axis=0), saved, order[0])


def _crossings(
    found: Comparison, one: str, two: str, solve: Callable[[Terms, Terms, float], Floats], other: float
) -> Floats:
    """Where any way of one service costs what any way of another does."""
    terms, rows = found.candidates.terms[1], found.rows_by_service
    left = Terms(*(np.asarray(part)[rows[one]][:, None] for part in terms))
    right = Terms(*(np.asarray(part)[rows[two]][None, :] for part in terms))
    at = solve(left, right, other).ravel()
    return np.asarray(at[np.isfinite(at)])


def _cheapest(found: Comparison, what: str, at: Floats, other: float) -> npt.NDArray[np.object_]:
    """The cheapest service at each of some points, without steps."""
    hours, count = (at, other) if what == "job_hours" else (other, at)
    costs = [
        np.where(
            found.within(name, hours),
            smooth_usd(_columns(found.candidates.terms[1], rows), hours, count).min(axis=0),
            np.inf,
        )
        for name, rows in found.rows_by_service.items()
    ]
    return np.array(list(found.rows_by_service), dtype=object)[np.argmin(costs, axis=0)]


def _columns(terms: Terms, rows: npt.NDArray[np.int64]) -> Terms:
    return Terms(*(np.asarray(part)[rows][:, None] for part in terms))


def _wide(terms: Terms, rows: npt.NDArray[np.int64]) -> Terms:
    return Terms(*(np.asarray(part)[rows][:, None, None] for part in terms))


def _one(terms: Terms, row: int) -> Terms:
    return Terms(*(float(np.asarray(part)[row]) for part in terms))
