"""``costlib commit``."""

from __future__ import annotations

import click

from costlib.cli.options import DISCOUNT, JSON, RATES, percents_of
from costlib.cli.output import print_json, together

PLANS = ("standard", "convertible", "ec2_instance", "compute", "sagemaker")
PAYMENTS = ("no_upfront", "partial_upfront", "all_upfront")


@click.command()
@click.argument("usage", type=click.Path())
@click.option("--months", type=click.IntRange(12, 60), help="How far to look. Default: 12.")
@click.option(
    "--growth-percent", nargs=3, type=float, metavar="LOW EXPECTED HIGH",
    help="Growth a year, as 10th, 50th and 90th percentile. Default: told by the usage's own history.",
)  # fmt: skip
@click.option("--stop-chance-percent", type=click.FloatRange(0, 99), help="That all ends within a year. Default: 10.")
@click.option(
    "--future", type=click.Path(),
    help="YAML: months, growth, stop_chance_percent, migrations to other types, price_cuts. Options go before it.",
)  # fmt: skip
@click.option(
    "--risk-percent", type=click.FloatRange(0, 100), default=25.0,
    help="Weight on the worst tenth of futures; the rest weighs their mean. Default: 25.",
)  # fmt: skip
@click.option(
    "--tail", type=click.Choice(["loss", "cost"]), default="loss",
    help="Worst by what commitments lose against none, or by cost. Default: loss.",
)  # fmt: skip
@click.option("--spot-percent", type=click.FloatRange(0, 100), default=0.0, help="Of EC2 usage that tolerates spot.")
@click.option("--spot", "spot_types", multiple=True, metavar="TYPE=PERCENT", help="The same of one type. Repeat.")
@click.option(
    "--capital-percent", type=click.FloatRange(0, 100), default=0.0, help="Your cost of capital a year. Default: 0."
)
@click.option("--plan", "plans", multiple=True, type=click.Choice(PLANS), help="May be bought. Repeat. Default: all.")
@click.option("--payment", "payments", multiple=True, type=click.Choice(PAYMENTS), help="The same. Default: all.")
@click.option("--term", "terms", multiple=True, type=click.Choice(["1", "3"]), help="Years, the same. Default: both.")
@click.option("--held", type=click.Path(), help="CSV of commitments in force.")
@click.option("--no-ladder", is_flag=True, help="Leave out when to buy how much in rungs.")
@RATES
@DISCOUNT
@JSON
def commit(
    usage: str,
    months: int | None,
    growth_percent: tuple[float, float, float] | None,
    stop_chance_percent: float | None,
    future: str | None,
    risk_percent: float,
    tail: str,
    spot_percent: float,
    spot_types: tuple[str, ...],
    capital_percent: float,
    plans: tuple[str, ...],
    payments: tuple[str, ...],
    terms: tuple[str, ...],
    held: str | None,
    no_ladder: bool,
    rates_csv: str | None,
    discounts: tuple[str, ...],
    as_json: bool,
) -> None:
    """What to commit to for USAGE: Reserved Instances, Savings Plans, Capacity Blocks, beside spot and on-demand.

    USAGE is hourly: a CSV or Parquet file with hour, instance_type, region and hours (or normalized_units), and where
    they matter service, platform, tenancy, zone, account; or a workload's YAML, whose runs are laid on the calendar.

    JSON: {banner, usage {hours, lines [{instance_type, region, service, instance_hours, least, mean, most}]},
    assumptions, purchases [{plan_type, term_years, payment, instance_type, family, region, start_hour, end_hour,
    amount, unit, usd_per_hour, upfront_usd, utilisation, break_even_utilisation, break_even_months, basis, rule,
    source, as_of}], summary {expected_usd, tail_usd, tail_lost_usd, committed_usd, expected_saved_usd,
    expected_saved_fraction, worst_saved_usd, coverage, utilisation, expected_saved_usd_low, expected_saved_usd_high,
    paid_back_month, best_possible_objective_usd, objective_usd}, scenarios [{scenario, probability, on_demand_usd,
    uncommitted_usd, cost_usd, saved_usd, saved_fraction, coverage, utilisation}], regret [{scenario, cost_usd,
    hindsight_usd, regret_usd, regret_fraction}], cash_by_month [{month, upfront_usd, recurring_usd, uncovered_usd,
    total_usd, on_demand_usd, saved_so_far_usd, present_saved_so_far_usd}], layers {committed_usd, unused_usd, spot_usd,
    on_demand_usd, total_usd, all_on_demand_usd, instance_hours, blended_usd_per_hour, effective_savings_rate} of the
    middle scenario, look_back [{days, usd_per_hour, expected_usd, worst_usd, commitments}], ladder and ladder_summary
    as purchases and summary (null with --no-ladder), offers [{instance_type, region, service, plan_type, term_years,
    payment, usd_per_hour, usd_low, usd_high, upfront_usd, recurring_usd_per_hour, on_demand_usd_per_hour,
    spot_usd_per_hour, saved_fraction, break_even_against_on_demand, break_even_against_spot, break_even_months, basis,
    rule, source, as_of}], left_out [{reason, offers, plan_types, terms_years}], rules, notes}. ``objective_usd`` is
    what was made least; no portfolio of these offers is below ``best_possible_objective_usd``.
    """
