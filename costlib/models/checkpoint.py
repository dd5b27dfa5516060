"""How often to checkpoint, and how long a run takes when it is interrupted at random.

References: J. W. Young, "A first order approximation to the optimum checkpoint interval", CACM 17(9), 1974;
J. T. Daly, "A higher order estimate of the optimum checkpoint interval for restart dumps", FGCS 22, 2006.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def young_interval_hours(mtbi_hours: npt.ArrayLike, write_hours: npt.ArrayLike) -> Floats:
    """Hours of work between checkpoints that lose least, to first order: sqrt(2 write mtbi) (Young 1974).

    Any broadcastable shapes.  Holds while ``write_hours`` is well below ``mtbi_hours``.
    """
    return np.sqrt(2.0 * np.asarray(write_hours, dtype=float) * np.asarray(mtbi_hours, dtype=float))


def expected_hours(
    work_hours: npt.ArrayLike,
    interval_hours: npt.ArrayLike,
    write_hours: npt.ArrayLike,
    restart_hours: npt.ArrayLike,
    mtbi_hours: npt.ArrayLike,
) -> Floats:
    """Expected hours to finish ``work_hours`` with a checkpoint every ``interval_hours`` of work (Daly 2006).

    M exp(R/M) (exp((t + d)/M) - 1) W/t, with M = mtbi, R = restart, t = interval, d = write, W = work; the limit
    W (1 + d/t) where M is infinite.  Interruptions come at a constant rate, also during writes and restarts.
    Any broadcastable shapes; infinite where the exponent overflows: such a run will not finish.
    """
    work = np.asarray(work_hours, dtype=float)
    interval = np.asarray(interval_hours, dtype=float)
    write = np.asarray(write_hours, dtype=float)
    rate = 1.0 / np.asarray(mtbi_hours, dtype=float)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        segment = np.where(rate > 0, np.expm1((interval + write) * rate) / rate, interval + write)
        return np.exp(np.asarray(restart_hours, dtype=float) * rate) * segment * work / interval
