"""``costlib replay``."""

from __future__ import annotations

import sys

import click

from costlib.cli.options import JSON
from costlib.cli.output import print_json

#: Starts between two reports of progress.
CHUNK = 200


@click.command()
@click.argument("trace", type=click.Path())
@click.option(
    "--policy", required=True,
    help="on_demand, spot_only, safety_net (greedy), uniform_progress (up), uniform_progress_plain,"
    " uniform_progress_literal, lookahead; optimum (omniscient): the bound.",
)  # fmt: skip
@click.option("--work-hours", type=float, required=True, help="Hours of work without interruptions.")
@click.option("--deadline-hours", type=float, required=True, help="Hours from start to deadline.")
@click.option("--changeover-hours", type=float, required=True, help="Lost and billed at each start of an instance.")
@click.option("--spot-price-ratio", type=float, help="Spot over on-demand. Default: 0.318, as in Wu et al. 2024.")
@click.option("--checkpoint-interval-hours", type=float, help="Work between checkpoints. Default: durable at once.")
@click.option("--checkpoint-write-hours", type=float, default=0.0, help="Hours to write one. Default: 0.")
@click.option("--every", type=click.IntRange(min=1), default=1, help="Only every so manieth start. Default: 1, all.")
@click.option("--nodes", type=click.IntRange(min=1), help="Of a trace of counts: how many must be there at once.")
@click.option("--billed-by-second", is_flag=True, help="The last step is billed to its end of work, not whole.")
@JSON
def replay(
    trace: str,
    policy: str,
    work_hours: float,
    deadline_hours: float,
    changeover_hours: float,
    spot_price_ratio: float | None,
    checkpoint_interval_hours: float | None,
    checkpoint_write_hours: float,
    every: int,
    nodes: int | None,
    billed_by_second: bool,
    as_json: bool,
) -> None:
    """A job over a recorded spot TRACE (a .json file, or the name of an embedded trace), from each of its starts.

    A file holds {"gap_seconds": 600, "avail": [1, 0, ...]}, or {"metadata": {"gap_seconds": 600}, "data": [4, 0, ...]}
    (how many were there; give --nodes), or {"time": ["2026-01-05T00:00:00Z", ...], "avail": [1, 0, ...]}.

    JSON: {trace, step_hours, steps, available_fraction, policy, work_hours, deadline_hours, changeover_hours,
    spot_price_ratio, spot_price_rule, summary {starts, cost_ratio, cost_ratio_p10, cost_ratio_p90, met_fraction,
    finish_hours, lost_work_hours, spot_fraction, preemptions}, starts [{start_step, cost_ratio, finish_hours,
    met_deadline, lost_work_hours, spot_hours, on_demand_hours, starts, preemptions}]}. cost_ratio is over on-demand for
    the bare work; finish_hours is null for a job that never gets done, and with the optimum, which tells costs only.
    """
    import pandas as pd

    from costlib.exports.spot_text import replay_text
    from costlib.exports.tables import records
    from costlib.planner.spot import replays

    question = replays.Question(
        policy, work_hours, deadline_hours, changeover_hours, spot_price_ratio, checkpoint_interval_hours,
        checkpoint_write_hours, billed_by_second,
    )  # fmt: skip
    tape = replays.open_tape(trace, nodes)
    first = replays.starts_of(tape, question, every)
    if policy in replays.OPTIMUM_NAMES and len(first):
        # It takes some 0.05 s a start.
        chunks = [first[at : at + CHUNK] for at in range(0, len(first), CHUNK)]
        with click.progressbar(chunks, label=f"{len(first):,} starts", file=sys.stderr) as bar:
            table = pd.concat([replays.replayed(tape, question, chunk) for chunk in bar], ignore_index=True)
    else:
        table = replays.replayed(tape, question, first)
    found = replays.summary(table)
    if as_json:
        print_json(
            {
                "trace": tape.name,
                "step_hours": tape.step_hours,
                "steps": len(tape.available),
                "available_fraction": float(tape.available.mean()),
                "policy": policy,
                "work_hours": work_hours,
                "deadline_hours": deadline_hours,
                "changeover_hours": changeover_hours,
                "spot_price_ratio": question.price_ratio,
                "spot_price_rule": replays.PAPER_PRICE_RULE if spot_price_ratio is None else "given",
                "summary": found,
                "starts": records(table),
            }
        )
    else:
        click.echo(replay_text(tape, question, found))
