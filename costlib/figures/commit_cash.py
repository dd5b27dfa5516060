"""Money by month: what falls due, and from when on the purchases have paid."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from costlib.figures.style import INK, MUTED, PURCHASE_COLOURS, finish, legend_below

PARTS = {
    "upfront_usd": ("upfront", PURCHASE_COLOURS["reserved"]),
    "recurring_usd": ("committed, by month", PURCHASE_COLOURS["savings_plan"]),
    "uncovered_usd": ("on demand and spot", PURCHASE_COLOURS["on_demand"]),
}


def cash(table: pd.DataFrame, paid_back_month: int | None, banner: str) -> go.Figure:
    """Expected USD of each month, stacked, and what has been saved so far; ``table``: models' cash_by_month."""
    made = go.Figure()
    for column, (name, colour) in PARTS.items():
        made.add_trace(
            go.Bar(
                x=table["month"], y=table[column], name=name, uid=column, marker={"color": colour},
                hovertemplate=f"month %{{x}}, {name}: $%{{y:,.0f}}<extra></extra>",
            )
        )  # fmt: skip
    made.add_trace(
        go.Scatter(
            x=table["month"], y=table["on_demand_usd"], mode="lines", name="without commitments", uid="bare",
            line={"color": MUTED, "width": 1.5, "dash": "dot", "shape": "hvh"},
            hovertemplate="month %{x}, without commitments: $%{y:,.0f}<extra></extra>",
        )
    )  # fmt: skip
    made.add_trace(
        go.Scatter(
            x=table["month"] + 0.5, y=table["saved_so_far_usd"], mode="lines", name="saved so far",
            uid="saved", line={"color": INK, "width": 3}, customdata=table["month"],
            hovertemplate="saved by the end of month %{customdata}: $%{y:,.0f}<extra></extra>",
        )
    )  # fmt: skip
    if paid_back_month is not None:
        made.add_vline(x=paid_back_month + 0.5, line={"color": INK, "dash": "dot", "width": 1.5},
                       annotation_text=f"ahead from the end of month {paid_back_month}",
                       annotation_position="top left" if paid_back_month > len(table) / 2 else "top right")  # fmt: skip
    made.update_layout(title="Expected payments by month, and what is saved so far",
                       barmode="stack", bargap=0.25)  # fmt: skip
    made.update_xaxes(title={"text": "Month of the horizon (730 hours each)", "standoff": 6},
                      dtick=1 if len(table) <= 24 else 3)  # fmt: skip
    made.update_yaxes(title="USD", tickprefix="$", separatethousands=True)
    return legend_below(finish(made, banner, height_px=500), rows=3)
