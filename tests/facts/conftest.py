"""The embedded facts, opened once."""

from __future__ import annotations

import pytest

from costlib.facts.training_rate import TrainingRates
from costlib.tables import Snapshot


@pytest.fixture(scope="session")
def snapshot() -> Snapshot:
    return Snapshot.open()


@pytest.fixture(scope="session")
def rates(snapshot: Snapshot) -> TrainingRates:
    return TrainingRates.open(snapshot)
