"""Pictures of the batch: what accumulation costs beside memory, and where a larger batch gains little."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from costlib import display
from costlib.figures.style import INK, MUTED, finish, legend_under_title
from costlib.planner.batch_size import BatchPlan, Points
from costlib.units import bytes_to_gib

VERDICT_COLOURS = {"fits": "#009E73", "tight": "#E69F00", "does not fit": "#999999"}


def accumulation(plan: BatchPlan, banner: str) -> go.Figure:
    """Seconds of a step that keeps the global batch, by micro-batch; the colour says whether memory holds it."""
    table = plan.accumulation
    made = go.Figure()
    for verdict, colour in VERDICT_COLOURS.items():
        rows = table[table["verdict"] == verdict]
        if len(rows):
            made.add_trace(
                go.Bar(
                    x=[f"{size:,}" for size in rows["micro_batch"]],
                    y=rows["step_seconds"],
                    name={"fits": "fits in memory", "tight": "tight"}.get(verdict, verdict),
                    marker={
                        "color": colour,
                        "line": {"color": INK, "width": np.where(rows["micro_batch"] == plan.chosen, 3, 0)},
                        "pattern": {"shape": "/" if verdict == "does not fit" else ""},
                    },
                    text=[f"+{ratio - 1:.1%}" for ratio in rows["time_ratio"]],
                    textposition="outside",
                    cliponaxis=False,
                    customdata=np.column_stack([rows["micro_steps"], bytes_to_gib(rows["bytes"].to_numpy(float))]),
                    hovertemplate="micro-batch %{x}, %{customdata[0]:,} a step: %{y:.4~g} s,"
                    " %{customdata[1]:.1f} GiB each<extra></extra>",
                )
            )
    made.update_layout(
        title=f"A step of {plan.global_batch:,} samples by micro-batch (percent: over all at once; framed: chosen)",
        xaxis={
            "title": f"Micro-batch (samples; each of {plan.replicas:,} replicas takes {plan.share:,} a step)",
            "type": "category",
            "categoryorder": "array",
            "categoryarray": [f"{size:,}" for size in table["micro_batch"]],
        },
        yaxis={"title": "Seconds a step", "rangemode": "tozero", "range": [0, table["step_seconds"].max() * 1.15]},
    )
    return legend_under_title(finish(made, banner, height_px=400))


def saturation(plan: BatchPlan, points: Points | None, banner: str) -> go.Figure:
    """Samples a second of one replica over its batch (log), with its limit, the user's points and the answer."""
    slope = plan.curve.seconds_per_sample
    measured = np.array([]) if points is None else np.asarray(points[0], float)
    finite = [size for size in (plan.saturating_batch, *measured) if np.isfinite(size)]
    most = 4.0 * max([float(plan.share), *finite])
    sizes = np.geomspace(1.0, most, 120)
    made = go.Figure(
        go.Scatter(
            x=sizes,
            y=sizes / (plan.curve.fixed_seconds + slope * sizes),
            mode="lines",
            name="fitted to your points" if plan.basis == "user" else "estimate",
            line={"color": "#0072B2", "width": 3, "dash": "solid" if plan.basis == "user" else "dash"},
            hovertemplate="batch %{x:,.3~g}: %{y:,.4~g} samples a second<extra></extra>",
        )
    )
    if points is not None:
        made.add_trace(
            go.Scatter(
                x=measured,
                y=np.asarray(points[1], float),
                mode="markers",
                name="your points",
                marker={"color": "#D55E00", "size": 10},
                hovertemplate="batch %{x:,}: %{y:,.4~g} samples a second<extra></extra>",
            )
        )
    if slope > 0:
        made.add_hline(y=1.0 / slope, line={"color": MUTED, "dash": "dot"}, annotation_text="limit")
    if np.isfinite(plan.saturating_batch):
        _mark(made, plan.saturating_batch, f"{display.percent(plan.efficiency)} of the limit", 0.02, "bottom")
    made.update_layout(
        title="Throughput of one replica by its batch",
        xaxis={"type": "log", "title": "Batch of one replica (samples)", "minorloglabels": "complete"},
        yaxis={"title": "Samples a second", "rangemode": "tozero"},
    )
    return legend_under_title(finish(made, banner, height_px=400))


def targets(plan: BatchPlan, banner: str) -> go.Figure:
    """Samples and time to the same target over the global batch (log), each over its least; needs a critical batch."""
    table = plan.targets
    made = go.Figure()
    names = {
        "samples_ratio": ("samples to the target, over the least", "#D55E00"),
        "time_ratio": ("time to the target on this cluster, over the best", "#0072B2"),
    }
    for column, (name, colour) in names.items():
        if column in table:
            made.add_trace(
                go.Scatter(
                    x=table["global_batch"],
                    y=table[column],
                    mode="lines+markers",
                    name=name,
                    line={"color": colour, "width": 3},
                    hovertemplate="batch %{x:,}: %{y:.3~g} times<extra></extra>",
                )
            )
    if plan.critical_batch is not None:
        _mark(made, plan.critical_batch, f"critical batch {plan.critical_batch:,.0f}", 0.98, "top")
    made.update_layout(
        title="What a larger global batch costs in samples and wins in time",
        xaxis={"type": "log", "title": "Global batch (samples)", "minorloglabels": "complete"},
        yaxis={"type": "log", "title": "Times the least", "minorloglabels": "complete", "exponentformat": "none"},
    )
    return legend_under_title(finish(made, banner, height_px=400))


def _mark(made: go.Figure, x: float, text: str, y: float, anchor: str) -> None:
    """A line and a word at a batch; words on a log axis stand at its logarithm."""
    made.add_vline(x=x, line={"color": MUTED, "dash": "dash", "width": 1})
    made.add_annotation(
        x=np.log10(x), y=y, yref="paper", text=text, showarrow=False, xanchor="left", yanchor=anchor,
        font={"size": 11, "color": MUTED},
    )  # fmt: skip
