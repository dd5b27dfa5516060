"""Bytes of accelerator memory by component, with their range; of a pipeline, both ends."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np

from costlib.models.choices import Floats

COMPONENTS = (
    "weights",
    "gradients",
    "optimizer_states",
    "adapters",
    "stage_embeddings",
    "activations",
    "recomputed_layer",
    "logits",
    "gathered_weights",
)


@dataclass(frozen=True)
class TrainingMemory:
    """Bytes per device by component; scalars or arrays of one shape.

    ``recomputed_layer`` and ``logits`` are never there at once: the smaller one is zero here. What the framework
    reserves and what fragmentation wastes are ranges: low, expected, high. ``stage_embeddings``: all states of the
    embedding on the first or last pipeline stage, beyond an even share of them. With a pipeline the components are
    those of the end that needs more; ``other_end`` needs less at the expected bytes, and the totals are the most of
    both.
    """

    weights: Floats
    gradients: Floats
    optimizer_states: Floats
    adapters: Floats
    stage_embeddings: Floats
    activations: Floats
    recomputed_layer: Floats
    logits: Floats
    gathered_weights: Floats
    framework_reserve_low: Floats
    framework_reserve: Floats
    framework_reserve_high: Floats
    fragmentation_low: Floats
    fragmentation: Floats
    fragmentation_high: Floats
    other_end: TrainingMemory | None = field(default=None, kw_only=True)

    @property
    def allocated(self) -> Floats:
        """Sum of all components without reserve and fragmentation."""
        states = self.weights + self.gradients + self.optimizer_states + self.adapters + self.stage_embeddings
        return states + self.moving

    @property
    def moving(self) -> Floats:
        """What comes and goes in every step, and so fragments: activations, logits, gathered weights."""
        return self.activations + self.recomputed_layer + self.logits + self.gathered_weights

    @property
    def total_low(self) -> Floats:
        """Low end."""
        own = self.allocated + self.framework_reserve_low + self.fragmentation_low
        return own if self.other_end is None else np.maximum(own, self.other_end.total_low)

    @property
    def total(self) -> Floats:
        """Expected."""
        return self.allocated + self.framework_reserve + self.fragmentation

    @property
    def total_high(self) -> Floats:
        """High end."""
        own = self.allocated + self.framework_reserve_high + self.fragmentation_high
        return own if self.other_end is None else np.maximum(own, self.other_end.total_high)

    def by_component(self) -> dict[str, Floats]:
        """Expected bytes by component, with reserve and fragmentation; they add up to ``total``."""
        return {
            **{name: getattr(self, name) for name in COMPONENTS},
            "framework_reserve": self.framework_reserve,
            "fragmentation": self.fragmentation,
        }


def heavier_end(first: TrainingMemory, last: TrainingMemory) -> TrainingMemory:
    """The end of the pipeline that needs more at the expected bytes, with the other one beside it."""
    is_last = last.total > first.total
    names = [part.name for part in fields(first) if not part.kw_only]
    pairs = [(getattr(first, name), getattr(last, name)) for name in names]
    lighter = TrainingMemory(*(np.where(is_last, early, late) for early, late in pairs))
    return TrainingMemory(*(np.where(is_last, late, early) for early, late in pairs), other_end=lighter)
