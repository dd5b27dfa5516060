"""What every test shares: Hypothesis settings that do not depend on how fast the machine is."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

# Two shared cores stop now and then: a deadline per example would fail tests for that. In CI the examples are
# the same at every run, so that a red gate is about the change.
settings.register_profile("workbook", deadline=None, max_examples=50, derandomize=bool(os.environ.get("CI")))
settings.load_profile("workbook")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser comes last: quick tests fail first, and its event loop stays open until the end of the run."""
    items.sort(key=lambda item: "browser" in item.path.parts)
