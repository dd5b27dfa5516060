"""What the memory page knows, without widgets: what was asked, and the last good answer to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import traitlets

from costlib.errors import Fault, InvalidInput, unknown
from costlib.facts.model_shapes import model_shapes
from costlib.figures.memory import MemoryLine
from costlib.panels.fit_fields import ACCELERATOR, DATA_PARALLEL, changes_of, values_of
from costlib.panels.refusals import answered, require_answered
from costlib.planner.answer import example_paths, read_workload
from costlib.planner.arrangement import spreads
from costlib.planner.fit import fit_report
from costlib.planner.fit_answer import AcceleratorFit
from costlib.planner.memory_views import by_change, by_sequence
from costlib.planner.sources import Sources
from costlib.workload import PRECISIONS, Fit, Workload

EXAMPLE = "gpt2-1.5b"
MOST_REPLICAS = 65_536
#: The curve against the sequence goes this many times beyond what is asked for, in so many steps.
LONGER, STEPS = 4, 48
#: What does not suit another model: its measured activations, and how it was split.
ALONE = ("fit.activation_gib_per_sample", "fit.tensor_parallel", "fit.pipeline_parallel")


@dataclass(frozen=True)
class FitAnswer:
    """Everything that the page shows for one question; bytes are of one accelerator."""

    workload: Workload
    data_parallel: int
    changes: pd.DataFrame
    sequence: pd.DataFrame
    found: tuple[AcceleratorFit, ...]

    @property
    def devices(self) -> int:
        """Accelerators of the layout asked for."""
        fit = self.workload.fit or Fit()
        return self.data_parallel * fit.tensor_parallel * fit.pipeline_parallel

    @property
    def known(self) -> tuple[AcceleratorFit, ...]:
        """Accelerators that can be answered for."""
        return tuple(one for one in self.found if one.fits != "not known")

    @property
    def accelerators(self) -> tuple[str, ...]:
        """Names of those."""
        return tuple(sorted(one.accelerator for one in self.known))

    def of(self, accelerator: str) -> AcceleratorFit:
        """One accelerator's answer."""
        return next(one for one in self.found if one.accelerator == accelerator)

    def lines(self, chosen: str) -> tuple[MemoryLine, ...]:
        """Usable memory of the accelerators that can be answered for, equal ones together."""
        sizes: dict[float, list[str]] = {}
        for one in sorted(self.known, key=lambda one: (one.accelerator != chosen, one.accelerator)):
            if one.choice is not None or (one.cheapest_fix and one.cheapest_fix.accelerator == one.accelerator):
                sizes.setdefault(one.usable_bytes, []).append(one.accelerator)
        return tuple(MemoryLine(tuple(names), size, chosen in names) for size, names in sorted(sizes.items()))


