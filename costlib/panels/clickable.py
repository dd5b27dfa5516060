"""HTML on the page whose rows and headings can be clicked.

As in chart.py the content is the state of a plain widget model: an anywidget whose script starts late drops
the messages that come before, and would show old rows for good.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
import traitlets


class _Html(ipywidgets.Widget):
    """The HTML: a model without a view."""

    html = traitlets.Unicode().tag(sync=True)


class Clickable(anywidget.AnyWidget):
    """Shows ``html``; calls back with the ``data-click`` value of what is clicked in it.

    Give it only HTML made here: text from data must be escaped before.
    """

    _esm = Path(__file__).parent / "clickable.js"
    _state = traitlets.Instance(ipywidgets.Widget).tag(sync=True, **ipywidgets.widget_serialization)

    def __init__(self, html: str = "", **kwargs: Any) -> None:
        self._callbacks: list[Callable[[str], None]] = []
        super().__init__(_state=_Html(html=html), **kwargs)
        self.on_msg(self._receive)

    @property
    def html(self) -> str:
        """What is shown."""
        return str(self._state.html)

    def show(self, html: str) -> None:
        """Shows other HTML: one message, or none if it is the same."""
        self._state.html = html

    def on_click(self, callback: Callable[[str], None]) -> None:
        """Calls ``callback`` with the ``data-click`` of each clicked element; the page may send any text."""
        self._callbacks.append(callback)

    def _receive(self, _widget: object, content: Any, _buffers: object) -> None:
        clicked = content.get("clicked") if isinstance(content, dict) else None
        if isinstance(clicked, str) and len(clicked) <= 200:
            for callback in self._callbacks:
                callback(clicked)
