"""The price of certainty: what the chance to finish by the deadline costs, and how soon spot alone is done."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from costlib import display
from costlib.figures.style import INK, MUTED, PURCHASE_COLOURS, finish, legend_under_title

NET = "#E69F00"
COLOURS = {"on_demand": PURCHASE_COLOURS["on_demand"], "net": NET, "spot_only": PURCHASE_COLOURS["spot"]}
NAMES = {
    "on_demand": "on-demand",
    "net": "spot, falling back in time for so many × the deadline",
    "spot_only": "spot alone",
}


def price_of_certainty(ways: pd.DataFrame, deadline_hours: float, note: str) -> go.Figure:
    """USD over the chance to be done by the deadline, one mark a way with P10 to P90 of its dollars.

    ``ways``: planner.spot.odds.by_way. The line joins the ways that no other beats in both.
    """
    curve = ways[ways["on_curve"]].sort_values("chance")
    made = go.Figure()
    made.add_trace(
        go.Scatter(
            x=100 * curve["chance"], y=curve["usd"], mode="lines", name="best", uid="curve",
            line={"color": INK, "width": 1.5, "dash": "dot"}, hoverinfo="skip",
        )
    )  # fmt: skip
    for way, name in NAMES.items():
        rows = ways[ways["way"] == way]
        labels = [_label(row, deadline_hours) for row in rows.to_dict("records")]
        made.add_trace(
            go.Scatter(
                x=100 * rows["chance"],
                y=rows["usd"],
                mode="markers+text",
                name=name,
                uid=way,
                text=labels,
                textposition="top center" if way != "on_demand" else "bottom center",
                textfont={"size": 11, "color": MUTED},
                marker={"size": 12, "color": COLOURS[way], "line": {"width": 1, "color": "white"}},
                error_y={
                    "type": "data", "symmetric": False, "array": rows["usd_high"] - rows["usd"],
                    "arrayminus": rows["usd"] - rows["usd_low"], "color": COLOURS[way], "thickness": 1.2, "width": 4,
                },
                customdata=100 * rows["chance_at_high_hours"],
                hovertemplate=f"{name}<br>done in time: %{{x:.0f}} % (%{{customdata:.0f}} % if the work takes its high"
                " end)<br>$%{y:,.2f} on average<extra></extra>",
            )
        )  # fmt: skip
    made.update_layout(
        title=f"What certainty costs: done within {display.hours(deadline_hours)} (mean, bars P10 – P90)"
    )
    made.update_xaxes(title={"text": "Chance to be done by the deadline (%)", "standoff": 6}, range=[-4, 108])
    made.update_yaxes(title="USD of the instances", tickprefix="$", rangemode="tozero", separatethousands=True)
    return legend_under_title(finish(made, note, height_px=460))


def chance_by_date(dates: pd.DataFrame, deadline_hours: float, note: str) -> go.Figure:
    """The chance that spot alone is done over hours from the start, at the expected and the high end of the work."""
    made = go.Figure()
    for column, name, dash in (
        ("chance", "work as expected", "solid"),
        ("chance_at_high_hours", "work at its high end", "dash"),
    ):
        made.add_trace(
            go.Scatter(
                x=dates["date_hours"], y=100 * dates[column], mode="lines+markers", name=name, uid=column,
                line={"color": PURCHASE_COLOURS["spot"], "width": 3 if dash == "solid" else 2, "dash": dash},
                hovertemplate=f"{name}: %{{y:.0f}} % done within %{{x:,.0f}} h<extra></extra>",
            )
        )  # fmt: skip
    made.add_vline(x=deadline_hours, line={"color": INK, "dash": "dot", "width": 1.5}, annotation_text="deadline")
    made.update_layout(title="How soon the run is done on spot alone")
    made.update_xaxes(title={"text": "Hours from the start", "standoff": 6}, rangemode="tozero", separatethousands=True)
    made.update_yaxes(title="Chance to be done (%)", range=[0, 105])
    return legend_under_title(finish(made, note, height_px=360))


def _label(row: dict, deadline_hours: float) -> str:
    if row["way"] == "net":
        over = row["net_hours"] / deadline_hours
        return f"{over:g} ×"
    return {"on_demand": "on-demand", "spot_only": "spot alone"}[row["way"]]