class FitState(traitlets.HasTraits):
    """``propose`` what the controls say, or ``start`` from an example; read ``answer``.

    What is refused stands in ``faults`` (``problem``, if no control is to blame) and leaves ``answer`` as it was.
    ``notes``: by control, what is good to know there.
    """

    answer = traitlets.Instance(FitAnswer)
    accelerator = traitlets.Unicode()
    started = traitlets.Unicode()
    faults = traitlets.Tuple()
    problem = traitlets.Unicode()
    notes = traitlets.Dict()

    def __init__(self, sources: Sources | None = None, workload: Workload | None = None) -> None:
        super().__init__()
        self.sources = sources if sources is not None else Sources.open()
        started = EXAMPLE if workload is None else ""
        workload = self._example(EXAMPLE) if workload is None else _plain(workload)
        self._take(workload, 1, "", started)
        require_answered(self)

    @property
    def examples(self) -> tuple[str, ...]:
        """Workloads to start from."""
        return tuple(example_paths())

    @cached_property
    def shapes(self) -> tuple[str, ...]:
        """Public models whose shape can be taken."""
        return tuple(model_shapes(self.sources.book.snapshot))

    def values(self) -> dict[str, str]:
        """What the controls show for the last good answer."""
        return values_of(self.answer.workload, self.answer.data_parallel, self.accelerator)

    def start(self, name: str) -> None:
        """Takes an example workload, or a public model's shape on one accelerator; the rest then stays as it is."""
        if name in self.examples:
            self._take(self._example(name), 1, "", name)
        elif name in self.shapes:
            shape = model_shapes(self.sources.book.snapshot)[name]
            keys = ("parameters", "layers", "hidden", "heads", "vocabulary")
            changes = {f"model.{key}": getattr(shape, key) for key in keys}
            changes |= {"name": name, "fit.feed_forward": shape.feed_forward, "fit.gated": shape.gated}
            changes |= dict.fromkeys(ALONE)
            self._propose({**self.values(), DATA_PARALLEL: "1"}, changes, name)
        else:
            self.faults = (unknown("start", name, (*self.examples, *self.shapes), "example or public model"),)

    def propose(self, values: Mapping[str, str]) -> None:
        """Takes what the controls say (a text for each of fit_fields.CONTROLS); ``started`` tells of own numbers."""
        changes = changes_of(values)
        if changes.get("fit.global_batch"):
            # The batch on this page takes the place of the one that the example was published with.
            changes = {**changes, "work.tokens_per_step": None}
        self._propose(values, changes, None)

    def _propose(self, values: Mapping[str, str], changes: Mapping[str, Any], started: str | None) -> None:
        faults: list[Fault] = []
        workload = None
        try:
            workload = self.answer.workload.changed(changes, self.sources.vocabulary)
        except InvalidInput as refused:
            faults += refused.faults
        text = values[DATA_PARALLEL].replace(" ", "") or "1"
        replicas = int(text) if text.isdecimal() else 0
        if not 1 <= replicas <= MOST_REPLICAS:
            problem = f"must be a whole number from 1 to {MOST_REPLICAS:,}"
            faults.append(Fault(DATA_PARALLEL, values[DATA_PARALLEL], problem))
        if workload is not None and not faults:
            if started is None:
                same = (workload, replicas) == (self.answer.workload, self.answer.data_parallel)
                started = self.started if same else ""
            self._take(workload, replicas, values[ACCELERATOR], started)
        else:
            self.faults, self.problem = tuple(faults), ""

    def _take(self, workload: Workload, data_parallel: int, accelerator: str, started: str) -> None:
        """Answers, and keeps the answer if nothing is wrong."""
        answer = answered(self, lambda: self._answered(workload, data_parallel, accelerator))
        if answer is None:
            return
        with self.hold_trait_notifications():
            self.faults, self.problem = (), ""
            self.notes = _notes(answer)
            self.accelerator = accelerator
            self.started = started
            self.answer = answer

    def _answered(self, workload: Workload, data_parallel: int, accelerator: str) -> FitAnswer:
        fit, precision = workload.fit or Fit(), workload.precision[0]
        faults: list[Fault] = []
        devices = data_parallel * fit.tensor_parallel * fit.pipeline_parallel
        if not spreads(workload, devices, fit.micro_batch or 1):
            problem = f"is not divided by micro-batch ({fit.micro_batch or 1}) times data parallel ({data_parallel})"
            faults.append(Fault("fit.global_batch", fit.global_batch, problem))
        able = self._precisions_of(accelerator)
        if accelerator and able and precision not in able:
            problem = f"is not in the hardware of {accelerator}; it has {', '.join(able)}"
            faults.append(Fault("precision", precision, problem))
        if faults:
            raise InvalidInput(faults)
        asked = workload.model.sequence_length or 0
        longest = max(LONGER * asked, STEPS)
        # Tensor parallelism shares the tokens out, too: only lengths that it divides.
        steps = np.linspace(longest / STEPS, longest, STEPS) // fit.tensor_parallel * fit.tensor_parallel
        lengths = sorted({asked, *(int(step) for step in steps)} - {0})
        answer = FitAnswer(
            workload,
            data_parallel,
            by_change(workload, data_parallel),
            by_sequence(workload, data_parallel, lengths),
            fit_report(workload, self.sources, devices),
        )
        if accelerator and accelerator not in answer.accelerators:
            what = f"accelerator sold on demand in {workload.dataset.home_region}"
            raise InvalidInput([unknown(ACCELERATOR, accelerator, answer.accelerators, what)])
        return answer

    def _precisions_of(self, accelerator: str) -> tuple[str, ...]:
        held = self.sources.hardware.accelerators
        if accelerator not in held.index:
            return ()
        peaks = held.loc[accelerator]
        return tuple(name for name in PRECISIONS if pd.notna(peaks[f"{name}_tflops"]))

    def _example(self, name: str) -> Workload:
        return _plain(read_workload(name, self.sources.vocabulary))


def _plain(workload: Workload) -> Workload:
    """One precision (bf16, if it is listed), and a layout with nothing left open."""
    fit = workload.fit or Fit()
    return workload.changed(
        {
            "precision": ["bf16" if "bf16" in workload.precision else workload.precision[0]],
            "fit.recompute": "none" if fit.recompute == "auto" else fit.recompute,
            "fit.zero_stage": 0 if fit.zero_stage == "auto" else fit.zero_stage,
            "fit.micro_batch": fit.micro_batch or 1,
        }
    )


def _notes(answer: FitAnswer) -> dict[str, str]:
    """What is good to know beside a control."""
    fit = answer.workload.fit or Fit()
    notes = {}
    lacking = [one.accelerator for one in answer.known if one.reason.startswith("it has none of")]
    if lacking:
        notes["precision"] = f"not in the hardware of {', '.join(sorted(lacking))}"
    if fit.zero_stage != "auto" and fit.zero_stage and answer.data_parallel == 1:
        notes["fit.zero_stage"] = "one replica shards nothing: raise data parallel"
    if fit.activation_gib_per_sample and answer.workload.model.layers:
        notes["fit.activation_gib_per_sample"] = "counts instead of layers, width and sequence"
    return notes
