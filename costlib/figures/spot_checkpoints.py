"""Hours and dollars of a run on spot against its checkpoint interval, with what each rule for the interval says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from costlib.figures.style import INK, MUTED, finish, legend_under_title
from costlib.units import MINUTES_PER_HOUR

LINE, BAND = "#009E73", "rgba(0, 158, 115, 0.15)"
#: Name, colour and symbol of each rule's mark.
MARKS = {
    "young": ("Young 1974", "#0072B2", "circle"),
    "daly": ("Daly 2006", "#E69F00", "square"),
    "best": ("exact best", "#D55E00", "diamond"),
    "yours": ("yours", INK, "star"),
}


def checkpoints(curve: pd.DataFrame, intervals: pd.DataFrame, banner: str) -> go.Figure:
    """USD that writes, lost work and restarts add over minutes between checkpoints (both log), and each rule's mark.

    ``curve``, ``intervals``: planner.spot.checkpoints. Where the run will not finish there is no line.
    """
    minutes = curve["interval_hours"].to_numpy() * MINUTES_PER_HOUR
    low, usd, high = (_finite(curve[name]) for name in ("added_usd_low", "added_usd", "added_usd_high"))
    made = go.Figure()
    edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    made.add_trace(go.Scatter(x=minutes, y=high, showlegend=False, uid="high", **edge))
    name = "range of interruptions, writes and restarts"
    made.add_trace(go.Scatter(x=minutes, y=low, fill="tonexty", fillcolor=BAND, name=name, uid="low", **edge))
    made.add_trace(
        go.Scatter(
            x=minutes,
            y=usd,
            mode="lines",
            name="expected",
            uid="expected",
            line={"color": LINE, "width": 3},
            customdata=np.column_stack([curve["usd"], curve["hours"], 100 * curve["lost_fraction"]]),
            hovertemplate=(
                "every %{x:,.3g} min: $%{y:,.2f} of $%{customdata[0]:,.2f}, %{customdata[1]:,.1f} h;"
                " %{customdata[2]:.2f} % of the billed hours lost<extra></extra>"
            ),
        )
    )
    for row in intervals.to_dict("records"):
        if not np.isfinite(row["added_usd"]):
            continue
        name, colour, symbol = MARKS[str(row["interval"])]
        made.add_trace(
            go.Scatter(
                x=[row["interval_hours"] * MINUTES_PER_HOUR],
                y=[row["added_usd"]],
                mode="markers",
                name=f"{name}: {row['interval_hours'] * MINUTES_PER_HOUR:,.3g} min",
                uid=str(row["interval"]),
                marker={"size": 12, "color": colour, "symbol": symbol, "line": {"width": 1, "color": "white"}},
                hovertemplate=f"{name}: every %{{x:,.3g}} min, $%{{y:,.2f}}<extra></extra>",
            )
        )
    made.update_layout(title="What interruptions and checkpoints add to the run")
    axis = {"exponentformat": "none", "separatethousands": True}
    made.update_xaxes(
        title={"text": "Minutes of work between two checkpoints", "standoff": 6}, type="log", dtick="D2",
        minorloglabels="complete", **axis,
    )  # fmt: skip
    made.update_yaxes(title="USD added to the run", tickprefix="$", type="log", minorloglabels="none", **axis)
    finish(made, banner)
    if not np.isfinite(usd).any():
        words = "With these interruptions the run will not finish on spot"
        place = {"x": 0.5, "y": 0.5, "xref": "paper", "yref": "paper"}
        made.add_annotation(text=words, showarrow=False, font={"size": 15, "color": MUTED}, **place)
    return legend_under_title(made)


def _finite(values: pd.Series) -> np.ndarray:
    array = values.to_numpy(float)
    return np.where(np.isfinite(array), array, np.nan)
