"""An endpoint that is switched off when idle and starts when a request waits: how long it is on, and who waits.

One server with set-up and delayed switching off, requests at random: from off, the first request starts it; while it
starts, further ones queue; it works the queue off, idles, and is switched off when nothing came for a while. By
regeneration at each switching off: of busy periods there are e**(rate x idle) on average, each of m / (1 - load), the
first with all that came during the start; idle times are cut off at the limit. Exact for the mean on-time of M/G/1.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from costlib.models.checks import not_negative, positive

Floats = npt.NDArray[np.float64]

#: e to this power is beyond any count of idle times that matters: the server is never off.
_NEVER_OFF = 60.0


def on_fraction(
    per_second: npt.ArrayLike, work_seconds: npt.ArrayLike, start_seconds: npt.ArrayLike, idle_seconds: npt.ArrayLike
) -> Floats:
    """The share of time that the server is on, its start among it (any shape that broadcasts); 1 from a load of 1 on.

    ``work_seconds``: of one request; ``idle_seconds``: how long it waits for the next before it is switched off.
    Raises InvalidInput.
    """
    rate, work, start, idle = np.broadcast_arrays(
        not_negative("per_second", per_second, bounded=True),
        positive("work_seconds", work_seconds, bounded=True),
        not_negative("start_seconds", start_seconds, bounded=True),
        not_negative("idle_seconds", idle_seconds, bounded=True),
    )
    load = rate * work
    periods = np.exp(np.minimum(rate * idle, _NEVER_OFF))
    with np.errstate(divide="ignore", invalid="ignore"):
        busy = (rate * start + periods) * work / (1.0 - load)
        # Each idle time lasts (1 - e**(-rate x idle)) / rate on average.
        idling = (periods - 1.0) / rate
        on = start + busy + idling
        found = on / (on + 1.0 / rate)
    found = np.where(rate == 0, 0.0, found)
    return np.where((load >= 1.0) | (rate * idle > _NEVER_OFF), 1.0, found)


def first_wait_fraction(per_second: npt.ArrayLike, start_seconds: npt.ArrayLike, on: npt.ArrayLike) -> Floats:
    """The share of requests that come while the server is off or starting, and wait for it: off-time and start over
    the cycle, as requests see time at random."""
    rate, start = not_negative("per_second", per_second), not_negative("start_seconds", start_seconds)
    off = 1.0 - not_negative("on", on)
    return np.asarray(np.minimum(off * (1.0 + rate * start), 1.0))
