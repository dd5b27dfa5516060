"""Training time: predicted beside published, run by run, also with the run's own source left out of every fit."""

from __future__ import annotations

import numpy as np
import pandas as pd

from costlib.errors import InvalidInput
from costlib.planner.achieved_share import NUMERATORS, AchievedShares, publication_of
from costlib.planner.run_time import Run, RunTime, accelerator_hours
from costlib.planner.training_rate import TrainingRates
from costlib.tables import Snapshot

#: What the median error of the runs that can be checked must stay within, and the share of them inside the 80 % band.
MEDIAN_ERROR = 0.20
INSIDE = (0.75, 0.90)


def runs(snapshot: Snapshot, rows: pd.DataFrame | None = None) -> pd.DataFrame:
    """Each run of reference/published_runs (or ``rows`` like it) beside its prediction.

    Adds ``predicted_low_hours``, ``predicted_hours``, ``predicted_high_hours`` (accelerator-hours), ``error_fraction``
    (predicted over published, less 1), ``inside_band``, the same with ``_left_out`` (nothing of the run's own
    publication in any fit), ``rule``, ``publication``, and ``why_not`` where a run cannot be predicted. ``checked``:
    predicted, and marked ``check_use`` yes, or later (found after the fit was made).
    """
    table = (snapshot.read("reference/published_runs") if rows is None else rows).reset_index(drop=True)
    rates = TrainingRates.open(snapshot)
    without: dict[str, TrainingRates] = {}
    made = []
    for _, row in table.iterrows():
        publication = publication_of(str(row["source"]))
        if publication not in without:
            shares = rates.shares.without(publication)
            without[publication] = TrainingRates(rates.hardware, shares, rates.efficiency, rates.speedups)
        found, why_not = _predict(row, rates)
        left_out, _ = _predict(row, without[publication])
        made.append(
            {
                "publication": publication,
                **_columns(row, found, ""),
                **_columns(row, left_out, "_left_out"),
                "rule": "" if found is None else found.rule,
                "why_not": why_not,
            }
        )
    result = pd.concat([table, pd.DataFrame(made, index=table.index)], axis=1)
    result["checked"] = result["check_use"].isin(["yes", "later"]) & (result["why_not"] == "")
    return result


def later_runs(snapshot: Snapshot) -> pd.DataFrame:
    """The same of reference/later_runs: runs found after the fit was made, with no part in it."""
    return runs(snapshot, snapshot.read("reference/later_runs"))


def runs_summary(frame: pd.DataFrame) -> pd.DataFrame:
    """Of the checked runs by publication and over all: runs, median error, share inside, also ``_left_out``."""
    checked = frame[frame["checked"]]
    groups = [*checked.groupby("publication", sort=True), ("all", checked)]
    return pd.DataFrame(
        [
            {
                "publication": name,
                "runs": len(part),
                "median_absolute_error": part["error_fraction"].abs().median(),
                "median_error": part["error_fraction"].median(),
                "inside_band_fraction": part["inside_band"].mean(),
                "median_absolute_error_left_out": part["error_fraction_left_out"].abs().median(),
                "inside_band_fraction_left_out": part["inside_band_left_out"].mean(),
            }
            for name, part in groups
        ]
    )


def shares(snapshot: Snapshot) -> pd.DataFrame:
    """Each measured row of facts/achieved_flops in the fit beside the share predicted without its publication.

    Adds ``publication``, ``predicted_share``, ``predicted_low_share``, ``predicted_high_share``, ``error_fraction``
    (predicted over measured, less 1) and ``inside_band``.
    """
    fitted = AchievedShares.open(snapshot)
    table = fitted.rows.copy()
    table["publication"] = table["source"].map(publication_of)
    measured = table[NUMERATORS["model_flops"]].to_numpy(float)
    ends = np.full((3, len(table)), np.nan)
    for publication in table["publication"].unique():
        part = (table["publication"] == publication).to_numpy()
        rows = table[part]
        ends[:, part] = fitted.without(publication).shares(
            rows["accelerator"],
            rows["vendor_architecture"],
            (rows["precision"] == "fp8").to_numpy(),
            rows["parameters"].to_numpy(float),
            rows["accelerator_count"].to_numpy(float),
            rows["sequence_length"].to_numpy(float),
        )
    table["predicted_low_share"], table["predicted_share"], table["predicted_high_share"] = ends
    table["error_fraction"] = table["predicted_share"] / measured - 1.0
    table["inside_band"] = (measured >= ends[0]) & (measured <= ends[2])
    return table


def shares_summary(frame: pd.DataFrame) -> pd.DataFrame:
    """By publication left out: rows, median error, share inside the band; the last row is of all."""
    groups = [*frame.groupby("publication", sort=True), ("all", frame)]
    return pd.DataFrame(
        [
            {
                "publication": name,
                "rows": len(part),
                "median_absolute_error": part["error_fraction"].abs().median(),
                "median_error": part["error_fraction"].median(),
                "inside_band_fraction": part["inside_band"].mean(),
            }
            for name, part in groups
        ]
    )


def _predict(row: pd.Series, rates: TrainingRates) -> tuple[RunTime | None, str]:
    """The prediction of one row, or None and why there is none."""
    missing = [name for name in ("accelerator", "precision", "parameters", "tokens") if pd.isna(row[name])]
    if missing:
        return None, f"{', '.join(missing)} not stated"
    run = Run(
        accelerator=str(row["accelerator"]),
        precision=str(row["precision"]),
        parameters=float(row["parameters"]),
        tokens=float(row["tokens"]),
        accelerators=_count(row["accelerator_count"]),
        layers=_count(row["layers"]),
        hidden=_count(row["hidden"]),
        sequence_length=_count(row["sequence_length"]),
        method=str(row["method"]),
    )
    try:
        return accelerator_hours(run, rates), ""
    except InvalidInput as error:
        return None, str(error)


def _count(value: object) -> int | None:
    return None if pd.isna(value) else int(value)  # type: ignore[call-overload]


def _columns(row: pd.Series, found: RunTime | None, ending: str) -> dict[str, object]:
    low, middle, high = (np.nan,) * 3 if found is None else (found.low_hours, found.expected_hours, found.high_hours)
    published = float(row["accelerator_hours"])
    return {
        f"predicted_low_hours{ending}": low,
        f"predicted_hours{ending}": middle,
        f"predicted_high_hours{ending}": high,
        f"error_fraction{ending}": middle / published - 1.0,
        f"inside_band{ending}": bool(low <= published <= high),
    }
