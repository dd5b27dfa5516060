"""The roofline of one plan: what its accelerator allows, and where the steps of the run stand under it."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from costlib.display import escape
from costlib.figures.style import INK, finish
from costlib.models.roofline import attainable_tflops
from costlib.planner.roofline import Roofline
from costlib.units import FLOPS_PER_TFLOPS

COLOURS = {"fp32": "#CC79A7", "tf32": "#E69F00", "fp16": "#0072B2", "bf16": "#0072B2", "fp8": "#D55E00"}
FITS, TOO_LARGE, PLANNED, INPUT = "#009E73", "#b42318", "#1f2933", "#56B4E9"
POINTS = 60


def roofline(line: Roofline, note: str) -> go.Figure:
    """TFLOP/s of one accelerator over FLOPs a byte, both logarithmic.

    A roof for each precision of the hardware (formats with one peak share it), the plan's thick; dashed, what matrix
    products were measured to reach; a dot for each micro-batch, the asked one larger, crossed out where it does not
    fit; the planner's own rate with its band; dotted, the rate at which the input comes.
    """
    steps, roofs = line.steps, line.roofs
    reached = float(roofs.set_index("precision")["reached_tflops"][line.plan.precision])
    intensity = steps["intensity_flops_per_byte"].to_numpy(float)
    left = min(float(roofs["ridge_flops_per_byte"].min()), float(intensity.min())) / 4
    right = max(float(roofs["ridge_flops_per_byte"].max()), float(intensity.max())) * 4
    across = np.geomspace(left, right, POINTS)
    made = go.Figure()
    for peak in roofs["peak_tflops"].unique():
        same = roofs[roofs["peak_tflops"] == peak]
        names = ", ".join(same["precision"])
        mine = line.plan.precision in set(same["precision"])
        x = np.sort(np.append(across, same["ridge_flops_per_byte"].iloc[0]))
        made.add_trace(
            go.Scatter(
                x=x,
                y=attainable_tflops(x, float(peak), line.memory_bandwidth_gb_s),
                mode="lines",
                name=f"{names}: {peak:,.4g} TFLOP/s",
                uid=f"roof {names}",
                line={"color": COLOURS[same["precision"].iloc[0]], "width": 4 if mine else 1.5},
                hovertemplate=f"{names}: %{{y:,.0f}} TFLOP/s at %{{x:,.0f}} FLOPs a byte<extra></extra>",
            )
        )
    if np.isfinite(reached):
        made.add_trace(
            go.Scatter(
                x=[reached * 1000 / line.memory_bandwidth_gb_s, right],
                y=[reached] * 2,
                mode="lines",
                name=f"best measured matrix product: {reached:,.0f}",
                uid="reached",
                line={"color": COLOURS[line.plan.precision], "width": 2, "dash": "dash"},
                hoverinfo="skip",
            )
        )
    _input(made, line, left, right)
    _steps(made, line)
    _planned(made, line)
    made.update_layout(
        title=f"One step on {escape(line.plan.accelerator)} in {line.plan.precision}: micro-batches under the roof",
        hovermode="closest",
    )
    axis = {
        "type": "log", "exponentformat": "none", "separatethousands": True, "dtick": "D2", "minorloglabels": "complete",
    }  # fmt: skip
    made.update_xaxes(
        title={"text": "FLOPs for each byte of accelerator memory that is moved", "standoff": 6},
        range=[np.log10(left), np.log10(right)],
        **axis,
    )
    made.update_yaxes(title="TFLOP/s of one accelerator", **axis)
    finish(made, note, height_px=520)
    made.update_layout(
        legend={"orientation": "v", "x": 1.01, "xanchor": "left", "y": 1, "yanchor": "top"}, margin={"t": 60}
    )
    return made


def _steps(made: go.Figure, line: Roofline) -> None:
    for fits, name, colour, symbol in (
        (True, "micro-batch that fits", FITS, "circle"),
        (False, "micro-batch that does not fit", TOO_LARGE, "x-thin-open"),
    ):
        rows = line.steps[line.steps["fits"] == fits]
        if rows.empty:
            continue
        asked = (rows["micro_batch"] == line.micro_batch).to_numpy()
        made.add_trace(
            go.Scatter(
                x=rows["intensity_flops_per_byte"],
                y=rows["attainable_tflops"],
                mode="markers+text",
                name=name,
                uid=f"steps {'fit' if fits else 'too large'}",
                text=np.where(asked, "<b>" + rows["micro_batch"].astype(str) + "</b>", rows["micro_batch"]).tolist(),
                textposition="bottom left" if fits else "bottom right",
                textfont={"size": 11, "color": INK},
                marker={
                    "color": colour,
                    "symbol": symbol,
                    "size": np.where(asked, 14, 8).tolist(),
                    "line": {"width": 2 if not fits else 1, "color": colour if not fits else "white"},
                },
                customdata=np.column_stack(
                    [rows["micro_batch"], rows["compute_seconds"], rows["memory_seconds"], rows["input_seconds"],
                     rows["bound"].str.replace("_", " ")]
                ),
                hovertemplate=(
                    "micro-batch %{customdata[0]}: %{x:,.0f} FLOPs a byte, at most %{y:,.0f} TFLOP/s<br>seconds of"
                    " arithmetic %{customdata[1]:.3g}, memory %{customdata[2]:.3g}, input %{customdata[3]:.3g}<br>"
                    "bound by %{customdata[4]}<extra></extra>"
                ),
            )
        )  # fmt: skip


def _planned(made: go.Figure, line: Roofline) -> None:
    rate = line.planned_tflops
    if rate is None:
        return
    made.add_trace(
        go.Scatter(
            x=[line.step["intensity_flops_per_byte"]],
            y=[rate.expected],
            mode="markers",
            name=f"planned rate: {rate.expected:,.0f} ({rate.low:,.0f} – {rate.high:,.0f})",
            uid="planned",
            marker={"symbol": "diamond", "size": 12, "color": PLANNED},
            error_y={
                "type": "data", "symmetric": False, "array": [rate.high - rate.expected],
                "arrayminus": [rate.expected - rate.low], "color": PLANNED, "thickness": 2, "width": 6,
            },
            hovertemplate="the planner's hours: %{y:,.0f} TFLOP/s<extra></extra>",
        )
    )  # fmt: skip


def _input(made: go.Figure, line: Roofline, left: float, right: float) -> None:
    seconds = float(line.step["input_seconds"])
    if not seconds > 0:
        return
    rate = float(line.step["flops"]) / seconds / FLOPS_PER_TFLOPS
    top = float(line.roofs["peak_tflops"].max())
    if rate > 3 * top:  # far above every roof: drawn, it would only squeeze them
        return
    made.add_trace(
        go.Scatter(
            x=[left, right],
            y=[rate, rate],
            mode="lines",
            name=f"input comes at: {rate:,.0f}",
            uid="input",
            line={"color": INPUT, "width": 3, "dash": "dot"},
            hovertemplate="as fast as the input: %{y:,.0f} TFLOP/s<extra></extra>",
        )
    )
