"""CPU machines and GPU machines on the same small job: dollars over hours."""

from __future__ import annotations

import plotly.graph_objects as go

from costlib import display
from costlib.figures.style import finish, legend_under_title
from costlib.planner.cpu_or_gpu_verdict import Verdict

KINDS = {"cpu": ("CPU machines", "#0072B2", "circle"), "gpu": ("GPU machines", "#D55E00", "diamond")}


def cpu_or_gpu(verdict: Verdict, banner: str) -> go.Figure:
    """USD (log) over hours (log) of the work alone on each machine, on demand; whiskers are the range of hours."""
    made = go.Figure()
    for kind, (name, colour, symbol) in KINDS.items():
        rows = verdict.table[verdict.table["kind"] == kind]
        if rows.empty:
            continue
        made.add_trace(
            go.Scatter(
                x=rows["hours"],
                y=rows["usd"],
                mode="markers",
                name=name,
                marker={"color": colour, "symbol": symbol, "size": 9, "opacity": 0.75},
                error_x={
                    "type": "data",
                    "array": rows["hours_high"] - rows["hours"],
                    "arrayminus": rows["hours"] - rows["hours_low"],
                    "thickness": 0.6,
                    "width": 2,
                },
                customdata=[
                    f"{display.escape(row['instance_type'])} {display.escape(row['accelerator'])}<br>"
                    f"{display.usd(row['usd'])}, {row['hours']:.3g} h ({row['hours_low']:.3g} –"
                    f" {row['hours_high']:.3g} h), {display.escape(row['basis'])}"
                    for row in rows.to_dict("records")
                ],
                hovertemplate="%{customdata}<extra></extra>",
            )
        )
    axis = {"type": "log", "separatethousands": True, "exponentformat": "none", "minorloglabels": "complete"}
    made.update_layout(
        title=f"The same job on one machine, on demand in {display.escape(verdict.region)}",
        hovermode="closest",
        xaxis={**axis, "title": {"text": "Hours of the work (expected; whiskers: low to high)", "standoff": 4}},
        yaxis={**axis, "title": "USD for the work (expected)", "tickprefix": "$"},
    )
    return legend_under_title(finish(made, banner, height_px=440))
