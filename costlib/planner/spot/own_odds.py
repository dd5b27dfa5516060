"""The chance to be done in time, and the cost, for a job that starts now in a zone that the user has watched."""

from __future__ import annotations

import pandas as pd

from costlib.errors import Fault, InvalidInput
from costlib.facts.spot_traces import SpotTraces
from costlib.models.deadline import LEAST_RECORD_HOURS, forecast, record_of
from costlib.planner.spot.odds import NET_POLICY, NETS
from costlib.planner.spot.recorded import base_usd, distinct, terms_of
from costlib.planner.spot.replays import Tape
from costlib.planner.spot.run import SpotRun

COLUMNS = ("way", "net_hours", "chance", "usd_low", "usd", "usd_high")
RULE = (
    "forecast from recorded moments that were like the last one of your trace, and from what came of jobs in it; spot"
    " for a job that starts now, at the expected hours of work (models.deadline)"
)


def own_odds(run: SpotRun, deadline_hours: float, traces: SpotTraces, history: Tape) -> pd.DataFrame:
    """Ways to buy the run, for a start at the end of ``history``; columns: COLUMNS.

    ``way``: net (spot with Uniform Progress towards ``net_hours``) or spot_only; ``usd`` of the instances with an 80 %
    band. Nets that no recorded trace is long enough for are left out. Raises InvalidInput as recorded.terms_of, for a
    history of less than a day, and for a deadline that is longer than all recorded traces.
    """
    terms = terms_of(run, deadline_hours)
    watched = len(history.available) * history.step_hours
    if watched < LEAST_RECORD_HOURS:
        problem = f"is {watched:,.3g} h long: a forecast from it needs {LEAST_RECORD_HOURS:g} h or more"
        raise InvalidInput([Fault("history", history.name, problem)])
    held = {number: (traces.of(name), traces.step_hours(name)) for number, name in enumerate(distinct(traces)["trace"])}
    base = base_usd(run)
    rows = []
    for way, net_hours in [*(("net", deadline_hours * late) for late in NETS), ("spot_only", deadline_hours)]:
        policy = NET_POLICY if way == "net" else way
        try:
            record = record_of(held, terms, policy, net_hours)
        except InvalidInput:
            if net_hours == deadline_hours:
                raise
            continue
        found = forecast(record, history.available, history.step_hours)
        rows.append(
            {
                "way": way,
                "net_hours": net_hours if way == "net" else float("nan"),
                "chance": float(found.chance[0]),
                "usd_low": float(found.cost_ratio_low[0]) * base,
                "usd": float(found.cost_ratio[0]) * base,
                "usd_high": float(found.cost_ratio_high[0]) * base,
            }
        )
    return pd.DataFrame(rows)[list(COLUMNS)]
