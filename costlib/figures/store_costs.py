"""Storage over the horizon by class, and over how often it is read, with the points where classes cross."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from costlib.figures.style import INK, MUTED, finish
from costlib.planner.store.frequency import Frequency

POLICY = "cheapest policy"
CLASS_NAMES = {
    "STANDARD": "Standard",
    "STANDARD_IA": "Standard-IA",
    "INTELLIGENT_TIERING": "Intelligent-Tiering",
    "ONEZONE_IA": "One Zone-IA",
    "GLACIER_IR": "Glacier Instant",
    "GLACIER_FLEXIBLE": "Glacier Flexible",
    "DEEP_ARCHIVE": "Deep Archive",
}
#: Okabe and Ito's palette, one colour a class.
CLASS_COLOURS = {
    "STANDARD": "#0072B2",
    "STANDARD_IA": "#56B4E9",
    "INTELLIGENT_TIERING": "#009E73",
    "ONEZONE_IA": "#E69F00",
    "GLACIER_IR": "#CC79A7",
    "GLACIER_FLEXIBLE": "#D55E00",
    "DEEP_ARCHIVE": "#999999",
}


def over_time(table: pd.DataFrame, what: str, note: str) -> go.Figure:
    """USD spent up to each month under the chosen policy and in each class.

    ``table``: planner.store.answer.StorageAnswer.over_time; ``what`` is stored, in words.
    """
    made = go.Figure()
    months = np.concatenate([[0], table["month"].to_numpy()])
    for name in [one for one in table.columns if one not in ("month", POLICY)] + [POLICY]:
        best = name == POLICY
        label = "cheapest policy" if best else CLASS_NAMES[name]
        made.add_trace(
            go.Scatter(
                x=months,
                y=np.concatenate([[0.0], table[name].to_numpy(float)]),
                mode="lines",
                name=label,
                uid=name,
                line={"color": INK if best else CLASS_COLOURS[name], "width": 4 if best else 2},
                hovertemplate=f"{label}: $%{{y:,.2f}} by month %{{x}}<extra></extra>",
            )
        )
    made.update_layout(title=f"What {what} cost up to each month", hovermode="closest")
    made.update_xaxes(title={"text": "Months from the start", "standoff": 6}, rangemode="tozero")
    made.update_yaxes(title="USD so far", tickprefix="$", rangemode="tozero", separatethousands=True)
    return _legend_beside(finish(made, note, height_px=420))


def over_frequency(found: Frequency, what: str, note: str) -> go.Figure:
    """USD of one dataset in each class over full reads a month (log), and where the cheapest changes.

    Classes that keep a read waiting are dotted.
    """
    made = go.Figure()
    table = found.table[found.table["per_month"] > 0]
    rates = table["per_month"].to_numpy(float)
    for name in table.columns[1:]:
        waits = name in found.waiting
        made.add_trace(
            go.Scatter(
                x=rates,
                y=table[name],
                mode="lines",
                name=CLASS_NAMES[name] + (" (waits)" if waits else ""),
                uid=name,
                line={"color": CLASS_COLOURS[name], "width": 2.5, "dash": "dot" if waits else "solid"},
                hovertemplate=f"{CLASS_NAMES[name]}: $%{{y:,.2f}} at %{{x:.3g}} reads a month<extra></extra>",
            )
        )
    crossings = found.crossings[found.crossings["per_month"].between(rates[0], rates[-1])]
    if len(crossings):
        below = zip(crossings["per_month"], crossings["cheaper_below"], strict=True)
        height = [np.interp(rate, rates, table[name]) for rate, name in below]
        made.add_trace(
            go.Scatter(
                x=crossings["per_month"], y=height, mode="markers", name="the cheapest changes", uid="crossings",
                marker={"size": 11, "color": "white", "line": {"width": 2.5, "color": INK}},
                customdata=np.column_stack(
                    [crossings["cheaper_below"].map(CLASS_NAMES), crossings["cheaper_above"].map(CLASS_NAMES)]
                ),
                hovertemplate="up to %{x:.3g} reads a month %{customdata[0]}, above %{customdata[1]}<extra></extra>",
            )
        )  # fmt: skip
    made.update_layout(title=f"{what} in each class, by how often all of it is read", hovermode="closest")
    made.update_xaxes(
        title={"text": "Full reads a month, evenly over its whole life", "standoff": 6}, type="log",
        tickvals=[0.01, 0.1, 1, 10, 100], ticktext=["0.01", "0.1", "1", "10", "100"],
    )  # fmt: skip
    made.update_yaxes(
        title="USD over the horizon", tickprefix="$", type="log", dtick="D2", exponentformat="none",
        separatethousands=True, tickfont={"color": MUTED},
    )  # fmt: skip
    return _legend_beside(finish(made, note, height_px=440))


def _legend_beside(made: go.Figure) -> go.Figure:
    """Many names take rows under a title; beside the plot they have room."""
    made.update_layout(legend={"orientation": "v", "x": 1.01, "xanchor": "left", "y": 1, "yanchor": "top"})
    return made
