"""A user's own trace: every shape that is taken, and everything that is refused, with where."""

import json
from pathlib import Path

import pytest

from costlib.errors import InvalidInput
from costlib.facts.trace_file import read_trace


def written(folder: Path, content: object) -> Path:
    path = folder / "mine.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_flags_with_a_step(tmp_path: Path) -> None:
    found = read_trace(written(tmp_path, {"gap_seconds": 600, "avail": [1, 0, True, 1]}))
    assert found.available.tolist() == [True, False, True, True]
    assert found.step_hours == pytest.approx(1 / 6) and found.name == "mine.json"


def test_counts_need_to_be_told_how_many(tmp_path: Path) -> None:
    path = written(tmp_path, {"metadata": {"gap_seconds": 300}, "data": [4, 3, 0, 4]})
    assert read_trace(path, nodes=4).available.tolist() == [True, False, False, True]
    assert read_trace(path, nodes=1).available.tolist() == [True, True, False, True]
    with pytest.raises(InvalidInput, match="--nodes"):
        read_trace(path)


@pytest.mark.parametrize("times", [["2026-01-05T00:00:00+00:00", "2026-01-05T00:10:00+00:00",
                                    "2026-01-05T00:20:02+00:00"], [0, 600, 1199]])  # fmt: skip
def test_even_times_give_the_step(tmp_path: Path, times: list[object]) -> None:
    found = read_trace(written(tmp_path, {"time": times, "avail": [1, 0, 1]}))
    assert found.step_seconds == pytest.approx(600, abs=2)


@pytest.mark.parametrize(
    ("content", "field", "problem"),
    [
        ({"time": [0, 600, 1200, 2400], "avail": [1, 1, 0, 1]}, "trace.time.3", "gaps or mixed steps"),
        ({"time": [0, 600, 900, 1200], "avail": [1, 1, 0, 1]}, "trace.time", "gaps or mixed steps"),
        ({"time": [0, 600, "later"], "avail": [1, 1, 0]}, "trace.time.2", "neither ISO 8601"),
        ({"time": [0, 600], "avail": [1, 1, 0]}, "trace.time", "a time for each sample"),
        ({"gap_seconds": 600, "avail": [1, None, 0]}, "trace.avail.1", "gap in the trace"),
        ({"gap_seconds": 600, "avail": [1, -1]}, "trace.avail.1", "0 or 1"),
        ({"gap_seconds": 600, "avail": [1, 10**30]}, "trace.avail.1", "0 or 1"),
        ({"gap_seconds": 600, "avail": [1, 0.5]}, "trace.avail.1", "0 or 1"),
        ({"gap_seconds": 600, "avail": ["1"]}, "trace.avail.0", "0 or 1"),
        ({"gap_seconds": 600, "avail": []}, "trace.avail", "not empty"),
        ({"gap_seconds": 0, "avail": [1]}, "trace.gap_seconds", "above 0"),
        ({"avail": [1]}, "trace.gap_seconds", "above 0"),
        ({"gap_seconds": 600}, "trace", "either avail or data"),
        ({"gap_second": 600, "avail": [1]}, "trace.gap_second", "did you mean gap_seconds"),
        ([1, 0], "trace", "not an object"),
        ("{", "trace", "not JSON"),
    ],
)
def test_what_cannot_be_a_trace_is_refused_with_its_place(
    tmp_path: Path, content: object, field: str, problem: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_trace(written(tmp_path, content))
    assert refused.value.faults[0].field.startswith(field)
    assert problem in str(refused.value)


def test_a_missing_file_and_nodes_for_flags_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_trace(tmp_path / "none.json")
    path = written(tmp_path, {"gap_seconds": 600, "avail": [1, 0]})
    with pytest.raises(InvalidInput, match="nodes"):
        read_trace(path, nodes=2)
