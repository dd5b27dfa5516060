"""Packing on AWS Batch, and portfolios against brute force over all choices."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from costlib.errors import InvalidInput
from costlib.planner.service.batch_plan import MOST_ALIKE, batch_plan
from costlib.planner.service.compare import Comparison
from costlib.planner.service.known import SERVICES
from costlib.planner.service.market import ServiceSources
from costlib.planner.service.portfolio import portfolio

SHARE = {"count": 48, "hours_each": 0.5, "instance_type": "g5.12xlarge", "vcpu": 8, "gpu": 1, "memory_gib": 32}


def test_jobs_fill_the_gpus_of_as_many_instances_as_the_environment_has(compared, desk: ServiceSources) -> None:  # type: ignore[no-untyped-def]
    found = batch_plan(compared(**SHARE, max_vcpus=3 * 48 + 20).question, desk.numbers)
    assert found is not None and found.most_instances == 3 and found.packing.instances == 3
    # 12 at once: four waves, each with the start of its container.
    wave = 0.5 + 10 / 3600
    assert found.makespan_hours == pytest.approx(4 * wave + (12.9 + 171) / 3600, rel=1e-3)
    assert found.scarcest == "gpu" and found.used_fraction > 0.97
    assert found.usd == pytest.approx(found.instance_hours * 5.672)
    assert found.alone_usd > 3.5 * found.usd


def test_kinds_are_packed_beside_each_other(compared, desk: ServiceSources) -> None:  # type: ignore[no-untyped-def]
    cpu = {"count": 12, "hours_each": 0.5, "vcpu": 16, "memory_gib": 16}
    alone, both = (
        batch_plan(compared(**SHARE, parallel=16, **more).question, desk.numbers) for more in ({}, {"also": [cpu]})
    )
    # Four jobs with a GPU leave 16 vCPU of an instance free: one job without GPU fits beside them.
    assert both.instance_hours == pytest.approx(alone.instance_hours, rel=1e-6)
    assert set(both.jobs["kind"]) == {0, 1} and len(both.jobs) == 60


def test_tiny_jobs_are_grouped_to_three_minutes(compared, desk: ServiceSources) -> None:  # type: ignore[no-untyped-def]
    tiny = {**SHARE, "count": 4000, "hours_each": 10 / 3600}
    found = batch_plan(compared(**tiny, parallel=40).question, desk.numbers)
    assert found.group == 18 and found.ungrouped_fraction == pytest.approx(0.5)
    assert found.overhead_fraction == pytest.approx(10 / 190)


def test_more_jobs_than_are_packed_are_told_in_proportion(compared, desk: ServiceSources) -> None:  # type: ignore[no-untyped-def]
    many = batch_plan(compared(**{**SHARE, "count": 20_000}, parallel=400).question, desk.numbers)
    assert len(many.jobs) <= MOST_ALIKE and many.share_placed == pytest.approx(len(many.jobs) / 20_000)
    few = batch_plan(compared(**{**SHARE, "count": 200}, parallel=4).question, desk.numbers)
    assert many.usd == pytest.approx(100 * few.usd, rel=0.05) and many.arrays == 2


def test_jobs_that_come_over_hours_take_no_more_instances_than_those_need(compared, desk: ServiceSources) -> None:  # type: ignore[no-untyped-def]
    spread = batch_plan(compared(**SHARE, over_hours=8).question, desk.numbers)
    assert spread.packing.instances == 1 and spread.makespan_hours <= 8
    assert batch_plan(compared(**SHARE, over_hours=0.3).question, desk.numbers).packing.instances == 12


def test_whole_instances_are_not_packed(compared, desk: ServiceSources) -> None:  # type: ignore[no-untyped-def]
    assert batch_plan(compared(count=2, hours_each=1, instance_type="g5.xlarge").question, desk.numbers) is None


@pytest.mark.parametrize("extra", [0.0, 50.0, 1e6])
def test_the_mix_is_the_cheapest_of_all_choices(kinds: dict[str, Comparison], extra: float) -> None:
    found = portfolio(list(kinds.items()), extra)
    costs = [
        sum(row[pick] for row, pick in zip(found.usd, picks, strict=True)) + extra * (len(set(picks)) - 1)
        for picks in product(range(len(SERVICES)), repeat=len(kinds))
    ]
    assert found.mix_usd == pytest.approx(min(costs))
    assert found.saved_usd >= -1e-9 and (extra < 1e6) == (found.saved_usd > 0)
    told = sum(row[SERVICES.index(service)] for row, service in zip(found.usd, found.chosen, strict=True))
    assert told + extra * (len(set(found.chosen)) - 1) == pytest.approx(found.mix_usd)


def test_a_service_that_is_out_of_one_cannot_run_all(kinds: dict[str, Comparison], compared) -> None:  # type: ignore[no-untyped-def]
    own = compared(count=1, hours_each=9, instance_type="g5.xlarge", needs=["own_image"])
    found = portfolio([*kinds.items(), ("own image", own)])
    assert np.isnan(found.one_for_all_usd["sagemaker"]) and found.best_single == "batch"
    with pytest.raises(InvalidInput):
        portfolio([])
    with pytest.raises(InvalidInput):
        portfolio([("own image", own)], -1.0)
