"""Runs that read their data again and again: preprocessing once, caches over the epochs, stalled accelerators."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from costlib.figures.style import INK, MUTED, finish, legend_under_title

ONCE, EVERY = "#009E73", "#D55E00"
S3 = "S3"
PALETTE = ("#0072B2", "#56B4E9", "#E69F00", "#009E73", "#f3c6dc", "#e39cc1", "#CC79A7", "#8f4a73")


def break_even(curve: pd.DataFrame, meet: float, epochs: float, note: str) -> go.Figure:
    """USD of preprocessing once and in each epoch over the epochs, where they meet, and the epochs asked for.

    ``curve``: epochs, once_usd, every_epoch_usd.
    """
    made = go.Figure()
    for column, name, colour in (
        ("once_usd", "once, and kept", ONCE),
        ("every_epoch_usd", "in each epoch", EVERY),
    ):
        made.add_trace(
            go.Scatter(
                x=curve["epochs"], y=curve[column], mode="lines", name=name, uid=column,
                line={"color": colour, "width": 3},
                hovertemplate=f"{name}: $%{{y:,.2f}} for %{{x:,.1f}} epochs<extra></extra>",
            )
        )  # fmt: skip
    if np.isfinite(meet):
        height = float(np.interp(meet, curve["epochs"], curve["once_usd"]))
        made.add_trace(
            go.Scatter(
                x=[meet], y=[height], mode="markers+text", name="break-even", uid="meet", text=[f"{meet:,.1f} epochs"],
                textposition="top left", marker={"size": 12, "color": "white", "line": {"width": 2.5, "color": INK}},
                hovertemplate="once is cheaper from %{x:,.1f} epochs on<extra></extra>",
            )
        )  # fmt: skip
    made.add_vline(x=epochs, line={"color": MUTED, "dash": "dot", "width": 1.5}, annotation_text="your epochs")
    made.update_layout(title="Preprocess once, or in each epoch")
    made.update_xaxes(title={"text": "Epochs", "standoff": 6}, rangemode="tozero", separatethousands=True)
    made.update_yaxes(title="USD", tickprefix="$", rangemode="tozero", separatethousands=True)
    return legend_under_title(finish(made, note, height_px=380))


def caches(curve: pd.DataFrame, epochs: float, note: str) -> go.Figure:
    """USD of a run over its epochs, a line a place; what costs many times the least runs out of the picture.

    ``curve``: epochs, and a column a place.
    """
    made = go.Figure()
    names = [str(name) for name in curve.columns if name != "epochs"]
    for number, name in enumerate(names):
        made.add_trace(
            go.Scatter(
                x=curve["epochs"], y=curve[name], mode="lines", name=name, uid=name,
                line={"color": PALETTE[number % len(PALETTE)], "width": 2.5, "dash": "dot" if name == S3 else "solid"},
                hovertemplate=f"{name}: $%{{y:,.2f}} for %{{x:,.0f}} epochs<extra></extra>",
            )
        )  # fmt: skip
    made.add_vline(x=epochs, line={"color": MUTED, "dash": "dot", "width": 1.5}, annotation_text="your epochs")
    made.update_layout(title="A cache, or S3 in each epoch: what the whole run costs")
    made.update_xaxes(title={"text": "Epochs", "standoff": 6}, rangemode="tozero", separatethousands=True)
    most = float(curve[names].iloc[-1].min()) * 2.5
    made.update_yaxes(title="USD of the run", tickprefix="$", range=[0, most], separatethousands=True)
    made = finish(made, note, height_px=480)
    made.update_layout(legend={"orientation": "v", "x": 1.01, "xanchor": "left", "y": 1, "yanchor": "top"})
    return made


def stalled(table: pd.DataFrame, usd_per_hour: float, note: str) -> go.Figure:
    """A bar a place: USD an hour of accelerators that wait, of the ``usd_per_hour`` that they cost.

    ``table``: planner.store.cache.CacheAnswer.table; places without numbers are left out.
    """
    rows = table[table["stalled_usd_per_hour"].notna()]
    busy = 100 * rows["accelerator_busy_fraction"]
    made = go.Figure(
        go.Bar(
            y=rows["place"],
            x=rows["stalled_usd_per_hour"],
            orientation="h",
            uid="stalled",
            marker={"color": [EVERY if usd > 0.005 * usd_per_hour else ONCE for usd in rows["stalled_usd_per_hour"]]},
            error_x={
                "type": "data", "symmetric": False, "color": INK, "thickness": 1.2, "width": 4,
                "array": rows["stalled_usd_per_hour_high"] - rows["stalled_usd_per_hour"],
                "arrayminus": rows["stalled_usd_per_hour"] - rows["stalled_usd_per_hour_low"],
            },
            customdata=np.column_stack([busy, rows["bytes_per_second"] / 1e6]),
            hovertemplate="%{y}: $%{x:,.2f} an hour; accelerators busy %{customdata[0]:.0f} %, data at"
            " %{customdata[1]:,.0f} MB/s<extra></extra>",
        )
    )  # fmt: skip
    for name, share in zip(rows["place"], busy, strict=True):
        made.add_annotation(
            x=1.02 * usd_per_hour, y=name, text=f"{share:.0f} % busy", showarrow=False, xanchor="left",
            font={"size": 12, "color": INK},
        )  # fmt: skip
    made.update_layout(title=f"Accelerators that wait for data, of ${usd_per_hour:,.2f} an hour", showlegend=False)
    made.update_xaxes(title={"text": "USD an hour that buys nothing", "standoff": 6}, tickprefix="$",
                      range=[0, 1.16 * usd_per_hour], separatethousands=True)  # fmt: skip
    made.update_yaxes(autorange="reversed", automargin=True)
    return finish(made, note, height_px=160 + 34 * len(rows))
