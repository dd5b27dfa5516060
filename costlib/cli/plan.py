"""``costlib plan``."""

from __future__ import annotations

from pathlib import Path

import click

from costlib.cli.options import DISCOUNT, JSON, RATES, percents_of
from costlib.cli.output import print_json, print_json_list, together
from costlib.errors import Fault, InvalidInput


@click.command()
@click.argument("workload", type=click.Path())
@click.option("--limit", type=click.IntRange(min=0), help="Most plans; 0: all. Default: 25; 100 with --json or --out.")
@click.option(
    "--best-per",
    help="Only the best of each group of service, instance_type, region, purchase, precision, offer; 'all' lists all."
    " Default: service,instance_type,purchase as text; all with --json or --out.",
)
@click.option("--include-late", is_flag=True, help="Also plans that miss the deadline (rank 0).")
@click.option("--explain", "explain_rank", type=int, metavar="RANK", help="Every line of one plan instead.")
@click.option("--ladder", "show_ladder", is_flag=True, help="The savings ladder (JSON: instead of the plans).")
@click.option("--excluded", is_flag=True, help="What fell out and why (JSON: instead of the plans).")
@click.option("--out", type=click.Path(), help="Also write the plans to a .csv, .xlsx or .html file.")
@click.option(
    "--benchmarks", "benchmarks_csv", type=click.Path(),
    help="CSV of your own measured rows, first in trust for hours; bench-template writes an empty one.",
)  # fmt: skip
@RATES
@DISCOUNT
@JSON
def plan(
    workload: str,
    limit: int | None,
    best_per: str | None,
    include_late: bool,
    explain_rank: int | None,
    show_ladder: bool,
    excluded: bool,
    out: str | None,
    benchmarks_csv: str | None,
    rates_csv: str | None,
    discounts: tuple[str, ...],
    as_json: bool,
) -> None:
    """All ways to run WORKLOAD (a YAML file), cheapest first.

    JSON: a list by expected cost of {rank, service, instance_type, count, region, az, purchase, option, precision,
    accelerator, accelerator_count, hours {low, expected, high}, hours_basis, hours_source, hours_rule,
    cost_usd {low, expected, high}, commitment_usd, basis, lines, meets_deadline, meets_deadline_at_high, pareto};
    lines are {item, usd, usd_low, usd_high, basis, source, as_of, formula, inputs, rule}. Costs are USD for one
    run; the lines add up to the cost. meets_deadline is at the expected hours, meets_deadline_at_high at the
    high end of them.
    With --explain: one such plan. With --ladder: {start {choices, cost_usd, meets_deadline, plan}, rungs [{step,
    meaning, cost_usd, saved_usd, saved_fraction, effect, alone_saved_fraction, alone_effect, meets_deadline,
    plan}], end_usd, saved_fraction, effect}; a negative saving is a cost, and effect says so. With --excluded:
    {enumerated, on_time, exclusions}.
    """
    from costlib.exports import files, terminal
    from costlib.exports.json_text import exclusions_json, ladder_json
    from costlib.planner import answer
    from costlib.planner.explain import explain, plans
    from costlib.planner.ladder import ladder
    from costlib.planner.step_tokens import batch_note

    if as_json and show_ladder + excluded + (explain_rank is not None) > 1:
        raise click.UsageError("--json prints one of --ladder, --excluded, --explain; choose one")
    percents = percents_of(discounts)
    _, result = together(
        lambda: files.check_path(out) if out is not None else None,
        lambda: answer.open_answer(Path(workload), rates_csv, percents, benchmarks_csv),
    )
    most = limit if limit is not None else 100 if as_json or out else 25
    rows = answer.chosen_rows(result, most, include_late, _groups(best_per, as_text=not (as_json or out)))
    if out is not None:
        files.write(Path(out), result, plans(result, rows))
    if as_json and excluded:
        print_json(exclusions_json(result))
    elif as_json and show_ladder:
        print_json(ladder_json(result, ladder(result)))
    elif explain_rank is not None:
        if not 1 <= explain_rank <= len(result.order):
            raise InvalidInput([Fault("--explain", explain_rank, f"is not a rank from 1 to {len(result.order)}")])
        (one,) = plans(result, result.order[explain_rank - 1 : explain_rank])
        if as_json:
            print_json(one.as_dict())
        else:
            click.echo(result.sources.book.banner)
            click.echo(terminal.explain_text(one, explain(one)))
    elif as_json:
        print_json_list(made.as_dict() for chunk in answer.in_chunks(result, rows) for made in chunk)
    else:
        click.echo(result.sources.book.banner)
        if assumed := batch_note(result.workload):
            click.echo(terminal.plain(assumed))
        for chunk in answer.in_chunks(result, rows):
            click.echo(terminal.plans_text(chunk))
        click.echo("\n" + terminal.exclusions_text(result))
        if show_ladder:
            click.echo("\n" + terminal.ladder_text(result, ladder(result)))


def _groups(best_per: str | None, as_text: bool) -> tuple[str, ...]:
    """What to keep the best of: people want different plans, programs want all of them."""
    if best_per is None:
        return ("service", "instance_type", "purchase") if as_text else ()
    return () if best_per == "all" else tuple(best_per.split(","))
