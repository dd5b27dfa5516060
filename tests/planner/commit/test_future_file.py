"""Futures from YAML: as written, with options before them, and every fault at once."""

from pathlib import Path

import pytest

from costlib.errors import InvalidInput
from costlib.planner.commit.demand import Future, Migration, PriceCut
from costlib.planner.commit.future_file import future_of, read_future
from costlib.prices.book import PriceBook

TEXT = """
months: 24
growth: {low_percent: -10, expected_percent: 20, high_percent: 80}
stop_chance_percent: 5
migrations:
- {source: p4d.24xlarge, target: p5.48xlarge, ratio: 0.4, from_month: 3, over_months: 4, chance_percent: 60}
price_cuts:
- {families: [p4d, p5], cut_percent: 44, from_month: 6, chance_percent: 30}
"""


def test_it_reads_as_written(book: PriceBook, tmp_path: Path) -> None:
    path = tmp_path / "future.yaml"
    path.write_text(TEXT)
    assert read_future(path, book.vocabulary) == Future(
        24,
        (-0.1, 0.2, 0.8),
        0.05,
        (Migration("p4d.24xlarge", "p5.48xlarge", 0.4, 3, 4, 0.6),),
        (PriceCut(("p4d", "p5"), 0.44, 6, 0.3),),
    )
    assert read_future(path, book.vocabulary, months=36, growth=None).months == 36


def test_nothing_said_is_the_usual_one(book: PriceBook) -> None:
    assert future_of(None, book.vocabulary) == Future() == future_of({}, book.vocabulary)


def test_all_faults_come_together_with_close_matches(book: PriceBook) -> None:
    wrong = {
        "month": 12,
        "growth": {"low_percent": 30, "expected_percent": 20, "high_percent": 80},
        "stop_chance_percent": 100,
        "migrations": [{"source": "p4d.24xlarg", "target": "p5.48xlarge", "ratio": 0, "form_month": 1}],
        "price_cuts": [{"families": ["p4d"], "cut_percent": 44}],
    }
    with pytest.raises(InvalidInput) as caught:
        future_of(wrong, book.vocabulary)
    faults = {fault.field: fault for fault in caught.value.faults}
    assert set(faults) == {
        "month", "growth", "stop_chance_percent", "migrations.0.source", "migrations.0.ratio",
        "migrations.0.form_month", "price_cuts.0.chance_percent",
    }  # fmt: skip
    assert faults["month"].nearest == ("months",)
    assert "p4d.24xlarge" in faults["migrations.0.source"].problem
    assert faults["migrations.0.form_month"].nearest[0] == "from_month"
    assert faults["stop_chance_percent"].problem == "must be below 100"


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"months: 12\nmonths: 13\n", "stands twice"), (b"\xff\xfe", "UTF-8"), (b"months: [", "not valid YAML")],
)
def test_broken_files_are_told(book: PriceBook, tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "future.yaml"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=problem):
        read_future(path, book.vocabulary)
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_future(tmp_path / "none.yaml", book.vocabulary)
