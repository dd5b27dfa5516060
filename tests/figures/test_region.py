"""Pictures of regions: what is drawn is what the planner says, and nothing needs a network."""

from __future__ import annotations

import json

import numpy as np
import plotly.graph_objects as go
import pytest

from costlib.display import usd
from costlib.figures import region as figures
from costlib.panels.region_state import RegionState, RegionView
from costlib.planner.region.campaign import follow_recorded
from tests.example import sources


@pytest.fixture(scope="module")
def view() -> RegionView:
    return RegionState(sources()).view


def trace(made: go.Figure, name: str) -> go.Scatter | go.Bar:
    return next(one for one in made.data if one.name == name)


def test_bars_add_up_to_the_totals_cheapest_first(view: RegionView) -> None:
    made = figures.costs(view.frame, view.price_only, "prices of x")
    ranked = view.frame[view.frame["rank"] > 0]
    stacked = np.sum([np.array(one.x, dtype=float) for one in made.data], axis=0)
    labels = list(made.data[0].y)
    assert stacked[: figures.MOST_BARS] == pytest.approx(ranked["total_usd"][: figures.MOST_BARS])
    assert labels[0].startswith("1 · us-west-2") and "data are here" in labels[0]
    assert [label for label in labels if "by price alone" in label] == ["2 · us-east-1 (by price alone)"]
    assert made.layout.annotations[0].text == f"<b>{usd(ranked['total_usd'].iloc[0])}</b>"
    assert trace(made, "Data transfer to the region").x[1] == pytest.approx(100.0)


def test_the_region_of_price_alone_is_drawn_wherever_it_ranks(view: RegionView) -> None:
    last = view.frame[view.frame["rank"] > 0].iloc[-1]["region"]
    made = figures.costs(view.frame, last, "x")
    assert sum("by price alone" in label for label in made.data[0].y) == 1
    assert len(made.data[0].y) == figures.MOST_BARS + 1


def test_the_map_has_every_placed_region_where_it_is(view: RegionView) -> None:
    made = figures.world(view.frame, "x")
    ranked, rest = trace(made, "ranked"), trace(made, "not ranked")
    placed = view.frame[np.isfinite(view.frame["latitude"])]
    assert len(ranked.x) + len(rest.x) == len(placed) == 30
    home = [point for point in range(len(ranked.x)) if ranked.marker.symbol[point] == "square"]
    assert [ranked.customdata[point][0] for point in home] == ["us-west-2"]
    assert (ranked.x[home[0]], ranked.y[home[0]]) == pytest.approx((-119.70058, 45.83986))
    assert min(ranked.marker.color) == 1.0
    assert sum(bool(text) for text in ranked.text) == 5
    # Nothing that plotly.js would fetch: no geographic axes, no tiles, no pictures.
    assert all(one.type == "scatter" for one in made.data)
    assert not ({"geo", "map", "mapbox"} & set(json.loads(made.to_json())["layout"])) and not made.layout.images


def test_coasts_do_not_cross_the_chart_and_name_their_source() -> None:
    longitudes, latitudes = figures.coastline()
    x, y = (np.array(one, dtype=float) for one in (longitudes, latitudes))
    assert np.isnan(x).sum() > 50 and np.nanmax(np.abs(x)) <= 180 and np.nanmin(y) > -60
    assert np.nanmax(np.abs(np.diff(x))) < 90, "a line from edge to edge"
    text = (figures.Path(figures.__file__).parent / "coastline.json").read_text("utf-8")
    assert "Natural Earth" in json.loads(text)["source"] and "public domain" in text


def test_lines_over_size_meet_at_the_marked_size(view: RegionView) -> None:
    gib = view.answer.constrained.dataset.gib
    made = figures.over_size(view.lines, gib, "x")
    home, best = trace(made, "us-west-2 (data are here)"), trace(made, "us-east-1")
    marks = trace(made, "the cheapest changes")
    assert list(marks.customdata[:, 0]) == ["us-west-2"]
    at = float(marks.x[0])
    assert np.interp(at, home.x, home.y) == pytest.approx(np.interp(at, best.x, best.y))
    assert np.interp(gib / 1024, home.x, home.y) == pytest.approx(view.frame["total_usd"].iloc[0])
    assert made.layout.shapes[0].x0 == pytest.approx(gib / 1024)


def test_following_marks_the_place_of_each_period(view: RegionView) -> None:
    found = follow_recorded(view.answer)
    assert found is not None
    made = figures.following(found, "recorded prices", "x")
    way = trace(made, "cheapest way, moves paid")
    assert list(way.x) == list(found.periods) and list(way.y) == pytest.approx(list(found.table["usd"]))
    assert [symbol == "star" for symbol in way.marker.symbol] == list(found.table["moved"])
    for number, place in enumerate(found.places):
        drawn = np.array(trace(made, place).y, dtype=float)
        np.testing.assert_allclose(drawn, found.usd[:, number])
