"""Tokens of a step: given, from the layout, or an estimate that says so wherever it is used."""

from __future__ import annotations

import numpy as np
import pytest

from costlib.errors import InvalidInput
from costlib.models.usual_batch import usual_tokens_per_step
from costlib.planner.achieved_share import TrainingJob
from costlib.planner.explain import plans
from costlib.planner.scale_out import scaling_curve
from costlib.planner.search import search
from costlib.planner.sources import Sources
from costlib.planner.step_tokens import batch_note, step_tokens, usual_step
from costlib.planner.training_rate import TrainingRates
from costlib.workload import Workload

LLAMA = {"model": {"parameters": 70e9, "layers": 80, "hidden": 8192, "heads": 64, "sequence_length": 4096}}


def test_what_was_given_is_taken(workload: Workload) -> None:
    step = step_tokens(workload)
    assert (step.tokens, step.basis, step.rule) == (1_048_576, "user", "") and batch_note(workload) == ""


def test_sequences_of_the_layout_are_tokens(workload: Workload) -> None:
    laid_out = workload.changed({"work.tokens_per_step": None, "fit": {"global_batch": 768}})
    step = step_tokens(laid_out)
    assert step.tokens == 768 * 1024 and step.basis == "user" and "fit.global_batch of 768" in step.said


def test_a_batch_given_twice_must_agree(workload: Workload) -> None:
    agreed = workload.changed({"fit": {"global_batch": 1024}})
    assert step_tokens(agreed).tokens == 1_048_576
    with pytest.raises(InvalidInput) as refused:
        workload.changed({"fit": {"global_batch": 512}})
    (fault,) = refused.value.faults
    assert fault.field == "fit.global_batch" and "524,288" in fault.problem and "1,048,576" in fault.problem


def test_without_either_the_usual_batch_of_the_size_is_taken_and_says_so(workload: Workload) -> None:
    large = workload.changed({**LLAMA, "work.tokens_per_step": None})
    step = step_tokens(large)
    assert step.tokens == usual_tokens_per_step(70e9) and step.basis == "estimate"
    assert "estimate" in batch_note(large) and "GPT-3" in batch_note(large)
    # Whole samples, even of a length that divides no power of two.
    assert usual_step(70e9, 3000.0).tokens % 3000 == 0
    assert usual_step(70e9, 3000.0).tokens == pytest.approx(step.tokens, rel=3000 / step.tokens)
    assert usual_step(1e8, 1e7).tokens == 1e7


def test_the_estimate_is_named_where_several_instances_lose_by_it(workload: Workload, sources: Sources) -> None:
    bare = workload.changed({"work.tokens_per_step": None, "search.instance_families": ["p4d"]})
    found = search(bare, sources)
    for plan in plans(found, found.order[:40]):
        assert ("work.tokens_per_step is not given" in plan.hours_rule) == (plan.count > 1)
    assert "not given" in scaling_curve(bare, sources, "p4d.24xlarge", "bf16", 4).global_batch_said


def test_hours_on_many_instances_follow_the_batch(rates: TrainingRates) -> None:
    job = TrainingJob(70e9, 4096)
    asked = {"counts": [1, 64], "precisions": ["bf16"], "job": job, "instance_types": ["p4d.24xlarge"]}
    usual = rates.hours_inputs(**asked)["fraction_expected"].to_numpy()
    named = rates.hours_inputs(**asked, step=usual_step(70e9, 4096))["fraction_expected"].to_numpy()
    small = rates.hours_inputs(**asked, step=usual_step(1e8, 4096))["fraction_expected"].to_numpy()
    assert usual.tolist() == named.tolist()
    assert small[0] == usual[0] and small[1] < 0.9 * usual[1] and np.isfinite(small).all()
