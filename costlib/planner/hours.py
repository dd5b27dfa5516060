"""Hours of a run on every instance type, count and precision: measured first, else by the FLOPs rule.

Order of trust: the user's own measurement of the type; the user's known run on another type, carried over by
the ratio of FLOP/s; the FLOPs of the model over the share of peak that measured runs reach.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from costlib.models.memory import minimum_training_memory_bytes
from costlib.models.throughput import training_flops
from costlib.planner.rates import Note, RateGrid, Reason
from costlib.planner.sources import Sources
from costlib.units import SECONDS_PER_HOUR, gib_to_bytes
from costlib.workload import HoursOn, Workload

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
#: Low, expected and high.
Three = tuple[Floats, Floats, Floats]

#: Counts searched: all up to 8, then powers of two and halfway between them.
COUNT_STEPS = (1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)


@dataclass(frozen=True)
class HoursGrid:
    """Hours of pure work by instance type (as in Sources.offers), count and precision; NaN where not known.

    ``hours`` holds low, expected and high.  ``reason`` indexes ``reasons``; 0 means that the cell can run.
    ``note`` indexes ``notes``.
    """

    counts: Ints
    precisions: tuple[str, ...]
    hours: Three
    reason: Ints
    reasons: tuple[Reason, ...]
    note: Ints
    notes: tuple[Note, ...]

    @property
    def cells(self) -> int:
        """Combinations of count and precision for each offer."""
        return len(self.counts) * len(self.precisions)


def counts_up_to(most: int) -> tuple[int, ...]:
    """The instance counts searched when at most ``most`` instances may be used; ``most`` itself is one."""
    return tuple(sorted({step for step in COUNT_STEPS if step < most} | {most}))


def hours_grid(workload: Workload, sources: Sources) -> HoursGrid:
    """The grid for a workload over all instance types of the sources' offers."""
    model = workload.model
    has_shape = None not in (model.layers, model.hidden, model.sequence_length)
    rates = sources.training_rates(
        counts_up_to(workload.search.max_instances),
        workload.precision,
        "model_flops" if has_shape else "6n",
    )
    shape = rates.reason.shape
    hours: Three = (np.full(shape, np.nan), np.full(shape, np.nan), np.full(shape, np.nan))
    reason, note = rates.reason.copy(), rates.note.copy()
    notes = list(rates.notes)
    reasons = list(rates.reasons)
    reference = workload.work.reference_run
    if workload.work.tokens is not None:
        flops = float(
            training_flops(model.parameters, workload.work.tokens, model.layers, model.hidden, model.sequence_length)
            if has_shape
            else training_flops(model.parameters, workload.work.tokens)
        )
        for end in range(3):
            hours[end][:] = flops / (rates.flops_per_second[end] * SECONDS_PER_HOUR)
    elif reference is not None:
        _carry_over(reference, rates, hours, reason, reasons, note, notes)
    for name, measured in workload.measured.items():
        rate = measured.tokens_per_second or measured.samples_per_second
        amount = workload.work.tokens if measured.tokens_per_second else workload.work.samples
        assert rate is not None and amount is not None, "Workload checks that rates match the work"
        run = HoursOn.model_construct(
            instance_type=name,
            hours=amount / rate / SECONDS_PER_HOUR,
            count=measured.count,
            precision=measured.precision,
        )
        _own_run(run, rates, hours, reason, note, notes)
    _drop_what_cannot_fit(workload, sources, rates, reason, reasons)
    return HoursGrid(
        counts=np.array(rates.counts),
        precisions=workload.precision,
        hours=hours,
        reason=reason,
        reasons=tuple(reasons),
        note=note,
        notes=tuple(notes),
    )


def _fastest_precision(rates: RateGrid, type_index: int, run: HoursOn) -> int:
    """The index of the precision a run was timed in; when not said, the fastest that the type supports."""
    if run.precision is not None and run.precision in rates.precisions:
        return rates.precisions.index(run.precision)
    speed = rates.flops_per_second[1][type_index, 0]
    return int(np.nanargmax(speed)) if np.isfinite(speed).any() else 0


