"""Cost by day or hour and group out of a bill, for its anomalies, and the resources behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from costlib.billing.report import best_cost
from costlib.errors import Fault, InvalidInput, unknown

if TYPE_CHECKING:
    from costlib.billing.bill import Bill

#: What is watched; a tag is watched as ``tag:KEY``.
WATCHED = ("service", "usage_type", "account", "region", "instance_type")
BY = ("service", "usage_type")
#: What tells the lines of an alert apart; each alert's resources are then asked for by themselves.
LINES = ("account", "region", "usage_type")
STEP_SECONDS = {"day": 86_400, "hour": 3_600}
COLUMNS = {"service": "service", "usage_type": "usage_type", "account": "account_id", "region": "region",
           "instance_type": "instance_type"}  # fmt: skip
#: By default an alert of less a day than this share of the usual day, the median of the first days, is left out.
LEAST_FRACTION, USUAL_DAYS = 0.01, 28
#: Resources of an alert, and alerts whose resources are asked for.
MOST_RESOURCES, MOST_ALERTS = 5, 30
#: Rows that have part: what was used. Fees, tax and credits are booked once a month, whatever was used when.
RULE = "usage and unused commitments, without fees, tax and credits"


@dataclass(frozen=True)
class CostRows:
    """``frame`` has a row a step and line: ``step``, each of ``by`` and ``lines``, and ``usd`` (of ``cost``).

    ``through`` is the last day to judge, ``least_usd`` the smallest alert a day worth a look; ``notes`` say what was
    left out. ``rows`` are the bill's own that have part, with the columns of ``by`` and ``lines``.
    """

    frame: pd.DataFrame
    rows: Any
    cost: str
    every: str
    by: tuple[str, ...]
    lines: tuple[str, ...]
    through: pd.Timestamp
    least_usd: float
    notes: tuple[str, ...]


def cost_rows(bill: Bill, by: Sequence[str] = BY, every: str = "day", through: str | None = None) -> CostRows:
    """The bill's usage by each of ``by`` (WATCHED, or ``tag:KEY``) and LINES, ``every`` day or hour.

    ``through`` is by default the last day that the bill covers to its end. Raises InvalidInput with every fault:
    unknown groups and tags, a bill without rows of a step or shorter, or without a whole day.
    """
    by = tuple(dict.fromkeys(by))
    groups = _groups(bill, by, every, through)
    cost = best_cost(bill)
    counted = bill.rows.mutate(**groups)
    counted = counted.filter((counted.charge_category == "Usage") & counted.charge_start.notnull())
    short = _is_short(counted, every)
    asked = counted.aggregate(
        last=counted.charge_end.max(where=short),
        long=counted.count(where=~short),
        usd=counted[cost].sum(where=~short),
    )
    said = bill.ask(asked).iloc[0]
    if pd.isna(said["last"]):
        problem = f"holds no usage in rows of {'an hour' if every == 'hour' else 'a day'} or shorter"
        raise InvalidInput([Fault("bill", bill.source, problem)])
    end = _last_whole_day(pd.Timestamp(said["last"])) if through is None else pd.Timestamp(_day(through))
    rows = counted.filter(short)
    lines = tuple(name for name in LINES if name not in by)
    table = rows.mutate(step=rows.charge_start.truncate("h" if every == "hour" else "D"))
    frame = bill.ask(table.group_by(["step", *by, *lines]).agg(usd=table[cost].sum().fill_null(0.0)))
    days = frame.groupby(frame["step"].dt.normalize())["usd"].sum()
    if days.index.min() > end:
        problem = f"covers no day to its end up to {end:%Y-%m-%d}: its first is {days.index.min():%Y-%m-%d}"
        raise InvalidInput([Fault("bill", bill.source, problem)])
    least_usd = LEAST_FRACTION * abs(float(days[days.index <= end].head(USUAL_DAYS).median()))
    notes = []
    if said["long"]:
        usd = 0.0 if pd.isna(said["usd"]) else float(said["usd"])
        notes.append(
            f"{int(said['long']):,} rows of usage ({usd:,.2f}) last longer than a step or have no end: left out"
        )
    return CostRows(frame, rows, cost, every, by, lines, end, least_usd, tuple(notes))


def _day(text: str) -> Any:
    return pd.to_datetime(text, format="%Y-%m-%d", errors="coerce")


def _groups(bill: Bill, by: Sequence[str], every: str, through: str | None) -> dict[str, Any]:
    """Every group and line as an expression. Raises InvalidInput for all that there is not, and for a wrong day."""
    faults, groups = [], {}
    if through is not None and pd.isna(_day(through)):
        faults.append(Fault("through", through, "is not a day (YYYY-MM-DD)"))
    if every not in STEP_SECONDS:
        faults.append(unknown("every", every, STEP_SECONDS, "step"))
    for name in dict.fromkeys([*by, *LINES]):
        if name.startswith("tag:"):
            try:
                groups[name] = bill.tag(name.removeprefix("tag:"))
            except InvalidInput as error:
                faults += error.faults
        elif name in COLUMNS:
            groups[name] = bill.rows[COLUMNS[name]]
        else:
            faults.append(unknown("by", name, [*WATCHED, "tag:KEY"], "group of cost"))
    if faults:
        raise InvalidInput(faults)
    return groups


def _is_short(rows: Any, every: str) -> Any:
    import ibis

    length = rows.charge_end.epoch_seconds() - rows.charge_start.epoch_seconds()
    return ibis.coalesce(length <= STEP_SECONDS[every], ibis.literal(False))


def _last_whole_day(end: pd.Timestamp) -> pd.Timestamp:
    """The last day that lies before ``end`` as a whole."""
    return end.normalize() - pd.Timedelta(days=1)


def resources_of(bill: Bill, given: CostRows, alerts: pd.DataFrame) -> pd.DataFrame:
    """The resources that cost most more (or less, for a drop) in each alert than in as many steps before it.

    ``alerts`` has ``scope, name, first_day, last_day, direction``; the answer ``alert`` (its row), ``rank, resource_id,
    account_id, region, usd, usd_before``.
    """
    import ibis

    rows, cost = given.rows, given.cost
    step = pd.Timedelta(seconds=STEP_SECONDS[given.every])
    parts = []
    for at, alert in enumerate(alerts.head(MOST_ALERTS).to_dict("records")):
        first, end = pd.Timestamp(alert["first_day"]), pd.Timestamp(alert["last_day"]) + step
        before = first - (end - first)
        chosen = rows.filter((rows.charge_start >= before.to_pydatetime()) & (rows.charge_start < end.to_pydatetime()))
        if alert["scope"] != "total":
            group = chosen[alert["scope"]]
            chosen = chosen.filter(group.isnull() if alert["name"] == "(none)" else group == alert["name"])
        inside = chosen.charge_start >= first.to_pydatetime()
        sums = chosen.group_by(["resource_id", "account_id", "region"]).agg(
            usd=chosen[cost].sum(where=inside).fill_null(0.0), usd_before=chosen[cost].sum(where=~inside).fill_null(0.0)
        )
        change = sums.usd - sums.usd_before
        order = ibis.desc(change) if alert["direction"] == "rise" else change
        top = bill.ask(sums.order_by([order, sums.resource_id]).limit(MOST_RESOURCES))
        top.insert(0, "alert", at)
        top.insert(1, "rank", range(1, len(top) + 1))
        change_usd = top["usd"] - top["usd_before"]
        parts.append(top[(change_usd > 0) if alert["direction"] == "rise" else (change_usd < 0)])
    names = ["alert", "rank", "resource_id", "account_id", "region", "usd", "usd_before"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=names)
