"""One set of sources for all tests of the store room: it is frozen."""

from __future__ import annotations

from typing import Any

import pytest

from costlib.paths import data_dir
from costlib.planner.store.pattern import StoragePattern
from costlib.planner.store.sources import StoreSources

EXAMPLES = data_dir() / "examples" / "storage"


@pytest.fixture(scope="session")
def store_sources() -> StoreSources:
    return StoreSources.open()


@pytest.fixture(scope="session")
def training() -> StoragePattern:
    return StoragePattern.from_yaml(EXAMPLES / "training.yaml")


def pattern(**changes: Any) -> StoragePattern:
    """One dataset of 100 GiB in 1,000 objects, unread, for a year; ``data`` changes the dataset."""
    data = {"name": "a", "gib": 100, "objects": 1000, **changes.pop("data", {})}
    content = {"kind": "storage", "name": "t", "region": "us-east-1", "horizon_days": 365, "datasets": [data]}
    return StoragePattern.from_mapping({**content, **changes})
