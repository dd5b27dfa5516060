"""Part on demand, part on spot: dollars and progress for each share, and a game day before and after."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from costlib.figures.style import MUTED, PURCHASE_COLOURS, finish, legend_under_title

COLOURS = {"elastic": PURCHASE_COLOURS["spot"], "not elastic": "#D55E00"}
MEANINGS = {"elastic": "goes on with what is there", "not elastic": "waits until all are there"}
BEFORE, AFTER = MUTED, PURCHASE_COLOURS["spot"]


def shares(table: pd.DataFrame, note: str) -> go.Figure:
    """USD of the instances over how many are on demand, elastic and not; ``table``: planner.spot.mixes.by_share."""
    made = go.Figure()
    for kind, colour in COLOURS.items():
        rows = table[table["kind"] == kind]
        made.add_trace(
            go.Scatter(
                x=rows["on_demand_instances"],
                y=rows["usd"],
                mode="lines+markers",
                name=f"{kind}: {MEANINGS[kind]}",
                uid=kind,
                # Where both are the same, both are seen.
                line={"color": colour, "width": 2.5, "dash": "dash" if kind == "not elastic" else "solid"},
                error_y={
                    "type": "data", "symmetric": False, "array": rows["usd_high"] - rows["usd"],
                    "arrayminus": rows["usd"] - rows["usd_low"], "color": colour, "thickness": 1, "width": 4,
                },
                customdata=pd.DataFrame({"progress": 100 * rows["progress_fraction"], "hours": rows["hours"]}),
                hovertemplate="%{x} on demand: $%{y:,.2f}, %{customdata[0]:.2f} % of full progress,"
                f" %{{customdata[1]:,.1f}} h<extra>{kind}</extra>",
            )
        )  # fmt: skip
    made.update_layout(title="How many of the instances to buy on demand")
    made.update_xaxes(title={"text": "Instances on demand (the rest on spot)", "standoff": 6}, dtick=1)
    made.update_yaxes(title="USD of the instances", tickprefix="$", rangemode="tozero", separatethousands=True)
    return legend_under_title(finish(made, note, height_px=360))


def drills(table: pd.DataFrame, note: str) -> go.Figure:
    """Lost work of each drill before and after the change of checkpoints; ``table``: planner.spot.drills.game_day."""
    made = go.Figure()
    for checkpoints, colour in zip(dict.fromkeys(table["checkpoints"]), (BEFORE, AFTER), strict=False):
        rows = table[table["checkpoints"] == checkpoints]
        every = float(rows["interval_hours"].iloc[0]) * 60.0
        made.add_trace(
            go.Bar(
                x=rows["drill"],
                y=rows["lost_work_hours"],
                name=f"checkpoints {checkpoints}: every {every:,.3g} min",
                uid=str(checkpoints),
                marker={"color": colour},
                text=[f"{hours:,.2f} h<br>${usd:,.0f}" for hours, usd in zip(rows["lost_work_hours"], rows["usd"],
                                                                         strict=True)],
                textposition="outside",
                cliponaxis=False,
                hovertemplate="%{x}: %{y:,.2f} h of work lost<extra></extra>",
            )
        )  # fmt: skip
    made.update_layout(title="Game day on paper: work lost, and dollars of the run", barmode="group")
    made.update_yaxes(title="Hours of work done twice", rangemode="tozero")
    return legend_under_title(finish(made, note, height_px=400))
