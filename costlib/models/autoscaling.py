"""Target tracking replayed on traffic: what it would have cost, when it would have been late, how often it turned.

The rule, as Application Auto Scaling's alarms do it: the metric is the load of one instance in service. Above the
target for ``high_minutes`` in a row it scales out, below ``low_fraction`` of it for ``low_minutes`` in a row it scales
in; both to the instances that bring the metric to the target, scaling in by the highest load of its window, and only
where fewer instances hold the target. A scale-out's cooldown counts from its beginning for the next one, and from when
its instances are in service for a scale-in; a scale-in's keeps the next one waiting. While instances start, nothing
else is begun, and the windows of the alarms begin anew when the number in service has changed.

The replay leaps from one activity to the next: a year of minutes is some thousand steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.models.checks import not_negative, positive

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: A scale-out so soon after a scale-in undoes it.
THRASH_MINUTES = 30
_BLOCK = 512


class Policy(NamedTuple):
    """Target tracking: requests a minute of one instance to hold, cooldowns, and the bounds of the fleet."""

    target_per_minute: float
    scale_out_cooldown_seconds: float
    scale_in_cooldown_seconds: float
    least: int
    most: int


class Terms(NamedTuple):
    """How the service behaves: alarms of 3 and 15 minutes, the low one at 90 % of the target; the metric comes late;
    an instance takes ``start_minutes`` to be in service."""

    start_minutes: int = 10
    delay_minutes: int = 1
    high_minutes: int = 3
    low_minutes: int = 15
    low_fraction: float = 0.9


@dataclass(frozen=True)
class Replay:
    """``in_service`` and ``billed`` instances (minutes,); activities as their minute and the count they went to."""

    in_service: Ints
    billed: Ints
    activity_minute: Ints
    activity_to: Ints
    activity_out: npt.NDArray[np.bool_]

    @property
    def instance_hours(self) -> float:
        """Billed instance-hours, those of starting instances among them."""
        return float(self.billed.sum()) / 60.0

    @property
    def thrashes(self) -> int:
        """Scale-outs within half an hour of a scale-in: each undoes it."""
        pairs = ~self.activity_out[:-1] & self.activity_out[1:]
        return int((pairs & (np.diff(self.activity_minute) <= THRASH_MINUTES)).sum())

    def late_minutes(self, per_minute: npt.ArrayLike, kept_per_minute: float) -> npt.NDArray[np.bool_]:
        """The minutes (minutes,) whose load was more than the instances in service may get."""
        return np.asarray(per_minute, float) > self.in_service * kept_per_minute * (1 + 1e-9)


@dataclass(frozen=True)
class Load:
    """Requests a minute (minutes,), with what the alarms' windows see of them."""

    per_minute: Floats
    terms: Terms
    high: Floats
    low: Floats

    @classmethod
    def of(cls, per_minute: npt.ArrayLike, terms: Terms | None = None) -> Load:
        """Prepares a series for replays. Raises InvalidInput for negative or no loads, and terms below their least."""
        load, own = not_negative("per_minute", per_minute, bounded=True), terms or Terms()
        least = {"start_minutes": 0, "delay_minutes": 0, "high_minutes": 1, "low_minutes": 1}
        faults = [
            Fault(name, getattr(own, name), f"must be a whole number from {bound}")
            for name, bound in least.items()
            if getattr(own, name) < bound or getattr(own, name) != int(getattr(own, name))
        ]
        if not 0 < own.low_fraction <= 1:
            faults.append(Fault("low_fraction", own.low_fraction, "must be above 0 and at most 1"))
        if load.ndim != 1 or not len(load):
            faults.append(Fault("per_minute", load.shape, "must be one row of numbers, and not empty"))
        if faults:
            raise InvalidInput(faults)
        seen = own.delay_minutes
        high = _windowed(load, own.high_minutes, seen, np.minimum, -np.inf)
        low = _windowed(load, own.low_minutes, seen, np.maximum, np.inf)
        return cls(load, own, high, low)


