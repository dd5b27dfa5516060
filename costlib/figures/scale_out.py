"""Pictures of scaling out: efficiency against measured runs, what a step is spent on, few large against many small."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from costlib import display
from costlib.figures.style import INK, MUTED, finish, legend_below, legend_under_title
from costlib.planner.equal_work import front
from costlib.planner.scale_out import ScalingCurve

#: Okabe and Ito's palette.
KIND_COLOURS = {"strong": "#0072B2", "weak": "#D55E00"}
KIND_BANDS = {"strong": "rgba(0, 114, 178, 0.15)", "weak": "rgba(213, 94, 0, 0.15)"}
KIND_NAMES = {"strong": "global batch kept", "weak": "batch of each accelerator kept"}
LOSS_COLOURS = {
    "compute_fraction": ("computing", "#0072B2"),
    "fixed_fraction": ("what a smaller batch does not shorten", "#56B4E9"),
    "wait_fraction": ("waiting for the slowest", "#E69F00"),
    "exchange_fraction": ("exchange not hidden", "#D55E00"),
    "bubble_fraction": ("pipeline's idle ends", "#CC79A7"),
}
TYPE_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#1f2933")
TYPE_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "cross", "star")


def efficiency(curve: ScalingCurve, measured: pd.DataFrame, banner: str) -> go.Figure:
    """Share of the ideal speed-up over accelerators (log), with its band, and measured runs.

    ``measured`` as validation.scaling.nearest_in_kind gives it: each row's own efficiency, and beside it, as a short
    line, what the model says of that row.
    """
    made = go.Figure()
    for kind, colour in KIND_COLOURS.items():
        rows = curve.kind(kind)
        at = rows["accelerators"]
        ends = {"x": [*at, *at[::-1]], "y": [*rows["efficiency_high"], *rows["efficiency_low"][::-1]]}
        made.add_trace(
            go.Scatter(
                **ends, fill="toself", fillcolor=KIND_BANDS[kind], line={"width": 0}, hoverinfo="skip", showlegend=False
            )
        )
        made.add_trace(
            go.Scatter(
                x=at,
                y=rows["efficiency"],
                mode="lines+markers",
                name=f"model, {KIND_NAMES[kind]}",
                line={"color": colour, "width": 3},
                marker={"size": 6},
                customdata=np.column_stack([rows["instances"], rows["speedup"], rows["limit"]]),
                hovertemplate="%{customdata[0]} instances: %{y:.1%}, %{customdata[1]:,.1f} times one accelerator"
                "<br>lost most to: %{customdata[2]}<extra></extra>",
            )
        )
    for kind, colour in KIND_COLOURS.items():
        rows = measured[measured["kind"] == kind]
        if len(rows):
            made.add_trace(_measured(rows, kind, colour))
            made.add_trace(_said_of_measured(rows, colour))
    made.update_layout(
        title=f"How far {display.escape(curve.instance_type)} scales, and what was measured on machines like it",
        hovermode="closest",
        xaxis={"type": "log", "title": "Accelerators", "dtick": np.log10(2), "tickformat": ",.0f"},
        yaxis={"title": "Share of the ideal speed-up", "tickformat": ".0%", "range": [0, 1.12]},
    )
    finish(made, banner, height_px=480)
    return legend_below(made)


def step_parts(curve: ScalingCurve, kind: str, banner: str) -> go.Figure:
    """What the accelerators' time goes to, stacked to 100 %, by number of instances."""
    rows = curve.kind(kind)
    made = go.Figure()
    for column, (name, colour) in LOSS_COLOURS.items():
        if rows[column].max() > 0:
            made.add_trace(
                go.Bar(
                    x=[str(count) for count in rows["instances"]],
                    y=rows[column],
                    name=name,
                    marker_color=colour,
                    hovertemplate=f"%{{x}} instances: {name} %{{y:.1%}}<extra></extra>",
                )
            )
    made.update_layout(
        barmode="stack",
        title=f"What a step on {display.escape(curve.instance_type)} is spent on ({KIND_NAMES[kind]})",
        xaxis={"title": "Instances", "type": "category"},
        yaxis={"title": "Share of the step", "tickformat": ".0%", "range": [0, 1]},
    )
    return legend_under_title(finish(made, banner, height_px=380))


