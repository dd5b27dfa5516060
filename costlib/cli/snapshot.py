"""``costlib snapshot``."""

from __future__ import annotations

import click

from costlib.cli.options import JSON
from costlib.cli.output import print_json
from costlib.errors import CostlibError


@click.group(invoke_without_command=True)
@JSON
@click.pass_context
def snapshot(context: click.Context, as_json: bool) -> None:
    """The embedded prices and facts: tables, rows and dates.

    JSON: {snapshot_id, as_of, tables: [{table, rows, as_of_oldest, as_of_newest, sha256, verified}]}.
    """
    if context.invoked_subcommand is None:
        _snapshot(as_json)


@snapshot.command("verify")
@JSON
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
        print_json({"snapshot_id": opened.snapshot_id, "as_of": opened.as_of, "tables": rows})
    else:
        click.echo(f"snapshot {opened.snapshot_id}, as of {opened.as_of}")
        click.echo(terminal.snapshot_text(rows))
    return all(row["verified"] for row in rows)
