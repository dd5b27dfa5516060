"""``costlib anomalies``."""

from __future__ import annotations

from typing import Any

import click

from costlib.cli.bill_options import bill_options, named_bill
from costlib.cli.options import JSON
from costlib.cli.output import print_json


@click.command()
@click.argument("path")
@click.option(
    "--by", multiple=True, metavar="GROUP",
    help="Watched beside the total: service, usage_type, account, region, instance_type, tag:KEY. Repeat for more. "
    "Default: service and usage_type.",
)  # fmt: skip
@click.option("--every", type=click.Choice(["day", "hour"]), default="day", help="Default: day.")
@click.option("--through", metavar="DAY", help="Last day judged. Default: the last that the bill covers to its end.")
@click.option("--least", type=float, metavar="AMOUNT", help="Smallest alert, a day. Default: 1 % of a usual day.")
@bill_options
@JSON
def anomalies(
    path: str, by: tuple[str, ...], every: str, through: str | None, least: float | None, as_json: bool, **options: Any
) -> None:
    """Which days (or hours) of a bill are unusual, since when, by how much, and what causes it. PATH as in bill.

    Each step is judged by itself and earlier ones only. JSON: {source, engine, versions, currency, cost, every, by,
    through, rule, alerts [{scope, name, first_day, last_day, found_day, status, direction, expected_usd, actual_usd,
    size_usd, low_usd, high_usd, chance_fraction, severity, cause_scope, cause_name, cause_share_fraction, also,
    continues (the alert, counted from 0, that it goes on with), monthly_since (the same days of each month since then),
    news (neither)}], causes [{alert, rank, account, region, usage_type, each of by (service, …), size_usd,
    share_fraction}; the last of an alert is what its lines do not make up], resources [{alert, rank,
    resource_id, account_id, region, usd, usd_before (as many steps before)}],
    notes}. Amounts are in the bill's currency.
    """
    from costlib.billing.anomaly_rows import BY
    from costlib.exports.anomalies_text import anomalies_json, anomalies_text
    from costlib.planner.bill_anomalies import anomalies_of

    bill = named_bill(path, **options)
    found = anomalies_of(bill, by or BY, every, through, least)
    if as_json:
        print_json(anomalies_json(bill, found))
    else:
        click.echo(anomalies_text(bill, found))
