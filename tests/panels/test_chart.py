"""The chart without a page: what it holds, how often it speaks, which clicks it believes."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import plotly
import plotly.graph_objects as go
import plotly.io as pio
import pytest

from costlib.panels import chart as module
from costlib.panels.chart import Chart, ClickedPoint, chart, library, update


def bars(*heights: float) -> go.Figure:
    return go.Figure(go.Bar(x=list("abc")[: len(heights)], y=list(heights), customdata=list("xyz")[: len(heights)]))


def test_the_state_is_the_figure() -> None:
    figure = bars(1.5, 2.0)
    assert pio.from_json(chart(figure)._state.figure_json) == figure


def test_update_shows_another_figure_even_of_another_shape() -> None:
    shown = chart(bars(1.0, 2.0))
    other = go.Figure([go.Scatter(y=[3.0]), go.Scatter(y=[4.0])], go.Layout(title="two lines"))
    update(shown, other)
    assert shown.figure is other
    assert pio.from_json(shown._state.figure_json) == other


def test_an_update_is_one_message_and_the_same_picture_none(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = chart(bars(1.0))
    sent: list[list[str]] = []
    monkeypatch.setattr(shown._state, "send_state", lambda key=None: sent.append(key))
    # A widget sends only while a page is connected; the comm of tests is a dummy that is always there.
    update(shown, bars(2.0))
    update(shown, bars(2.0))
    assert len(sent) == 1


def test_plotly_js_is_carried_once_and_whole() -> None:
    first, second = chart(bars(1.0)), chart(bars(2.0))
    assert library() is library()
    assert first._version == second._version == library()._version == plotly.__version__
    source = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    assert gzip.decompress(library()._packed) == source.read_bytes()
    for one in (first, second):
        assert all(len(str(value)) < 20_000 for value in one.get_state().values())


def test_a_closed_library_is_made_again() -> None:
    before = library()
    before.close()
    assert library() is not before
    assert library().comm is not None


def test_a_click_gives_the_point_and_its_data_from_the_figure() -> None:
    shown = chart(bars(1.0, 2.0))
    clicks: list[ClickedPoint] = []
    shown.on_click(clicks.append)
    shown._handle_custom_msg({"trace": 0, "point": 1, "customdata": "forged"}, [])
    assert clicks == [ClickedPoint(0, 1, "y")]


@pytest.mark.parametrize(
    "content",
    [
        None,
        "click",
        {},
        {"trace": 0},
        {"trace": 1, "point": 0},
        {"trace": -1, "point": 0},
        {"trace": 0, "point": 2},
        {"trace": 0, "point": -1},
        {"trace": "0", "point": 0},
        {"trace": True, "point": 0},
        {"trace": 0, "point": [0, 1]},
    ],
)
def test_a_click_on_what_is_not_there_is_nobody(content: object) -> None:
    shown = chart(bars(1.0, 2.0))
    clicks: list[ClickedPoint] = []
    shown.on_click(clicks.append)
    shown._handle_custom_msg(content, [])
    assert clicks == []


def test_both_scripts_meet_in_the_same_slot() -> None:
    """The function is in both files because a widget's script is one file; they must not drift apart."""

    def slot(name: str) -> list[str]:
        text = (Path(module.__file__).parent / name).read_text("utf-8")
        body = text[text.index("function slot") : text.index("\n}\n", text.index("function slot"))]
        return [line.split("//")[0].strip() for line in body.splitlines() if line.split("//")[0].strip()]

    assert slot("chart.js") == slot("plotly_library.js")


def test_missing_values_reach_the_page_as_json() -> None:
    figure = go.Figure(go.Scatter(y=[1.0, float("nan"), None]))
    decoded = json.loads(Chart(figure)._state.figure_json, parse_constant=lambda name: pytest.fail(name))
    assert decoded["data"][0]["y"] == [1.0, None, None]
