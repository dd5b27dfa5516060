"""Batch size: the critical-batch rule against MLPerf's samples to target."""

from __future__ import annotations

import numpy as np
import pandas as pd

from costlib.models.batch import data_curve
from costlib.tables import Snapshot

#: The rule is also fitted to the rows of the smaller batches alone, up to this quantile, and asked for the rest.
SMALLER_BATCHES = 0.8


def check(snapshot: Snapshot) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of facts/samples_to_target with ``predicted``, ``error`` and ``error_extrapolated``; and a summary.

    ``error_extrapolated`` is that of the fit to the smaller batches, only in the rows of the larger ones. The summary
    has one row a model: ``rows``, ``least_samples``, ``critical_batch``, the medians of both absolute errors.
    """
    table = snapshot.read("facts/samples_to_target")
    parts, summary = [], []
    for model, group in table.groupby("model"):
        rows = group.copy()
        curve = data_curve(rows["batch"], rows["samples"])
        small = (rows["batch"] <= rows["batch"].quantile(SMALLER_BATCHES)).to_numpy()
        part = data_curve(rows.loc[small, "batch"], rows.loc[small, "samples"])
        batch, samples = rows["batch"].to_numpy(float), rows["samples"].to_numpy(float)
        rows["predicted"] = curve.least_samples * (1.0 + batch / curve.critical_batch)
        rows["error"] = rows["predicted"] / samples - 1.0
        beyond = part.least_samples * (1.0 + batch / part.critical_batch) / samples - 1.0
        rows["error_extrapolated"] = np.where(small, np.nan, beyond)
        parts.append(rows)
        summary.append(
            {
                "model": model,
                "rows": len(rows),
                "least_samples": curve.least_samples,
                "critical_batch": curve.critical_batch,
                "median_error": rows["error"].abs().median(),
                "median_error_extrapolated": rows["error_extrapolated"].abs().median(),
            }
        )
    return pd.concat(parts, ignore_index=True), pd.DataFrame(summary)
