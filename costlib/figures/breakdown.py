"""What the cost of each plan is made of."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from costlib import display
from costlib.figures.style import INK, ITEM_COLOURS, finish
from costlib.planner.plan import Plan


def figure(plans: Sequence[Plan], banner: str, selected: Plan | None = None) -> go.Figure:
    """One stacked bar of USD a run for each plan, an item a colour; the total and its band stand at the end.

    ``selected`` is marked, and added below the others if it is not among them.
    """
    shown = list(plans)
    if selected is not None and all(plan.key != selected.key for plan in shown):
        shown.append(selected)
    labels = [_label(plan, selected is not None and plan.key == selected.key) for plan in shown]
    made = go.Figure()
    for item, colour in ITEM_COLOURS.items():
        lines = [next((line for line in plan.lines if line.item == item), None) for plan in shown]
        if all(line is None for line in lines):
            continue
        made.add_trace(
            go.Bar(
                orientation="h",
                y=labels,
                x=[0.0 if line is None else line.usd.expected for line in lines],
                name=display.ITEM_NAMES[item],
                marker={"color": colour, "line": {"color": "white", "width": 0.5}},
                customdata=[
                    ["", "", "", ""]
                    if line is None
                    else [
                        display.usd(line.usd.expected),
                        display.usd_band(*sorted((line.usd.low, line.usd.high))),
                        line.basis,
                        line.as_of,
                    ]
                    for line in lines
                ],
                hovertemplate=(
                    f"{display.ITEM_NAMES[item]}: %{{customdata[0]}} (%{{customdata[1]}})"
                    "<br>known as: %{customdata[2]}, price as of %{customdata[3]}<extra></extra>"
                ),
            )
        )
    totals = [
        {
            "y": label,
            "x": sum(max(line.usd.expected, 0.0) for line in plan.lines),
            "text": f"<b>{display.usd(plan.cost_usd.expected)}</b>"
            f"  ({display.usd_band(plan.cost_usd.low, plan.cost_usd.high)})",
            "showarrow": False,
            "xanchor": "left",
            "xshift": 4,
            "font": {"size": 11, "color": INK},
        }
        for label, plan in zip(labels, shown, strict=True)
    ]
    widest = max((plan.cost_usd.expected for plan in shown), default=1.0)
    made.update_layout(barmode="relative", title="What the cost is made of, expected (low – high)", annotations=totals)
    # Room to the right of the longest bar for its total.
    made.update_xaxes(
        title="USD a run (expected)",
        title_standoff=4,
        tickprefix="$",
        tickformat=",~r",
        range=[_least(shown), widest * 1.45],
    )
    made.update_yaxes(autorange="reversed", automargin=True, tickfont={"size": 11})
    finish(made, banner, height_px=150 + 46 * max(len(shown), 3))
    made.update_layout(legend={"orientation": "v", "x": 1.01, "xanchor": "left", "y": 1, "yanchor": "top"})
    return made


def _least(plans: Sequence[Plan]) -> float:
    """Left end of the axis: below zero only if some item is a saving."""
    return min((sum(min(line.usd.expected, 0.0) for line in plan.lines) for plan in plans), default=0.0) * 1.05


def _label(plan: Plan, is_selected: bool) -> str:
    rank = f"{plan.rank} · " if plan.rank else ""
    option = f" ({plan.option})" if plan.option else ""
    first = (
        f"{'▶ ' if is_selected else ''}{rank}{display.SERVICE_NAMES[plan.service]}"
        f" {plan.count} × {display.escape(plan.instance_type)}"
    )
    second = (
        f"{display.escape(plan.az or plan.region)}, {display.PURCHASE_NAMES[plan.purchase]}"
        f"{display.escape(option)}, {plan.precision}"
    )
    return f"{first}<br>{second}"
