"""Hours of a run on every instance type, count and precision: measured first, else by the FLOPs rule.

Order of trust: the user's own measurement of the type; the user's known run on another type, carried over by
the ratio of FLOP/s; the FLOPs of the model over the share of peak that measured runs reach.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from costlib.models.memory import minimum_training_memory_bytes
from costlib.models.throughput import training_flops
from costlib.planner.rates import Note, RateGrid, Reason
from costlib.planner.sources import Sources
from costlib.units import SECONDS_PER_HOUR, gib_to_bytes
from costlib.workload import PRECISIONS, HoursOn, Workload

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
#: Low, expected and high.
Three = tuple[Floats, Floats, Floats]

#: Counts searched: all up to 8, then powers of two and halfway between them.
COUNT_STEPS = (1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
OWN = "own measurement"


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


def counts_up_to(most: int, also: Sequence[int] = ()) -> tuple[int, ...]:
    """The instance counts searched when at most ``most`` may be used: COUNT_STEPS, ``most``, and ``also`` up to it."""
    return tuple(sorted({count for count in (*COUNT_STEPS, *also) if count < most} | {most}))


def hours_grid(workload: Workload, sources: Sources) -> HoursGrid:
    """The grid for a workload over all instance types of the sources' offers."""
    model = workload.model
    runs = own_runs(workload)
    reference = workload.work.reference_run
    timed = [*runs, *([reference] if reference else [])]
    # A run may be timed in a precision that is not searched: it is laid out too, to be carried over from, and cut off.
    timed_in = {run.precision for run in timed if run.precision} - set(workload.precision)
    precisions = (*workload.precision, *sorted(timed_in, key=PRECISIONS.index))
    has_shape = None not in (model.layers, model.hidden, model.sequence_length)
    rates = sources.training_rates(
        counts_up_to(workload.search.max_instances, [run.count for run in timed]),
        precisions,
        "model_flops" if has_shape else "6n",
        workload.work.tokens_per_step,
    )
    grid = _Draft.of(rates, searched=len(workload.precision))
    if workload.work.tokens is not None:
        shape = (model.layers, model.hidden, model.sequence_length) if has_shape else ()
        grid.by_flops(float(training_flops(model.parameters, workload.work.tokens, *shape)))
    elif reference is not None:
        grid.carry_to_all(reference)
    exact = [cell for run in runs for cell in grid.put_own_run(run)]
    _drop_what_cannot_fit(workload, grid, exact)
    searched = slice(0, len(workload.precision))
    return HoursGrid(
        counts=np.array(rates.counts),
        precisions=workload.precision,
        hours=(grid.hours[0][..., searched], grid.hours[1][..., searched], grid.hours[2][..., searched]),
        reason=grid.reason[..., searched],
        reasons=tuple(grid.reasons),
        note=grid.note[..., searched],
        notes=tuple(grid.notes),
    )


def own_runs(workload: Workload) -> list[HoursOn]:
    """What the user timed, as hours of the whole work: every measured type, and the known run itself."""
    runs = [] if workload.work.reference_run is None else [workload.work.reference_run]
    for name, measured in workload.measured.items():
        amount = workload.work.tokens if measured.tokens_per_second else workload.work.samples
        rate = measured.tokens_per_second or measured.samples_per_second
        assert rate is not None and amount is not None, "Workload checks that rates match the work"
        hours = amount / rate / SECONDS_PER_HOUR
        runs.append(
            HoursOn.model_construct(instance_type=name, hours=hours, count=measured.count, precision=measured.precision)
        )
    return runs


