"""Waiting for spot capacity by asking again: schedules side by side on the gaps that were recorded."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from costlib.facts.spot_traces import SpotTraces
from costlib.models.backoff import Backoff, recorded_gaps, until_had, waits
from costlib.units import MINUTES_PER_HOUR, SECONDS_PER_HOUR

SECONDS_PER_MINUTE = SECONDS_PER_HOUR / MINUTES_PER_HOUR
#: Schedules that people use: the name says first wait, growth and longest wait.
SCHEDULES: Mapping[str, Backoff] = MappingProxyType(
    {
        "every minute": Backoff(60.0, 1.0, 60.0),
        "every 10 minutes": Backoff(600.0, 1.0, 600.0),
        "doubling, 1 to 10 minutes": Backoff(60.0, 2.0, 600.0),
        "doubling, 1 minute to 1 hour": Backoff(60.0, 2.0, 3600.0),
        "doubling, 1 minute to 1 hour, full jitter": Backoff(60.0, 2.0, 3600.0, jitter=1.0),
    }
)
COLUMNS = (
    "schedule", "wait_minutes", "wait_minutes_p90", "late_minutes", "missed_fraction", "calls", "calls_p90", "gaps",
)  # fmt: skip
RULE = (
    "recorded gaps of all held traces (AWS and Google Cloud, 2022 to 2025), each trace counting the same; gaps and"
    " returns are known to a trace's step, half a minute to ten minutes"
)


def by_schedule(traces: SpotTraces, own: Backoff | None = None, seed: int = 0) -> pd.DataFrame:
    """What each of SCHEDULES, and ``own`` as "yours", comes to on every recorded gap; columns: COLUMNS.

    ``wait_minutes``: from the beginning of a gap to the call that found capacity, through later gaps where a return was
    missed; ``late_minutes``: from capacity's return to the call that got it; ``missed_fraction``: of returns that were
    over before a call; ``calls``: until capacity was had. Jitter is drawn with ``seed``: the same question has the same
    answer.
    """
    table = traces.table.drop_duplicates(["campaign", "run_lengths"])
    held = [(traces.of(name), traces.step_hours(name)) for name in table["trace"]]
    schedules = {**SCHEDULES, **({} if own is None else {"yours": own})}
    return pd.DataFrame([_row(name, schedule, held, seed) for name, schedule in schedules.items()])[list(COLUMNS)]


def _row(name: str, schedule: Backoff, held: list[tuple[np.ndarray, float]], seed: int) -> dict[str, object]:
    rng = np.random.default_rng(seed) if schedule.jitter else None
    parts = []
    for flags, step_hours in held:
        gap, stay = recorded_gaps(flags, step_hours)
        if len(gap):
            returned = waits(gap, stay, schedule, rng)
            # Gaps that capacity never came back from are no part of either.
            had = until_had(flags, step_hours, schedule, rng)
            seconds, calls = had.wait_seconds[: len(gap)], had.calls[: len(gap)]
            late = np.where(returned.met, returned.late_seconds, np.nan)
            parts.append(np.array([seconds, late, ~returned.met, calls, np.full(len(gap), 1.0 / len(gap))]))
    wait, late, missed, calls, weight = np.concatenate(parts, axis=1)
    return {
        "schedule": name,
        "wait_minutes": _mean(wait, weight) / SECONDS_PER_MINUTE,
        "wait_minutes_p90": _quantile(wait, weight, 0.9) / SECONDS_PER_MINUTE,
        "late_minutes": _mean(late, weight) / SECONDS_PER_MINUTE,
        "missed_fraction": _mean(missed, weight),
        "calls": _mean(calls, weight),
        "calls_p90": _quantile(calls, weight, 0.9),
        "gaps": len(wait),
    }


def _mean(values: np.ndarray, weights: np.ndarray) -> float:
    known = ~np.isnan(values)
    return float(np.average(values[known], weights=weights[known]))


def _quantile(values: np.ndarray, weights: np.ndarray, share: float) -> float:
    known = ~np.isnan(values)
    order = np.argsort(values[known], kind="stable")
    reached = np.cumsum(weights[known][order]) / weights[known].sum()
    return float(values[known][order][np.searchsorted(reached, share)])
