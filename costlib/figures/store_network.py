"""Ways from a VPC to S3 and out of AWS: a bar a path."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from costlib import display
from costlib.figures.style import INK, finish, legend_under_title

PURPOSES = {"to S3": ("one of these is enough to reach S3", "#0072B2"), "elsewhere": ("in addition", "#E69F00")}


def paths(table: pd.DataFrame, note: str) -> go.Figure:
    """USD a month of each path; ``table``: planner.store.network.network. Paths without a price say so."""
    made = go.Figure()
    for purpose, (name, colour) in PURPOSES.items():
        rows = table[(table["purpose"] == purpose) & table["usd_per_month"].notna()]
        if rows.empty:
            continue
        made.add_trace(
            go.Bar(
                y=rows["path"], x=rows["usd_per_month"], orientation="h", name=name, uid=purpose,
                marker={"color": colour}, text=[display.usd(usd) for usd in rows["usd_per_month"]],
                textposition="outside", cliponaxis=False, customdata=rows["formula"],
                hovertemplate="%{y}: $%{x:,.2f} a month<br>%{customdata}<extra></extra>",
            )
        )  # fmt: skip
    for row in table[table["usd_per_month"].isna()].to_dict("records"):
        made.add_annotation(x=0, y=row["path"], text="price not held", showarrow=False, xanchor="left",
                            font={"size": 12, "color": INK})  # fmt: skip
    most = max(float(table["usd_per_month"].max()), 1.0)
    made.update_layout(title="The way to the data, a month", barmode="overlay")
    made.update_xaxes(title={"text": "USD a month", "standoff": 6}, tickprefix="$", range=[0, 1.15 * most],
                      separatethousands=True)  # fmt: skip
    made.update_yaxes(
        autorange="reversed", automargin=True, type="category", categoryorder="array",
        categoryarray=table["path"].tolist(),
    )  # fmt: skip
    return legend_under_title(finish(made, note, height_px=190 + 34 * len(table)))
