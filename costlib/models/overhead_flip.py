"""Where the cheaper of two services changes: in closed form, with whole jobs and billing steps taken as smooth.

Billed hours are straight in job length and count, piece by piece: A + B units + C units hours, with units = jobs /
slots. Every two pieces cross once; the crossings at which both services really cost the same are the flips.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from costlib.models.checks import Floats, positive
from costlib.models.overhead import Terms, usd

#: Two costs are the same within this share: far below the cents of any set of jobs.
_SAME = 1e-9


def smooth_usd(terms: Terms, job_hours: npt.ArrayLike, jobs: npt.ArrayLike) -> Floats:
    """What overhead.usd is without steps: any number of jobs, spread evenly, billed to the instant."""
    t = Terms(*(np.asarray(part, float) for part in terms))
    hours, units = np.asarray(job_hours, float) * t.stretch, np.asarray(jobs, float) / t.slots
    groups = np.where(t.held > 0, np.minimum(t.lanes, units), units)
    each = units / groups
    busy = t.start_hours + each * hours + (each - 1.0) * t.warm_hours
    span = np.maximum(np.where(t.held > 0, np.maximum(busy, t.window_hours), busy) + t.tail_hours, t.minimum_hours)
    return t.fixed_usd + t.usd_per_hour * t.instances * groups * span


def flip_job_hours(one: Terms, other: Terms, jobs: npt.ArrayLike) -> Floats:
    """Hours of a job at which both cost the same, ascending along a last axis that is filled up with nan.

    Raises InvalidInput for counts that are not above zero.
    """
    number, one, other, shape = _flat(positive("jobs", jobs, bounded=True), one, other)
    lines = [(p, p.fixed_usd + rate * (a + b * number / p.slots), rate * c * number / p.slots)
             for p in (one, other) for rate, (a, b, c) in [_pieces(p)]]  # fmt: skip
    at = _crossing(lines[0][1], lines[0][2], lines[1][1], lines[1][2])
    return _real(at, lambda hours: [smooth_usd(terms, hours, number) for terms in (one, other)]).reshape(*shape, -1)


def flip_job_count(one: Terms, other: Terms, job_hours: npt.ArrayLike) -> Floats:
    """Jobs at which both cost the same, as a real number, ascending along a last axis that is filled up with nan.

    Raises InvalidInput for hours that are not above zero.
    """
    hours, one, other, shape = _flat(positive("job_hours", job_hours, bounded=True), one, other)
    lines = [(p, p.fixed_usd + rate * a, rate * (b + c * hours) / p.slots)
             for p in (one, other) for rate, (a, b, c) in [_pieces(p)]]  # fmt: skip
    at = _crossing(lines[0][1], lines[0][2], lines[1][1], lines[1][2])
    return _real(at, lambda number: [smooth_usd(terms, hours, number) for terms in (one, other)]).reshape(*shape, -1)


def flip_staff_usd(one: Terms, other: Terms, job_hours: npt.ArrayLike, jobs: npt.ArrayLike) -> Floats:
    """What running ``one`` may cost in people's time before ``other`` is as cheap; nan where it is dearer without any.

    ``fixed_usd`` of ``one`` is left out, and all else as it is: exact. Raises InvalidInput as overhead.billed.
    """
    room = usd(other, job_hours, jobs) - usd(one._replace(fixed_usd=0.0), job_hours, jobs)
    return np.where(room >= 0, room, np.nan)


def _flat(given: Floats, one: Terms, other: Terms) -> tuple[Floats, Terms, Terms, tuple[int, ...]]:
    """All in one column, with room for the pieces beside; and the shape they had."""
    wide = np.broadcast_arrays(given, *(np.asarray(part, float) for part in (*one, *other)))
    columns = [part.reshape(-1, 1) for part in wide]
    size = len(one)
    return columns[0], Terms(*columns[1 : 1 + size]), Terms(*columns[1 + size :]), wide[0].shape


def _pieces(t: Terms) -> tuple[Floats, tuple[Floats, Floats, Floats]]:
    """USD of an hour of all instances of a group, and A, B and C of each piece, one piece a column."""
    start, warm, tail, lanes, window, least, stretch = (
        np.asarray(part, float)
        for part in (t.start_hours, t.warm_hours, t.tail_hours, t.lanes, t.window_hours, t.minimum_hours, t.stretch)
    )
    zero, both, kept = np.zeros_like(start), start + tail, window + tail
    pieces = (
        (zero, both, zero + stretch),  # a group a unit
        (lanes * (both - warm), warm, zero + stretch),  # all lanes, kept as long as jobs go
        (lanes * kept, zero, zero),  # all lanes, kept for the window
        (zero, kept, zero),  # fewer than all, for the window
        (zero, least, zero),  # the least that a group is billed
        (lanes * least, zero, zero),
    )
    a, b, c = (np.concatenate([piece[part] for piece in pieces], axis=-1) for part in range(3))
    return np.asarray(t.usd_per_hour, float) * np.asarray(t.instances, float), (a, b, c)


def _crossing(base: Floats, slope: Floats, other_base: Floats, other_slope: Floats) -> Floats:
    """Where each piece of one crosses each of the other, a row of all of them."""
    with np.errstate(divide="ignore", invalid="ignore"):
        at = (other_base[:, None, :] - base[:, :, None]) / (slope[:, :, None] - other_slope[:, None, :])
    return at.reshape(len(base), -1)


def _real(at: Floats, costs_at: Callable[[Floats], Sequence[Floats]]) -> Floats:
    """The crossings above zero at which both cost the same, ascending, each once; then nan."""
    above = np.isfinite(at) & (at > 0)
    cost, other = costs_at(np.where(above, at, 1.0))
    same = above & (np.abs(cost - other) <= _SAME * np.maximum(np.abs(cost), np.abs(other)))
    found = np.sort(np.where(same, at, np.nan), axis=-1)
    again = np.diff(found, axis=-1) <= _SAME * found[:, 1:]
    found[:, 1:][again] = np.nan
    return np.sort(found, axis=-1)
