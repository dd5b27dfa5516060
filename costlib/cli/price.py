"""``costlib price``."""

from __future__ import annotations

import click

from costlib.cli.options import DISCOUNT, JSON, RATES, percents_of
from costlib.cli.output import print_json


@click.command()
@click.argument("instance_type")
@click.option("--region", "regions", multiple=True, help="Only this region. Repeat for more.")
@click.option("--service", "services", multiple=True, help="Only this service: ec2 or sagemaker.")
@RATES
@DISCOUNT
@JSON
def price(
    instance_type: str,
    regions: tuple[str, ...],
    services: tuple[str, ...],
    rates_csv: str | None,
    discounts: tuple[str, ...],
    as_json: bool,
) -> None:
    """Every way to buy INSTANCE_TYPE, in USD an instance-hour.

    JSON: a list of {service, instance_type, billed_type, region, az, purchase, option, term_years, usd_low,
    usd_per_hour, usd_high, upfront_usd, unit, basis, rule, source, as_of}.
    """
    from costlib.exports import terminal
    from costlib.exports.price_list import price_list
    from costlib.planner.answer import open_book

    book = open_book(rates_csv, percents_of(discounts))
    rows = price_list(book, instance_type, regions, services)
    if as_json:
        print_json(rows)
    else:
        click.echo(book.banner)
        click.echo(terminal.prices_text(rows))
