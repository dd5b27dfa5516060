"""Purchases over the futures: what each future costs, beside other ways to choose; and what caution costs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from costlib import display
from costlib.figures.style import GRID, INK, MUTED, PURCHASE_COLOURS, finish, legend_below, legend_under_title

OURS, LOOK_BACK = PURCHASE_COLOURS["savings_plan"], PURCHASE_COLOURS["capacity_block"]
LOOK_BACK_SYMBOLS = ("triangle-up", "triangle-down", "triangle-right")
#: What the weight looks at: the column, and how its axis is named.
TAILS = {
    "loss": ("tail_lost_usd", "USD lost against no commitments, mean of the worst tenth of futures"),
    "cost": ("tail_usd", "USD, mean cost of the dearest tenth of futures"),
}
#: Rows with room for their names, and what is left of it when there are many.
ROW_PX, MANY, MANY_ROW_PX = 30, 20, 19


def by_scenario(
    scenarios: pd.DataFrame, banner: str, regret: pd.DataFrame | None = None, lookbacks: pd.DataFrame | None = None
) -> go.Figure:
    """USD of each scenario (models' Portfolio.scenarios): with the purchases, without any, and, when they are worked
    out, with hindsight (``regret``) and after AWS's look-back rule (``lookbacks``, with ``cost_usd`` of each scenario).
    """
    order = np.argsort(-scenarios["cost_usd"].to_numpy(), kind="stable")
    names = [
        f"{display.escape(row['scenario'])} ({display.share(row['probability'])})"
        for row in scenarios.iloc[order].to_dict("records")
    ]
    made = go.Figure()
    ours, bare = scenarios["cost_usd"].to_numpy()[order], scenarios["uncommitted_usd"].to_numpy()[order]
    ends = np.column_stack([ours, bare, np.full(len(names), np.nan)]).ravel()
    made.add_trace(
        go.Scatter(
            x=ends, y=np.repeat(names, 3), mode="lines", line={"color": GRID, "width": 5}, hoverinfo="skip",
            showlegend=False, uid="between",
        )
    )  # fmt: skip
    made.add_trace(_marks(bare, names, "no commitments", "bare", PURCHASE_COLOURS["on_demand"], "circle"))
    if lookbacks is not None:
        for symbol, row in zip(LOOK_BACK_SYMBOLS, lookbacks.to_dict("records"), strict=False):
            marks = _marks(row["cost_usd"][order], names, f"AWS's rule, {row['days']} days", f"days{row['days']}",
                           LOOK_BACK, symbol, 9)  # fmt: skip
            # One entry for all of them: they often say the same.
            marks.update(legendgroup="rule", showlegend=symbol == LOOK_BACK_SYMBOLS[0], name="AWS's look-back rule")
            made.add_trace(marks)
    if regret is not None:
        hindsight = regret["hindsight_usd"].to_numpy()[order]
        made.add_trace(_marks(hindsight, names, "hindsight", "hindsight", INK, "line-ns-open", 14))
    made.add_trace(_marks(ours, names, "these purchases", "ours", OURS, "diamond", 12))
    made.update_layout(title="Each future (its chance): these purchases and other choices")
    made.update_xaxes(title={"text": "USD over the horizon", "standoff": 6}, tickprefix="$", separatethousands=True)
    many = len(names) > MANY
    made.update_yaxes(automargin=True, tickfont={"size": 10 if many else 12}, categoryorder="array",
                      categoryarray=names, dtick=1)  # fmt: skip
    height = 210 + len(names) * (MANY_ROW_PX if many else ROW_PX)
    return legend_below(finish(made, banner, height_px=height), rows=2)


def _marks(
    usd: np.ndarray, names: list[str], name: str, uid: str, colour: str, symbol: str, size: int = 10
) -> go.Scatter:
    return go.Scatter(
        x=usd, y=names, mode="markers", name=name, uid=uid,
        marker={"color": colour, "symbol": symbol, "size": size, "line": {"width": 2 if "open" in symbol else 0}},
        hovertemplate=f"%{{y}}<br>{name}: $%{{x:,.0f}}<extra></extra>",
    )  # fmt: skip


def frontier(curve: pd.DataFrame | None, now: pd.Series, tail_of: str, banner: str) -> go.Figure:
    """Expected USD over the tail that the weight looks at, for several weights (``curve``: Portfolio.frontier, None
    until it is worked out), and for the one of ``now``, a row like those.

    ``tail_of`` "loss": the mean USD lost against no commitments in the worst tenth of futures; "cost": their mean cost.
    """
    column, words = TAILS[tail_of]
    made = go.Figure()
    if curve is not None:
        # Weights that buy the same are one point, and one label.
        rows = curve.assign(key=curve[["expected_usd", column]].round(0).apply(tuple, axis=1))
        ends = rows.groupby("key", sort=False)["risk_weight"].agg(["min", "max"])
        points = rows.drop_duplicates("key")
        labels = [_weights(*ends.loc[[key]].to_numpy()[0]) for key in points["key"]]
        made.add_trace(
            go.Scatter(
                x=points[column], y=points["expected_usd"], mode="lines+markers+text", name="other weights",
                uid="curve", text=labels, textposition="top right", textfont={"size": 11, "color": MUTED},
                line={"color": MUTED, "width": 1.5}, marker={"size": 8, "color": MUTED}, cliponaxis=False,
                customdata=points["committed_usd"],
                hovertemplate="weight %{text}: expected $%{y:,.0f}, worst tenth $%{x:,.0f}, committed"
                " $%{customdata:,.0f}<extra></extra>",
            )
        )  # fmt: skip
    made.add_trace(
        go.Scatter(
            x=[now[column]], y=[now["expected_usd"]], mode="markers", name=f"now: {100 * now['risk_weight']:.0f} %",
            uid="now", marker={"size": 16, "color": OURS, "symbol": "diamond"},
            hovertemplate="now: expected $%{y:,.0f}, worst tenth $%{x:,.0f}<extra></extra>",
        )
    )  # fmt: skip
    made.update_layout(title="Expected cost over the worst tenth of futures, by the weight on them")
    made.update_xaxes(title={"text": words, "standoff": 6}, tickprefix="$", separatethousands=True)
    made.update_yaxes(title="USD, expected", tickprefix="$", separatethousands=True)
    return legend_under_title(finish(made, banner, height_px=400))


def _weights(low: float, high: float) -> str:
    return f"{100 * low:.0f} %" if low == high else f"{100 * low:.0f} – {100 * high:.0f} %"
