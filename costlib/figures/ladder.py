"""The savings ladder: from the naive start to the best plan, a lever a step.

The axis is logarithmic, since savings multiply: equal heights are equal factors, whatever stands before them.
"""

from __future__ import annotations

import math

import plotly.graph_objects as go

from costlib import display
from costlib.figures.cost_time import describe
from costlib.figures.style import INK, MUTED, finish
from costlib.planner.ladder import Ladder
from costlib.planner.search import Result

SAVED, ADDED, TOTAL = "#009E73", "#D55E00", "#0072B2"

SHORT_NAMES = {
    "service": "EC2, not<br>SageMaker",
    "precision": "lower<br>precision",
    "instance": "other<br>accelerators",
    "spot": "spot<br>capacity",
    "region": "cheaper<br>region",
    "commitment": "commit",
}


def figure(result: Result, ladder: Ladder) -> go.Figure:
    """USD a run (log): the naive start, what each lever takes off in this order, what is left; diamonds: one alone."""
    rungs = ladder.rungs
    start, *after = describe(result, [ladder.start_row, *(rung.row for rung in rungs)])
    end = after[-1] if after else start
    before_usd = [ladder.start_usd, *(rung.cost_usd for rung in rungs)]
    costs = [*before_usd, *(rung.alone_usd for rung in rungs)]
    floor = min(costs) / 2.0
    names = ["naive start", *(SHORT_NAMES[rung.lever] for rung in rungs), "best plan"]
    low = [floor, *(min(was, rung.cost_usd) for was, rung in zip(before_usd[:-1], rungs, strict=True)), floor]
    high = [
        ladder.start_usd,
        *(max(was, rung.cost_usd) for was, rung in zip(before_usd[:-1], rungs, strict=True)),
        ladder.end_usd,
    ]
    texts = [
        display.usd(ladder.start_usd),
        *(_step(rung.saved_usd, rung.saved_fraction) for rung in rungs),
        f"<b>{display.usd(ladder.end_usd)}</b><br>{_change(ladder.saved_fraction)} in all",
    ]
    hovers = [
        f"naive start: {display.usd(ladder.start_usd)}{_late(ladder.start_meets_deadline)}<br>{display.escape(start)}",
        *(
            f"{rung.meaning}: {display.usd(rung.cost_usd)}{_late(rung.meets_deadline)}<br>{display.escape(plan)}"
            for rung, plan in zip(rungs, after, strict=True)
        ),
        f"after all levers: {display.usd(ladder.end_usd)}<br>{display.escape(end)}",
    ]
    colours = [TOTAL, *(SAVED if rung.saved_usd >= 0 else ADDED for rung in rungs), TOTAL]
    made = go.Figure(
        go.Bar(
            x=names,
            base=low,
            y=[top - bottom for top, bottom in zip(high, low, strict=True)],
            marker={"color": colours},
            customdata=hovers,
            hovertemplate="%{customdata}<extra></extra>",
            showlegend=False,
        )
    )
    made.add_trace(
        go.Scatter(
            x=names,
            y=high,
            mode="text",
            text=texts,
            textposition="top center",
            textfont={"size": 11, "color": INK},
            cliponaxis=False,
            hoverinfo="skip",
            showlegend=False,
        )
    )
    made.add_trace(
        go.Scatter(
            x=names[1:-1],
            y=[rung.alone_usd for rung in rungs],
            mode="markers",
            name="cost with this lever alone",
            marker={"symbol": "diamond-open", "size": 11, "color": INK, "line": {"width": 2}},
            customdata=[
                f"{rung.meaning}, alone: {display.usd(rung.alone_usd)} ({_change(rung.alone_fraction)})"
                for rung in rungs
            ],
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    made.update_yaxes(
        type="log",
        title="USD a run (expected, log scale)",
        tickprefix="$",
        separatethousands=True,
        exponentformat="none",
        dtick="D2",
        # Half a decade of room for the texts above the highest bar.
        range=[math.log10(floor), math.log10(max(costs)) + 0.35],
    )
    made.update_xaxes(tickfont={"size": 11}, tickangle=0)
    made.update_layout(title="Savings ladder: one lever after the other", bargap=0.25)
    if not ladder.start_meets_deadline:
        made.add_annotation(
            text="The naive start misses the deadline.",
            xref="paper",
            yref="paper",
            x=1,
            y=1,
            xanchor="right",
            yanchor="top",
            showarrow=False,
            font={"size": 11, "color": MUTED},
        )
    finish(made, result.sources.book.banner, height_px=460)
    made.update_layout(legend={"x": 1, "xanchor": "right"})
    return made


def _step(saved_usd: float, saved_fraction: float) -> str:
    if abs(saved_usd) < 0.005:
        return "no change"
    sign = "−" if saved_usd > 0 else "+"
    return f"{sign}{display.usd(abs(saved_usd))}<br>{_change(saved_fraction)}"


def _change(saved_fraction: float) -> str:
    """A saving as a change of the cost: −40 % for 0.4 saved."""
    return f"{'−' if saved_fraction >= 0 else '+'}{share(abs(saved_fraction))}"


def share(fraction: float) -> str:
    """A share in percent that says 100 % only of a whole: 0.997 is 99.7 %."""
    if 0.99 <= fraction < 1:
        return f"{math.floor(fraction * 1000) / 10:.1f} %"
    return display.percent(fraction)


def _late(meets_deadline: bool) -> str:
    return "" if meets_deadline else " (misses the deadline)"
