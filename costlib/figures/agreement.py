"""What a model says against what was measured or published: the nearer to the line, the better."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from costlib.display import escape
from costlib.figures.style import INK, MUTED, finish

#: Okabe and Ito's palette; groups beyond it share grey.
COLOURS = ("#0072B2", "#009E73", "#D55E00", "#CC79A7", "#E69F00", "#56B4E9", "#1f2933")


def agreement(rows: pd.DataFrame, unit: str, title: str, note: str) -> go.Figure:
    """Predicted over reference, both on log axes, a colour a group; whiskers are the model's band.

    ``rows`` as in validation.evidence.COLUMNS; rows without both numbers, or not above zero, are not drawn, and the
    title says how many.
    """
    drawn = rows[(rows["reference"] > 0) & (rows["predicted"] > 0)]
    made = go.Figure()
    for number, (name, part) in enumerate(drawn.groupby("group", sort=False)):
        colour = COLOURS[number] if number < len(COLOURS) else "#999999"
        made.add_trace(_points(part, str(name), colour))
    ends = [drawn[["reference", "predicted"]].min().min() / 1.3, drawn[["reference", "predicted"]].max().max() * 1.3]
    made.add_trace(
        go.Scatter(x=ends, y=ends, mode="lines", name="equal", line={"color": INK, "width": 1}, hoverinfo="skip")
    )
    left_out = len(rows) - len(drawn)
    tail = f" ({left_out} at zero or without a number not drawn)" if left_out else ""
    axis = {"type": "log", "exponentformat": "none", "separatethousands": True, "minorloglabels": "complete"}
    made.update_layout(
        title=escape(title) + tail,
        hovermode="closest",
        xaxis={**axis, "title": f"measured or published, {escape(unit)}"},
        yaxis={**axis, "title": f"predicted, {escape(unit)}"},
    )
    finish(made, escape(note), height_px=520)
    made.update_layout(legend={"orientation": "v", "x": 1.01, "xanchor": "left", "y": 1, "yanchor": "top"})
    return made


def _points(part: pd.DataFrame, name: str, colour: str) -> go.Scatter:
    banded = part["low"].notna() & part["high"].notna()
    up = (part["high"] - part["predicted"]).where(banded, 0.0).astype(float)
    down = (part["predicted"] - part["low"]).where(banded, 0.0).astype(float)
    return go.Scatter(
        x=part["reference"].astype(float),
        y=part["predicted"].astype(float),
        mode="markers",
        name=escape(name),
        marker={"color": colour, "size": 7, "opacity": 0.8},
        error_y={"type": "data", "array": up, "arrayminus": down, "color": MUTED, "thickness": 0.6, "width": 2},
        customdata=[escape(label) for label in part["label"]],
        hovertemplate="%{customdata}<br>reference %{x:,.4~g}, predicted %{y:,.4~g}<extra></extra>",
    )
