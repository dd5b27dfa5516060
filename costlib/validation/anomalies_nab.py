"""Anomalies within a day, on AWS series of the Numenta Anomaly Benchmark by one alert rule for all detectors.

Parameters are the same for every series. They lie in the middle of a flat optimum on these series; what they score when
they are chosen for each series from the others stands beside.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.models.anomalies_hours import SeenRule, judge_hours
from costlib.tables import Snapshot
from costlib.validation.anomalies import combinations

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: The best of the published detectors, whose F1 is to be reached.
BEST_PUBLISHED = "numenta"
#: Samples are five minutes apart; the first 15 %, at most so many, do not count.
STEPS_PER_DAY, PROBATION_FRACTION, PROBATION_MOST = 288, 0.15, 750
#: Minutes between flagged samples of one alert.
JOINED_MINUTES = 60
#: What the choices without a series are made from.
CHOICES = {"beyond_fraction": (0.1, 0.15, 0.2, 0.25, 0.3), "least_fraction": (0.0, 0.05, 0.1)}


class NabSeries(NamedTuple):
    """``minutes`` from the first sample and ``value`` (samples,); ``windows`` as first and last minute."""

    name: str
    minutes: npt.NDArray[np.int64]
    value: Floats
    windows: list[tuple[float, float]]


def nab_held(snapshot: Snapshot) -> list[NabSeries]:
    """series/nab_series as arrays."""
    found = []
    for row in snapshot.read("series/nab_series").fillna({"windows": ""}).itertuples():
        runs = [run.split("*") for run in str(row.gap_minutes).split()]
        gaps = np.repeat([int(minutes) for minutes, _ in runs], [int(times) for _, times in runs])
        start = pd.Timestamp(str(row.first_sample))
        pairs = [text.split("/") for text in str(row.windows).split()]
        windows = [tuple((pd.Timestamp(edge) - start) / pd.Timedelta(minutes=1) for edge in pair) for pair in pairs]
        value = np.array(str(row.value).split(), float)
        minutes = np.concatenate([[0], np.cumsum(gaps)]).astype(np.int64)
        found.append(NabSeries(str(row.series), minutes, value, [(first, last) for first, last in windows]))
    return found


def nab_flags(series: Iterable[NabSeries], rule: SeenRule | None = None) -> list[Bools]:
    """The flagged samples of each series; of samples in one step the largest is judged."""
    flagged = []
    for one in series:
        step = np.rint(one.minutes / (24 * 60 / STEPS_PER_DAY)).astype(int)
        grid = np.full(step[-1] + 1, -np.inf)
        np.maximum.at(grid, step, one.value)
        verdict = judge_hours(np.where(np.isinf(grid), np.nan, grid)[None], STEPS_PER_DAY, rule).verdict[0]
        flagged.append(np.asarray(verdict[step] != 0))
    return flagged


def nab_counts(one: NabSeries, flags: Bools) -> dict[str, int]:
    """By the alert rule: ``alerts, false_alerts, windows_hit, windows`` of one series."""
    counted = flags.copy()
    counted[: min(int(PROBATION_FRACTION * len(flags)), PROBATION_MOST)] = False
    at = one.minutes[counted]
    new = np.concatenate([[True], np.diff(at) > JOINED_MINUTES]) if len(at) else np.zeros(0, bool)
    alerts = [(part[0], part[-1]) for part in np.split(at, np.flatnonzero(new)[1:])] if len(at) else []
    meets = np.array([[first <= end and last >= begin for begin, end in one.windows] for first, last in alerts], bool)
    meets = meets.reshape(len(alerts), len(one.windows))
    return {
        "alerts": len(alerts),
        "false_alerts": int((~meets.any(axis=1)).sum()),
        "windows_hit": int(meets.any(axis=0).sum()),
        "windows": len(one.windows),
    }


def nab_scores(counts: Iterable[dict[str, int]]) -> dict[str, float]:
    """``precision`` of alerts, ``recall`` of windows, ``f1``, and the sums of the counts."""
    total = {str(name): int(value) for name, value in pd.DataFrame(counts).sum().items()}
    precision = (total["alerts"] - total["false_alerts"]) / max(total["alerts"], 1)
    recall = total["windows_hit"] / max(total["windows"], 1)
    both = precision + recall
    return {"precision": precision, "recall": recall, "f1": 2 * precision * recall / both if both else 0.0, **total}


def nab_check(snapshot: Snapshot) -> pd.DataFrame:
    """series/nab_detectors with two rows before: ``seen`` (the model), and ``seen_left_out``, where the CHOICES
    for each series are those that are best on the others."""
    series = nab_held(snapshot)

    def counts(rule: SeenRule | None) -> list[dict[str, int]]:
        return [nab_counts(one, flags) for one, flags in zip(series, nab_flags(series, rule), strict=True)]

    chosen = [counts(SeenRule(**choice)) for choice in combinations(CHOICES)]  # type: ignore[arg-type]
    without = []
    for at in range(len(series)):
        others = [nab_scores(each[:at] + each[at + 1 :])["f1"] for each in chosen]
        without.append(chosen[int(np.argmax(others))][at])
    ours = {"seen": nab_scores(counts(None)), "seen_left_out": nab_scores(without)}
    rows = [{"detector": name, "kind": "ours", **scores} for name, scores in ours.items()]
    return pd.concat([pd.DataFrame(rows), snapshot.read("series/nab_detectors")], ignore_index=True)
