"""Hours of a run on every instance type, count and precision: measured first, else by the FLOPs rule.

Order of trust: the user's own measurement of the type; the user's known run on another type, carried over by
the ratio of FLOP/s; measured rows of the same class of network and accelerator; the FLOPs of the model over the share
of peak that measured runs reach.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from costlib.errors import InvalidInput
from costlib.facts.adapters import METHOD_RATIOS, MethodRatio
from costlib.models.throughput import training_flops
from costlib.planner.arrangement import AS_GIVEN, LEANEST, NOT_SPREAD, needed_bytes
from costlib.planner.class_hours import class_hours
from costlib.planner.own_runs import (
    OwnRun,
    given_faults,
    hardware_faults,
    held_against_hardware,
    nearest_run,
    own_runs,
)
from costlib.planner.rates import Note, RateGrid, Reason
from costlib.planner.sources import Sources
from costlib.planner.step_tokens import step_tokens
from costlib.planner.training_job import training_job
from costlib.units import SECONDS_PER_HOUR, gib_to_bytes
from costlib.workload import PRECISIONS, Workload

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
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


def counts_up_to(most: int, also: Sequence[int] = ()) -> tuple[int, ...]:
    """The instance counts searched when at most ``most`` may be used: COUNT_STEPS, ``most``, and ``also`` up to it."""
    return tuple(sorted({count for count in (*COUNT_STEPS, *also) if count < most} | {most}))


def hours_grid(workload: Workload, sources: Sources, as_large_run: bool = True) -> HoursGrid:
    """The grid for a workload over all instance types of the sources' offers.

    Not ``as_large_run``: without what large runs lose beside benchmarks (planner.achieved_share).
    """
    if faults := [*given_faults(workload, sources), *hardware_faults(sources.benchmarks, workload, sources)]:
        raise InvalidInput(faults)
    model = workload.model
    runs = held_against_hardware(own_runs(workload, sources.benchmarks), workload, sources)
    reference = workload.work.reference_run
    # A run may be timed in a precision that is not searched: it is laid out too, to be carried over from, and cut off.
    timed_in = {run.precision for run in runs if run.precision} - set(workload.precision)
    precisions = (*workload.precision, *sorted(timed_in, key=PRECISIONS.index))
    rates = sources.training_rates(
        counts_up_to(workload.search.max_instances, [run.count for run in runs]),
        precisions,
        training_job(workload, as_large_run),
        step_tokens(workload),
    )
    grid = _Draft.of(rates, searched=len(workload.precision))
    if workload.work.tokens is not None:
        ratio = METHOD_RATIOS[workload.fit.method if workload.fit else "full"]
        # With a part of the shape missing attention is left out, as in the shares of "6n".
        shape = (model.layers, model.hidden, model.sequence_length)
        flops = training_flops(model.parameters, workload.work.tokens, *shape, trained_fraction=ratio.trained_fraction)
        grid.by_flops(float(flops), ratio)
    elif reference is not None:
        grid.carry_to_all(runs[0])
    elif workload.work.samples is not None and workload.work.model_class is not None:
        grid.by_class(workload.work.samples, workload.work.model_class, sources)
    exact = grid.put_own_runs(runs)
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

    def by_flops(self, flops: float, ratio: MethodRatio) -> None:
        """Hours from the model's FLOPs. The share of peak may be measured; that this job reaches it is a rule."""
        for end, times in enumerate((ratio.low, ratio.expected, ratio.high)):
            self.hours[end][:] = times * flops / (self.rates.flops_per_second[end] * SECONDS_PER_HOUR)
        head = f"{flops:.4g} FLOPs of the model over the share of peak ({{}}): "
        tail = f"; {ratio.rule}" if ratio.rule else ""
        also = f"; {ratio.source}" if ratio.source else ""
        self.notes = [
            replace(held, basis="estimate", rule=head.format(held.basis) + held.rule + tail, source=held.source + also)
            if held.rule
            else held
            for held in self.notes
        ]

    def by_class(self, samples: float, model_class: str, sources: Sources) -> None:
        """Hours from measured rows of the same class of network, on the same accelerator where there are any."""
        accelerators = [sources.accelerators_of(name) for name in self.rates.type_index]
        hours, self.note, self.notes = class_hours(samples, model_class, self.rates, accelerators, sources.class_rates)
        for end in range(3):
            self.hours[end][:] = hours[end]

    def carry_to_all(self, run: OwnRun) -> None:
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

    def put_own_runs(self, runs: Sequence[OwnRun]) -> list[tuple[int, int, int]]:
        """Puts the user's own times in their cells, which are returned, and carries them to the types' other cells.

        A type timed more than once: each other cell follows the run nearest to it.
        """
        for name in dict.fromkeys(run.instance_type for run in runs):
            of_type = [run for run in runs if run.instance_type == name]
            codes = [self._precision_of(run) for run in of_type]
            nearest = nearest_run(of_type, self.rates.counts, self.rates.precisions, codes)
            for index, (run, code) in enumerate(zip(of_type, codes, strict=True)):
                self._carry_to_type(run, code, nearest == index)
        return [cell for run in runs for cell in self._put_exact(run)]

    def _carry_to_type(self, run: OwnRun, precision: int, cells: Bools) -> None:
        row = self.rates.type_index[run.instance_type]
        own = [self.rates.speed_at(row, run.count, precision, end) for end in range(3)]
        if not np.isfinite(own).all():
            self._say_not_carried(run, precision, cells)
            return
        # The same chips on both sides: what the rule does not know of them cancels, end by end.
        ends = np.array([run.hours * own[end] / self.rates.flops_per_second[end][row] for end in range(3)])
        for end, hours in enumerate(np.sort(ends, axis=0)):
            self.hours[end][row] = np.where(cells, hours, self.hours[end][row])
        self.hours[1][row] = np.where(cells, ends[1], self.hours[1][row])
        said = self._said(run, precision)
        rule = f"{run.said} on {said}, carried to other counts and precisions by the ratio of FLOP/s"
        self.notes.append(Note("estimate", rule, run.source, ""))
        self.note[row] = np.where(cells, len(self.notes) - 1, self.note[row])

    def _say_not_carried(self, run: OwnRun, precision: int, cells: Bools) -> None:
        """The type's other cells fall out by its own measurement: it must not vanish without a word."""
        row, name = self.rates.type_index[run.instance_type], self.rates.precisions[precision]
        why = f"you timed {run.instance_type} in {name}, and its FLOP/s by count and precision are not known"
        if precision >= self.searched:
            why += f"; add {name} to the precisions to search"
        self.reasons.append(Reason("not comparable with your measurement", why))
        empty = cells & np.isnan(self.hours[1][row])
        self.reason[row] = np.where(empty, len(self.reasons) - 1, self.reason[row])

    def _put_exact(self, run: OwnRun) -> list[tuple[int, int, int]]:
        if run.count not in self.rates.counts:
            return []
        precision = self._precision_of(run)
        cell = (self.rates.type_index[run.instance_type], self.rates.counts.index(run.count), precision)
        for end in range(3):
            self.hours[end][cell] = run.hours
        self.notes.append(Note("user", f"{run.said} on {self._said(run, precision)}", run.source, ""))
        self.note[cell] = len(self.notes) - 1
        self.reason[cell] = 0
        return [cell]

    def _precision_of(self, run: OwnRun) -> int:
        """The index of the precision a run was timed in; when not said, the fastest searched one of the type."""
        if run.precision is not None:
            return self.rates.precisions.index(run.precision)
        speed = self.rates.flops_per_second[1][self.rates.type_index[run.instance_type], 0, : self.searched]
        return int(np.nanargmax(speed)) if np.isfinite(speed).any() else 0

    def _said(self, run: OwnRun, precision: int) -> str:
        name = self.rates.precisions[precision]
        where = f"{run.count} x {run.instance_type}"
        unchecked = f" (not held against the hardware: {run.unchecked})" if run.unchecked else ""
        if run.precision is not None:
            return f"{where} in {name}{unchecked}"
        known = np.isfinite(self.rates.flops_per_second[1][self.rates.type_index[run.instance_type], 0, precision])
        why = "its fastest" if known else "the first that is searched"
        return f"{where}, precision not given: taken as {name}, {why}{unchecked}"


def _drop_what_cannot_fit(workload: Workload, grid: _Draft, exact: list[tuple[int, int, int]]) -> None:
    """Marks the cells whose accelerators cannot hold the run (planner.arrangement.needed_bytes).

    What the user timed (``exact``) did fit.
    """
    rates = grid.rates
    too_small, not_spread = len(grid.reasons), len(grid.reasons) + 1
    grid.reasons.append(Reason("does not fit in memory", LEANEST if workload.fit is None else AS_GIVEN))
    grid.reasons.append(Reason("cannot be laid out as fit asks", NOT_SPREAD))
    held = np.isfinite(rates.devices)
    in_each = rates.devices / np.array(rates.counts, float)[None, :]
    for index, precision in enumerate(rates.precisions[: grid.searched]):
        needed = np.zeros(rates.devices.shape)
        needed[held] = needed_bytes(workload, precision, rates.devices[held], in_each[held])
        too_large = needed > gib_to_bytes(rates.usable_gib)[:, None]
        for row, count, timed in exact:
            if timed == index:
                too_large[row, count] = False
        cells = grid.reason[:, :, index]
        cells[(cells == 0) & too_large] = np.where(np.isinf(needed), not_spread, too_small)[(cells == 0) & too_large]