def replayed(load: Load, policy: Policy) -> Replay:
    """A policy on a load, from the count that its first minute wants. Raises InvalidInput."""
    _refuse(policy)
    terms, target = load.terms, policy.target_per_minute
    minutes = len(load.per_minute)
    out_wait, in_wait = (-(-seconds // 60) for seconds in policy[1:3])
    now, number = 0, _bounded(load.per_minute[0] / target, policy)
    ready_high, ready_low = 0, 0
    minute: list[int] = []
    to: list[int] = []
    out: list[bool] = []
    in_service, billed = np.empty(minutes, np.int64), np.empty(minutes, np.int64)
    filled = paid = 0
    while True:
        high_at = terms.high_minutes + terms.delay_minutes + now
        low_at = terms.low_minutes + terms.delay_minutes + now
        at, is_out = _next(
            load,
            max(high_at, ready_high),
            max(low_at, ready_low),
            number * target if number < policy.most else np.inf,
            min(terms.low_fraction * number, (number - 1) * (1 + 1e-9)) * target if number > policy.least else -np.inf,
        )
        if at >= minutes:
            break
        at_target = (load.per_minute[at - 1 - terms.delay_minutes] if is_out else load.low[at]) / target
        wanted = _bounded(at_target, policy)
        wanted = max(wanted, number + 1) if is_out else min(wanted, number - 1)
        begins = min(at + terms.start_minutes, minutes) if is_out else at
        in_service[filled:begins], billed[paid:at] = number, number
        filled, paid = begins, at
        minute.append(at)
        to.append(wanted)
        out.append(is_out)
        number, now = wanted, begins
        if is_out:
            ready_high = at + int(out_wait)
            ready_low = max(ready_low, begins + int(out_wait))
        else:
            ready_low = at + int(in_wait)
    in_service[filled:], billed[paid:] = number, number
    return Replay(in_service, billed, np.array(minute, np.int64), np.array(to, np.int64), np.array(out, bool))


def _next(load: Load, high_from: int, low_from: int, above: float, below: float) -> tuple[int, bool]:
    """The minute of the next activity and whether it scales out: the first window above or below a load; beyond the
    end where there is none."""
    minutes = len(load.per_minute)
    first = min(high_from, low_from)
    while first < minutes:
        last = min(first + _BLOCK, minutes)
        outs = _first(load.high[max(first, high_from) : last] > above * (1 + 1e-12), last)
        ins = _first(load.low[max(first, low_from) : last] < below, last)
        if min(outs, ins) < last:
            return min(outs, ins), outs <= ins
        first = last
    return minutes, False


def _first(wanted: npt.NDArray[np.bool_], last: int) -> int:
    """The minute of the first that is true, of those that end before ``last``; ``last`` where none is."""
    at = int(wanted.argmax()) if len(wanted) else 0
    return last - len(wanted) + at if len(wanted) and wanted[at] else last


def _windowed(values: Floats, width: int, delay: int, least: np.ufunc, empty: float) -> Floats:
    """The least (or most) of the ``width`` values that end ``delay`` before each; ``empty`` where there are fewer."""
    found = np.full(len(values), empty)
    size = len(values) - width - delay
    if size > 0:
        window = values[:size].copy()
        for step in range(1, width):
            least(window, values[step : step + size], out=window)
        found[width + delay :] = window
    return found


def _bounded(instances: float, policy: Policy) -> int:
    return int(min(max(np.ceil(instances - 1e-9), policy.least), policy.most))


def _refuse(policy: Policy) -> None:
    faults: list[Fault] = []
    for name, checked in (
        ("target_per_minute", positive),
        ("scale_out_cooldown_seconds", not_negative),
        ("scale_in_cooldown_seconds", not_negative),
    ):
        try:
            checked(name, getattr(policy, name), bounded=True)
        except InvalidInput as error:
            faults += error.faults
    if not 1 <= policy.least <= policy.most:
        faults.append(Fault("least", policy.least, f"must be 1 to {policy.most}, the most"))
    if faults:
        raise InvalidInput(faults)
