"""Spot beside what is known: simulated jobs, reference runs, the optimum, and shares of deadlines met."""

from __future__ import annotations

from collections.abc import Callable

from costlib.tables import Snapshot
from costlib.validation import spot
from costlib.validation.evidence_rows import Demand, Evidence, rows_of


def checkpoints(_snapshot: Snapshot) -> Evidence:
    """The checkpoint formula against simulated jobs."""
    frame = spot.checkpoint_check(spot.spot_snapshot())
    frame["label"] = frame["interval_kind"].astype(str) + " interval, interrupted every "
    frame["label"] += frame["mtbi_hours"].map("{:g} h, write ".format) + frame["write_seconds"].map("{:g} s".format)
    inside = float(frame["inside"].mean())
    return Evidence(
        "spot",
        "expected hours with checkpoints",
        "05_ride_spot",
        "hours",
        "each row a million simulated jobs with their 95 % interval; one in twenty may lie outside by chance",
        rows_of(frame, label="label", group="model", reference="simulated_mean_hours", predicted="predicted_hours"),
        (Demand("inside the simulation's interval", at_least=spot.CHECKPOINTS_INSIDE),),
        {"inside the simulation's interval": inside},
    )  # fmt: skip


def replays(policy: str, said: str, demands: tuple[Demand, ...]) -> Callable[[Snapshot], Evidence]:
    """One policy against its reference runs, or where there are none against the optimum."""

    def made(_snapshot: Snapshot) -> Evidence:
        held = spot.spot_snapshot()
        frame = spot.replay_check(held, policy, spot.coarse_traces(held))
        known = f"cost_ratio_{policy}"
        reference = known if known in frame else "cost_ratio_omniscient"
        frame["label"] = frame["trace"].astype(str) + " from step " + frame["start_step"].astype(str)
        extra = {
            "deadlines met": float(frame["met_deadline"].mean()),
            "gap to the optimum closed": spot.gap_closed(frame),
        }
        return Evidence(
            "spot",
            said,
            "05_ride_spot",
            "cost over on-demand",
            "one start of a recorded trace a row, traces of ten-minute steps; reference: "
            + ("a plain simulation of the same rule" if reference == known else "the optimum, which knows the trace"),
            rows_of(frame, label="label", group="trace", reference=reference, predicted="cost_ratio"),
            demands,
            extra,
        )

    return made


def forecasts(_snapshot: Snapshot) -> Evidence:
    """Chances by a deadline against the shares observed, in tenths."""
    checked = spot.forecast_check(spot.spot_snapshot(), "spot_only", *spot.FORECAST_TERMS)
    frame = spot.deciles(checked).reset_index(drop=True)
    frame["label"] = [f"tenth {number + 1} of {len(frame)}, by chance" for number in frame.index]
    return Evidence(
        "spot",
        "chance to be done by a deadline, spot alone",
        "05_ride_spot",
        "share of starts",
        f"{len(checked):,} starts, 48 h of work in 60 h; each campaign from the others, and the zone's own past",
        rows_of(frame, label="label", reference="observed", predicted="chance"),
        (Demand("most that a tenth is off", at_most=spot.DECILE_POINTS),),
        {"most that a tenth is off": float((frame["chance"] - frame["observed"]).abs().max())},
    )
