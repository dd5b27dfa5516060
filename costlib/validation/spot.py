"""Spot: checkpoints against simulated jobs, replays against reference runs, and the lookahead policy on traces that it
has not learnt from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costlib.errors import InvalidInput, unknown
from costlib.facts.spot_traces import SpotTraces
from costlib.models.availability_kinds import Kinds, changes_and_hours, fitted_kinds
from costlib.models.backoff import recorded_gaps
from costlib.models.checkpoint import best_interval_hours, daly_interval_hours, expected_hours, young_interval_hours
from costlib.models.deadline import EVERY_HOURS, forecast, record_of
from costlib.models.replay import Replayed, policy_named, simulate
from costlib.models.replay_lookahead import Lookahead
from costlib.models.replay_policies import Policy
from costlib.models.replay_terms import Terms
from costlib.paths import data_dir
from costlib.tables import Snapshot
from costlib.units import SECONDS_PER_HOUR

Bools = NDArray[np.bool_]

#: p3.2xlarge, 0.9731 of 3.06 USD/h, as in the reference runs.
REFERENCE_PRICE_RATIO = 0.9731 / 3.06
#: How many kinds of capacity the recorded traces are taken for.
KINDS = 8
#: Hours between the moments at which forecasts are checked.
CHECKED_EVERY_HOURS = 3.0
#: Of simulations with a 95 % interval so many may be demanded to hold the formula: chance takes one in twenty.
CHECKPOINTS_INSIDE = 0.92
#: What the lookahead policy has to close of the gap between safety net and optimum.
GAP_CLOSED = 0.60
#: Work, deadline and changeover in hours of the jobs whose chances are checked, and the points allowed in a tenth.
FORECAST_TERMS = (48.0, 60.0, 0.05)
DECILE_POINTS = 0.05
#: Traces of shorter steps take longer than all others together, and say the same.
COARSE_SECONDS = 600
#: What a reference run is given, beside its trace and start.
TERMS = [
    "work_hours", "deadline_ratio", "changeover_seconds", "checkpoint_interval_seconds", "checkpoint_write_seconds",
]  # fmt: skip


def spot_snapshot() -> Snapshot:
    """The embedded traces and reference runs."""
    return Snapshot.open(data_dir() / "traces")


def checkpoint_check(snapshot: Snapshot) -> pd.DataFrame:
    """spot/checkpoint_reference with ``predicted_hours``, ``inside`` (the simulation's 95 % interval), ``z`` (predicted
    less simulated, in standard errors) and the three intervals as ``predicted_..._seconds``."""
    held = snapshot.read("spot/checkpoint_reference")
    mtbi, write = held["mtbi_hours"].to_numpy(), held["write_seconds"].to_numpy() / SECONDS_PER_HOUR
    restart, interval = (held[f"{name}_seconds"].to_numpy() / SECONDS_PER_HOUR for name in ("restart", "interval"))
    terms = (held["work_hours"].to_numpy(), interval, write, restart, mtbi)
    safe = (held["model"] == "restart_safe").to_numpy()
    predicted = np.where(safe, expected_hours(*terms, safe_restarts=True), expected_hours(*terms))
    mean, error = held["simulated_mean_hours"], held["simulated_standard_error_hours"]
    return held.assign(
        predicted_hours=predicted,
        inside=(predicted >= held["simulated_low_hours"]) & (predicted <= held["simulated_high_hours"]),
        z=(predicted - mean) / error,
        predicted_young_seconds=young_interval_hours(mtbi, write) * SECONDS_PER_HOUR,
        predicted_daly_seconds=daly_interval_hours(mtbi, write) * SECONDS_PER_HOUR,
        predicted_best_seconds=best_interval_hours(mtbi, write, restart) * SECONDS_PER_HOUR,
    )


def replay_check(snapshot: Snapshot, policy: str | Policy, names: Iterable[str] | None = None) -> pd.DataFrame:
    """spot/replay_reference (of the traces ``names``) with ``cost_ratio``, ``finish_hours``, ``met_deadline`` and
    ``lost_work_hours`` of one policy."""
    rule = policy_named(policy)
    traces = SpotTraces.open(snapshot)
    held = snapshot.read("spot/replay_reference")
    if names is not None:
        held = held[held["trace"].isin(list(names))]
    step = held["trace"].map({name: traces.step_hours(name) for name in traces.names()})
    parts = []
    for _, rows in held.groupby([step, *TERMS]):
        step_hours = float(step[rows.index[0]])
        work, ratio, changeover, interval, write = rows[TERMS].iloc[0].to_numpy(float)
        kept = (interval / SECONDS_PER_HOUR, write / SECONDS_PER_HOUR) if interval else (None, 0.0)
        terms = Terms.of_hours(
            step_hours, work, work * ratio, changeover / SECONDS_PER_HOUR, REFERENCE_PRICE_RATIO, *kept
        )
        tape, first = _one_after_another(traces, rows["trace"], terms.steps)
        starts = rows["trace"].map(first).to_numpy() + rows["start_step"].to_numpy()
        parts.append(rows.assign(**_columns(simulate(tape, terms, rule, starts))))
    return pd.concat(parts).sort_index()


def coarse_traces(snapshot: Snapshot) -> list[str]:
    """The traces of steps from COARSE_SECONDS on."""
    table = SpotTraces.open(snapshot).table
    return list(table.loc[table["step_seconds"] >= COARSE_SECONDS, "trace"])


def gap_closed(checked: pd.DataFrame) -> float:
    """Share of the mean cost between the safety net and the optimum that a policy saves, over runs of durable work."""
    runs = checked[checked["checkpoint_interval_seconds"] == 0]
    net = runs["cost_ratio_safety_net"].mean()
    return float((net - runs["cost_ratio"].mean()) / (net - runs["cost_ratio_omniscient"].mean()))


def recorded_kinds(traces: SpotTraces, without_campaigns: Iterable[str] = ()) -> Kinds:
    """The kinds fitted anew on the held traces, equal ones once, but for those of some campaigns."""
    table = traces.table.drop_duplicates(["campaign", "run_lengths"])
    table = table[~table["campaign"].isin(list(without_campaigns))]
    seen = [changes_and_hours(traces.of(name), traces.step_hours(name)) for name in table["trace"]]
    return fitted_kinds(np.array([changes for changes, _ in seen]), np.array([hours for _, hours in seen]), KINDS)


def recorded_requeue_hours(traces: SpotTraces) -> tuple[float, float]:
    """Hours until capacity is back: the middle and the P90 over the held traces, equal ones once, of their mean gap."""
    table = traces.table.drop_duplicates(["campaign", "run_lengths"])
    gaps = [recorded_gaps(traces.of(name), traces.step_hours(name))[0] for name in table["trace"]]
    means = [gap.mean() / SECONDS_PER_HOUR for gap in gaps if len(gap)]
    return float(np.median(means)), float(np.quantile(means, 0.9))


def left_out_check(snapshot: Snapshot, campaigns: Iterable[str] | None = None) -> pd.DataFrame:
    """``replay_check`` of the lookahead policy, on each campaign with kinds fitted on the other campaigns only.

    Traces of one campaign are alike (zones of the same weeks), so leaving out single traces would flatter.
    """
    traces = SpotTraces.open(snapshot)
    of_trace = traces.table.set_index("trace")["campaign"]
    parts = []
    for campaign in campaigns or sorted(of_trace.unique()):
        policy = Lookahead(recorded_kinds(traces, [campaign]))
        parts.append(replay_check(snapshot, policy, of_trace.index[of_trace == campaign]))
    return pd.concat(parts).sort_index()


def _one_after_another(traces: SpotTraces, names: pd.Series, steps: int) -> tuple[Bools, Mapping[str, int]]:
    """Traces on one tape, so that their jobs run at once, with room for a deadline between; where each begins."""
    first: dict[str, int] = {}
    pieces: list[Bools] = []
    length = 0
    for name in names.unique():
        first[name] = length
        pieces += [traces.of(name), np.zeros(steps, dtype=bool)]
        length += len(pieces[-2]) + steps
    return np.concatenate(pieces), first


def _columns(result: Replayed) -> dict[str, NDArray[np.float64] | Bools]:
    return {
        "cost_ratio": result.cost_ratio,
        "finish_hours": result.finish_hours,
        "met_deadline": result.met_deadline,
        "lost_work_hours": result.lost_work_hours,
    }


def forecast_check(
    snapshot: Snapshot,
    policy: str | Policy,
    work_hours: float,
    deadline_hours: float,
    changeover_hours: float,
    left_out: str = "campaign",
) -> pd.DataFrame:
    """Forecasts at recorded moments, each from its trace until then and from other traces, with what came of them.

    The other traces are those of other campaigns, or, with ``left_out`` "trace", the campaign's others too. Moments
    are CHECKED_EVERY_HOURS apart. Columns: ``trace``, ``campaign``, ``chance``, ``met_deadline``,
    ``predicted_cost_ratio`` with ``_low`` and ``_high``, ``cost_ratio``, ``inside`` (between low and high). Equal
    traces count once. Raises InvalidInput for another ``left_out``.
    """
    if left_out not in ("campaign", "trace"):
        raise InvalidInput([unknown("left_out", left_out, ["campaign", "trace"], "part to leave out")])
    traces = SpotTraces.open(snapshot)
    table = traces.table.drop_duplicates(["campaign", "run_lengths"]).reset_index(drop=True)
    held = {number: (traces.of(name), traces.step_hours(name)) for number, name in enumerate(table["trace"])}
    terms = Terms.of_hours(1.0, work_hours, deadline_hours, changeover_hours, REFERENCE_PRICE_RATIO)
    record = record_of(held, terms, policy)
    parts = []
    for number, (flags, step_hours) in held.items():
        own = np.nonzero(record.outcomes.trace == number)[0][:: round(CHECKED_EVERY_HOURS / EVERY_HOURS)]
        if len(own):
            row = table.loc[number]
            hidden = table.index[table[left_out] == row[left_out]]
            found = forecast(record.without(list(hidden)), flags, step_hours, record.outcomes.step[own])
            parts.append(
                pd.DataFrame(
                    {
                        "trace": row["trace"],
                        "campaign": row["campaign"],
                        "chance": found.chance,
                        "met_deadline": record.outcomes.met_deadline[own],
                        "predicted_cost_ratio": found.cost_ratio,
                        "predicted_cost_ratio_low": found.cost_ratio_low,
                        "predicted_cost_ratio_high": found.cost_ratio_high,
                        "cost_ratio": record.outcomes.cost_ratio[own],
                    }
                )
            )
    checked = pd.concat(parts, ignore_index=True)
    slack = 1e-9
    inside = (checked["cost_ratio"] >= checked["predicted_cost_ratio_low"] - slack) & (
        checked["cost_ratio"] <= checked["predicted_cost_ratio_high"] + slack
    )
    return checked.assign(inside=inside)


def deciles(checked: pd.DataFrame) -> pd.DataFrame:
    """Ten equal groups of a ``forecast_check`` by chance: mean ``chance``, ``observed`` share, ``moments``."""
    # Of equal chances none goes first by where it stands, or groups would be traces.
    mixed = checked.sample(frac=1.0, random_state=0).reset_index(drop=True)
    group = pd.qcut(mixed["chance"].rank(method="first"), 10, labels=False)
    by_group = mixed.groupby(group)
    return pd.DataFrame(
        {"chance": by_group["chance"].mean(), "observed": by_group["met_deadline"].mean(), "moments": by_group.size()}
    )
