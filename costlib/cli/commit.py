"""``costlib commit``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from costlib.cli.options import DISCOUNT, JSON, RATES, Percent, percents_of, shares_of
from costlib.cli.output import print_json, together

if TYPE_CHECKING:
    from costlib.models.commitments import Commitment

PLANS = ("standard", "convertible", "ec2_instance", "compute", "sagemaker")
PAYMENTS = ("no_upfront", "partial_upfront", "all_upfront")


@click.command()
@click.argument("usage", nargs=-1, required=True, type=click.Path())
@click.option("--months", type=click.IntRange(12, 60), help="How far to look. Default: 12.")
@click.option(
    "--growth-percent", nargs=3, type=float, metavar="LOW EXPECTED HIGH",
    help="Growth a year, as 10th, 50th and 90th percentile. Default: told by the usage's own history.",
)  # fmt: skip
@click.option("--stop-chance-percent", type=Percent(0, 99), help="That all ends within a year. Default: 10.")
@click.option(
    "--future", type=click.Path(),
    help="YAML: months, growth, stop_chance_percent, migrations to other types, price_cuts. Options go before it.",
)  # fmt: skip
@click.option(
    "--risk-percent", type=Percent(0, 100), default=25.0,
    help="Weight on the worst tenth of futures; the rest weighs their mean. Default: 25.",
)  # fmt: skip
@click.option(
    "--tail", type=click.Choice(["loss", "cost"]), default="loss",
    help="Worst by what commitments lose against none, or by cost. Default: loss.",
)  # fmt: skip
@click.option("--spot-percent", type=Percent(0, 100), default=0.0, help="Of EC2 usage that tolerates spot.")
@click.option("--spot", "spot_types", multiple=True, metavar="TYPE=PERCENT", help="The same of one type. Repeat.")
@click.option("--capital-percent", type=Percent(0, 100), default=0.0, help="Your cost of capital a year. Default: 0.")
@click.option("--plan", "plans", multiple=True, type=click.Choice(PLANS), help="May be bought. Repeat. Default: all.")
@click.option("--payment", "payments", multiple=True, type=click.Choice(PAYMENTS), help="The same. Default: all.")
@click.option("--term", "terms", multiple=True, type=click.Choice(["1", "3"]), help="Years, the same. Default: both.")
@click.option("--bill", "is_bill", is_flag=True, help="USAGE is a bill (FOCUS or CUR), as costlib bill reads it.")
@click.option("--held", type=click.Path(), help="CSV of commitments in force.")
@click.option(
    "--spread", type=click.Choice(["even", "random", "working_hours"]),
    help="When the runs of workloads start. Default: random.",
)  # fmt: skip
@click.option("--no-ladder", is_flag=True, help="Leave out when to buy how much in rungs.")
@RATES
@DISCOUNT
@JSON
def commit(
    usage: tuple[str, ...],
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
    is_bill: bool,
    held: str | None,
    spread: str | None,
    no_ladder: bool,
    rates_csv: str | None,
    discounts: tuple[str, ...],
    as_json: bool,
) -> None:
    """What to commit to for USAGE: Reserved Instances, Savings Plans, Capacity Blocks, beside spot and on-demand.

    USAGE is hourly: a CSV or Parquet file with hour, instance_type, region and hours (or normalized_units), and where
    they matter service, platform, tenancy, zone, account; with --bill a bill; or workloads (.yaml), whose runs are laid
    on the calendar.

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
    from costlib.exports.commit_text import commit_text
    from costlib.planner.answer import open_book
    from costlib.planner.commit.asked import Asked
    from costlib.planner.commit.bill_usage import usage_of_bill
    from costlib.planner.commit.demand import Future
    from costlib.planner.commit.future_file import future_of, read_future
    from costlib.planner.commit.held_file import read_held
    from costlib.planner.commit.planned import planned_demand
    from costlib.planner.commit.rates import every_rate
    from costlib.planner.commit.report import commit_report, planned_report
    from costlib.planner.commit.usage_file import read_usage

    planned = [path for path in usage if path.lower().endswith((".yaml", ".yml"))]
    if planned and len(planned) < len(usage) or not planned and len(usage) > 1:
        raise click.UsageError("USAGE is one file of usage, or one or more workloads (.yaml), not both")
    if planned and is_bill:
        raise click.UsageError("--bill is for a bill; workloads (.yaml) are none")
    of_usage = {"--growth-percent": growth_percent, "--stop-chance-percent": stop_chance_percent, "--future": future}
    if planned and any(given is not None for given in of_usage.values()):
        given = ", ".join(name for name, value in of_usage.items() if value is not None)
        raise click.UsageError(f"only a file of usage takes {given}: workloads say themselves what will run")
    if spread is not None and not planned:
        raise click.UsageError("--spread is for workloads (.yaml); a file of usage says when it ran")
    book = open_book(rates_csv, percents_of(discounts))
    over = {
        "months": months,
        "growth": None if growth_percent is None else tuple(each / 100 for each in growth_percent),
        "stop_chance_fraction": None if stop_chance_percent is None else stop_chance_percent / 100,
    }
    vocabulary = book.vocabulary
    come, ran, shares = together(
        lambda: read_future(future, vocabulary, **over) if future is not None else future_of(None, vocabulary, **over),
        lambda: planned_demand(planned, book, months or Future().months, spread or "random") if planned
        else usage_of_bill(usage[0], book) if is_bill else read_usage(usage[0], book),
        lambda: shares_of("--spot", spot_types),
    )  # fmt: skip
    in_force: tuple[tuple[Commitment, int], ...] = ()
    if held is not None:
        if planned:
            raise click.UsageError("--held needs a file of usage: when planned runs begin is not said")
        in_force = read_held(held, every_rate(book), ran.hours[-1] + ran.hours.freq)
    asked = Asked(
        risk_weight=risk_percent / 100,
        tail_of=tail,
        cost_of_capital_fraction=capital_percent / 100,
        spot_fraction=spot_percent / 100,
        spot_by_type=tuple(shares.items()),
        plan_types=plans or PLANS,
        payments=payments or PAYMENTS,
        terms_years=tuple(map(int, terms)) or (1, 3),
        held=in_force,
    )
    if planned:
        found, notes = planned_report(book, ran.demand, come.months, asked), [f"plan: {plan.key}" for plan in ran.plans]
    else:
        found, notes = commit_report(book, ran.usage, come, asked), list(ran.notes)
    if as_json:
        print_json({**found.as_dict(ladder=not no_ladder), "notes": notes})
    else:
        click.echo(book.banner)
        click.echo(commit_text(found, notes))
