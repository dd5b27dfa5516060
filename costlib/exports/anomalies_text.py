"""Anomalies of a bill as tables for a terminal, and as JSON-ready values."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

import pandas as pd

from costlib.billing.anomaly_rows import RULE
from costlib.billing.bill import Bill
from costlib.exports.bill_json import DAY, HOUR, rows_of, said_of
from costlib.exports.bill_text import MOST, money, words
from costlib.exports.tables import records
from costlib.exports.terminal import plain, table
from costlib.planner.bill_anomalies import Anomalies

FORMS = {"day": DAY, "hour": HOUR}
#: A resource is shown where it makes up this much of an alert.
SHOWN_FRACTION = 0.1


def anomalies_json(bill: Bill, found: Anomalies) -> dict[str, object]:
    """Everything that was found, with times as text."""
    return {
        **said_of(bill),
        "cost": found.given.cost,
        "every": found.given.every,
        "by": list(found.given.by),
        "through": f"{found.given.through:%Y-%m-%d}",
        "rule": RULE,
        "alerts": rows_of(found.alerts, FORMS[found.given.every]),
        "causes": rows_of(found.found.causes),
        "resources": rows_of(found.resources),
        "notes": list(found.notes),
    }


def anomalies_text(bill: Bill, found: Anomalies) -> str:
    """The alerts that are news, each with its causes; then those that repeat; then notes."""
    given, news = found.given, found.alerts[found.alerts["news"]]
    old = found.alerts[~found.alerts["news"]]
    made = [
        f"{plain(bill.source)}: {given.cost.replace('_', ' ')} by {given.every} through {given.through:%Y-%m-%d},"
        f" {bill.currency or 'currency not known'}, in total and by {plain(', '.join(given.by))}; {RULE}",
        f"{len(news)} unusual, {len(old)} more that go on with one of them or come every month",
    ]
    heads = ("#", "what", "since", "until", "", "by", "expected", "severity", "made up by")
    rows = [_row(at, alert, found) for at, alert in _numbered(news.head(MOST))]
    if rows:
        made += ["", table(heads, rows, right=("#", "by", "expected"))]
    if len(news) > MOST:
        made.append(f"... and {len(news) - MOST:,} more (--json has all)")
    if len(old):
        repeated = [(*_row(at, alert, found)[:6], _why(alert)) for at, alert in _numbered(old.head(MOST))]
        made += ["", "no news:", table((*heads[:6], ""), repeated, right=("#", "by"))]
    made += ["", *(f"note: {plain(textwrap.shorten(note, 300))}" for note in found.notes)] if found.notes else []
    return "\n".join(made)


def _numbered(alerts: pd.DataFrame) -> list[tuple[int, dict[str, Any]]]:
    return [(int(str(at)), alert) for at, alert in zip(alerts.index, records(alerts), strict=True)]


def _row(at: int, alert: Mapping[str, Any], found: Anomalies) -> tuple[object, ...]:
    what = words(alert["name"]) if alert["scope"] == "total" else f"{words(alert['scope'])} {words(alert['name'])}"
    if alert["cause_name"] and alert["scope"] == "total":
        what += f", mostly {words(alert['cause_scope'])} {words(alert['cause_name'])}"
    first, last = (alert[name].strftime(FORMS[found.given.every]) for name in ("first_day", "last_day"))
    return (
        at, what, first, last, alert["status"],
        f"{float(alert['size_usd']):+,.2f}", money(alert["expected_usd"]), alert["severity"],
        _resources(at, float(alert["size_usd"]), found.resources),
    )  # fmt: skip


def _resources(at: int, size_usd: float, resources: pd.DataFrame) -> str:
    """The resources that make up a good part of an alert, by the ends of their names."""
    mine = resources[resources["alert"] == at]
    mine = mine[((mine["usd"] - mine["usd_before"]) / size_usd >= SHOWN_FRACTION) & mine["resource_id"].notna()]
    named = [words(plain(one).rsplit(":", 1)[-1]) for one in mine["resource_id"].head(2)]
    return ", ".join(named) + (f" and {len(mine) - 2} more" if len(mine) > 2 else "")


def _why(alert: Mapping[str, Any]) -> str:
    if not pd.isna(alert["monthly_since"]):
        return f"on these days of each month since {alert['monthly_since']:%Y-%m-%d}"
    return f"goes on with #{alert['continues']}"
