"""Every model beside its reference results in one form: what 15_how_sure_are_we shows and tests hold.

Each ``Evidence`` says what a model was held against, row by row, and what must hold; numbers are never typed in.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from costlib.tables import Snapshot
from costlib.validation import (
    batch,
    commitments_evidence,
    cpu_or_gpu,
    memory,
    precision,
    scaling,
    spot,
    spot_evidence,
    training_time,
)
from costlib.validation.evidence_rows import COLUMNS, Demand, Evidence, rows_of

__all__ = ["COLUMNS", "Demand", "Evidence", "all_evidence", "summary"]


def all_evidence(snapshot: Snapshot) -> list[Evidence]:
    """Every piece: those that are there at once, then those that take a while."""
    return [make(snapshot) for make in (*QUICK, *(slow for _, slow in SLOW))]


def summary(evidence: list[Evidence]) -> pd.DataFrame:
    """One row a piece: topic, what, rows, median_error, worst_error, inside_band, left-out values, demand, holds."""
    return pd.DataFrame(
        [
            {
                "topic": one.topic,
                "what": one.what,
                "rows": int(one.statistics["rows"]),
                "median_error": one.statistics["median error"],
                "worst_error": one.statistics["worst error"],
                "inside_band": one.statistics["inside the band"],
                "also": "; ".join(f"{name} {_percent(value)}" for name, value in one.extra.items()),
                "demand": "; ".join(demand.words for demand in one.demands) or "none set",
                "holds": one.holds,
                "notebook": one.notebook,
            }
            for one in evidence
        ]
    )


def _percent(value: float) -> str:
    """Whole percents, but for the small ones, which are to two digits."""
    return f"{100 * value:.2g} %" if abs(value) < 0.1 else f"{100 * value:.0f} %"


def _memory_formulas(snapshot: Snapshot) -> Evidence:
    frame = memory.published(snapshot)
    frame = frame[frame["predicted"].notna()].copy()
    frame["label"] = frame["item"] + ", " + frame["model"].fillna("any model").astype(str)
    inside = float(frame["inside_band"].mean())
    return Evidence(
        "memory",
        "published figures of formulas",
        "02_fit_in_memory",
        "GB, GiB, bytes or percent, as published",
        "each number of the paper or tool, recomputed; within 2 % or its own rounding",
        rows_of(frame, label="label", group="unit", reference="value", predicted="predicted", source="source"),
        (Demand("within 2 % or rounding", at_least=1.0),),
        {"within 2 % or rounding": inside},
    )


def _memory_measured(snapshot: Snapshot) -> Evidence:
    frame = memory.measured(snapshot)
    frame["label"] = (
        frame["model"].astype(str) + ", " + frame["method"].astype(str) + ", sequence "
        + frame["sequence_length"].astype(str)
    )  # fmt: skip
    rows = rows_of(
        frame, label="label", group="set", reference="reference_gib", predicted="predicted_gib",
        low="predicted_low_gib", high="predicted_high_gib", source="source",
    )  # fmt: skip
    return Evidence(
        "memory",
        "peak memory of measured runs",
        "02_fit_in_memory",
        "GiB an accelerator",
        "nothing is fitted to these rows; a run that fits and one that is tight both count as fitting",
        rows,
        (Demand("median error", at_most=memory.MEASURED_MEDIAN), Demand("right verdicts", memory.MEASURED_VERDICTS)),
        {"right verdicts": float(frame["verdict_right"].mean())},
    )


def _training_time(snapshot: Snapshot) -> Evidence:
    how = "runs whose work, hardware and hours are published; nothing is tuned to a run"
    return _hours("accelerator-hours of published runs", how, training_time.runs(snapshot))


def _later_training_time(snapshot: Snapshot) -> Evidence:
    how = "runs that were looked up after the fit was made: none has a part in it; days as model cards round them"
    return _hours("accelerator-hours of runs found later", how, training_time.later_runs(snapshot))


def _hours(what: str, how: str, frame: pd.DataFrame) -> Evidence:
    frame = frame[frame["checked"]].copy()
    return Evidence(
        "training time",
        what,
        "13_plan",
        "accelerator-hours",
        how,
        rows_of(
            frame, label="run_id", group="accelerator", reference="accelerator_hours", predicted="predicted_hours",
            low="predicted_low_hours", high="predicted_high_hours", source="source",
        ),
        (
            Demand("median error", at_most=training_time.MEDIAN_ERROR),
            Demand("inside the band", training_time.INSIDE[0], training_time.INSIDE[1]),
        ),
        {
            "median error, own source left out": float(frame["error_fraction_left_out"].abs().median()),
            "inside the band, own source left out": float(frame["inside_band_left_out"].mean()),
        },
    )  # fmt: skip


def _shares_of_peak(snapshot: Snapshot) -> Evidence:
    frame = training_time.shares(snapshot)
    frame["label"] = frame["model"].astype(str) + " on " + frame["accelerator_count"].astype(str)
    frame["label"] += " × " + frame["accelerator"].astype(str)
    return Evidence(
        "training time",
        "share of dense peak of measured runs",
        "13_plan",
        "fraction of dense peak",
        "each publication predicted from the others; the band also holds how whole runs differ from benchmarks",
        rows_of(
            frame, label="label", group="publication", reference="achieved_fraction", predicted="predicted_share",
            low="predicted_low_share", high="predicted_high_share", source="source",
        ),
        (),
        {},
    )  # fmt: skip


def _scaling(snapshot: Snapshot) -> Evidence:
    frame = scaling.check(snapshot).rows
    frame["label"] = frame["model"].astype(str) + ", " + frame["base_accelerators"].astype(str) + " to "
    frame["label"] += frame["accelerators"].astype(str) + " × " + frame["accelerator"].astype(str)
    several = frame[frame["nodes"] > 1]
    return Evidence(
        "scale out",
        "efficiency of more accelerators",
        "04_scale_out",
        "efficiency against the base run",
        "five constants fitted to all campaigns; also each campaign predicted from the others",
        rows_of(
            frame, label="label", group="campaign", reference="efficiency", predicted="predicted", low="low",
            high="high", source="source",
        ),
        (),
        {
            "median error, own campaign left out": float(frame["error_left_out"].abs().median()),
            "inside the band, own campaign left out": float(frame["inside_left_out"].astype(bool).mean()),
            "inside, several machines, left out": float(several["inside_left_out"].astype(bool).mean()),
        },
    )  # fmt: skip


def _batch(snapshot: Snapshot) -> Evidence:
    frame, _ = batch.check(snapshot)
    frame["label"] = frame["model"].astype(str) + ", batch " + frame["batch"].map("{:,.0f}".format)
    return Evidence(
        "scale out",
        "samples to target against batch",
        "04_scale_out",
        "samples",
        "the critical-batch rule fitted to each model's own points; also the larger batches from the smaller",
        rows_of(frame, label="label", group="model", reference="samples", predicted="predicted", source="source"),
        (),
        {"median error of larger batches from smaller": float(frame["error_extrapolated"].abs().median())},
    )


def _precision(snapshot: Snapshot) -> Evidence:
    frame = precision.check(snapshot).rows
    frame["label"] = frame["model"].astype(str) + " on " + frame["accelerator"].astype(str)
    return Evidence(
        "precision",
        "speed-up of mixed precision",
        "03_choose_precision",
        "times as fast",
        "each model predicted from the other models of its class",
        rows_of(
            frame, label="label", group="model_class", reference="reference", predicted="predicted", low="low",
            high="high",
        ),
        (),
        {},
    )  # fmt: skip


def _small_jobs(snapshot: Snapshot) -> Evidence:
    frame = cpu_or_gpu.check(snapshot).rows
    frame["label"] = frame["library"].astype(str) + " on " + frame["instance_type"].astype(str)
    return Evidence(
        "CPU or GPU",
        "seconds of trees and small networks",
        "04_scale_out",
        "seconds",
        "each measured size or training predicted from the others",
        rows_of(frame, label="label", group="check", reference="reference_seconds", predicted="predicted_seconds"),
        (),
        {},
    )


Maker = Callable[[Snapshot], Evidence]

#: Pieces that take tenths of a second, in the order of the notebooks.
QUICK: tuple[Maker, ...] = (
    _memory_formulas,
    _memory_measured,
    _precision,
    _scaling,
    _batch,
    _small_jobs,
    spot_evidence.checkpoints,
    spot_evidence.replays(
        "uniform_progress",
        "Uniform Progress on recorded traces",
        (Demand("median error", at_most=0.001), Demand("deadlines met", at_least=1.0)),
    ),
    commitments_evidence.guides,
    _training_time,
    _later_training_time,
    _shares_of_peak,
)
#: Pieces that take seconds; what they are, to say what is still to come.
SLOW: tuple[tuple[str, Maker], ...] = (
    ("commitments: portfolio against exhaustive search", commitments_evidence.search),
    *(
        (f"commitments: {rule.replace('_', ' ')} on years held out", commitments_evidence.years_held_out(rule))
        for rule in commitments_evidence.ASKED
    ),
    (
        "spot: the workbook's own policy, beside the optimum",
        spot_evidence.replays(
            "lookahead",
            "the workbook's own policy, beside the optimum",
            (Demand("deadlines met", at_least=1.0), Demand("gap to the optimum closed", at_least=spot.GAP_CLOSED)),
        ),
    ),
    ("spot: chance to be done by a deadline", spot_evidence.forecasts),
)
