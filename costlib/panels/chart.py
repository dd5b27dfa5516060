"""Plotly charts in a notebook page: one plotly.js for the page, and pictures that cannot go stale.

plotly's own ``FigureWidget`` sends its 5 MB of plotly.js once per chart, and moves by messages on top of a first
picture: a view that opens late, or again after a reload, shows the first one. (Its script is also part of the
model, and anywidget 0.11 refuses the messages of a model that takes more than two seconds to start.) Here the
figure is the state of a plain widget model, and whatever view looks at it draws what it holds now.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
import plotly
import plotly.graph_objects as go
import traitlets

_JAVASCRIPT_DIR = Path(__file__).parent


@dataclass(frozen=True)
class ClickedPoint:
    """A point of the chart that was clicked: which trace, which point of it, and that point's custom data."""

    trace: int
    point: int
    customdata: Any


@lru_cache(maxsize=1)
def _packed_plotly_js() -> bytes:
    """plotly.js as the plotly package carries it, gzipped (4.8 MB become 1.7 MB; level 1 takes 0.1 s)."""
    source = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    return gzip.compress(source.read_bytes(), compresslevel=1, mtime=0)


class PlotlyLibrary(anywidget.AnyWidget):
    """Carries plotly.js to the page. It starts when its model reaches the page; it need not be displayed."""

    _esm = _JAVASCRIPT_DIR / "plotly_library.js"
    _packed = traitlets.Bytes().tag(sync=True)
    _version = traitlets.Unicode(plotly.__version__).tag(sync=True)


class _FigureState(ipywidgets.Widget):
    """The figure as JSON: a model without a view."""

    figure_json = traitlets.Unicode().tag(sync=True)


class Chart(anywidget.AnyWidget):
    """A plotly figure on the page; ``update`` shows another one in its place."""

    _esm = _JAVASCRIPT_DIR / "chart.js"
    _state = traitlets.Instance(ipywidgets.Widget).tag(sync=True, **ipywidgets.widget_serialization)
    _version = traitlets.Unicode(plotly.__version__).tag(sync=True)

    def __init__(self, figure: go.Figure, **kwargs: Any) -> None:
        library()
        kwargs.setdefault("layout", ipywidgets.Layout(width="100%"))
        self._figure = figure
        self._click_callbacks: list[Callable[[ClickedPoint], None]] = []
        super().__init__(_state=_FigureState(figure_json=figure.to_json()), **kwargs)
        self.on_msg(self._receive)

    @property
    def figure(self) -> go.Figure:
        """The figure that is shown; change it with ``update`` only."""
        return self._figure

    def on_click(self, callback: Callable[[ClickedPoint], None]) -> None:
        """Calls ``callback`` with the clicked point, each time a point of the chart is clicked."""
        self._click_callbacks.append(callback)

    def close(self) -> None:
        """Takes the chart and its state off the page."""
        self._state.close()
        super().close()

    def _receive(self, _widget: object, content: Any, _buffers: object) -> None:
        # What a page sends is checked, and the point's data are taken from the figure here, not from the page.
        try:
            trace, point = content["trace"], content["point"]
        except (TypeError, KeyError):
            return
        if not (type(trace) is int and type(point) is int and point >= 0 and 0 <= trace < len(self._figure.data)):
            return
        custom = self._figure.data[trace].customdata
        if custom is not None and point >= len(custom):
            return
        clicked = ClickedPoint(trace, point, None if custom is None else custom[point])
        for callback in self._click_callbacks:
            callback(clicked)


_library: PlotlyLibrary | None = None


def library() -> PlotlyLibrary:
    """The kernel's one plotly.js widget; the first chart makes it."""
    global _library
    if _library is None or _library.comm is None:
        _library = PlotlyLibrary(_packed=_packed_plotly_js())
    return _library


def chart(figure: go.Figure) -> Chart:
    """A widget that shows a finished figure."""
    return Chart(figure)


def update(shown: Chart, figure: go.Figure) -> None:
    """Shows ``figure`` in place of the one that ``shown`` shows: one message, or none if they are the same."""
    shown._figure = figure
    shown._state.figure_json = figure.to_json()
