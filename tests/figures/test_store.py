"""Charts of stored data: what is drawn is what the planner says."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import plotly.graph_objects as go
import pytest

from costlib.figures import store_costs, store_network, store_runs
from costlib.models.storage import CLASSES
from costlib.paths import data_dir
from costlib.planner.store.pattern import StoragePattern
from costlib.planner.store.report import StoreReport, store_report
from costlib.planner.store.sources import StoreSources


@lru_cache(maxsize=1)
def report() -> StoreReport:
    path = data_dir() / "examples" / "storage" / "training.yaml"
    return store_report(StoragePattern.from_yaml(path), StoreSources.open())


def trace(made: go.Figure, uid: str) -> go.Scatter:
    return next(one for one in made.data if one.uid == uid)


def words(made: go.Figure) -> list[str]:
    return [str(note.text) for note in made.layout.annotations]


def test_every_class_has_a_name_and_a_colour() -> None:
    assert set(store_costs.CLASS_NAMES) == set(store_costs.CLASS_COLOURS) == set(CLASSES)


def test_costs_over_time_end_at_the_total() -> None:
    table = report().answer.over_time(0)
    made = store_costs.over_time(table, "images", "prices of x")
    best = trace(made, "cheapest policy")
    assert best.y[0] == 0 and best.y[-1] == pytest.approx(report().answer.chosen.usd(0))
    assert trace(made, "STANDARD").y[-1] == pytest.approx(report().answer.standard.usd(0))
    assert "USD" in made.layout.yaxis.title.text and "Months" in made.layout.xaxis.title.text
    assert "prices of x" in words(made) and len(made.data) == len(table.columns) - 1


def test_crossings_lie_on_the_lines_that_cross() -> None:
    found = report().frequency[0]
    made = store_costs.over_frequency(found, "images", "x")
    marks = trace(made, "crossings")
    assert list(marks.x) == list(found.crossings["per_month"]) and len(marks.x) >= 1
    for at, height, above in zip(marks.x, marks.y, found.crossings["cheaper_above"], strict=True):
        line = trace(made, above)
        assert np.interp(at, line.x, line.y) == pytest.approx(height, rel=1e-6)
    assert trace(made, "DEEP_ARCHIVE").line.dash == "dot" and "waits" in trace(made, "DEEP_ARCHIVE").name


def test_break_even_is_marked_where_there_is_one() -> None:
    once = report().preprocess
    assert once is not None
    made = store_runs.break_even(once.curve, once.break_even_epochs, once.epochs, "x")
    assert trace(made, "meet").x[0] == once.break_even_epochs and "19.5 epochs" in trace(made, "meet").text[0]
    never = store_runs.break_even(once.curve, np.inf, once.epochs, "x")
    assert "meet" not in [one.uid for one in never.data]


def test_caches_have_a_line_and_a_bar_each() -> None:
    cache = report().cache
    assert cache is not None
    made = store_runs.caches(cache.curve, 30, "x")
    assert [one.uid for one in made.data] == [name for name in cache.curve.columns if name != "epochs"]
    bars = store_runs.stalled(cache.table, cache.usd_per_hour, "x").data[0]
    assert list(bars.x) == list(cache.table["stalled_usd_per_hour"])
    assert "9 % busy" in words(store_runs.stalled(cache.table, cache.usd_per_hour, "x"))


def test_paths_without_a_price_say_so() -> None:
    rows = report().network
    assert rows is not None
    made = store_network.paths(rows, "x")
    assert list(trace(made, "to S3").x) == list(rows.loc[rows["purpose"] == "to S3", "usd_per_month"])
    gone = rows.assign(usd_per_month=rows["usd_per_month"].where(rows["path"] != "between zones"))
    assert "price not held" in words(store_network.paths(gone, "x"))
    assert len(trace(store_network.paths(gone, "x"), "elsewhere").x) == 1
