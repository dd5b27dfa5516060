"""One set of sources and one search for all planner tests: both are frozen."""

import pytest

from costlib.paths import data_dir
from costlib.planner.achieved_share import TrainingJob
from costlib.planner.search import Result, search
from costlib.planner.sources import Sources
from costlib.planner.training_rate import TrainingRates
from costlib.tables import Snapshot
from costlib.workload import Workload


@pytest.fixture(scope="session")
def sources() -> Sources:
    return Sources.open()


@pytest.fixture(scope="session")
def workload(sources: Sources) -> Workload:
    return Workload.from_yaml(data_dir() / "examples" / "gpt2-1.5b.yaml", sources.vocabulary)


@pytest.fixture(scope="session")
def result(workload: Workload, sources: Sources) -> Result:
    return search(workload, sources)


@pytest.fixture(scope="session")
def snapshot() -> Snapshot:
    return Snapshot.open()


@pytest.fixture(scope="session")
def rates(snapshot: Snapshot) -> TrainingRates:
    return TrainingRates.open(snapshot)


@pytest.fixture(scope="session")
def job() -> TrainingJob:
    """A model of a size and a length that many measured rows have."""
    return TrainingJob(7e9, 2048)
