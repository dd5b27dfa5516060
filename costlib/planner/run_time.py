"""Accelerator-hours of one run from its size and hardware, by the FLOPs rule: no instance type, no price."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from costlib.errors import Fault, InvalidInput, NotKnown, unknown
from costlib.facts.adapters import METHOD_RATIOS
from costlib.facts.efficiency import scale_of
from costlib.facts.measured_band import MeasuredBand
from costlib.models.achieved_flops import whole_run_weight
from costlib.models.throughput import training_flops, training_hours
from costlib.planner.achieved_share import TrainingJob
from costlib.planner.training_rate import TrainingRates
from costlib.workload import PRECISIONS


@dataclass(frozen=True)
class Run:
    """A training run. Without the whole shape (layers, hidden, sequence_length) attention is not counted apart.

    ``accelerators`` None: the number is not known, and one machine of 8 stands for it. ``method``: full, lora, qlora.
    """

    accelerator: str
    precision: str
    parameters: float
    tokens: float
    accelerators: int | None = None
    layers: int | None = None
    hidden: int | None = None
    sequence_length: int | None = None
    method: str = "full"


@dataclass(frozen=True)
class RunTime:
    """Accelerator-hours of a run (divide by the accelerators for hours of the clock), with how they are known."""

    low_hours: float
    expected_hours: float
    high_hours: float
    basis: str
    rule: str
    source: str
    as_of: str


def accelerator_hours(run: Run, rates: TrainingRates) -> RunTime:
    """The 80 % band of a run's accelerator-hours.

    FLOPs of the model over the dense peak times the share of it that runs reach (planner.achieved_share). Raises
    InvalidInput for impossible numbers and NotKnown for names or precisions without measured rows.
    """
    _check(run, rates)
    has_shape = None not in (run.layers, run.hidden, run.sequence_length)
    job = TrainingJob(
        run.parameters,
        run.sequence_length,
        "model_flops" if has_shape else "6n",
        whole_run=float(whole_run_weight(run.parameters, run.tokens)),
    )
    count = run.accelerators or 8
    band = rates.band(run.accelerator, 1, int(scale_of(count)), run.precision, job)
    if not isinstance(band, MeasuredBand):
        raise NotKnown([Fault("precision", run.precision, f"cannot be timed: {band}")])
    ratio = METHOD_RATIOS[run.method]
    # With a part of the shape missing, training_flops leaves attention out, as the shares of "6n" do.
    flops = training_flops(
        run.parameters,
        run.tokens,
        run.layers,
        run.hidden,
        run.sequence_length,
        trained_fraction=ratio.trained_fraction,
    )
    peak = float(rates.hardware.accelerators[f"{run.precision}_tflops"].loc[run.accelerator])
    low, expected, high = training_hours(flops, 1, peak, band.low, band.expected, band.high)
    rules = [f"{float(flops):.4g} FLOPs of the model over the share of {peak:g} TFLOP/s ({band.basis})", band.rule]
    return RunTime(
        float(low) * ratio.low,
        float(expected) * ratio.expected,
        float(high) * ratio.high,
        "estimate",
        "; ".join([*rules, *([ratio.rule] if ratio.rule else [])]),
        "; ".join(dict.fromkeys(source for source in (band.source, ratio.source) if source)),
        band.as_of,
    )


def _check(run: Run, rates: TrainingRates) -> None:
    faults = []
    for name in ("parameters", "tokens", "accelerators", "layers", "hidden", "sequence_length"):
        value = getattr(run, name)
        if value is None and name not in ("parameters", "tokens"):
            continue
        if isinstance(value, (bool, str)) or not isinstance(value, (int, float, np.number)):
            faults.append(Fault(name, value, "is not a number"))
        elif not (np.isfinite(value) and value > 0):
            faults.append(Fault(name, float(value), "must be above 0, and finite"))
    if run.precision not in PRECISIONS:
        faults.append(unknown("precision", run.precision, PRECISIONS, "precision"))
    if run.accelerator not in rates.hardware.accelerators.index:
        faults.append(unknown("accelerator", run.accelerator, rates.hardware.accelerators.index, "accelerator"))
    if run.method not in METHOD_RATIOS:
        faults.append(unknown("method", run.method, METHOD_RATIOS, "method"))
    if faults:
        raise InvalidInput(faults)
