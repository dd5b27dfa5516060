"""One small search for all export tests: frozen, and quick to export."""

import pytest

from costlib.planner import explain
from costlib.planner.answer import open_answer
from costlib.planner.plan import Plan
from costlib.planner.search import Result

WORKLOAD = """kind: training
name: small
model: {parameters: 1558000000, layers: 48, hidden: 1600, heads: 25, sequence_length: 1024}
work: {tokens: 3355443200}
precision: [fp32, bf16]
dataset: {gib: 30, home_region: us-east-1}
checkpoint: {gib: 18, restart_minutes: 6}
deadline_hours: 72
search: {regions: [us-east-1, us-west-2], instance_families: [g5, p4d, p5], max_instances: 4}
"""


@pytest.fixture(scope="session")
def result() -> Result:
    return open_answer(WORKLOAD)


@pytest.fixture(scope="session")
def plans(result: Result) -> list[Plan]:
    return explain.plans(result, result.order[:12])
