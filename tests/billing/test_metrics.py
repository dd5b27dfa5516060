"""Metrics out of a CSV: read whole, or refused with everything that is wrong."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from costlib.billing.metrics import METRICS, read_metrics
from costlib.errors import InvalidInput

HEAD = "resource,metric,hour,value\n"


def read(path: Path, text: str) -> object:
    (path / "m.csv").write_text(text, encoding="utf-8")
    return read_metrics(path / "m.csv")


def test_hours_without_a_row_are_zero_between_the_ends(tmp_path: Path) -> None:
    rows = (
        "e,invocations,2026-09-01T00:00,3\ne,invocations,2026-09-01T05:00Z,0\nf,invocations,2026-09-02T23:00+02:00,1\n"
    )
    (tmp_path / "m.csv").write_text(HEAD + rows)
    metrics = read_metrics(tmp_path / "m.csv")
    assert (metrics.first, metrics.last) == (pd.Timestamp("2026-09-01"), pd.Timestamp("2026-09-02 22:00"))
    assert metrics.busy_until(("e",), "invocations") == pd.Timestamp("2026-09-01 01:00")
    assert metrics.busy_until(("e",), "invocations", above=3.0) == metrics.first
    assert metrics.busy_until(("x", "f"), "invocations") == pd.Timestamp("2026-09-02 22:00")
    assert metrics.busy_until(("e",), "cpu_utilisation") is None
    assert metrics.busy_until(("x",), "invocations") is None


def test_all_faults_at_once_with_their_rows(tmp_path: Path) -> None:
    rows = [
        ",invocations,2026-09-01T00:00,1", "e,invocation,2026-09-01T00:00,1", "e,invocations,soon,1",
        "e,invocations,2026-09-01T00:30,1", "e,invocations,2026-09-01T01:00,-1", "e,invocations,2026-09-01T02:00,nan",
        "e,invocations,2026-09-01T03:00,1", "e,invocations,2026-09-01T03:00,2",
    ]  # fmt: skip
    with pytest.raises(InvalidInput) as refused:
        read(tmp_path, HEAD + "\n".join(rows))
    said = {(fault.field, fault.problem.rpartition("(")[2]) for fault in refused.value.faults}
    assert said == {
        ("resource", "rows 2)"),
        ("metric", "rows 3)"),
        ("hour", "rows 4, 5)"),
        ("value", "rows 6, 7)"),
        ("hour", "rows 9)"),
    }
    assert all(name in str(refused.value) for name in METRICS)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("resource,metric,hours,value\ne,invocations,2026-09-01T00:00,1\n", "did you mean hour"),
        ("resource;metric\n", "is missing"),
        (HEAD, "no rows"),
        ("", "cannot be read"),
    ],
)
def test_what_is_no_such_table(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        read(tmp_path, text)


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_metrics(tmp_path / "none.csv")
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00resource")
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_metrics(tmp_path / "b.csv")
