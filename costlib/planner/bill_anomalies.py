"""The anomalies of a bill: its cost by day and group, judged, with what only repeats and the resources behind each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from costlib.billing.anomaly_rows import BY, CostRows, cost_rows, resources_of
from costlib.models.anomalies import Found, find_anomalies
from costlib.planner.anomaly_repeats import repeats_of

if TYPE_CHECKING:
    from costlib.billing.bill import Bill


@dataclass(frozen=True)
class Anomalies:
    """``found`` is the model's answer on ``given``; ``alerts`` are its alerts with ``continues`` and ``monthly_since``
    (anomaly_repeats) and ``news`` (neither of them); ``resources`` are those of each alert (anomaly_rows). ``notes``
    say what was left out.
    """

    given: CostRows
    found: Found
    alerts: pd.DataFrame
    resources: pd.DataFrame
    notes: tuple[str, ...]


def anomalies_of(
    bill: Bill,
    by: Sequence[str] = BY,
    every: str = "day",
    through: str | None = None,
    least_usd: float | None = None,
) -> Anomalies:
    """Anomalies of the bill in total and by each of ``by``, as cost_rows takes them.

    ``least_usd`` is the smallest alert a day, by default that of cost_rows. Raises InvalidInput with every fault.
    """
    given = cost_rows(bill, by, every, through)
    if least_usd is not None:
        given = replace(given, least_usd=least_usd)
    found = find_anomalies(
        given.frame, given.by, given.lines, time="step", every=every, through=given.through, least_usd=given.least_usd
    )
    alerts = repeats_of(found)
    return Anomalies(given, found, alerts, resources_of(bill, given, alerts), (*given.notes, *found.notes))