def cost_time(table: pd.DataFrame, purchase: str, deadline_hours: float | None, most: int, banner: str) -> go.Figure:
    """USD over hours (log) of the same run on clusters; a line a type, from one instance (right) to more (left).

    The ``most`` types that come cheapest are drawn, and those on the front, which is drawn through all.
    """
    usd = f"usd_{purchase}"
    rows = table[table[usd].notna()]
    best = front(table, purchase)
    cheapest = rows.groupby("instance_type")[usd].min().sort_values(kind="stable")
    names = list(dict.fromkeys([*best["instance_type"], *cheapest.index]))[: max(most, best["instance_type"].nunique())]
    made = go.Figure()
    for number, name in enumerate(names):
        made.add_trace(_cluster_line(rows[rows["instance_type"] == name], usd, str(name), number))
    made.add_trace(
        go.Scatter(
            x=best["hours"],
            y=best[usd],
            mode="lines",
            name="front: nothing is both cheaper and faster",
            line={"color": INK, "width": 1.5, "shape": "hv", "dash": "dot"},
            hoverinfo="skip",
        )
    )
    axis = {"type": "log", "separatethousands": True, "exponentformat": "none", "minorloglabels": "complete"}
    made.update_layout(
        title=f"The same run on few large and on many small, {display.PURCHASE_NAMES[purchase]}",
        hovermode="closest",
        xaxis={**axis, "title": {"text": "Hours of the work (expected)", "standoff": 4}},
        yaxis={**axis, "title": "USD for the work (expected)", "tickprefix": "$"},
    )
    if deadline_hours is not None:
        made.add_vline(x=deadline_hours, line={"color": MUTED, "dash": "dash", "width": 1})
        made.add_annotation(
            x=np.log10(deadline_hours), y=1, yref="paper", text=f"deadline {deadline_hours:g} h", showarrow=False,
            xanchor="left", yanchor="top", font={"size": 11, "color": MUTED},
        )  # fmt: skip
    finish(made, banner, height_px=540)
    made.update_layout(legend={"orientation": "v", "x": 1.01, "xanchor": "left", "y": 1, "yanchor": "top"})
    return made


def _cluster_line(rows: pd.DataFrame, usd: str, name: str, number: int) -> go.Scatter:
    colour = TYPE_COLOURS[number % len(TYPE_COLOURS)]
    symbol = TYPE_SYMBOLS[(number // len(TYPE_COLOURS) + number) % len(TYPE_SYMBOLS)]
    low, high = usd.replace("usd_", "usd_low_"), usd.replace("usd_", "usd_high_")
    said = [
        [
            f"{row['count']:,} × {display.escape(name)} ({row['accelerators']:,} {display.escape(row['accelerator'])})",
            f"{display.hours(row['hours'])} ({display.hours_band(row['hours_low'], row['hours_high'])})",
            f"{display.usd(row[usd])} ({display.usd_band(row[low], row[high])})",
            display.percent(row["efficiency"]),
        ]
        for row in rows.to_dict("records")
    ]
    return go.Scatter(
        x=rows["hours"],
        y=rows[usd],
        mode="lines+markers",
        name=f"{display.escape(name)}, {rows['accelerators_per_instance'].iloc[0]} ×",
        uid=f"type-{name}",
        line={"color": colour, "width": 1},
        marker={"color": colour, "symbol": symbol, "size": 7},
        customdata=said,
        hovertemplate="%{customdata[0]}<br>%{customdata[1]}<br>%{customdata[2]}<br>efficiency %{customdata[3]}"
        "<extra></extra>",
    )


def _measured(rows: pd.DataFrame, kind: str, colour: str) -> go.Scatter:
    said = [
        f"{display.escape(row['measured_by'])}: {display.escape(row['model'])}, {display.escape(row['precision'])}<br>"
        f"{row['accelerators']:,.0f} {display.escape(row['accelerator'])} over {row['base_accelerators']:,.0f} of them:"
        f" measured {display.percent(row['efficiency'])}, model {display.percent(row['predicted'])}"
        f" ({display.percent(row['low'])} to {display.percent(row['high'])})"
        for row in rows.to_dict("records")
    ]
    return go.Scatter(
        x=rows["accelerators"],
        y=rows["efficiency"],
        mode="markers",
        name=f"measured, {KIND_NAMES[kind]} (ring: over several accelerators)",
        marker={
            "color": colour,
            "size": 9,
            "symbol": np.where(rows["base_accelerators"] > 1, "circle-open", "circle"),
            "opacity": 0.7,
        },
        customdata=said,
        hovertemplate="%{customdata}<extra></extra>",
    )


def _said_of_measured(rows: pd.DataFrame, colour: str) -> go.Scatter:
    """A line from each measured point to what the model says of that very run."""
    nothing = np.full(len(rows), np.nan)
    x = np.column_stack([rows["accelerators"], rows["accelerators"], nothing]).ravel()
    y = np.column_stack([rows["efficiency"], rows["predicted"], nothing]).ravel()
    return go.Scatter(x=x, y=y, mode="lines", line={"color": colour, "width": 1.5}, hoverinfo="skip", showlegend=False)
