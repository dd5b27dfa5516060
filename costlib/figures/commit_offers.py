"""One offer alone: from which share of the hours on it costs less than on-demand, and than spot."""

from __future__ import annotations

import math

import plotly.graph_objects as go

from costlib import display
from costlib.figures.style import INK, PURCHASE_COLOURS, finish, legend_under_title
from costlib.models.commitments_offer import BreakEven


def break_even(curve: BreakEven, title: str, banner: str) -> go.Figure:
    """USD an hour over utilisation: the commitment, on-demand, and spot where a price is held; break-evens marked."""
    made = go.Figure()
    lines = (
        ("committed", "committed", curve.committed_usd_per_hour, PURCHASE_COLOURS["savings_plan"]),
        ("on_demand", "on demand", curve.on_demand_usd_per_hour, PURCHASE_COLOURS["on_demand"]),
        ("spot", "spot (interruptions not in it)", curve.spot_usd_per_hour, PURCHASE_COLOURS["spot"]),
    )
    for uid, name, usd, colour in lines:
        if math.isnan(float(usd[-1])):
            continue
        made.add_trace(
            go.Scatter(
                x=100 * curve.utilisation, y=usd, mode="lines", name=name, uid=uid,
                line={"color": colour, "width": 3},
                hovertemplate=f"{name}: $%{{y:,.3f}} an hour at %{{x:.0f}} %<extra></extra>",
            )
        )  # fmt: skip
    for name, even in (("on-demand", curve.against_on_demand), ("spot", curve.against_spot)):
        if even <= 1:
            made.add_trace(
                go.Scatter(
                    x=[100 * even], y=[curve.committed_usd_per_hour[0]], mode="markers+text",
                    uid=f"even-{name}", showlegend=False, text=[f"{100 * even:.0f} %"], textposition="top center",
                    marker={"size": 12, "color": INK, "symbol": "x"},
                    hovertemplate=f"costs less than {name} from %{{x:.1f}} % of the hours on<extra></extra>",
                )
            )  # fmt: skip
    made.update_layout(title=display.escape(title))
    made.update_xaxes(title={"text": "Share of the hours that it is used (%)", "standoff": 6}, range=[0, 104])
    made.update_yaxes(title="USD an hour", tickprefix="$", rangemode="tozero", separatethousands=True)
    return legend_under_title(finish(made, banner, height_px=380))
