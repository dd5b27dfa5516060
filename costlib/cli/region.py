"""``costlib region``."""

from __future__ import annotations

from pathlib import Path

import click

from costlib.cli.options import DISCOUNT, JSON, RATES, percents_of
from costlib.cli.output import print_json, together


@click.command()
@click.argument("workload", type=click.Path())
@click.option("--instance-type", help="Look at plans of this type. Default: the cheapest of all in each region.")
@click.option("--near", metavar="LAT,LON", help="A user's place in degrees, for --within-ms.")
@click.option("--within-ms", type=float, help="Leave out regions to which even light takes longer there and back.")
@click.option(
    "--prices", "prices_csv", type=click.Path(),
    help="CSV of prices to follow, each month of them: month, region, usd_per_hour, of the cheapest plan's type.",
)  # fmt: skip
@click.option(
    "--changeover-hours", type=float,
    help="Paid hours without work at each move. Default: a start-up and the workload's restart.",
)  # fmt: skip
@RATES
@DISCOUNT
@JSON
def region(
    workload: str,
    instance_type: str | None,
    near: str | None,
    within_ms: float | None,
    prices_csv: str | None,
    changeover_hours: float | None,
    rates_csv: str | None,
    discounts: tuple[str, ...],
    as_json: bool,
) -> None:
    """Which region for WORKLOAD (a YAML file), net of what its data cost there.

    In the workload, dataset may say changed_gib_per_month, result_gib_per_run, results_to (home_region or internet),
    objects, and residency (countries, continents, partitions or regions that may hold the data); campaign_months is how
    long a copy elsewhere is kept. What is not given is told in "taken".

    JSON: {workload, home_region, dataset_gib, campaign {months, runs}, taken, best (a region), price_only (the plan
    that the price of instances alone would pick), price_only_is_wrong, mistake_usd, mistake_campaign_usd, rankings
    {any, on_demand, spot, reserved, savings_plan} (each a list of regions, ranked ones first; null: not searched),
    by_size (by way, [{from_gib, region}]: which region is cheapest at which size of the dataset), stability (by way:
    {ahead_usd, price_may_rise_fraction, could_win, could_win_rule, prices_from, prices_to, us_east_1_on_demand
    {instance_type, prices [{first_seen, last_seen, usd_per_hour, total_usd, rank}], rule}, us_east_1_spot
    {instance_type, price_cv_fraction, price_range_fraction, from, to, rule}, spot_two_looks {types, cheapest_stayed,
    pairs, pairs_in_order, earlier, later, rule}, spot_earlier {as_of, regions [{region, instance_type, total_usd, rank,
    rank_now}], rule}}), follow (null without --prices), recorded_zones (null where no
    record is held; both {instance_type, count, follow_usd, moves, moves_usd, stay_place, stay_usd, saved_usd,
    cheapest_each_usd, cheapest_each_moves, changeover_hours, periods [{period, place, usd, moved, cheapest}], rule}),
    as_of {oldest, newest}, snapshot_id, rules, not_costed}. A region: {region, name, city, country, continent,
    partition, is_home, allowed, reasons, rank, rank_by_price_only, least_round_trip_ms, compute_usd, data_usd, lines
    {initial_copy, sync, copy_storage, home_storage, checkpoint_storage, egress, requests}, total_usd, total_usd_low,
    total_usd_high (one run), campaign_usd, break_even {gib, runs}, service, instance_type, count, az, purchase,
    option, precision, hours, usd_per_hour, price_basis, price_source, price_as_of}; a region without a plan has its
    reasons, and no plan's keys. break_even is null where it is not known, or never comes.
    """
    from costlib.exports.region_text import region_text
    from costlib.planner.answer import open_book, read_workload
    from costlib.planner.region.answer import region_answer
    from costlib.planner.region.campaign import changeover_of, follow_prices, follow_recorded
    from costlib.planner.region.constraints import Near
    from costlib.planner.region.price_paths import read_paths
    from costlib.planner.sources import Sources

    if (near is None) != (within_ms is None):
        raise click.UsageError("--near and --within-ms go together")
    (book,) = together(lambda: open_book(rates_csv, percents_of(discounts)))
    sources = Sources.open(book)
    wanted, place, paths, _ = together(
        lambda: read_workload(Path(workload), sources.vocabulary),
        lambda: Near.of_text(near, within_ms) if near is not None and within_ms is not None else None,
        lambda: read_paths(prices_csv) if prices_csv is not None else None,
        lambda: sources.require_type(instance_type),
    )
    found = region_answer(wanted, sources, instance_type, place)
    changeover_of(found, changeover_hours)
    followed = None if paths is None else follow_prices(found, paths, changeover_hours)
    recorded = follow_recorded(found, changeover_hours)
    if as_json:
        told = found.as_dict()
        told["follow"] = None if followed is None else followed.as_dict()
        told["recorded_zones"] = None if recorded is None else recorded.as_dict()
        print_json(told)
    else:
        click.echo(book.banner)
        click.echo(region_text(found, followed, recorded))
