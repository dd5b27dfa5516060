"""``costlib spot``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from costlib.cli.options import DISCOUNT, JSON, RATES, percents_of
from costlib.cli.output import print_json, together


@click.command()
@click.argument("workload", type=click.Path())
@click.option("--instance-type", help="Look at a plan of this type. Default: the cheapest spot plan.")
@click.option("--region", help="In this region.")
@click.option("--az", help="In this zone, by its id (use1-az1).")
@click.option("--count", type=click.IntRange(min=1), help="With so many instances.")
@click.option("--service", type=click.Choice(["ec2", "sagemaker"]), default="ec2", help="Default: ec2.")
@click.option(
    "--chance-percent", type=click.FloatRange(0, 100), default=10.0,
    help="That the run has to fail over to another region. Default: 10.",
)  # fmt: skip
@click.option(
    "--history", type=click.Path(),
    help="A trace of your own zone up to now (as costlib replay takes it), for the odds of a start now.",
)  # fmt: skip
@click.option("--no-replay", is_flag=True, help="Leave out what replays recorded capacity, which takes seconds.")
@RATES
@DISCOUNT
@JSON
def spot(
    workload: str,
    instance_type: str | None,
    region: str | None,
    az: str | None,
    count: int | None,
    service: str,
    chance_percent: float,
    history: str | None,
    no_replay: bool,
    rates_csv: str | None,
    discounts: tuple[str, ...],
    as_json: bool,
) -> None:
    """What WORKLOAD (a YAML file) really costs on spot: interruptions, checkpoints, odds, pools, a fleet request.

    JSON: {plan, on_demand (plans as of costlib plan; on_demand null where its price is not held), work_hours,
    start_up_hours, restart_hours, write_hours, requeue_hours, hazard_per_hour, mtbi_hours, spot_usd_per_hour,
    price_ratio (each {low, expected, high}), interval_hours, on_demand_usd_per_hour, hazard_origin {basis, rule,
    source, as_of}, why_not_finished, deadline_hours, deadline_given, checkpoints [{interval, interval_hours,
    interval_hours_low, interval_hours_high, hours, hours_low, hours_high, usd, usd_low, usd_high, added_usd,
    added_usd_low, added_usd_high, lost_fraction, why_not}], notice {verdict, notice_seconds, checkpoint_gib,
    save_seconds_low, save_seconds_high, hours, usd, saved_hours, saved_usd, rule, source}, mixes [{kind,
    on_demand_instances, spot_instances, progress_fraction, hours, usd, usd_low, usd_high}], deadline {ways [{way,
    net_hours, chance, chance_at_high_hours, usd, usd_low, usd_high, on_curve, jobs}], spot_only_by_date [{date_hours,
    chance, chance_at_high_hours}]}, policies [{policy, usd, usd_low, usd_high, saved_fraction, met_fraction,
    ended_fraction, hours, spot_fraction, preemptions, jobs}], game_day [{drill, checkpoints, interval_hours,
    interruptions, lost_work_hours, hours, usd, met_fraction}], waiting [{schedule, wait_minutes, wait_minutes_p90,
    late_minutes, missed_fraction, calls, calls_p90, gaps}], own_odds [{way,
    net_hours, chance, usd, usd_low, usd_high}], why_not_replayed, pools, fleet_request, fail_over,
    managed_spot, rules}. deadline, policies, game_day and waiting are null where why_not_replayed says why,
    own_odds without --history.
    """
    from costlib.exports.spot_text import spot_text
    from costlib.planner.answer import open_answer
    from costlib.planner.spot.replays import open_tape
    from costlib.planner.spot.report import spot_report
    from costlib.planner.spot.run import choose

    if history is not None and no_replay:
        raise click.UsageError("--history asks for a replay, and --no-replay leaves it out; choose one")
    result, watched = together(
        lambda: open_answer(Path(workload), rates_csv, percents_of(discounts)),
        lambda: open_tape(history) if history is not None else None,
    )
    run = choose(result, service=service, instance_type=instance_type, region=region, az=az, count=count)
    with click.progressbar(length=100, label="replaying recorded capacity", file=sys.stderr) as bar:

        def tell(share: float, _what: str) -> None:
            bar.update(int(100 * share) - bar.pos)

        found = spot_report(run, chance_percent / 100.0, not no_replay, None if no_replay else tell, history=watched)
        bar.update(100 - bar.pos)
    if as_json:
        print_json(found.as_dict())
    else:
        click.echo(result.sources.book.banner)
        click.echo(spot_text(found))
