"""The embedded facts, opened once."""

from __future__ import annotations

import pytest

from costlib.tables import Snapshot


@pytest.fixture(scope="session")
def snapshot() -> Snapshot:
    return Snapshot.open()
