"""FLOP/s that every instance type reaches in training, laid out on the planner's axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.units import FLOPS_PER_TFLOPS

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Number = TypeVar("Number", np.float64, np.int64)


@dataclass(frozen=True)
class Note:
    """How hours are known."""

    basis: str
    rule: str
    source: str
    as_of: str


@dataclass(frozen=True)
class Reason:
    """Why a cell has no hours; ``detail`` is shown beside it."""

    reason: str
    detail: str = ""


#: The reason of cells that can run.
RUNS = Reason("")


@dataclass(frozen=True)
class RateGrid:
    """FLOP/s of all accelerators of a cell: instance type x count x precision; NaN where not known.

    ``flops_per_second`` holds them for the low, expected and high end of the *hours*: the low end is the fastest.
    ``devices`` (type x count; processes that train) and ``usable_gib`` (type; of each) are NaN for types without
    accelerators.
    """

    type_index: Mapping[str, int]
    counts: tuple[int, ...]
    precisions: tuple[str, ...]
    flops_per_second: tuple[Floats, Floats, Floats]
    devices: Floats
    usable_gib: Floats
    reason: Ints
    reasons: tuple[Reason, ...]
    note: Ints
    notes: tuple[Note, ...]

    @classmethod
    def of(
        cls,
        inputs: pd.DataFrame,
        instances: pd.DataFrame,
        instance_types: Sequence[str],
        counts: Sequence[int],
        precisions: Sequence[str],
    ) -> RateGrid:
        """Lays out ``inputs`` (planner.training_rate.hours_inputs() of ``instances``) over ``instance_types``."""
        shape = (len(instance_types), len(counts), len(precisions))
        held = pd.Index(instances.index).get_indexer(pd.Index(instance_types))
        rows = np.nonzero(held >= 0)[0]
        from_rows = held[rows]

        def spread(values: npt.NDArray[Number], missing: float) -> npt.NDArray[Number]:
            grid = np.full(shape, missing, dtype=values.dtype)
            grid[rows] = values.reshape(-1, *shape[1:])[from_rows]
            return grid

        peak_tflops = inputs["accelerators"].to_numpy(float) * inputs["peak_tflops"].to_numpy(float)
        peak = peak_tflops * FLOPS_PER_TFLOPS
        # The fewest hours come from the highest share of peak.
        fast, expected, slow = (
            spread(peak * inputs[f"fraction_{end}"].to_numpy(float), np.nan) for end in ("high", "expected", "low")
        )
        reason_code, reasons = _reasons(inputs["reason"])
        note_code, notes = pd.factorize(
            pd.MultiIndex.from_frame(inputs[["basis", "rule", "source", "as_of"]].fillna(""))
        )
        devices = np.full(shape[:2], np.nan)
        count_of = instances["processes"].to_numpy(float)
        devices[rows] = count_of[from_rows, None] * np.asarray(counts, dtype=float)[None, :]
        memory = np.full(shape[0], np.nan)
        memory[rows] = instances["usable_gib"].to_numpy(float)[from_rows]
        return cls(
            type_index={name: index for index, name in enumerate(instance_types)},
            counts=tuple(counts),
            precisions=tuple(precisions),
            flops_per_second=(fast, expected, slow),
            devices=devices,
            usable_gib=memory,
            reason=spread(reason_code, 1),
            reasons=reasons,
            note=spread(note_code, 0),
            notes=tuple(Note(*map(str, words)) for words in notes),
        )

    def speed_at(self, row: int, count: int, precision: int, end: int = 1) -> float:
        """FLOP/s of one type at any count (expected, or another ``end``): the nearest searched, in proportion."""
        nearest = int(np.argmin(np.abs(np.array(self.counts) - count)))
        return float(self.flops_per_second[end][row, nearest, precision]) * count / self.counts[nearest]


def _reasons(words: pd.Series) -> tuple[Ints, tuple[Reason, ...]]:
    """Codes for the reasons why cells have no rate: 0 runs, 1 no hardware facts, then one for each kind.

    The facts give a sentence for each accelerator; sentences of one kind make one reason with its details.
    """
    kinds: dict[str, list[str]] = {}
    text_code, texts = pd.factorize(words)
    code_of_text = []
    for text in map(str, texts):
        if not text:
            code_of_text.append(0)
            continue
        kind = _kind(text)
        kinds.setdefault(kind, []).append(text)
        code_of_text.append(2 + list(kinds).index(kind))
    reasons = (
        RUNS,
        Reason("no hardware facts are held of the instance type"),
        *(Reason(kind, "; ".join(details) if details != [kind] else "") for kind, details in kinds.items()),
    )
    return np.array(code_of_text, dtype=np.int64)[text_code], reasons


def _kind(text: str) -> str:
    if "does not support" in text:
        return "the accelerator does not support the precision"
    if "no accelerator" in text:
        return "no accelerator: training on CPU needs your own measurement"
    if "network" in text:
        return "the network between instances is not known"
    return "no training rate of the accelerator is known"
