"""Scaling: modelled efficiency of larger clusters against measured, and the fit of the constants that it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costlib.models.scaling import CALIBRATED, Calibration, Cluster, compute_at_batch, compute_seconds_of, step_seconds
from costlib.tables import Snapshot
from costlib.units import BYTES_PER_GB, gbps_to_bytes_per_second

Floats = NDArray[np.float64]

#: The constants are sought on this grid: round numbers, as the rows tell them apart no more finely.
GRID: Mapping[str, tuple[float, ...]] = {
    "link_efficiency": (0.4, 0.6, 0.8),
    "network_efficiency": (0.2, 0.25, 0.3, 0.4),
    "overlap_fraction": (0.25, 0.4, 0.5, 0.7),
    "straggler_fraction": (0.0, 0.005, 0.01, 0.015),
    "fixed_step_seconds": (0.002, 0.004, 0.006, 0.008),
}
#: Below this loss of throughput, rows show the noise of measuring; above it, how wrong the modelled loss is.
SMALL_LOSS = 0.05
#: Bytes of a gradient as it is sent.
GRADIENT_BYTES = {"fp32": 4.0, "tf32": 4.0, "amp": 2.0, "fp16": 2.0, "bf16": 2.0}


@dataclass(frozen=True)
class ScalingCheck:
    """How the scaling model fares against every measured row.

    ``rows``: the measured rows with ``predicted``, ``low``, ``high``, ``error`` (predicted over measured, less 1),
    ``inside`` (measured between low and high), ``predicted_left_out``, ``error_left_out`` and ``inside_left_out``
    (constants fitted without the rows of the same ``campaign``). ``summary``: one row a campaign and one of all,
    ``rows``, ``median_error``, ``mean_error`` and ``inside`` (shares), two of them ``_left_out``, and
    ``mean_error_if_perfect`` (of a model that says that nothing is lost).
    """

    rows: pd.DataFrame
    summary: pd.DataFrame


def measured(snapshot: Snapshot) -> pd.DataFrame:
    """facts/scaling_runs with ``campaign``: who measured, by the links of the machines where they differ."""
    table = snapshot.read("facts/scaling_runs")
    by = table["measured_by"].astype(object)
    one_machine = by.str.startswith("Lambda")
    table["campaign"] = by.mask(one_machine, "Lambda, " + table["link"].astype(object))
    return table


def predicted_efficiency(table: pd.DataFrame, calibration: Calibration = CALIBRATED) -> tuple[Floats, Floats, Floats]:
    """Low, expected and high efficiency of each row against its own base run, from facts/scaling_runs' columns."""
    message = (table["parameters"] * table["precision"].map(GRADIENT_BYTES)).to_numpy(float)
    sharded = table["sharded"].to_numpy(bool)
    base_step = table["base_step_seconds"].to_numpy(float)
    base_count, count = table["base_accelerators"].to_numpy(float), table["accelerators"].to_numpy(float)
    ratio = (table["batch"].to_numpy(float) / count) / (table["base_batch"].to_numpy(float) / base_count)
    compute = compute_seconds_of(base_step, message, _cluster(table, "base_"), sharded, calibration)
    compute = compute_at_batch(compute, ratio, calibration.fixed_step_seconds)
    step = step_seconds(compute, message, _cluster(table, ""), sharded, calibration)
    expected = ratio * base_step / step.expected
    # The band of the ratio of the two runs' steps; both are noisy, and the ratio may exceed 1 by it.
    slower = 1.0 / expected
    half = calibration.half_band(1.0, slower - 1.0)
    return 1.0 / (slower + half), expected, 1.0 / (slower - half)


def _cluster(table: pd.DataFrame, prefix: str) -> Cluster:
    nodes = table[f"{prefix}nodes"].to_numpy(float)
    return Cluster(
        table[f"{prefix}accelerators"].to_numpy(float) / nodes,
        nodes,
        table["link_gb_s"].to_numpy(float) * BYTES_PER_GB,
        gbps_to_bytes_per_second(table["network_gbps"].to_numpy(float)),
    )


