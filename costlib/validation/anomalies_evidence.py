"""Anomalies beside what is known: days on which labelled ones began, and the scores of published detectors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from costlib.models.anomalies_alerts import alerts_of_days
from costlib.models.anomalies_filter import judge_days
from costlib.tables import Snapshot
from costlib.validation.anomalies import (
    DAILY_F1,
    Labelled,
    anomaly_snapshot,
    daily_check,
    labelled_days,
    runs_of,
)
from costlib.validation.anomalies_nab import BEST_PUBLISHED, nab_check
from costlib.validation.evidence_rows import Demand, Evidence, rows_of


def first_days(held: Labelled) -> pd.DataFrame:
    """A row a labelled anomaly: ``seed, family, type``, its ``first`` day, and that of the alert on it (nan: none)."""
    alerts = alerts_of_days(held.usd, judge_days(held.usd))
    rows = []
    for at, odd in enumerate(held.odd):
        own = alerts[alerts["series"] == at]
        for first, last in runs_of(odd):
            meets = own[(own["first"] <= last) & (own["last"] >= first)]
            named = held.names.iloc[at]
            found = float(meets["first"].iloc[0]) if len(meets) else np.nan
            rows.append((named["seed"], named["family"], held.type[at, first], float(first), found))
    return pd.DataFrame(rows, columns=["seed", "family", "type", "first", "alert_first"])


def labelled_anomalies(notebook: str) -> Callable[[Snapshot], Evidence]:
    """Daily costs: the first day of each labelled anomaly against that of its alert, and the F1."""

    def made(_snapshot: Snapshot) -> Evidence:
        held = labelled_days(anomaly_snapshot())
        scores = daily_check(held).set_index(["rule", "part"])
        days = scores["day_f1"].to_dict()
        frame = first_days(held)
        frame["label"] = (
            frame["family"].astype(str) + " " + frame["seed"].astype(str) + ", " + frame["type"].astype(str)
        )
        extra = {
            "F1 of days": days[("verdicts", "all")],
            "F1 of days, seeds not searched on": days[("verdicts", "held_out")],
            "F1 of days, chosen without the series": days[("left_out", "all")],
            "F1 of alerts": scores["alert_f1"].to_dict()[("alerts", "all")],
        }
        return Evidence(
            "anomalies",
            "labelled anomalies in daily costs",
            notebook,
            "number of the first day",
            "100 simulated series, one parameter set; a row an anomaly, without a prediction where it was missed",
            rows_of(frame, label="label", group="family", reference="first", predicted="alert_first"),
            tuple(Demand(name, at_least=DAILY_F1) for name in extra),
            extra,
        )

    return made


def published_detectors(notebook: str) -> Callable[[Snapshot], Evidence]:
    """Within a day: the F1 of each published detector on NAB's AWS series against that of the model."""

    def made(_snapshot: Snapshot) -> Evidence:
        frame = nab_check(anomaly_snapshot()).set_index("detector")
        f1 = frame["f1"].to_dict()
        published = frame[frame["kind"] == "published"].reset_index()
        published["ours"] = f1["seen"]
        extra = {"F1": f1["seen"], "F1, chosen without the series": f1["seen_left_out"]}
        return Evidence(
            "anomalies",
            "AWS series of the Numenta Anomaly Benchmark",
            notebook,
            "F1 by one alert rule",
            "13 series, 23 windows; a row a published detector at its best threshold, predicted: the model's F1",
            rows_of(published, label="detector", group="kind", reference="f1", predicted="ours", source="source"),
            tuple(Demand(name, at_least=f1[BEST_PUBLISHED]) for name in extra),
            extra,
        )

    return made