def _said(run: HoursOn, rates: RateGrid, precision: int) -> str:
    name = rates.precisions[precision]
    if run.precision == name:
        return f"{run.count} x {run.instance_type} in {name}"
    if run.precision is not None:
        return f"{run.count} x {run.instance_type} in {run.precision} (not searched; taken as {name})"
    return f"{run.count} x {run.instance_type}, precision not given: taken as {name}, its fastest"


def _own_run(run: HoursOn, rates: RateGrid, hours: Three, reason: Ints, note: Ints, notes: list[Note]) -> None:
    """Puts the user's own time of one type in its cell, and carries it to the type's other cells."""
    if run.instance_type not in rates.type_index:
        return
    row = rates.type_index[run.instance_type]
    precision = _fastest_precision(rates, row, run)
    said = _said(run, rates, precision)
    speed = [end[row] for end in rates.flops_per_second]
    own_speed = rates.speed_at(row, run.count, precision)
    if np.isfinite(own_speed):
        # The ratio of the rule's own rates carries the time over; the rule's spread goes with it.
        with np.errstate(invalid="ignore"):
            for end in range(3):
                hours[end][row] = run.hours * own_speed / speed[end]
        rule = f"your run on {said}, carried to other counts and precisions by the FLOPs rule"
        notes.append(Note("estimate", rule, "own measurement", ""))
        note[row] = len(notes) - 1
    if run.count in rates.counts:
        cell = (row, rates.counts.index(run.count), precision)
        for end in range(3):
            hours[end][cell] = run.hours
        notes.append(Note("user", f"your run on {said}", "own measurement", ""))
        note[cell] = len(notes) - 1
        reason[cell] = 0


def _carry_over(
    run: HoursOn,
    rates: RateGrid,
    hours: Three,
    reason: Ints,
    reasons: list[Reason],
    note: Ints,
    notes: list[Note],
) -> None:
    """Carries a run known on one type to all others by the ratio of their FLOP/s."""
    row = rates.type_index.get(run.instance_type)
    own_speed = np.nan
    if row is not None:
        precision = _fastest_precision(rates, row, run)
        own_speed = rates.speed_at(row, run.count, precision)
    if np.isfinite(own_speed):
        assert row is not None
        said = _said(run, rates, precision)
        for end in range(3):
            hours[end][:] = run.hours * own_speed / rates.flops_per_second[end]
        first = len(notes)
        notes.extend(
            replace(held, basis="estimate", rule=f"your run on {said}, by the ratio of FLOP/s; {held.rule}")
            for held in rates.notes
        )
        note += first
    else:
        reasons.append(Reason("not comparable with the known run", f"no training rate of {run.instance_type} is known"))
        reason[reason == 0] = len(reasons) - 1
    _own_run(run, rates, hours, reason, note, notes)


def _drop_what_cannot_fit(
    workload: Workload, sources: Sources, rates: RateGrid, reason: Ints, reasons: list[Reason]
) -> None:
    """Marks the cells whose accelerators cannot hold even the leanest arrangement of the run."""
    model = workload.model
    devices = rates.devices
    held = np.isfinite(devices)
    reasons.append(
        Reason(
            "does not fit in memory",
            "weights, gradients and optimizer states, fully sharded, with micro-batch 1 and full recomputation,"
            " exceed the accelerators' memory",
        )
    )
    for index, precision in enumerate(rates.precisions):
        needed = np.full(devices.shape, 0.0)
        needed[held] = minimum_training_memory_bytes(
            model.parameters,
            precision,
            devices[held],
            optimizer=workload.optimizer,
            sequence_length=model.sequence_length,
            hidden=model.hidden,
            layers=model.layers,
            heads=model.heads,
            vocabulary=model.vocabulary,
        )
        too_large = needed > gib_to_bytes(rates.accelerator_memory_gib)[:, None]
        cells = reason[:, :, index]
        cells[(cells == 0) & too_large] = len(reasons) - 1
