"""Alerts of many series as incidents: each once, with its severity and its causes."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.models.anomalies_causes import Lines, incidents_of, ranked_causes
from costlib.models.anomalies_rows import Table

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: A cause is named where it makes up this much of an alert.
CAUSE_FRACTION = 0.5
#: Of two groups of the same lines the one of the earlier column is named.
ROUNDING = 1e-9
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
    given = alerts[["series", "first", "last", "found", *kept]].to_dict("records")
    scopes = table.scopes.to_dict("records")
    in_incident: dict[int, set[int]] = {}
    for row, own in zip(given, incident.tolist(), strict=True):
        in_incident.setdefault(own, set()).add(row["series"])
    rows, places, dollars = [], [], []
    for at in map(int, heads):
        head = given[at]
        column = int(column_of[head["series"]])
        mine = np.flatnonzero(table.series_of[column] == head["series"])
        excess = lines.excess(mine, head["first"], head["last"])
        others = [scopes[series] for series in sorted(in_incident[at] - {head["series"]})]
        rows.append(
            {
                **scopes[head["series"]],
                **{f"{name}_day": table.times[head[name]] for name in ("first", "last", "found")},
                **{name: head[name] for name in kept},
                "severity": next(word for days, word in SEVERITY if abs(head["size_usd"]) >= days * usual_day_usd),
                **_cause(mine, excess, head["size_usd"], table, scopes, column),
                "also": "; ".join(f"{other['scope']}={other['name']}" for other in others),
            }
        )
        place, usd = ranked_causes(excess, head["size_usd"], most_causes)
        places.append(np.where(place < 0, -1, mine[place]))
        dollars.append(usd)
    counts = [len(each) for each in places]
    reported = pd.DataFrame(rows, columns=list(COLUMNS))
    alert = np.repeat(np.arange(len(counts)), counts)
    usd = np.concatenate([*dollars, np.zeros(0)])
    listed = table.names.reindex(np.concatenate([*places, np.zeros(0, np.int64)])).fillna("").reset_index(drop=True)
    listed.insert(0, "alert", alert)
    listed.insert(1, "rank", np.concatenate([*map(np.arange, counts), np.zeros(0, np.int64)]) + 1)
    whole = reported["size_usd"].to_numpy(float)[alert]
    return reported, listed.assign(size_usd=usd, share_fraction=usd / whole)


def _cause(
    mine: Ints, excess: Floats, size_usd: float, table: Table, scopes: list[dict[Hashable, str]], of_column: int
) -> dict[str, object]:
    """The group, of a column other than the alert's own, that makes up most of it, where it is half or more."""
    best, share = -1, CAUSE_FRACTION
    for column, series in enumerate(table.series_of):
        if column in (0, of_column):
            continue
        shares = np.bincount(series[mine], weights=excess) / size_usd
        if shares.max() >= share and (best < 0 or shares.max() > share + ROUNDING):
            best, share = int(shares.argmax()), float(shares.max())
    if best < 0:
        return {"cause_scope": "", "cause_name": "", "cause_share_fraction": np.nan}
    named = scopes[best]
    return {"cause_scope": named["scope"], "cause_name": named["name"], "cause_share_fraction": share}
