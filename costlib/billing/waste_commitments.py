"""Commitments that were paid and not used."""

from __future__ import annotations

import pandas as pd

from costlib.billing.waste_finding import MONTH_DAYS, SURE, Finding, text_or_none, where_and_when
from costlib.billing.waste_window import Window

KIND_OF = {"savings_plan": "unused_savings_plan", "reserved": "unused_reservation"}
#: Less than this is rounding.
LEAST = 0.005


def unused(window: Window) -> list[Finding]:
    """Each commitment with rows of status Unused: all that was not used, in rows of any length."""
    rows = window.bill.rows.filter(window.bill.rows.commitment_status == "Unused")
    rows = rows.mutate(usd=rows[window.cost].fill_null(0.0))
    # Fees for a month stand at its first moment.
    month = window.last_day.replace(day=1)
    lost = rows.usd > 0
    table = rows.group_by(["commitment_id", "commitment_kind"]).agg(
        account_id=rows.account_id.max(),
        region=rows.region.max(),
        first=rows.charge_start.min(where=lost),
        last=rows.charge_end.max(where=lost),
        usd=rows.usd.sum(),
        recent_usd=rows.usd.sum(where=rows.charge_start >= month.to_pydatetime()).fill_null(0.0),
    )
    used = window.bill.rows.filter(window.bill.rows.commitment_status == "Used")
    by_id = window.ask(used.group_by("commitment_id").agg(usd=used[window.cost].sum()))
    of = dict(zip(by_id["commitment_id"], by_id["usd"].fillna(0.0), strict=True))
    days = max((window.end - month) / pd.Timedelta(days=1), 1.0)
    findings = []
    for row in window.ask(table.filter(table.usd >= LEAST).order_by("commitment_id")).to_dict("records"):
        usd, recent = float(row["usd"]), float(row["recent_usd"])
        share = usd / (usd + float(of.get(row["commitment_id"], 0.0)))
        over = "" if recent else "; used up since then, or ended"
        findings.append(
            Finding(
                kind=KIND_OF.get(str(row["commitment_kind"]), "unused_commitment"),
                resource=text_or_none(row["commitment_id"]) or "(no id)",
                **where_and_when(row, row["first"], row["last"]),
                evidence=f"{100 * share:.1f} % of what it costs was not used{over}",
                usd=usd,
                usd_per_month=recent * MONTH_DAYS / days,
                rule="its cost of status Unused; a month: from that of the bill's last month",
                certainty=SURE,
                advice="it is paid for its term: bring on-demand use under it (see steady_on_demand), and size the "
                "next one with costlib commit. A standard reservation can be sold on AWS's marketplace",
            )
        )
    return findings
