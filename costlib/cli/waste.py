"""``costlib waste``."""

from __future__ import annotations

from typing import Any

import click

from costlib.cli.bill_options import bill_options, named_bill
from costlib.cli.options import JSON
from costlib.cli.output import print_json, together


@click.command()
@click.argument("path")
@click.option(
    "--metrics", "metrics_csv", type=click.Path(),
    help="CSV resource,metric,hour,value: measured use by hour (invocations, cpu_utilisation, gpu_utilisation, "
    "volume_operations; hours in UTC as 2026-09-30T14:00). Hours without a row between the file's ends count as 0.",
)  # fmt: skip
@click.option(
    "--live-metrics", "live", is_flag=True, help="Metrics from CloudWatch, with this shell's AWS credentials."
)
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Only this kind of finding. Repeat for more.")
@bill_options
@JSON
def waste(
    path: str, metrics_csv: str | None, live: bool, kinds: tuple[str, ...], as_json: bool, **options: Any
) -> None:
    """What a bill pays for and nobody uses, with evidence, dollars a month, and what would mend it. PATH as in bill.

    Kinds: idle_endpoint, idle_notebook, idle_studio_app, idle_instance, warm_pool, unattached_volume, idle_address,
    old_snapshot, old_checkpoints, unused_savings_plan, unused_reservation, unused_commitment, steady_on_demand,
    on_demand_training, previous_generation, runaway_job, no_time_limit. Nothing is changed: you run the commands.

    JSON: {source, engine, versions, currency, cost, through, usd_per_month (by certainty: sure, likely, needs metrics),
    findings [{kind, meaning, resource, account_id, region, evidence, first_day, last_day, usd (in the bill's time),
    usd_per_month (goes on: 0 where it is over, null where mending saves an unknown part), at_stake_usd (of what), rule,
    certainty, basis, advice, fix_command, fix_json}], notes}. Amounts are in the bill's currency.
    """
    from costlib.billing.metrics import read_metrics
    from costlib.billing.waste import find_waste
    from costlib.exports.waste_text import waste_json, waste_text
    from costlib.prices.book import PriceBook

    if live and metrics_csv is not None:
        raise click.UsageError("--metrics and --live-metrics are two sources of the same: choose one")
    bill, metrics = together(
        lambda: named_bill(path, **options), lambda: read_metrics(metrics_csv) if metrics_csv is not None else None
    )
    if live:
        from costlib.billing.metrics_live import live_metrics

        metrics = live_metrics(bill)
    found = find_waste(bill, metrics, PriceBook.open(), kinds)
    if as_json:
        print_json(waste_json(bill, found))
    else:
        click.echo(waste_text(bill, found))