@dataclass
class _Draft:
    """A grid while it is filled. The first ``searched`` precisions are searched, the rest only carried over from."""

    rates: RateGrid
    searched: int
    hours: Three
    reason: Ints
    reasons: list[Reason]
    note: Ints
    notes: list[Note]

    @classmethod
    def of(cls, rates: RateGrid, searched: int) -> _Draft:
        shape = rates.reason.shape
        return cls(
            rates,
            searched,
            (np.full(shape, np.nan), np.full(shape, np.nan), np.full(shape, np.nan)),
            rates.reason.copy(),
            list(rates.reasons),
            rates.note.copy(),
            list(rates.notes),
        )

    def by_flops(self, flops: float) -> None:
        """Hours from the model's FLOPs. The share of peak may be measured; that this job reaches it is a rule."""
        for end in range(3):
            self.hours[end][:] = flops / (self.rates.flops_per_second[end] * SECONDS_PER_HOUR)
        head = f"{flops:.4g} FLOPs of the model over the share of peak ({{}}): "
        self.notes = [
            replace(held, basis="estimate", rule=head.format(held.basis) + held.rule) if held.rule else held
            for held in self.notes
        ]

    def carry_to_all(self, run: HoursOn) -> None:
        """Hours from a run known on one type, by the ratio of FLOP/s."""
        row = self.rates.type_index[run.instance_type]
        precision = self._precision_of(run)
        if not np.isfinite(self.rates.speed_at(row, run.count, precision)):
            why = f"no training rate of {run.instance_type} in {self.rates.precisions[precision]} is known"
            self.reasons.append(Reason("not comparable with the known run", why))
            self.reason[self.reason == 0] = len(self.reasons) - 1
            return
        rule = f"your run on {self._said(run, precision)}, by the ratio of FLOP/s"
        for end in range(3):
            own = self.rates.speed_at(row, run.count, precision)
            self.hours[end][:] = run.hours * own / self.rates.flops_per_second[end]
        first = len(self.notes)
        self.notes.extend(
            replace(held, basis="estimate", rule=f"{rule}; {held.rule}" if held.rule else rule)
            for held in self.rates.notes
        )
        self.note += first

    def put_own_run(self, run: HoursOn) -> list[tuple[int, int, int]]:
        """Puts the user's own time in its cell, which is returned, and carries it to the type's other cells."""
        row = self.rates.type_index[run.instance_type]
        precision = self._precision_of(run)
        said = self._said(run, precision)
        own = [self.rates.speed_at(row, run.count, precision, end) for end in range(3)]
        if np.isfinite(own).all():
            # The same chips on both sides: what the rule does not know of them cancels, end by end.
            ends = np.array([run.hours * own[end] / self.rates.flops_per_second[end][row] for end in range(3)])
            for end, hours in enumerate(np.sort(ends, axis=0)):
                self.hours[end][row] = hours
            self.hours[1][row] = ends[1]
            rule = f"your run on {said}, carried to other counts and precisions by the ratio of FLOP/s"
            self.notes.append(Note("estimate", rule, OWN, ""))
            self.note[row] = len(self.notes) - 1
        if run.count not in self.rates.counts:
            return []
        cell = (row, self.rates.counts.index(run.count), precision)
        for end in range(3):
            self.hours[end][cell] = run.hours
        self.notes.append(Note("user", f"your run on {said}", OWN, ""))
        self.note[cell] = len(self.notes) - 1
        self.reason[cell] = 0
        return [cell]

    def _precision_of(self, run: HoursOn) -> int:
        """The index of the precision a run was timed in; when not said, the fastest searched one of the type."""
        if run.precision is not None:
            return self.rates.precisions.index(run.precision)
        speed = self.rates.flops_per_second[1][self.rates.type_index[run.instance_type], 0, : self.searched]
        return int(np.nanargmax(speed)) if np.isfinite(speed).any() else 0

    def _said(self, run: HoursOn, precision: int) -> str:
        name = self.rates.precisions[precision]
        where = f"{run.count} x {run.instance_type}"
        if run.precision is not None:
            return f"{where} in {name}"
        known = np.isfinite(self.rates.flops_per_second[1][self.rates.type_index[run.instance_type], 0, precision])
        why = "its fastest" if known else "the first that is searched"
        return f"{where}, precision not given: taken as {name}, {why}"


def _drop_what_cannot_fit(workload: Workload, grid: _Draft, exact: list[tuple[int, int, int]]) -> None:
    """Marks the cells whose accelerators cannot hold even the leanest arrangement of the run.

    What the user timed (``exact``) did fit.
    """
    model, rates = workload.model, grid.rates
    grid.reasons.append(
        Reason(
            "does not fit in memory",
            "weights, gradients and optimizer states, fully sharded, with micro-batch 1 and full recomputation,"
            " exceed the accelerators' memory",
        )
    )
    held = np.isfinite(rates.devices)
    code = len(grid.reasons) - 1
    for index, precision in enumerate(rates.precisions[: grid.searched]):
        needed = np.zeros(rates.devices.shape)
        needed[held] = minimum_training_memory_bytes(
            model.parameters,
            precision,
            rates.devices[held],
            optimizer=workload.optimizer,
            sequence_length=model.sequence_length,
            hidden=model.hidden,
            layers=model.layers,
            heads=model.heads,
            vocabulary=model.vocabulary,
        )
        too_large = needed > gib_to_bytes(rates.accelerator_memory_gib)[:, None]
        for row, count, timed in exact:
            if timed == index:
                too_large[row, count] = False
        cells = grid.reason[:, :, index]
        cells[(cells == 0) & too_large] = code
