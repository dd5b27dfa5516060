"""The facts tables are sound, and every check finds the fault that it is for."""

from __future__ import annotations

import pandas as pd
import pytest

from costlib.facts.integrity import RULES, check, check_snapshot
from costlib.tables import Snapshot


@pytest.fixture(scope="module")
def tables(snapshot: Snapshot) -> dict[str, pd.DataFrame]:
    return {name: snapshot.read(name) for name in RULES}


def test_the_embedded_facts_are_sound_and_all_are_looked_at(snapshot: Snapshot) -> None:
    assert check_snapshot(snapshot) == []
    assert set(RULES) == {name for name in snapshot.tables if name.startswith("facts/")}


@pytest.mark.parametrize(
    ("table", "column", "value", "finding"),
    [
        ("instances", "instance_type", "c5.18xlarge", "repeat a key"),
        ("instances", "memory_gib", 0.0, "memory_gib are not between"),
        ("accelerators", "usable_gib", 1e3, "processes see more memory than there is"),
        ("instances", "as_of", "2027-01-01", "after 2026-10-03"),
        ("instances", "source", None, "have no source"),
        ("accelerators", "fp16_tflops", 312e12, "fp16_tflops are not between"),
        ("accelerators", "fp16_tflops", 126.0, None),
        ("accelerators", "basis", "guess", "a basis is not one of"),
        ("achieved_flops", "achieved_fraction", 47.0, "achieved_fraction are not between 0.01 and 1"),
        ("achieved_flops", "accelerator", "A999", "accelerators not in facts/accelerators: A999"),
        ("achieved_flops", "peak_tflops", 624.0, "shares of another peak"),
        ("achieved_flops", "rule", None, "have no rule"),
        ("whole_runs", "accelerator_hours", -1.0, "negative"),
        ("scaling_efficiency", "efficiency", float("nan"), "not numbers"),
        ("scaling_efficiency", "unit", "percent", "units are not those"),
        ("spot_interruptions", "monthly_interruption_low_fraction", 1.0, "end below their beginning"),
        ("service_facts", "as_of", "undated", "not a date"),
        ("precision_speedups", "speedup", 100.0, "speedup are not between"),
    ],
)
def test_each_fault_is_found(tables, table: str, column: str, value: object, finding: str | None) -> None:
    name = f"facts/{table}"
    frame = tables[name].copy()
    frame.loc[frame.index[0], column] = value
    problems = check({**tables, name: frame}, "2026-10-03")
    if finding is None:
        # V100's own peak is a fact like another; that achieved_flops still counts against the old one is told.
        assert all("another peak" in problem for problem in problems)
    else:
        assert any(problem.startswith(name) and finding in problem for problem in problems), problems


def test_missing_tables_are_named(tables) -> None:
    rest = {name: frame for name, frame in tables.items() if name != "facts/regions"}
    assert check(rest) == ["facts/regions is missing"]
