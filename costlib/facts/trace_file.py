"""A recorded availability trace from a JSON file of the user's own, checked: one flag a step on an even clock."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput, unknown
from costlib.units import SECONDS_PER_HOUR

Bools = npt.NDArray[np.bool_]

#: What the file may hold, in words for refusals.
SHAPES = (
    '{"gap_seconds": 600, "avail": [1, 0, …]}, {"metadata": {"gap_seconds": 600}, "data": [4, 0, …]} (how many were'
    ' there), or {"time": ["2026-01-05T00:00:00Z", …], "avail": [1, 0, …]}'
)
_KEYS = ("gap_seconds", "avail", "metadata", "data", "time")
#: Times may be off an even clock by so much of a step (clocks jitter).
JITTER = 0.01
_MOST_BYTES = 200_000_000
#: No sample counts more instances than this.
_MOST_INSTANCES = 1_000_000_000


@dataclass(frozen=True)
class TraceFile:
    """One trace: whether capacity was there in each step of ``step_seconds``, and the file's name."""

    name: str
    available: Bools
    step_seconds: float

    @property
    def step_hours(self) -> float:
        """Hours a step."""
        return self.step_seconds / SECONDS_PER_HOUR


def read_trace(path: str | os.PathLike[str], nodes: int | None = None) -> TraceFile:
    """Reads a trace (SHAPES). ``nodes``: of counts, how many must be there at once for capacity to be there.

    Raises InvalidInput with what is wrong: a file that cannot be read, unknown keys, gaps (null), mixed steps, counts
    without ``nodes``, nodes for flags.
    """
    name = Path(path).name
    try:
        if Path(path).stat().st_size > _MOST_BYTES:
            raise InvalidInput([Fault("trace", name, f"is larger than {_MOST_BYTES / 1e6:.0f} MB")])
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInput([Fault("trace", str(path), f"cannot be read: {error.strerror}")]) from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InvalidInput([Fault("trace", name, f"is not JSON: {error}")]) from None
    if not isinstance(content, Mapping):
        raise InvalidInput([Fault("trace", name, f"is not an object: give {SHAPES}")])
    faults = [unknown(f"trace.{key}", key, _KEYS, "key of a trace") for key in content if key not in _KEYS]
    if not faults and ("avail" in content) == ("data" in content):
        faults.append(Fault("trace", name, f"must hold either avail or data: give {SHAPES}"))
    step = None
    if not faults:
        step, problems = _step_seconds(content)
        faults += problems
    flags, problems = _flags(content, nodes) if not faults else (None, [])
    faults += problems
    if flags is None or step is None or faults:
        raise InvalidInput(faults)
    return TraceFile(name, flags, step)


def _step_seconds(content: Mapping[str, Any]) -> tuple[float | None, list[Fault]]:
    if "time" in content:
        return _even_step(content["time"], content.get("avail", content.get("data")))
    field, held = "trace.gap_seconds", content.get("gap_seconds")
    if "data" in content:
        field, meta = "trace.metadata.gap_seconds", content.get("metadata")
        held = meta.get("gap_seconds") if isinstance(meta, Mapping) else held
    if isinstance(held, bool) or not isinstance(held, int | float) or not (np.isfinite(held) and held > 0):
        return None, [Fault(field, held, "must be the seconds of a step, above 0; or give the time of each sample")]
    return float(held), []


def _even_step(times: Any, samples: Any) -> tuple[float | None, list[Fault]]:
    """The step of times (ISO 8601, or seconds), which must be even."""
    if not isinstance(times, list) or not isinstance(samples, list) or len(times) != len(samples) or len(times) < 2:
        return None, [Fault("trace.time", None, "must hold a time for each sample, and two or more of them")]
    seconds = np.empty(len(times))
    for place, one in enumerate(times):
        try:
            seconds[place] = float(one) if isinstance(one, int | float) else datetime.fromisoformat(one).timestamp()
        except (ValueError, TypeError):
            return None, [Fault(f"trace.time.{place}", one, "is neither ISO 8601 nor seconds")]
    steps = np.diff(seconds)
    step = float(np.median(steps))
    wrong = np.nonzero(~(np.abs(steps - step) <= JITTER * abs(step)) | (steps <= 0))[0]
    if len(wrong):
        problem = (
            f"seconds lie between samples {wrong[0]} and {wrong[0] + 1}, where the step is {step:.6g} s: the trace has"
            " gaps or mixed steps; cut it there, or sample it anew"
        )
        return None, [Fault(f"trace.time.{wrong[0] + 1}", float(steps[wrong[0]]), problem)]
    return step, []


def _flags(content: Mapping[str, Any], nodes: int | None) -> tuple[Bools | None, list[Fault]]:
    """Whether capacity was there, from flags or from counts."""
    key = "avail" if "avail" in content else "data"
    held = content[key]
    if not isinstance(held, list) or not held:
        return None, [Fault(f"trace.{key}", None, "must be a list with a sample a step, and not empty")]
    for place, one in enumerate(held):
        if one is None:
            return None, [Fault(f"trace.{key}.{place}", None, "is a gap in the trace: cut the trace there, or fill it")]
        if isinstance(one, str | list | dict) or not 0 <= one <= _MOST_INSTANCES or one != int(one):
            return None, [Fault(f"trace.{key}.{place}", one, "must be 0 or 1, or a count of instances")]
    counts = np.array(held, dtype=np.int64)
    if nodes is not None and nodes < 1:
        return None, [Fault("nodes", nodes, "must be at least 1")]
    if nodes is None and (counts > 1).any():
        place = int(np.argmax(counts > 1))
        problem = "is a count of instances, not 0 or 1: say how many must be there at once (--nodes)"
        return None, [Fault(f"trace.{key}.{place}", int(counts[place]), problem)]
    if nodes is not None and nodes > counts.max(initial=0) and counts.max(initial=0) <= 1 and nodes > 1:
        problem = "goes with counts of instances; this trace holds flags, 0 or 1"
        return None, [Fault("nodes", nodes, problem)]
    return counts >= (nodes or 1), []
