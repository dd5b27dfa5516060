"""Pictures of number formats: how much faster each is on each accelerator, and what the run costs in each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from costlib.display import escape, hours, usd, usd_band
from costlib.figures.style import INK, finish, legend_under_title

#: fp16 and bf16 have one peak and one pool of measured pairs: they are drawn once.
DRAWN = {"16 bit": ("fp16", "bf16"), "fp8": ("fp8",)}
COLOURS = {"16 bit": "#0072B2", "fp8": "#D55E00"}
BEST, SAME = "#009E73", "#0072B2"
ROW_PX, DODGE = 36, 0.17


def speedups(rows: pd.DataFrame, model_class: str, chosen: str = "") -> go.Figure:
    """Throughput over that of each accelerator's base format (facts.precision.PrecisionFacts.across), median with
    whiskers from P10 to P90; hollow where it is an estimate. ``chosen`` accelerator stands out."""
    known = rows[rows["speedup_expected"].notna() & rows["precision"].isin([p for ps in DRAWN.values() for p in ps])]
    order = known.groupby("accelerator", sort=False)["speedup_expected"].max().index.tolist()[::-1]
    made = go.Figure()
    for side, (name, members) in zip((1, -1), DRAWN.items(), strict=True):
        mine = known[known["precision"].isin(members)].drop_duplicates("accelerator")
        made.add_trace(_whiskers(mine, name, [order.index(one) + side * DODGE for one in mine["accelerator"]]))
    made.add_vline(x=1, line={"color": INK, "width": 1})
    made.update_layout(title=f"How much faster than the base format: {escape(model_class)} models")
    made.update_xaxes(title={"text": "times as fast as the base format (1 = base)", "standoff": 6}, rangemode="tozero")
    bases = known.drop_duplicates("accelerator").set_index("accelerator")["base_precision"]
    words = [f"{escape(one)} <i>over {bases[one]}</i>" for one in order]
    made.update_yaxes(
        tickmode="array",
        tickvals=list(range(len(order))),
        ticktext=[f"<b>{word}</b>" if one == chosen else word for one, word in zip(order, words, strict=True)],
        range=[-0.6, len(order) - 0.4],
        automargin=True,
    )
    note = "Dots: median of measured pairs; whiskers: P10 to P90. Hollow: an estimate, by a rule that the table tells."
    return legend_under_title(finish(made, note, height_px=190 + ROW_PX * len(order)))


def _whiskers(rows: pd.DataFrame, name: str, places: list[float]) -> go.Scatter:
    estimate = rows["basis"].eq("estimate") & rows["n_rows"].gt(0)
    low, middle, high = (rows[f"speedup_{end}"].to_numpy(float) for end in ("low", "expected", "high"))
    return go.Scatter(
        x=middle,
        y=places,
        mode="markers",
        name=name,
        uid=name,
        marker={
            "size": 9,
            "color": np.where(estimate, "white", COLOURS[name]).tolist(),
            "line": {"color": COLOURS[name], "width": 2},
        },
        error_x={
            "type": "data", "symmetric": False, "array": high - middle, "arrayminus": middle - low,
            "color": COLOURS[name], "thickness": 1.5, "width": 4,
        },
        customdata=np.column_stack(
            [rows["accelerator"].map(escape), low, high, rows["n_rows"], rows["n_models"], rows["basis"]]
        ),
        hovertemplate=(
            f"%{{customdata[0]}}, {name}: %{{x:.2f}} times (%{{customdata[1]:.2f}} – %{{customdata[2]:.2f}})<br>"
            "%{customdata[3]} pairs of %{customdata[4]} models, %{customdata[5]}<extra></extra>"
        ),
    )  # fmt: skip


def costs(table: pd.DataFrame, banner: str) -> go.Figure:
    """USD of one run in each precision (planner.precision.COLUMNS), on a log axis: the best plan with its range, and
    the base's own machine. Between the two is what the choice of another machine saves."""
    rows = table[table["cost_usd"].notna()]
    places = {name: number for number, name in enumerate(rows["precision"])}
    made = go.Figure()
    same = rows[rows["same_machine_cost_usd"].notna()]
    made.add_trace(
        go.Scatter(
            x=same["same_machine_cost_usd"],
            y=[places[name] + DODGE for name in same["precision"]],
            mode="markers",
            name="on the base's machine",
            uid="same",
            marker={"symbol": "circle-open", "size": 10, "color": SAME, "line": {"width": 2}},
            customdata=[hours(amount) for amount in same["same_machine_hours"]],
            hovertemplate="on the base's machine: $%{x:,.2f}, %{customdata}<extra></extra>",
        )
    )
    low, expected, high = (rows[name].to_numpy(float) for name in ("cost_low_usd", "cost_usd", "cost_high_usd"))
    made.add_trace(
        go.Scatter(
            x=expected,
            y=[places[name] - DODGE for name in rows["precision"]],
            mode="markers",
            name="best plan",
            uid="best",
            marker={"size": 11, "color": BEST},
            error_x={
                "type": "data", "symmetric": False, "array": high - expected, "arrayminus": expected - low,
                "color": BEST, "thickness": 1.5, "width": 4,
            },
            customdata=[_plan_words(row) for row in rows.to_dict("records")],
            hovertemplate="%{customdata}<extra></extra>",
        )
    )  # fmt: skip
    made.add_trace(
        go.Scatter(
            x=high,
            y=[places[name] - DODGE for name in rows["precision"]],
            mode="text",
            text=[f"  <b>{usd(row['cost_usd'])}</b> {_machine(row)}" for row in rows.to_dict("records")],
            textposition="middle right",
            textfont={"size": 12, "color": INK},
            uid="labels",
            showlegend=False,
            hoverinfo="skip",
        )
    )
    ends = [amount for amount in (*low, *high, *same["same_machine_cost_usd"]) if np.isfinite(amount)]
    least, most = np.log10(min(ends)), np.log10(max(ends))
    # Labels stand right of the whiskers: about a third of the width is theirs.
    span = max(most - least, 0.3)
    made.update_xaxes(
        title={"text": "USD a run (logarithmic)", "standoff": 6},
        type="log",
        range=[least - 0.06 * span, most + 0.55 * span],
        tickprefix="$",
        minorloglabels="none" if span > 1.5 else "complete",
        exponentformat="none",
        separatethousands=True,
    )
    made.update_yaxes(
        tickmode="array", tickvals=list(places.values()), ticktext=[f"<b>{name}</b>" for name in places],
        range=[len(places) - 0.5, -0.6], automargin=True,
    )  # fmt: skip
    made.update_layout(title="What the run costs in each format, and where the saving comes from")
    return legend_under_title(finish(made, f"{banner}. Whiskers: low to high.", height_px=190 + 48 * len(rows)))


def _machine(row: dict[Any, Any]) -> str:
    late = "" if row["meets_deadline"] else ", late"
    return f"{row['count']:.0f} × {escape(row['instance_type'])}, {hours(row['hours'])}{late}"


def _plan_words(row: dict[Any, Any]) -> str:
    band = usd_band(row["cost_low_usd"], row["cost_high_usd"])
    return f"{_machine(row)}<br>{usd(row['cost_usd'])} ({band})<br>{escape(row['accelerator'])}"
