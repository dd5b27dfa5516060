"""Spot pools: what the run costs in each over how often it is interrupted there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from costlib.display import escape
from costlib.figures.style import INK, finish

PALETTE = ("#0072B2", "#009E73", "#D55E00", "#CC79A7", "#E69F00", "#56B4E9", "#1f2933", "#F0E442")


def pools(table: pd.DataFrame, chosen: pd.DataFrame, banner: str) -> go.Figure:
    """USD of the run (log) over expected interruptions a month of the whole cluster; a colour a type, chosen ringed.

    ``table``, ``chosen``: planner.spot.pools.SpotPools.pools, and the rows of it that the fleet takes.
    """
    made = go.Figure()
    taken = set(zip(chosen["instance_type"], chosen["region"], chosen["az"], strict=True))
    for number, (name, rows) in enumerate(table.groupby("instance_type", sort=False)):
        keys = zip(rows["instance_type"], rows["region"], rows["az"], strict=True)
        ring = np.array([key in taken for key in keys])
        each = rows["count"].iloc[0]
        made.add_trace(
            go.Scatter(
                x=rows["cluster_hazard_per_hour_expected"] * 730.0,
                y=rows["run_usd_expected"],
                mode="markers",
                name=f"{each} × {escape(name)}",
                uid=str(name),
                marker={
                    "color": PALETTE[number % len(PALETTE)],
                    "size": np.where(ring, 14, 8).tolist(),
                    "line": {"width": np.where(ring, 3, 1).tolist(), "color": np.where(ring, INK, "white").tolist()},
                    "opacity": 0.85,
                },
                customdata=np.column_stack(
                    [rows["az"].where(rows["az"] != "", rows["region"]).map(escape), rows["usd_per_hour_expected"],
                     100 * rows["off_on_demand_fraction"], rows["run_hours_expected"]]
                ),
                hovertemplate="%{customdata[0]}: $%{y:,.0f} a run, %{customdata[3]:,.1f} h; $%{customdata[1]:,.4f} an"
                " hour, %{customdata[2]:.0f} % below on-demand<br>%{x:.2g} interruptions a month of the cluster"
                f"<extra>{each} × {escape(name)}</extra>",
            )
        )  # fmt: skip
    made.update_layout(title="Pools that could carry the run (large, ringed: those of the fleet)", hovermode="closest")
    axis = {"exponentformat": "none", "separatethousands": True}
    made.update_xaxes(
        title={"text": "Expected interruptions a month of the whole cluster, kept running", "standoff": 6},
        rangemode="tozero", **axis,
    )  # fmt: skip
    made.update_yaxes(title="USD a run", tickprefix="$", type="log", minorloglabels="complete", dtick="D2", **axis)
    finish(made, banner, height_px=440)
    made.update_layout(legend={"orientation": "v", "x": 1.01, "xanchor": "left", "y": 1, "yanchor": "top"})
    return made
