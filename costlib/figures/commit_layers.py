"""Usage in layers: the hours of one future, the busiest first, and what serves each."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from costlib import display
from costlib.figures.style import PURCHASE_COLOURS, finish, legend_below
from costlib.planner.commit.layers import DollarLayers

#: Points drawn of a curve: an hour each would be ten times as many as a screen shows.
POINTS = 300
LAYERS = {
    "committed_usd": ("on commitments", PURCHASE_COLOURS["savings_plan"]),
    "spot_usd": ("on spot", PURCHASE_COLOURS["spot"]),
    "on_demand_usd": ("on demand", PURCHASE_COLOURS["on_demand"]),
}
UNUSED = ("commitment not used", "#999999")


def layers(found: DollarLayers, scenario: str, banner: str) -> go.Figure:
    """USD an hour at on-demand prices over the hours of a scenario, stacked; what of the commitment was lost below."""
    curve = _thinned(found.curve)
    at = (np.arange(len(curve)) + 0.5) / len(curve) * len(found.curve)
    made = go.Figure()
    for column, (name, colour) in LAYERS.items():
        made.add_trace(
            go.Scatter(
                x=at, y=curve[column], stackgroup="usage", name=name, uid=column, mode="lines",
                line={"width": 0.5, "color": colour}, fillcolor=colour,
                hovertemplate=f"{name}: $%{{y:,.2f}} an hour<extra></extra>",
            )
        )  # fmt: skip
    name, colour = UNUSED
    made.add_trace(
        go.Scatter(
            x=at, y=-curve["unused_usd"], fill="tozeroy", name=name, uid="unused_usd", mode="lines",
            line={"width": 0.5, "color": colour}, fillcolor=colour, customdata=curve["unused_usd"],
            hovertemplate="not used: $%{customdata:,.2f} an hour<extra></extra>",
        )
    )  # fmt: skip
    blended = f"{display.usd(found.blended_usd_per_hour)} an instance-hour"
    title = f"{display.escape(scenario)}: {blended}, effective savings rate {display.percent(found.saved_fraction)}"
    made.update_layout(title=title if found.instance_hours else f"{display.escape(scenario)}: nothing runs")
    made.update_layout(hovermode="x unified")
    made.update_xaxes(title={"text": "Hours, the busiest first", "standoff": 6}, tickformat=",d")
    made.update_yaxes(title="USD an hour at on-demand prices", tickprefix="$", separatethousands=True)
    return legend_below(finish(made, banner, height_px=480), rows=2)


def _thinned(curve: pd.DataFrame) -> pd.DataFrame:
    """Means of equal stretches of hours, POINTS of them at most."""
    if len(curve) <= POINTS:
        return curve
    return curve.groupby(np.arange(len(curve)) * POINTS // len(curve)).mean()
