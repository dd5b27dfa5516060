"""One spot plan of the example, and the recorded traces, for all tests of this room: both are frozen."""

import pytest

from costlib.facts.spot_traces import SpotTraces
from costlib.planner.search import Result
from costlib.planner.spot.run import SpotRun, choose


@pytest.fixture(scope="session")
def run(result: Result) -> SpotRun:
    return choose(result, instance_type="p4d.24xlarge", count=2)


@pytest.fixture(scope="session")
def traces() -> SpotTraces:
    return SpotTraces.open()
