"""Pictures of number formats."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from costlib.facts.precision import PrecisionFacts
from costlib.figures.precision import costs, speedups
from costlib.planner.precision import compare_precisions
from tests.example import sources, workload


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return PrecisionFacts.open(sources().book.snapshot).across("language")


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return compare_precisions(workload(), sources())


def test_whiskers_are_p10_and_p90_and_estimates_are_hollow(rows: pd.DataFrame) -> None:
    figure = speedups(rows, "language", "T4")
    names = list(figure.layout.yaxis.ticktext)
    assert "<b>T4 <i>over fp32</i></b>" in names and "A100 40GB SXM4 <i>over tf32</i>" in names
    wide, narrow = (next(trace for trace in figure.data if trace.uid == name) for name in ("16 bit", "fp8"))
    held = rows[rows["precision"].eq("fp16") & rows["speedup_expected"].notna()].set_index("accelerator")
    for point, accelerator in enumerate(shown[0] for shown in wide.customdata):
        row = held.loc[accelerator]
        assert wide.x[point] == row["speedup_expected"]
        assert wide.x[point] + wide.error_x.array[point] == pytest.approx(row["speedup_high"])
        assert wide.x[point] - wide.error_x.arrayminus[point] == pytest.approx(row["speedup_low"])
        assert (wide.marker.color[point] == "white") == (row["basis"] == "estimate")
        assert names[round(wide.y[point])].removeprefix("<b>").startswith(accelerator)
    assert set(narrow.marker.color) == {"white"}, "fp8 was measured beside nothing"
    assert len(wide.x) == len(held)


def test_costs_stand_where_the_plans_are(table: pd.DataFrame) -> None:
    figure = costs(table, "snapshot")
    best, same = (next(trace for trace in figure.data if trace.uid == name) for name in ("best", "same"))
    assert np.array(best.x) == pytest.approx(table["cost_usd"])
    assert best.x + np.array(best.error_x.array) == pytest.approx(table["cost_high_usd"])
    assert best.x - np.array(best.error_x.arrayminus) == pytest.approx(table["cost_low_usd"])
    assert np.array(same.x) == pytest.approx(table["same_machine_cost_usd"].dropna())
    left, right = 10 ** np.array(figure.layout.xaxis.range)
    assert left < table["cost_low_usd"].min() and right > table["cost_high_usd"].max()
    assert list(figure.layout.yaxis.ticktext) == [f"<b>{name}</b>" for name in table["precision"]]
    assert "USD" in figure.layout.xaxis.title.text


def test_formats_without_a_plan_are_left_out_and_late_ones_say_so(table: pd.DataFrame) -> None:
    only = workload().changed({"search.instance_families": ["g4dn"], "deadline_hours": 1})
    late = compare_precisions(only, sources())
    figure = costs(late, "")
    assert list(figure.layout.yaxis.ticktext) == ["<b>fp32</b>", "<b>fp16</b>"]
    assert all("late" in word for word in next(trace for trace in figure.data if trace.uid == "labels").text)
