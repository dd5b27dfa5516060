"""The command line: one command per public question. It only translates; what is computed is elsewhere.

Exit codes: 0 done; 1 it could not be done (data damaged, report failed); 2 the input was refused, with every fault.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from costlib import __version__
from costlib.errors import CostlibError, Fault, InvalidInput, NoPlan

# Everything that reads data is imported inside the commands, so that --help answers at once.
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
_RATES = click.option("--rates", "rates_csv", type=click.Path(), help="CSV of your own prices, over the snapshot's.")
_DISCOUNT = click.option(
    "--discount", "discounts", multiple=True, metavar="SERVICE=PERCENT",
    help="Your discount on ec2, sagemaker, s3 or transfer. Repeat for more.",
)  # fmt: skip


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="costlib")
def cli() -> None:
    """Plans what machine learning costs on AWS, on dated prices.

    Every command takes --json, whose keys are stable. Refused input ends with exit code 2 and, with --json, with
    {"errors": [{"field", "value", "problem", "nearest"}]} on standard output.
    """


@cli.command()
@click.argument("instance_type")
@click.option("--region", "regions", multiple=True, help="Only this region. Repeat for more.")
@click.option("--service", "services", multiple=True, help="Only this service: ec2 or sagemaker.")
@_RATES
@_DISCOUNT
@_JSON
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

    book = open_book(rates_csv, _percents(discounts))
    rows = price_list(book, instance_type, regions, services)
    if as_json:
        _print_json(rows)
    else:
        click.echo(book.banner)
        click.echo(terminal.prices_text(rows))


@cli.command()
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
@_RATES
@_DISCOUNT
@_JSON
def plan(
    workload: str,
    limit: int | None,
    best_per: str | None,
    include_late: bool,
    explain_rank: int | None,
    show_ladder: bool,
    excluded: bool,
    out: str | None,
    rates_csv: str | None,
    discounts: tuple[str, ...],
    as_json: bool,
) -> None:
    """All ways to run WORKLOAD (a YAML file), cheapest first.

    JSON: a list by expected cost of {rank, service, instance_type, count, region, az, purchase, option, precision,
    accelerator, accelerator_count, hours {low, expected, high}, hours_basis, hours_source, hours_rule,
    cost_usd {low, expected, high}, commitment_usd, basis, lines, meets_deadline, pareto}; lines are {item, usd,
    usd_low, usd_high, basis, source, as_of, formula, inputs, rule}. Costs are USD for one run; the lines
    add up to the cost.
    With --explain: one such plan. With --ladder: {start, rungs, end_usd, saved_fraction}. With --excluded:
    {enumerated, on_time, exclusions}.
    """
    from costlib.exports import files, terminal
    from costlib.exports.json_text import exclusions_json, ladder_json
    from costlib.planner import answer
    from costlib.planner.explain import explain, plans
    from costlib.planner.ladder import ladder

    if as_json and show_ladder + excluded + (explain_rank is not None) > 1:
        raise click.UsageError("--json prints one of --ladder, --excluded, --explain; choose one")
    percents = _percents(discounts)
    _, result = _together(
        lambda: files.check_path(out) if out is not None else None,
        lambda: answer.open_answer(Path(workload), rates_csv, percents),
    )
    most = limit if limit is not None else 100 if as_json or out else 25
    rows = answer.chosen_rows(result, most, include_late, _groups(best_per, as_text=not (as_json or out)))
    if out is not None:
        files.write(Path(out), result, plans(result, rows))
    if as_json and excluded:
        _print_json(exclusions_json(result))
    elif as_json and show_ladder:
        _print_json(ladder_json(result, ladder(result)))
    elif explain_rank is not None:
        if not 1 <= explain_rank <= len(result.order):
            raise InvalidInput([Fault("--explain", explain_rank, f"is not a rank from 1 to {len(result.order)}")])
        (one,) = plans(result, result.order[explain_rank - 1 : explain_rank])
        if as_json:
            _print_json(one.as_dict())
        else:
            click.echo(result.sources.book.banner)
            click.echo(terminal.explain_text(one, explain(one)))
    elif as_json:
        _print_json_list(made.as_dict() for chunk in answer.in_chunks(result, rows) for made in chunk)
    else:
        click.echo(result.sources.book.banner)
        for chunk in answer.in_chunks(result, rows):
            click.echo(terminal.plans_text(chunk))
        click.echo("\n" + terminal.exclusions_text(result))
        if show_ladder:
            click.echo("\n" + terminal.ladder_text(result, ladder(result)))


@cli.group()
def report() -> None:
    """Reports: a notebook template, run with parameters, as one HTML file."""


@report.command("plan")
@click.argument("workload", type=click.Path())
@click.option("--out", required=True, type=click.Path(), help="The HTML file to write.")
@click.option("-p", "settings", multiple=True, metavar="NAME=VALUE", help="A parameter, such as top_n=20. Repeat.")
@_JSON
def report_plan(workload: str, out: str, settings: tuple[str, ...], as_json: bool) -> None:
    """The plan of WORKLOAD (a YAML file) as a report.

    Parameters (-p): top_n, discount_percent ({ec2: 10}), rates_csv.

    JSON: {template, file, version, snapshot_id, parameters}.
    """
    from costlib.exports.files import check_folder
    from costlib.planner.answer import read_workload
    from costlib.reports.parameters import checked, from_settings, parameters_of
    from costlib.reports.plan import plan_report
    from costlib.reports.runner import run_report

    known = parameters_of("plan")
    # What is wrong with the input is said before the notebook starts, with every fault.
    set_, *_ = _together(
        lambda: checked(from_settings(settings, known, fixed=("workload",)), known),
        lambda: read_workload(Path(workload)),
        lambda: check_folder(out),
    )
    given = {**set_, "rates_csv": set_["rates_csv"] and os.path.abspath(set_["rates_csv"])}
    result = plan_report(**{**given, "workload": Path(workload)}).result
    given["workload"] = result.workload.to_yaml()
    written = run_report("plan", given, out)
    book = result.sources.book
    if as_json:
        origin = {"version": __version__, "snapshot_id": book.snapshot_id}
        _print_json({"template": "plan", "file": str(written), **origin, "parameters": given})
    else:
        click.echo(f"{written}: {book.banner}")


@cli.group(invoke_without_command=True)
@_JSON
@click.pass_context
def snapshot(context: click.Context, as_json: bool) -> None:
    """The embedded prices and facts: tables, rows and dates.

    JSON: {snapshot_id, as_of, tables: [{table, rows, as_of_oldest, as_of_newest, sha256, verified}]}.
    """
    if context.invoked_subcommand is None:
        _snapshot(as_json)


@snapshot.command("verify")
@_JSON
def snapshot_verify(as_json: bool) -> None:
    """Checks every table against its checksum; exit code 1 if any is damaged.

    JSON: as for snapshot.
    """
    if not _snapshot(as_json):
        raise CostlibError("the snapshot is damaged; the tables are named above")


def _snapshot(as_json: bool) -> bool:
    from costlib.exports import terminal
    from costlib.exports.snapshot_list import snapshot_rows
    from costlib.tables import Snapshot

    opened = Snapshot.open()
    rows = snapshot_rows(opened)
    if as_json:
        _print_json({"snapshot_id": opened.snapshot_id, "as_of": opened.as_of, "tables": rows})
    else:
        click.echo(f"snapshot {opened.snapshot_id}, as of {opened.as_of}")
        click.echo(terminal.snapshot_text(rows))
    return all(row["verified"] for row in rows)


def _percents(discounts: Sequence[str]) -> dict[str, Any]:
    """``("ec2=10",)`` as ``{"ec2": 10.0}``; what is no number stays text, for the rates to refuse with all else."""
    percents: dict[str, Any] = {}
    for text in discounts:
        service, _, percent = text.partition("=")
        if service in percents:
            raise InvalidInput([Fault("--discount", text, "names a service a second time")])
        try:
            percents[service] = float(percent)
        except ValueError:
            percents[service] = percent
    return percents


def _groups(best_per: str | None, as_text: bool) -> tuple[str, ...]:
    """What to keep the best of: people want different plans, programs want all of them."""
    if best_per is None:
        return ("service", "instance_type", "purchase") if as_text else ()
    return () if best_per == "all" else tuple(best_per.split(","))


def _together(*steps: Callable[[], Any]) -> list[Any]:
    """Takes every step and raises InvalidInput with the faults of all of them."""
    answers: list[Any] = []
    faults: list[Fault] = []
    for step in steps:
        try:
            answers.append(step())
        except InvalidInput as error:
            faults += error.faults
    if faults:
        raise InvalidInput(faults)
    return answers


def _print_json(value: object) -> None:
    from costlib.exports.json_text import to_json

    click.echo(to_json(value))


def _print_json_list(values: Iterable[object]) -> None:
    """A list, an element a line, written as it is made: all candidates of a search are too many to hold."""
    from costlib.exports.json_text import to_json

    click.echo("[", nl=False)
    for number, value in enumerate(values):
        click.echo((",\n" if number else "\n") + to_json(value, indent=None), nl=False)
    click.echo("\n]")


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and exits with its code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = _run(words)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has had enough; nothing more may be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code)


def _run(words: Sequence[str]) -> int:
    as_json = "--json" in words
    try:
        return cli.main(list(words), prog_name="costlib", standalone_mode=False) or 0
    except click.UsageError as error:
        if not as_json:
            error.show()
            return 2
        name = error.param.name if isinstance(error, click.BadParameter) and error.param else None
        return _refuse([Fault(name or "command", None, error.format_message())], as_json, 2)
    except InvalidInput as error:
        return _refuse(error.faults, as_json, 2)
    except NoPlan as error:
        return _refuse([Fault("search", None, str(error))], as_json, 2)
    except (CostlibError, click.ClickException) as error:
        return _refuse([Fault(type(error).__name__, None, str(error))], as_json, 1)
    except (click.Abort, KeyboardInterrupt):
        return 130


def _refuse(faults: Sequence[Fault], as_json: bool, code: int) -> int:
    if as_json:
        _print_json({"errors": [fault.as_dict() for fault in faults]})
        return code
    from costlib.exports.terminal import plain

    for fault in faults:
        text = fault.problem if fault.value is None and fault.field[:1].isupper() else str(fault)
        click.echo(f"costlib: {plain(text)}", err=True)
    return code
