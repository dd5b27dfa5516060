"""``costlib bench-template``."""

from __future__ import annotations

from pathlib import Path

import click

from costlib.cli.options import JSON
from costlib.cli.output import print_json, together


@click.command("bench-template")
@click.argument("sheet_csv", type=click.Path())
@click.option("--script", type=click.Path(), help="Also write a Python script that measures and fills the sheet.")
@JSON
def bench_template(sheet_csv: str, script: str | None, as_json: bool) -> None:
    """An empty sheet for your own benchmarks, at SHEET_CSV.

    Fill it by hand, or with the script (--script; run it with --help), which needs PyTorch and nothing else. Then:
    costlib plan W.yaml --benchmarks SHEET_CSV. Files that are there already are not overwritten.

    JSON: {file, script, columns [{name, unit, meaning, example, required}]}.
    """
    from dataclasses import asdict

    from costlib.benchmarks import sheet
    from costlib.exports.files import check_new, swap_in

    given = {"SHEET_CSV": sheet_csv, **({"--script": script} if script is not None else {})}
    together(*(lambda name=name, path=path: check_new(name, path) for name, path in given.items()))
    swap_in(Path(sheet_csv), sheet.template().encode())
    if script is not None:
        swap_in(Path(script), sheet.SCRIPT.read_bytes())
    if as_json:
        print_json({"file": sheet_csv, "script": script, "columns": [asdict(column) for column in sheet.COLUMNS]})
        return
    for column in sheet.COLUMNS:
        click.echo(f"{column.name:<24}{column.unit:<12}{column.meaning}")
    click.echo(f"written: {' and '.join(given.values())}")
