"""Serving as pictures: response times by load, the fleet by the hour, autoscaling on a day, ways by traffic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from costlib.figures.style import GRID, INK, MUTED, finish, legend_under_title

Floats = npt.NDArray[np.float64]

#: Okabe and Ito's palette; lines also differ in their dash.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#1f2933", "#999999")
DASHES = ("solid", "solid", "solid", "dash", "dash", "dash", "dot", "dot", "dashdot", "dashdot", "longdash")
LATE = "#D55E00"
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def response_by_load(
    names: Sequence[str],
    per_second: Floats,
    milliseconds: Floats,
    kept: Floats,
    promise_ms: float,
    percentile: str,
    note: str,
) -> go.Figure:
    """A line a type (rows, loads): the percentile as one instance gets more, and where it meets the promise."""
    made = go.Figure()
    for row, name in enumerate(names):
        colour = COLOURS[row % len(COLOURS)]
        made.add_trace(
            go.Scatter(
                x=per_second[row],
                y=milliseconds[row],
                name=name,
                uid=name,
                mode="lines",
                line={"color": colour, "dash": DASHES[row % len(DASHES)], "width": 2},
                hovertemplate=f"{name}: {percentile} %{{y:,.0f}} ms at %{{x:,.1f}} requests/s<extra></extra>",
            )
        )
        if kept[row] > 0:
            made.add_trace(
                go.Scatter(
                    x=[kept[row]],
                    y=[promise_ms],
                    uid=f"{name} kept",
                    mode="markers",
                    showlegend=False,
                    marker={"color": colour, "size": 9, "line": {"color": "white", "width": 1}},
                    hovertemplate=f"{name}: at most %{{x:,.1f}} requests/s<extra></extra>",
                )
            )
    made.add_hline(
        y=promise_ms,
        line={"color": INK, "dash": "dot", "width": 1.5},
        annotation_text="promise",
        annotation_position="top left",
    )
    made.update_layout(title=f"{percentile} of one instance as its load grows")
    made.update_xaxes(title={"text": "Requests a second of one instance", "standoff": 6}, type="log")
    shown = milliseconds[np.isfinite(milliseconds)]
    top = np.log10(min(float(shown.max()), promise_ms * 8)) if len(shown) else 3
    low = np.log10(min(float(shown.min()), promise_ms) * 0.8) if len(shown) else 1
    made.update_yaxes(title="Milliseconds", type="log", range=[low, top])
    return legend_under_title(finish(made, note))  # fmt: skip


def fleet_by_hour(week: pd.DataFrame, instance_type: str, note: str) -> go.Figure:
    """Instances in each hour of the week: mean, and most; ``week``: planner.serve.report.by_hour_of_week."""
    hour = week["hour_of_week"].to_numpy()
    words = [f"{_DAYS[one // 24]} {one % 24:02d}:00" for one in hour]
    made = go.Figure()
    for column, name, colour, fill in (
        ("most_instances", "most", GRID, "tozeroy"),
        ("mean_instances", "mean", COLOURS[0], None),
    ):
        made.add_trace(
            go.Scatter(
                x=hour,
                y=week[column],
                name=name,
                uid=name,
                mode="lines",
                fill=fill,
                line={"shape": "hv", "color": colour if fill is None else MUTED, "width": 2 if fill is None else 1},
                fillcolor=colour,
                customdata=words,
                hovertemplate=f"%{{customdata}} UTC: {name} %{{y:,.1f}}<extra></extra>",
            )
        )
    made.update_layout(title=f"Instances by the hour of the week: {instance_type}")
    made.update_xaxes(
        title={"text": "UTC", "standoff": 6}, tickvals=[24 * day for day in range(7)], ticktext=list(_DAYS)
    )
    made.update_yaxes(title="Instances", rangemode="tozero")
    return legend_under_title(finish(made, note))  # fmt: skip


def autoscaling_day(
    clock: pd.DatetimeIndex, per_second: Floats, kept: Floats, late: npt.NDArray[np.bool_], note: str
) -> go.Figure:
    """Minutes of one day: the load, what the instances in service may get, and the minutes of too few."""
    made = go.Figure()
    made.add_trace(
        go.Scatter(
            x=clock,
            y=kept,
            name="instances in service may get",
            uid="kept",
            mode="lines",
            line={"color": COLOURS[0], "shape": "hv", "width": 2},
            hovertemplate="%{x|%H:%M}: up to %{y:,.1f} requests/s<extra></extra>",
        )
    )
    made.add_trace(
        go.Scatter(
            x=clock,
            y=per_second,
            name="load",
            uid="load",
            mode="lines",
            line={"color": INK, "width": 1.3},
            hovertemplate="%{x|%H:%M}: %{y:,.1f} requests/s<extra></extra>",
        )
    )
    made.add_trace(
        go.Scatter(
            x=clock[late],
            y=per_second[late],
            name="late",
            uid="late",
            mode="markers",
            marker={"color": LATE, "size": 5, "symbol": "x"},
            hovertemplate="%{x|%H:%M}: too few<extra></extra>",
        )
    )
    made.update_layout(title=f"Autoscaling on the day with the most: {clock[0]:%Y-%m-%d}")
    made.update_xaxes(title={"text": "UTC", "standoff": 6})
    made.update_yaxes(title="Requests a second", rangemode="tozero")
    return legend_under_title(finish(made, note))  # fmt: skip


def policies_plane(tried: pd.DataFrame, default: Mapping[str, float], usd_per_hour: float, note: str) -> go.Figure:
    """Cost against requests that come too late, by target: ``tried`` has ``target_fraction, usd_per_month,
    late_fraction``; ``default`` is AWS's own start."""
    made = go.Figure()
    made.add_trace(
        go.Scatter(
            x=100 * tried["late_fraction"],
            y=tried["usd_per_month"],
            uid="tried",
            name="target tracking",
            mode="lines+markers",
            line={"color": COLOURS[0], "width": 1.5},
            marker={"size": 8, "color": [COLOURS[2] if ok else LATE for ok in tried["keeps_promise"]]},
            customdata=100 * tried["target_fraction"],
            hovertemplate="target %{customdata:.0f} %: %{x:.2f} % late, $%{y:,.0f} a month<extra></extra>",
        )
    )
    made.add_trace(
        go.Scatter(
            x=[100 * default["late_fraction"]],
            y=[default["usd_per_month"]],
            uid="default",
            name="AWS's own start",
            mode="markers",
            marker={"symbol": "diamond", "size": 11, "color": INK},
            hovertemplate="half of what it may get: %{x:.2f} % late, $%{y:,.0f} a month<extra></extra>",
        )
    )
    made.update_layout(title="What each target costs, and how many requests come too late")
    made.update_xaxes(title={"text": "Requests in minutes of too few instances (%)", "standoff": 6})
    made.update_yaxes(title=f"USD a month (at ${usd_per_hour:g} an hour)", tickprefix="$", rangemode="tozero")
    return legend_under_title(finish(made, note))  # fmt: skip


