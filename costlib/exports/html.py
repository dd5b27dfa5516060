"""The parts of an HTML document: charts with one plotly.js, and the templates, which escape all text from data."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
import plotly.graph_objects as go
from markupsafe import Markup

from costlib import display
from costlib.exports.tables import bought

_TEMPLATES_DIR = Path(__file__).parent / "templates"


def library() -> Markup:
    """plotly.js itself (5 MB), for the head of a document; once is enough for all its charts."""
    from plotly.offline import get_plotlyjs

    setting = '<script>window.PlotlyConfig = {MathJaxConfig: "local"};</script>'
    return Markup(f"{setting}<script>{get_plotlyjs()}</script>")


def chart(figure: go.Figure, name: str) -> Markup:
    """A figure as HTML that wants ``library()`` before it; ``name`` is its id, unique in the document."""
    content = figure.to_html(
        full_html=False,
        include_plotlyjs=False,
        div_id=f"chart-{name}",
        config={"displaylogo": False, "responsive": True},
    )
    # A printed or narrow page shows the chart as wide as its column.
    return Markup(f'<div class="chart">{content}</div>')


def page(title: str, body: Markup, footer: Sequence[tuple[str, str]]) -> bytes:
    """A whole document that needs no network; ``footer`` is names and texts."""
    return _templates().get_template("page.html.j2").render(title=title, body=body, footer=footer).encode()


def section(name: str, *arguments: Any) -> Markup:
    """One macro of sections.html.j2."""
    made: Markup = getattr(_templates().get_template("sections.html.j2").module, name)(*arguments)
    return made


@lru_cache(maxsize=1)
def _templates() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES_DIR), autoescape=True, undefined=jinja2.StrictUndefined
    )
    made.filters.update(
        usd=display.usd,
        percent=display.percent,
        hours=display.hours,
        usd_band=lambda band: display.usd_band(*_ends(band)),
        hours_band=lambda band: display.hours_band(*_ends(band)),
        service=lambda name: display.SERVICE_NAMES[name],
        item=lambda name: display.ITEM_NAMES.get(name, name),
        purchase=lambda plan: bought(plan.purchase, plan.option),
    )
    return made


def _ends(band: Any) -> tuple[float, float]:
    return (band[0], band[1]) if isinstance(band, list) else (band.low, band.high)
