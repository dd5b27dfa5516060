"""Alerts of many series as incidents: each once, with its severity and its causes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.models.anomalies_causes import Lines, incidents_of, ranked_causes
from costlib.models.anomalies_rows import Table

Floats = npt.NDArray[np.float64]

#: A cause is named where it makes up this much of an alert.
CAUSE_FRACTION = 0.5
#: Severity by size in usual days of the whole bill, the most severe first.
SEVERITY = ((1.0, "high"), (0.1, "medium"), (0.0, "low"))
COLUMNS = (
    "scope", "name", "first_day", "last_day", "found_day", "status", "direction", "expected_usd", "actual_usd",
    "size_usd", "low_usd", "high_usd", "chance_fraction", "severity", "cause_scope", "cause_name",
    "cause_share_fraction", "also",
)  # fmt: skip


def reported_of(
    alerts: pd.DataFrame, table: Table, steps_per_week: int, usual_day_usd: float, most_causes: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Incidents, the largest first, in COLUMNS, and the lines that cause each: ``alert``, ``rank``, the lines' names,
    ``size_usd``, ``share_fraction``."""
    lines = Lines(table.usd, steps_per_week)
    column_of = np.zeros(len(table.scopes), np.int64)
    for column, series in enumerate(table.series_of):
        column_of[series] = column
    incident = incidents_of(alerts, table.series_of, column_of, lines)
    heads = np.flatnonzero(incident == np.arange(len(alerts)))
    heads = heads[np.argsort(-alerts["size_usd"].abs().to_numpy()[heads], kind="stable")]
    kept = ["status", "direction", "expected_usd", "actual_usd", "size_usd", "low_usd", "high_usd", "chance_fraction"]
    rows, causes = [], []
    for number, at in enumerate(heads):
        head = alerts.iloc[at]
        series, size_usd = int(head["series"]), float(head["size_usd"])
        column = int(column_of[series])
        mine = table.series_of[column] == series
        excess = np.where(mine, lines.excess(int(head["first"]), int(head["last"])), 0.0)
        others = alerts["series"].to_numpy(np.int64)[(incident == at) & (np.arange(len(alerts)) != at)]
        rows.append(
            {
                **table.scopes.iloc[series],
                **{f"{name}_day": table.times[int(head[name])] for name in ("first", "last", "found")},
                **head[kept],
                "severity": next(word for days, word in SEVERITY if abs(size_usd) >= days * usual_day_usd),
                **_cause(excess, size_usd, table, column),
                "also": "; ".join(f"{scope}={name}" for scope, name in table.scopes.iloc[np.unique(others)].to_numpy()),
            }
        )
        ranked = ranked_causes(excess, size_usd, most_causes)
        names = table.names.reindex(ranked.pop("line")).fillna("").reset_index(drop=True)
        causes.append(pd.concat([names, ranked], axis=1).assign(alert=number, rank=np.arange(1, len(ranked) + 1)))
    columns = ["alert", "rank", *table.names.columns, "size_usd", "share_fraction"]
    listed = pd.concat(causes, ignore_index=True) if causes else pd.DataFrame(columns=columns)
    return pd.DataFrame(rows, columns=list(COLUMNS)), listed[columns]


def _cause(excess: Floats, size_usd: float, table: Table, of_column: int) -> dict[str, object]:
    """The group, of a column other than the alert's own, that makes up most of it, where it is half or more."""
    best, share = -1, CAUSE_FRACTION
    for column, series in enumerate(table.series_of):
        if column in (0, of_column):
            continue
        shares = np.bincount(series, weights=excess) / size_usd
        if shares.max() >= share and (best < 0 or shares.max() > share):
            best, share = int(shares.argmax()), float(shares.max())
    if best < 0:
        return {"cause_scope": "", "cause_name": "", "cause_share_fraction": np.nan}
    scope, name = table.scopes.iloc[best]
    return {"cause_scope": scope, "cause_name": name, "cause_share_fraction": share}