def ways_by_traffic(curve: pd.DataFrame, thresholds: pd.DataFrame, names: Mapping[str, str], now: float,
                    note: str) -> go.Figure:  # fmt: skip
    """A line a way to serve: USD a month by requests a month; where the cheapest changes, and today's traffic.

    ``curve`` and ``thresholds``: planner.serve.modes; ``now``: requests a month.
    """
    made = go.Figure()
    modes = [name for name in curve.columns if name in names]
    for row, mode in enumerate(modes):
        if curve[mode].notna().any():
            made.add_trace(
                go.Scatter(
                    x=curve["requests_per_month"],
                    y=curve[mode],
                    name=names[mode],
                    uid=mode,
                    mode="lines",
                    line={"color": COLOURS[row % len(COLOURS)], "dash": DASHES[row % len(DASHES)], "width": 2},
                    hovertemplate=f"{names[mode]}: $%{{y:,.2f}} at %{{x:,.3s}} a month<extra></extra>",
                )
            )
    for edge in thresholds["from_requests_per_month"].iloc[1:]:
        made.add_vline(x=edge, line={"color": MUTED, "dash": "dot", "width": 1})
    made.add_vline(
        x=now, line={"color": INK, "width": 1.5}, annotation_text="your traffic", annotation_position="bottom right"
    )
    made.update_layout(title="What each way costs as traffic grows; dotted: where the cheapest changes")
    made.update_xaxes(title={"text": "Requests a month", "standoff": 6}, type="log")
    made.update_yaxes(title="USD a month", type="log", tickprefix="$")
    figure = legend_under_title(finish(made, note, height_px=520))
    figure.update_layout(margin={"t": 100})
    return figure  # fmt: skip
