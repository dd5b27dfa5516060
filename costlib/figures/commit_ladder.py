"""The ladder: which purchase is in force when."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from costlib import display
from costlib.figures.commit_names import PAYMENT_NAMES, PLAN_NAMES, amount_name, scope_name, term_name
from costlib.figures.style import MUTED, finish, legend_below
from costlib.units import HOURS_PER_MONTH

#: Okabe and Ito's palette, a colour a plan type.
COLOURS = {
    "standard": "#D55E00",
    "convertible": "#E69F00",
    "ec2_instance": "#CC79A7",
    "compute": "#56B4E9",
    "sagemaker": "#009E73",
    "capacity_block": "#999999",
}
ROW_PX, MANY, MANY_ROW_PX = 30, 16, 21


def rungs(purchases: pd.DataFrame, months: int, banner: str) -> go.Figure:
    """A bar a rung from its first month to its last; ``purchases``: models' Portfolio.purchases."""
    made = go.Figure()
    labels = [_label(at, row) for at, row in enumerate(purchases.to_dict("records"))]
    for plan_type, name in PLAN_NAMES.items():
        mine = (purchases["plan_type"] == plan_type).to_numpy()
        own = purchases[mine]
        if own.empty:
            continue
        start = own["start_hour"] / HOURS_PER_MONTH
        last = own["start_hour"] + own["term_years"] * 12 * HOURS_PER_MONTH
        made.add_trace(
            go.Bar(
                y=[label for label, is_mine in zip(labels, mine, strict=True) if is_mine],
                x=last / HOURS_PER_MONTH - start,
                base=start,
                orientation="h",
                name=name,
                uid=plan_type,
                marker={"color": COLOURS[plan_type], "line": {"width": 0}},
                text=[amount_name(row["amount"], row["unit"]) for row in own.to_dict("records")],
                textposition="inside",
                insidetextanchor="start",
                textfont={"size": 11, "color": "#1f2933"},
                customdata=[
                    f"{term_name(row['term_years'])}, {PAYMENT_NAMES[row['payment']]}" for row in own.to_dict("records")
                ],
                hovertemplate="%{y}: %{text}, %{customdata}<br>from month %{base:.0f}<extra></extra>",
            )
        )
    made.add_vline(x=months, line={"color": MUTED, "dash": "dot", "width": 1.5})
    many = len(labels) > MANY
    made.update_layout(title="When to buy, and until when it is in force", bargap=0.25, showlegend=True)
    made.update_xaxes(title={"text": "Months from now (dotted: the end of the horizon)", "standoff": 6},
                      rangemode="tozero", dtick=3 if months <= 24 else 6)  # fmt: skip
    made.update_yaxes(automargin=True, categoryorder="array", categoryarray=labels[::-1], dtick=1,
                      tickfont={"size": 10 if many else 12})  # fmt: skip
    height = 210 + max(len(labels), 2) * (MANY_ROW_PX if many else ROW_PX)
    return legend_below(finish(made, banner, height_px=height), rows=2)


def _label(at: int, row: dict) -> str:
    """Names of rungs differ by their number: one offer has several."""
    return f"{display.escape(scope_name(row))} · {at + 1}"
