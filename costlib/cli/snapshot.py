"""``costlib snapshot``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from costlib.cli.options import JSON
from costlib.cli.output import print_json
from costlib.errors import CostlibError

if TYPE_CHECKING:
    from costlib.tables import Snapshot


@click.group(invoke_without_command=True)
@JSON
@click.pass_context
def snapshot(context: click.Context, as_json: bool) -> None:
    """The embedded prices and facts: tables, rows and dates.

    JSON: {snapshot_id, as_of, tables: [{table, rows, as_of_oldest, as_of_newest, sha256, verified}]}.
    """
    if context.invoked_subcommand is None:
        _snapshot(as_json, thorough=False)


@snapshot.command("verify")
@JSON
def snapshot_verify(as_json: bool) -> None:
    """Checks every table: its checksum, and what must hold of its rows; exit code 1 if any is damaged or wrong.

    JSON: as for snapshot, and problems: one sentence each.
    """
    if not _snapshot(as_json, thorough=True):
        raise CostlibError("the snapshot is damaged; the tables are named above")


@snapshot.command("diff")
@click.argument("old", type=click.Path(file_okay=False))
@click.argument("new", type=click.Path(file_okay=False), required=False)
@JSON
def snapshot_diff(old: str, new: str | None, as_json: bool) -> None:
    """What changed from the snapshot in folder OLD to that in NEW (default: the embedded one).

    Prices that came, went and moved, and those that look like a slip: about ten times or a tenth of what they were,
    zero, missing, or far off.

    JSON: {old, new, tables [{table, new, gone, changed, median_ratio, flagged}], rows [{table, key, kind, old_usd,
    new_usd, ratio, flag, old_as_of, new_as_of}]}.
    """
    from costlib.exports.snapshot_diff import diff_text
    from costlib.exports.tables import records
    from costlib.prices.compare import compare
    from costlib.tables import Snapshot

    found = compare(Snapshot.open(old), Snapshot.open(new))
    if as_json:
        print_json({"old": found.old_id, "new": found.new_id, "tables": list(records(found.by_table)),
                    "rows": list(records(found.rows))})  # fmt: skip
    else:
        click.echo(diff_text(found))


def _snapshot(as_json: bool, thorough: bool) -> bool:
    """Prints the tables; with ``thorough`` what is wrong with their rows, too. True if nothing is."""
    from costlib.exports import terminal
    from costlib.exports.snapshot_list import snapshot_rows
    from costlib.tables import Snapshot

    opened = Snapshot.open()
    rows = snapshot_rows(opened)
    whole = all(row["verified"] for row in rows)
    # A table that is not the one described is told; what its rows say is then of no interest.
    problems = _problems(opened) if thorough and whole else []
    if as_json:
        content = {"snapshot_id": opened.snapshot_id, "as_of": opened.as_of, "tables": rows}
        print_json({**content, "problems": problems} if thorough else content)
    else:
        click.echo(f"snapshot {opened.snapshot_id}, as of {opened.as_of}")
        click.echo(terminal.snapshot_text(rows))
        for problem in problems:
            click.echo(problem)
    return whole and not problems


def _problems(opened: Snapshot) -> list[str]:
    """What is wrong with the rows of the tables, prices and facts."""
    from costlib.facts import integrity as facts
    from costlib.prices import integrity as prices

    return prices.check_snapshot(opened) + facts.check_snapshot(opened)
