"""Options of commands that read a bill, and the bill that they name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from costlib.billing.bill import Bill

_OPTIONS = (
    click.option("--currency", help="Where a bill holds several."),
    click.option("--version", help="Where a folder holds several: 'FOCUS 1.0', 'FOCUS 1.2', 'CUR 2.0', 'CUR legacy'."),
    click.option(
        "--engine", type=click.Choice(["duckdb", "athena", "spark"]), default="duckdb", help="Default: duckdb."
    ),
    click.option("--workgroup", help="Athena's workgroup; PATH is then the table."),
    click.option("--database", help="Athena's database."),
    click.option("--memory", default="1GB", help="DuckDB's memory, beyond which it works on disk. Default: 1GB."),
)


def bill_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options of ``named_bill`` to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def named_bill(
    path: str,
    currency: str | None,
    version: str | None,
    engine: str,
    workgroup: str | None,
    database: str | None,
    memory: str,
) -> Bill:
    """The bill at ``path``, opened with the engine that the options name."""
    from costlib.billing.bill import open_bill
    from costlib.billing.engine import open_engine

    if (workgroup or database) and engine != "athena":
        raise click.UsageError("--workgroup and --database are Athena's: add --engine athena")
    options: dict[str, Any] = {"duckdb": {"memory_limit": memory}, "spark": {}}.get(
        engine, {"workgroup": workgroup, "database": database}
    )
    return open_bill(path, open_engine(engine, **options), currency=currency, version=version)
