"""Runs whose data are far away, and the answer for one, shared by the tests of the room."""

from __future__ import annotations

import pytest

from costlib.planner.region.answer import RegionAnswer, region_answer
from costlib.planner.region.stability import PriceFacts
from costlib.planner.sources import Sources
from costlib.workload import Workload

FAR = """kind: training
name: far-data
model: {parameters: 354800000, layers: 24, hidden: 1024, heads: 16, sequence_length: 1024, vocabulary: 50257}
work: {tokens: 31457280000, tokens_per_step: 524288}
precision: [bf16]
dataset: {gib: 5000, home_region: eu-west-1, changed_gib_per_month: 100, result_gib_per_run: 20, objects: 1000000}
checkpoint: {gib: 3.97, restart_minutes: 10}
deadline_hours: 48
runs_per_month: 2
campaign_months: 6
"""


@pytest.fixture(scope="session")
def facts(sources: Sources) -> PriceFacts:
    return PriceFacts.of(sources.book)


@pytest.fixture(scope="session")
def far(sources: Sources) -> Workload:
    return Workload.from_yaml_text(FAR, sources.vocabulary)


@pytest.fixture(scope="session")
def answer(far: Workload, sources: Sources, facts: PriceFacts) -> RegionAnswer:
    return region_answer(far, sources, facts=facts)
