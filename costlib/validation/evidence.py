"""Every model beside its reference results in one form: what 15_how_sure_are_we shows and tests hold.

Each ``Evidence`` says what a model was held against, row by row, and what must hold; numbers are never typed in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from costlib.tables import Snapshot
from costlib.validation import batch, cpu_or_gpu, memory, precision, scaling, spot, training_time

#: What ``Evidence.rows`` holds: ``low`` and ``high`` are missing where the model gives no band.
COLUMNS = ("label", "group", "reference", "predicted", "low", "high", "source")


@dataclass(frozen=True)
class Demand:
    """One statistic of the rows that must stay within its limits (fractions), the nearest to them included."""

    statistic: str
    at_least: float = 0.0
    at_most: float = float("inf")

    def holds(self, value: float) -> bool:
        """Whether ``value`` is within the limits; a value that is not known is not."""
        return self.at_least <= value <= self.at_most

    @property
    def words(self) -> str:
        """Such as "median error at most 15 %"."""
        parts = [f"at least {100 * self.at_least:g} %"] if self.at_least > 0 else []
        parts += [f"at most {100 * self.at_most:g} %"] if self.at_most < float("inf") else []
        return f"{self.statistic} {' and '.join(parts)}"


@dataclass(frozen=True)
class Evidence:
    """A model against its references. ``how``: what was left out of what, and what a row is."""

    topic: str
    what: str
    notebook: str
    unit: str
    how: str
    rows: pd.DataFrame
    demands: tuple[Demand, ...]
    extra: dict[str, float]

    @property
    def statistics(self) -> dict[str, float]:
        """``rows``, ``median error``, ``worst error`` (absolute, as fractions), ``inside the band``, and the extra."""
        known = self.rows.dropna(subset=["reference", "predicted"])
        error = (known["predicted"] / known["reference"] - 1.0).abs()
        banded = known.dropna(subset=["low", "high"])
        inside = (banded["reference"] >= banded["low"]) & (banded["reference"] <= banded["high"])
        return {
            "rows": float(len(known)),
            "median error": float(error.median()),
            "worst error": float(error.max()),
            "inside the band": float(inside.mean()) if len(banded) else float("nan"),
            **self.extra,
        }

    @property
    def holds(self) -> bool:
        """Whether every demand is met."""
        found = self.statistics
        return all(demand.holds(found[demand.statistic]) for demand in self.demands)


def all_evidence(snapshot: Snapshot) -> list[Evidence]:
    """Every piece, in the order of the notebooks; about 12 s, most of it for spot."""
    return [make(snapshot) for make in MAKERS]


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
                "also": "; ".join(f"{name} {100 * value:.0f} %" for name, value in one.extra.items()),
                "demand": "; ".join(demand.words for demand in one.demands) or "none set",
                "holds": one.holds,
                "notebook": one.notebook,
            }
            for one in evidence
        ]
    )


def _rows(frame: pd.DataFrame, **columns: str) -> pd.DataFrame:
    """``frame`` in COLUMNS, from its own names; those that are not named are missing."""
    texts = ("label", "group", "source")
    missing = {name: "" if name in texts else float("nan") for name in COLUMNS}
    made = {name: frame[columns[name]] if name in columns else missing[name] for name in COLUMNS}
    return pd.DataFrame(made, index=frame.index).reset_index(drop=True)


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
        _rows(frame, label="label", group="unit", reference="value", predicted="predicted", source="source"),
        (Demand("within 2 % or rounding", at_least=1.0),),
        {"within 2 % or rounding": inside},
    )


def _memory_measured(snapshot: Snapshot) -> Evidence:
    frame = memory.measured(snapshot)
    frame["label"] = (
        frame["model"].astype(str) + ", " + frame["method"].astype(str) + ", sequence "
        + frame["sequence_length"].astype(str)
    )  # fmt: skip
    rows = _rows(
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


def _checkpoints(_snapshot: Snapshot) -> Evidence:
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
        _rows(frame, label="label", group="model", reference="simulated_mean_hours", predicted="predicted_hours"),
        (Demand("inside the simulation's interval", at_least=spot.CHECKPOINTS_INSIDE),),
        {"inside the simulation's interval": inside},
    )  # fmt: skip


def _replays(policy: str, said: str, demands: tuple[Demand, ...]) -> Callable[[Snapshot], Evidence]:
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
            _rows(frame, label="label", group="trace", reference=reference, predicted="cost_ratio"),
            demands,
            extra,
        )

    return made


def _forecasts(_snapshot: Snapshot) -> Evidence:
    checked = spot.forecast_check(spot.spot_snapshot(), "spot_only", *spot.FORECAST_TERMS)
    frame = spot.deciles(checked).reset_index(drop=True)
    frame["label"] = [f"tenth {number + 1} of {len(frame)}, by chance" for number in frame.index]
    return Evidence(
        "spot",
        "chance to be done by a deadline, spot alone",
        "05_ride_spot",
        "share of starts",
        f"{len(checked):,} starts, 48 h of work in 60 h; each campaign from the others, and the zone's own past",
        _rows(frame, label="label", reference="observed", predicted="chance"),
        (Demand("most that a tenth is off", at_most=spot.DECILE_POINTS),),
        {"most that a tenth is off": float((frame["chance"] - frame["observed"]).abs().max())},
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
        _rows(
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
        _rows(
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
        _rows(
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
        _rows(frame, label="label", group="model", reference="samples", predicted="predicted", source="source"),
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
        _rows(
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
        _rows(frame, label="label", group="check", reference="reference_seconds", predicted="predicted_seconds"),
        (),
        {},
    )


MAKERS: tuple[Callable[[Snapshot], Evidence], ...] = (
    _memory_formulas,
    _memory_measured,
    _precision,
    _scaling,
    _batch,
    _small_jobs,
    _checkpoints,
    _replays(
        "uniform_progress",
        "Uniform Progress on recorded traces",
        (Demand("median error", at_most=0.001), Demand("deadlines met", at_least=1.0)),
    ),
    _replays(
        "lookahead",
        "the workbook's own policy, beside the optimum",
        (Demand("deadlines met", at_least=1.0), Demand("gap to the optimum closed", at_least=spot.GAP_CLOSED)),
    ),
    _forecasts,
    _training_time,
    _later_training_time,
    _shares_of_peak,
)
