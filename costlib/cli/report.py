"""``costlib report``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from costlib import __version__
from costlib.cli.options import JSON
from costlib.cli.output import print_json, together


@click.group()
def report() -> None:
    """Reports: a notebook template, run with parameters, as one HTML file."""


@report.command("plan")
@click.argument("workload", type=click.Path())
@click.option("--out", required=True, type=click.Path(), help="The HTML file to write.")
@click.option("-p", "settings", multiple=True, metavar="NAME=VALUE", help="A parameter, such as top_n=20. Repeat.")
@JSON
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
    set_, *_ = together(
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
        print_json({"template": "plan", "file": str(written), **origin, "parameters": given})
    else:
        click.echo(f"{written}: {book.banner}")
