"""The cheapest way down S3's classes: a shortest path over days of age and classes, exact for prices a unit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from costlib.errors import Fault, InvalidInput
from costlib.models.storage import (
    CLASSES,
    MOVES,
    STANDARD,
    TIERING,
    ClassTerms,
    Population,
    Stored,
    billed_gib,
    tiering_shares,
    use_per_gib_day,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NO_WAY = "cannot hold this: its reads would wait longer than they may, or no rule may move objects there in time"


@dataclass(frozen=True)
class Policy:
    """Classes, each with the age in days at which objects enter it; the first is what they are uploaded to."""

    steps: tuple[tuple[str, int], ...]

    @property
    def name(self) -> str:
        """``STANDARD, then STANDARD_IA from day 30``."""
        first, *rest = self.steps
        return ", then ".join([first[0], *(f"{name} from day {day}" for name, day in rest)])


@dataclass(frozen=True)
class Found:
    """The cheapest policy, and its USD at the unit prices that were searched with."""

    policy: Policy
    usd: float


@dataclass(frozen=True)
class _Edges:
    """USD of one class between days of the grid, (n, n): of staying from i to j, of entering at i, of leaving at j."""

    stay: Floats
    enter: Floats
    leave: Floats


def cheapest(
    terms: Mapping[str, ClassTerms],
    stored: Stored,
    days: Sequence[int] | None = None,
    uploads: Iterable[str] = (STANDARD,),
    kept: Iterable[str] | None = None,
) -> Found:
    """The policy of least cost among all that move on some of ``days`` (default: every day of age).

    f(k, j) = min over i and k' of f(k', i) + cost of k from i to j, where k' leads to k (storage.MOVES). The cost of
    a stay is its storage, its reads, the requests that enter it, and what the class's least duration charges where
    it is left. Arrays over (i, j) for each class. A class from which a read would wait longer than it may is not
    used where it is read. ``kept``: classes in which objects may stay (default: all); others are only passed on the
    first day. Raises InvalidInput if no class will do.
    """
    grid = _grid(stored, days)
    order = [name for name in CLASSES if name in terms]
    allowed_first = set(uploads)
    may_stay = set(terms if kept is None else kept)
    last = len(grid) - 1
    best: dict[str, Floats] = {}
    came: dict[str, tuple[Ints, Ints]] = {}
    for number, name in enumerate(order):
        edges = _edges(terms[name], terms[STANDARD], stored, grid)
        usable = _usable(terms[name], grid)
        first = np.full(last + 1, np.inf)
        if name not in may_stay:
            usable = np.zeros_like(usable)
        if name in allowed_first:
            first = np.where(usable[0], _put(terms[name], stored) + edges.stay[0] + edges.leave[0], np.inf)
            # A move on the first day leaves STANDARD at once.
            first[0] = _put(terms[name], stored) if name == STANDARD else np.inf
        arrive, origin = np.full(last + 1, np.inf), np.full(last + 1, -1)
        for other in range(number):
            if name in MOVES[order[other]]:
                better = best[order[other]] < arrive
                arrive, origin = np.where(better, best[order[other]], arrive), np.where(better, other, origin)
        arrive[grid < terms[name].least_age_days] = np.inf
        paths = np.where(usable, arrive[:, None] + edges.enter + edges.stay + edges.leave, np.inf)
        via = paths.argmin(axis=0)
        moved = paths[via, np.arange(last + 1)]
        best[name] = np.minimum(first, moved)
        came[name] = (np.where(first <= moved, -1, via), origin)
    name = min(order, key=lambda one: best[one][last])
    usd = float(best[name][last])
    if not np.isfinite(usd):
        raise InvalidInput([Fault("classes", ", ".join(sorted(may_stay)), NO_WAY)])
    return Found(Policy(_walk(came, order, name, grid)), usd)


def _walk(
    came: Mapping[str, tuple[Ints, Ints]], order: Sequence[str], name: str, grid: Ints
) -> tuple[tuple[str, int], ...]:
    """From the last day back to the first."""
    at, steps = len(grid) - 1, []
    while (via := int(came[name][0][at])) >= 0:
        steps.append((name, int(grid[via])))
        name, at = order[int(came[name][1][via])], via
    return ((name, 0), *reversed(steps))


def _grid(stored: Stored, days: Sequence[int] | None) -> Ints:
    every = np.arange(stored.ages + 1) if days is None else np.asarray(days, int)
    inside = every[(every >= 0) & (every <= stored.ages)]
    return np.unique(np.concatenate([[0], inside, [stored.ages]]))


def _usable(terms: ClassTerms, grid: Ints) -> NDArray[np.bool_]:
    """Which stays from i to j a rule may make: forward, and long enough where they end in another move."""
    wide = grid[None, :] - grid[:, None]
    ends = np.arange(len(grid)) == len(grid) - 1
    return (wide > 0) & ((wide >= terms.stay_days) | ends[None, :])


def _put(terms: ClassTerms, stored: Stored) -> float:
    """USD of uploading everything into a class, and of moving what lies in STANDARD already."""
    usd = 0.0
    for one in stored.populations:
        objects = one.gib[one.start_days] * stored.objects_per_gib
        if not one.exist:
            usd += objects * terms.price("puts")
        elif terms.name != STANDARD:
            usd += objects * terms.price("transitions")
    return float(usd)


def _edges(terms: ClassTerms, standard: ClassTerms, stored: Stored, grid: Ints) -> _Edges:
    per_day, late = _per_gib_day(terms, standard, stored)
    shape = (len(grid), len(grid))
    stay, enter, leave = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for one in stored.populations:
        gib, enters = one.gib[: stored.ages], np.maximum(grid, one.start_days)
        if terms.name == TIERING:
            by_age = _running(gib * (per_day + _tiering_usd(terms, stored, enters)))
            stay += by_age[:, grid] - np.take_along_axis(by_age, grid[:, None], axis=1)
        else:
            by_age = _running(gib * per_day)
            stay += by_age[grid][None, :] - by_age[grid][:, None]
        waits = _running(late & (gib > 0))
        stay[waits[grid][None, :] > waits[grid][:, None]] = np.inf
        # What exists already skips a class that it is too old for.
        passes = grid[None, :] > one.start_days
        objects = one.gib[np.minimum(enters, stored.ages)] * stored.objects_per_gib
        enter += np.where(passes, (objects * terms.price("transitions"))[:, None], 0.0)
        leave += _early(terms, stored, one, enters, grid) * passes
    return _Edges(stay, enter, leave)


def _early(terms: ClassTerms, stored: Stored, one: Population, enters: Ints, grid: Ints) -> Floats:
    missing = np.maximum(terms.min_days - (grid[None, :] - enters[:, None]), 0)
    return np.asarray(missing * one.gib[grid][None, :] * billed_gib(terms, stored) * terms.price("storage"), float)


def _per_gib_day(terms: ClassTerms, standard: ClassTerms, stored: Stored) -> tuple[Floats, NDArray[np.bool_]]:
    """USD of a GiB at each age, but for the storage of Intelligent-Tiering; and where a read would wait too long."""
    use = use_per_gib_day(terms, stored)
    usd = np.zeros(stored.ages)
    for meter, amount in use.items():
        if meter in ("overhead", "restored_copies"):
            usd = usd + amount * standard.price("storage")
        elif meter != "storage" or terms.name != TIERING:
            usd = usd + amount * terms.price(meter)
    return usd, (use["retrieval"] > 0) & (stored.wait_hours < terms.wait_hours)


def _tiering_usd(terms: ClassTerms, stored: Stored, enters: Ints) -> Floats:
    infrequent, archived = tiering_shares(terms, stored, enters)
    return np.asarray(
        (1.0 - infrequent - archived) * terms.price("storage")
        + infrequent * terms.price("storage_infrequent")
        + archived * terms.price("storage_archive_instant"),
        float,
    )


def _running(amounts: NDArray) -> Floats:
    """Sums up to each age along the last axis, from 0."""
    first = np.zeros((*amounts.shape[:-1], 1))
    return np.concatenate([first, np.cumsum(amounts, axis=-1)], axis=-1)
