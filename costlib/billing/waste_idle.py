"""Endpoints that nobody calls, notebooks and Studio apps that nobody stops, instances that do nothing."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

import pandas as pd

from costlib.billing.fix_commands import aws
from costlib.billing.metrics import Metrics
from costlib.billing.recognise import EC2
from costlib.billing.waste_finding import LIKELY, NEEDS_METRICS, SURE, Finding, text_or_none, where_and_when
from costlib.billing.waste_stretches import open_stretches
from costlib.billing.waste_window import RECENT_RULE, Window
from costlib.errors import Fault, InvalidInput

#: With metrics: hours at their end in which nothing may have happened.
IDLE_HOURS = 48
#: With metrics: percent of a processor up to which nothing happens. A choice.
IDLE_PERCENT = 5.0
#: From the bill alone: days without a stop, nights and a weekend among them.
WITHOUT_STOP_DAYS = 7.0
#: From the bill alone: days at one number of instances after which an endpoint is asked about.
NEVER_SCALED_DAYS = 14.0
CALLS = "Data Processed by Hosting"


class _Sort(NamedTuple):
    """What is looked at alike: the rows, and what says that they are used."""

    kind: str
    wanted: Any
    metrics: tuple[tuple[str, float], ...]
    least_days: float
    what: str


def idle(window: Window, metrics: Metrics | None) -> tuple[list[Finding], list[str]]:
    """Findings, the dearest of each kind first, and notes on what the metrics did not cover.

    Raises InvalidInput for a name in the metrics that several resources of the bill go by.
    """
    rows = window.rows
    use = (("cpu_utilisation", IDLE_PERCENT), ("gpu_utilisation", IDLE_PERCENT))
    sorts = [
        _Sort(
            "idle_endpoint",
            rows.component == "Endpoint Instance",
            (("invocations", 0.0),),
            NEVER_SCALED_DAYS,
            "was called",
        ),
        _Sort("idle_notebook", rows.component == "Notebook Instance", use, WITHOUT_STOP_DAYS, "was busy"),
        _Sort("idle_studio_app", rows.component == "Studio", use, WITHOUT_STOP_DAYS, "was busy"),
    ]
    if metrics is not None:
        sorts.append(_Sort("idle_instance", rows.service_code == EC2, use, IDLE_HOURS / 24.0, "was busy"))
    called = _called(window)
    found, notes, taken = [], [], _Taken()
    for sort in sorts:
        least_days = sort.least_days if metrics is None else min(sort.least_days, IDLE_HOURS / 24.0)
        unseen = 0
        for row in open_stretches(window, sort.wanted, least_days).to_dict("records"):
            until = taken.busy_until(row, sort, metrics)
            if until is not None and metrics is not None:
                if until <= metrics.last - pd.Timedelta(hours=IDLE_HOURS):
                    found.append(_measured(window, row, sort, until, metrics))
                continue
            unseen += 1
            if (window.end - pd.Timestamp(row["first"])) / pd.Timedelta(days=1) >= sort.least_days:
                found += _by_the_bill(window, row, sort, called)
        if metrics is not None and unseen and sort.kind != "idle_instance":
            notes.append(f"the metrics do not cover {unseen} resources that might be {sort.kind.replace('_', ' ')}s")
    taken.check()
    return found, notes


class _Taken:
    """Which resource each name of the metrics was taken for."""

    def __init__(self) -> None:
        self.by_name: dict[str, set[str]] = {}

    def busy_until(self, row: Mapping[Hashable, Any], sort: _Sort, metrics: Metrics | None) -> pd.Timestamp | None:
        """The end of the resource's last busy hour, by all of the sort's metrics that are known of it."""
        if metrics is None:
            return None
        resource = str(row["resource_id"])
        names = tuple(dict.fromkeys([resource, str(row["resource_name"]), resource.rsplit("/", 1)[-1]]))
        ends = [metrics.busy_until(names, metric, above) for metric, above in sort.metrics]
        known = [end for end in ends if end is not None]
        if known:
            for name in names[1:]:
                if (metrics.frame["resource"] == name).any():
                    self.by_name.setdefault(name, set()).add(resource)
        return max(known) if known else None

    def check(self) -> None:
        """Raises InvalidInput for names that were taken for several resources."""
        faults = [
            Fault("resource", name, f"is the name of {len(held)} resources of the bill: write their ARNs")
            for name, held in self.by_name.items()
            if len(held) > 1
        ]
        if faults:
            raise InvalidInput(faults)


def _called(window: Window) -> pd.DataFrame:
    """Endpoints with rows of data sent to them or got from them, and the last moment of it."""
    rows = window.rows.filter((window.rows.component == CALLS) & window.rows.resource_id.notnull())
    return window.ask(rows.group_by("resource_id").agg(last=rows.charge_end.max()))


def _measured(
    window: Window, row: Mapping[Hashable, Any], sort: _Sort, until: pd.Timestamp, metrics: Metrics
) -> Finding:
    """Idle by the metrics: all that it cost since it was last busy."""
    since = max(until, pd.Timestamp(row["first"]))
    rows = window.rows.filter(
        (window.rows.resource_id == row["resource_id"]) & (window.rows.charge_start >= since.to_pydatetime())
    )
    cost = window.ask(rows.aggregate(usd=rows.usd.sum(), recent=rows.usd.sum(where=rows.recent))).fillna(0.0).iloc[0]
    hours = (metrics.last - until) / pd.Timedelta(hours=1)
    never = " (as far as the metrics go back)" if until == metrics.first else ""
    evidence = (
        f"nothing for {hours:,.0f} h: last {sort.what.removeprefix('was ')} before {until:%Y-%m-%d %H:%M}{never}; "
        f"{_size(row)} still billed"
    )
    usd = float(cost["usd"])
    return _finding(window, row, sort, evidence, since, usd, window.per_month(float(cost["recent"]), since), SURE)


def _by_the_bill(window: Window, row: Mapping[Hashable, Any], sort: _Sort, called: pd.DataFrame) -> list[Finding]:
    """What the bill alone says: an endpoint that never scaled and shows no calls; anything else that never stops."""
    first, usd = pd.Timestamp(row["first"]), float(row["usd"])
    hours = (window.end - first) / pd.Timedelta(hours=1)
    certainty = LIKELY
    evidence = f"{_size(row)} without a stop for {hours:,.0f} h, since {first:%Y-%m-%d %H:%M}, nights and weekends too"
    if sort.kind == "idle_endpoint":
        if row["least"] != row["most"]:
            # Who scales it, or has it scaled by load, knows of it.
            return []
        if len(called):
            mine = called[called["resource_id"] == row["resource_id"]]["last"]
            if len(mine) and pd.Timestamp(mine.iloc[0]) > window.end - pd.Timedelta(hours=IDLE_HOURS):
                return []
            evidence += "; no data went in or out in its last days, as they did at other endpoints"
            if len(mine):
                evidence += f" (last {mine.iloc[0]:%Y-%m-%d})"
        else:
            certainty = NEEDS_METRICS
            evidence += "; never scaled. Whether it is called is not on a bill: give --metrics with invocations"
    return [
        _finding(window, row, sort, evidence, first, usd, window.per_month(float(row["recent_usd"]), first), certainty)
    ]


def _size(row: Mapping[Hashable, Any]) -> str:
    count = f"{row['least']:g}" if row["least"] == row["most"] else f"{row['least']:g} to {row['most']:g}"
    return f"{count} x {row['instance_type']}"


def _finding(
    window: Window,
    row: Mapping[Hashable, Any],
    sort: _Sort,
    evidence: str,
    first: pd.Timestamp,
    usd: float,
    usd_per_month: float,
    certainty: str,
) -> Finding:
    advice, command = _fix(sort.kind, row)
    return Finding(
        kind=sort.kind,
        resource=str(row["resource_id"]),
        **where_and_when(row, first, window.end),
        evidence=evidence,
        usd=usd,
        usd_per_month=usd_per_month,
        rule=f"all of its cost since then; a month: {RECENT_RULE}",
        certainty=certainty,
        advice=advice,
        fix_command=command,
    )


def _fix(kind: str, row: Mapping[Hashable, Any]) -> tuple[str, str | None]:
    name, account, region = text_or_none(row["resource_name"]), row["account_id"], row["region"]
    if kind == "idle_endpoint":
        command = aws("sagemaker", "delete-endpoint", region, {"endpoint-name": name}, account)
        return "delete it; its model and configuration stay, and it can be made again from them", command
    if kind == "idle_notebook":
        command = aws("sagemaker", "stop-notebook-instance", region, {"notebook-instance-name": name}, account)
        return "stop it; its volume stays. A lifecycle configuration can stop it whenever it is idle", command
    if kind == "idle_studio_app":
        # An app's ARN ends in app/DOMAIN/OWNER/TYPE/NAME; whether the owner is a profile or a space it does not say.
        parts = (name or "").split("/")
        values = dict(zip(("domain-id", "user-profile-name", "app-type", "app-name"), parts, strict=False))
        command = aws("sagemaker", "delete-app", region, values, account) if len(parts) == 4 else None
        return "delete the app; files stay. In a space write --space-name for --user-profile-name", command
    instance = str(row["resource_id"]).rsplit("/", 1)[-1]
    command = aws("ec2", "stop-instances", region, {"instance-ids": instance}, account)
    return "stop it; its volumes stay, and are billed", command
