"""Tokens in one optimizer step (the global batch) of a workload: given, or an estimate that says so."""

from __future__ import annotations

from dataclasses import dataclass

from costlib.models.usual_batch import RULE, usual_tokens_per_step
from costlib.workload import Workload


@dataclass(frozen=True)
class StepTokens:
    """``basis``: user or estimate; ``rule``: where an estimate, or tokens from sequences, comes from; else empty."""

    tokens: float
    basis: str
    rule: str = ""

    @property
    def said(self) -> str:
        """The batch in words, for rules and notes."""
        return f"{self.tokens:,.0f} tokens" + (f" ({self.rule})" if self.rule else "")


def step_tokens(workload: Workload) -> StepTokens:
    """What ``work.tokens_per_step`` gives, else ``fit.global_batch`` times the sequence, else usual_step's estimate."""
    model, fit, given = workload.model, workload.fit, workload.work.tokens_per_step
    if given is not None:
        return StepTokens(given, "user")
    if fit is not None and fit.global_batch is not None and model.sequence_length is not None:
        rule = f"fit.global_batch of {fit.global_batch:,} x {model.sequence_length:,} tokens"
        return StepTokens(float(fit.global_batch) * model.sequence_length, "user", rule)
    return usual_step(model.parameters, model.sequence_length)


def batch_note(workload: Workload) -> str:
    """What a reader must know of a batch that the user did not give; empty for one that was given."""
    step = step_tokens(workload)
    if step.basis != "estimate":
        return ""
    return f"A step (the global batch) is taken to be {step.said}. Several instances lose to their network by it."


def usual_step(parameters: float, sequence_length: float | None = None) -> StepTokens:
    """The usual batch of a model's size, in whole samples where their length is known. Raises InvalidInput."""
    tokens = float(usual_tokens_per_step(parameters))
    if sequence_length:
        tokens = max(round(tokens / sequence_length), 1) * float(sequence_length)
    return StepTokens(tokens, "estimate", f"estimate, as work.tokens_per_step is not given: {RULE}")
