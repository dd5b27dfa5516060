"""The benchmark's own arithmetic; its measurements need a browser and are not repeated here."""

from __future__ import annotations

import pytest

from tests.bench.browser import p95, summary


def test_p95_leaves_at_most_one_in_twenty_above() -> None:
    assert p95([float(value) for value in range(100, 0, -1)]) == 95.0
    assert p95([float(value) for value in range(1, 41)]) == 38.0
    assert p95([7.0]) == 7.0


def test_moves_that_changed_nothing_are_counted_and_not_averaged() -> None:
    moves = [{"answer_ms": 10.0, "chart_ms": 40.0}, {"answer_ms": None, "chart_ms": 60.0}]
    result = summary([2.0, 4.0, 3.0], moves)
    assert result["answer_unchanged_moves"] == 1 and result["chart_unchanged_moves"] == 0
    assert result["answer_median_ms"] == 10.0 and result["chart_median_ms"] == 50.0
    assert result["load_median_seconds"] == 3.0


@pytest.mark.parametrize("what", ["answer", "chart"])
def test_a_page_that_never_moves_has_no_times(what: str) -> None:
    result = summary([1.0], [{"answer_ms": None, "chart_ms": None}])
    assert f"{what}_median_ms" not in result and result[f"{what}_unchanged_moves"] == 1
