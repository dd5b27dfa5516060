"""The made-up example, and files written by tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from costlib.paths import data_dir
from costlib.planner.serve.capacity_file import LoadTests, read_load_tests
from costlib.planner.serve.traffic_file import Traffic, read_traffic
from costlib.prices.book import PriceBook

EXAMPLES = data_dir() / "examples" / "serving"


@pytest.fixture(scope="session")
def book() -> PriceBook:
    return PriceBook.open()


@pytest.fixture(scope="session")
def traffic() -> Traffic:
    return read_traffic(EXAMPLES / "made_up_traffic.csv")


@pytest.fixture(scope="session")
def tests(book: PriceBook) -> LoadTests:
    return read_load_tests([EXAMPLES / "made_up_load_test.csv"], book)


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str, str], Path]:
    """Writes a file and says where."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return write