class Fits:
    """Every calibration of GRID against every row, so that fits without some rows cost nothing more."""

    def __init__(self, table: pd.DataFrame):
        self.table = table
        self.candidates = [
            replace(CALIBRATED, **dict(zip(GRID, values, strict=True))) for values in product(*GRID.values())
        ]
        expected = np.array([predicted_efficiency(table, candidate)[1] for candidate in self.candidates])
        self._errors = np.abs(np.log(expected / table["efficiency"].to_numpy(float)))
        # Campaigns of one kind of machine and job count alike, however many rows they have; MLPerf's are one kind.
        kind = table["campaign"].str.replace(r"^MLPerf .*", "MLPerf", regex=True)
        self._weights = (1.0 / kind.groupby(kind).transform("size")).to_numpy(float)

    def best(self, *left_out: str) -> Calibration:
        """The calibration with the least weighted mean of |log(predicted / measured)| over the other campaigns.

        A mean of absolute errors: single bad rows do not pull it. Ties go to the first in GRID's order.
        """
        used = ~self.table["campaign"].isin(left_out).to_numpy()
        return self.candidates[int(np.argmin((self._errors * self._weights)[:, used].sum(axis=1)))]

    def without(self, campaign: str | None = None) -> Calibration:
        """The best calibration without one campaign, and an 80 % band.

        The band is made of errors of campaigns that had no part in the fit: each of the others is predicted by what
        the rest of them give. Four of five (weighted) lie within it, at small losses and at large.
        """
        away = () if campaign is None else (campaign,)
        modelled = np.full(len(self.table), np.nan)
        for other in set(self.table["campaign"]) - set(away):
            mine = (self.table["campaign"] == other).to_numpy()
            modelled[mine] = 1.0 / predicted_efficiency(self.table[mine], self.best(other, *away))[1] - 1.0
        off = np.abs(1.0 / self.table["efficiency"].to_numpy(float) - 1.0 - modelled)
        noise = self._four_of_five(off, modelled < SMALL_LOSS)
        rest = np.sqrt(np.maximum(off**2 - noise**2, 0.0))
        spread = self._four_of_five(rest / modelled, modelled >= SMALL_LOSS)
        return replace(self.best(*away), noise_fraction=round(noise, 3), loss_spread_fraction=round(spread, 2))

    def _four_of_five(self, values: Floats, chosen: NDArray[np.bool_]) -> float:
        weights = self._weights[chosen]
        return float(np.quantile(values[chosen], 0.8, weights=weights, method="inverted_cdf"))


def check(snapshot: Snapshot) -> ScalingCheck:
    """Predicted against measured efficiency of each row, with the shipped constants and with its campaign left out."""
    rows = measured(snapshot)
    low, expected, high = predicted_efficiency(rows)
    actual = rows["efficiency"].to_numpy(float)
    rows["predicted"], rows["low"], rows["high"] = expected, low, high
    rows["error"] = expected / actual - 1.0
    rows["inside"] = (actual >= low) & (actual <= high)
    fits = Fits(rows)
    for campaign in rows["campaign"].unique():
        mine = (rows["campaign"] == campaign).to_numpy()
        without = predicted_efficiency(rows[mine], fits.without(campaign))
        rows.loc[mine, "predicted_left_out"] = without[1]
        rows.loc[mine, "inside_left_out"] = (actual[mine] >= without[0]) & (actual[mine] <= without[2])
    rows["error_left_out"] = rows["predicted_left_out"] / actual - 1.0
    groups = [*rows.groupby("campaign"), ("all", rows)]
    summary = pd.DataFrame([{"campaign": name, **_summary(group)} for name, group in groups])
    return ScalingCheck(rows, summary)


def _summary(rows: pd.DataFrame) -> dict[str, float]:
    return {
        "rows": len(rows),
        "median_error": float(rows["error"].abs().median()),
        "mean_error": float(rows["error"].abs().mean()),
        "inside": float(rows["inside"].mean()),
        "mean_error_left_out": float(rows["error_left_out"].abs().mean()),
        "inside_left_out": float(rows["inside_left_out"].astype(bool).mean()),
        "mean_error_if_perfect": float((1.0 / rows["efficiency"] - 1.0).abs().mean()),
    }


def nearest_in_kind(
    snapshot: Snapshot, kind: str, accelerator: str, parameters: float, nvlink: bool, most: int = 24
) -> pd.DataFrame:
    """The measured rows most like a run, with ``predicted``, ``low``, ``high`` of each row's own model and machines.

    Rows of the same ``kind`` (strong or weak) and the same link if any are held, else of the same kind; of these the
    ``most`` nearest by powers of ten between the sizes of the models, and half a power for another accelerator.
    """
    rows = measured(snapshot)
    rows = rows[rows["kind"] == kind]
    same = rows[rows["link"] == ("nvlink" if nvlink else "pcie")]
    rows = rows if same.empty else same
    apart = np.abs(np.log10(rows["parameters"].to_numpy(float) / parameters))
    apart = apart + 0.5 * (rows["accelerator"] != accelerator).to_numpy(float)
    rows = rows.iloc[np.argsort(apart, kind="stable")[:most]].reset_index(drop=True)
    rows["low"], rows["predicted"], rows["high"] = predicted_efficiency(rows)
    rows["inside"] = (rows["efficiency"] >= rows["low"]) & (rows["efficiency"] <= rows["high"])
    return rows
