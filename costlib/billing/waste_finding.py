"""One finding of waste: what, where, how it is known, what it costs, and what would mend it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

import pandas as pd

#: Kinds, and what each means.
KINDS = {
    "idle_endpoint": "an endpoint that nobody calls",
    "idle_notebook": "a notebook instance that nobody stops",
    "idle_studio_app": "a Studio app that nobody stops",
    "idle_instance": "an EC2 instance that does nothing (with metrics only)",
    "warm_pool": "instances kept warm between training jobs",
    "unattached_volume": "a volume that no running instance seems to use",
    "idle_address": "a public address that is attached to nothing",
    "old_snapshot": "a snapshot that is long kept",
    "old_checkpoints": "a bucket of checkpoints that nobody reads or writes",
    "unused_savings_plan": "a Savings Plan's commitment that was not used",
    "unused_reservation": "reserved instances that did not run",
    "unused_commitment": "another commitment that was not used",
    "steady_on_demand": "on-demand instances that run flat, as a commitment would",
    "on_demand_training": "training on demand that managed spot could run",
    "previous_generation": "an older type whose successor costs less",
    "runaway_job": "a job that ran far longer than its like",
    "no_time_limit": "jobs whose cost a time limit would cap",
}
#: ``sure``: the bill (or metrics) say so; ``likely``: its pattern does; ``needs metrics``: the bill cannot tell.
CERTAINTIES = SURE, LIKELY, NEEDS_METRICS = ("sure", "likely", "needs metrics")
#: Days of a month, the year's in twelve.
MONTH_DAYS = 365.0 / 12.0


@dataclass(frozen=True, kw_only=True)
class Finding:
    """``usd`` is what it cost in the bill's time, from ``first_day`` to ``last_day``; ``usd_per_month`` what it goes on
    costing, by ``rule``: 0 where it is over, None where mending it saves a part that is not known. ``at_stake_usd`` is
    what such a part is of. Amounts are in the bill's currency. ``basis`` is that of ``usd_per_month``.
    """

    kind: str
    resource: str
    account_id: str | None
    region: str | None
    evidence: str
    first_day: str
    last_day: str
    usd: float
    usd_per_month: float | None
    at_stake_usd: float | None = None
    rule: str
    certainty: str
    basis: str = "derived"
    advice: str
    fix_command: str | None = None
    fix_json: dict[str, Any] | None = None


class WhereAndWhen(TypedDict):
    """The part of a finding that says where and when."""

    account_id: str | None
    region: str | None
    first_day: str
    last_day: str


def where_and_when(row: Mapping[Hashable, Any], first: Any, end: Any) -> WhereAndWhen:
    """The row's account and region where it has them, and the days from the moment ``first`` to the last before
    ``end``."""
    return {
        "account_id": text_or_none(row.get("account_id")),
        "region": text_or_none(row.get("region")),
        "first_day": f"{pd.Timestamp(first):%Y-%m-%d}",
        "last_day": f"{pd.Timestamp(end) - pd.Timedelta(seconds=1):%Y-%m-%d}",
    }


def text_or_none(value: Any) -> str | None:
    """Text; None where there is none."""
    return None if value is None or value != value else str(value)
