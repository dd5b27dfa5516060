"""The savings ladder: what a run costs after each lever, from the naive start to the best plan.

One chart for a manager's phone and an analyst's screen: bars one below the other, whose lengths are dollars and whose
ends say the cost and what the lever did. The analyst's adds what each lever does alone, and the plan behind each bar.
"""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from costlib import display
from costlib.figures.style import GRID, MUTED, finish
from costlib.planner.ladder import Ladder, Rung

LEFT, SAVED, ADDED = "#0072B2", "#B7E4D3", "#D55E00"

#: Each lever as a short instruction; a line break where a narrow screen needs one.
PLAIN_NAMES = {
    "service": "run it on EC2,<br>not SageMaker",
    "precision": "use lower<br>precision",
    "instance": "use other<br>machines",
    "spot": "accept<br>interruptions",
    "region": "go to a<br>cheaper region",
    "commitment": "commit ahead",
}
START = "start with<br>no savings"
BAR_PX = 46
#: Room for the bars and the text at their ends on the narrowest screen (a phone of 390 px), and for each character.
PLOT_PX, CHARACTER_PX = 262.0, 7.0


def figure(ladder: Ladder, banner: str) -> go.Figure:
    """USD a run after each lever: to pay (dark), saved by the lever (light), added by it (orange).

    Kept slim (each bar says its number, so there is no axis, legend or template), because it is drawn again at
    every move of a slider.
    """
    made = go.Figure([_bars("saved", SAVED), _bars("to pay", LEFT), _bars("added", ADDED)])
    light, dark, added = made.data
    light.update(textposition="outside", constraintext="none", cliponaxis=False)
    light.hovertemplate = "saves %{customdata:$,.2f} a run<extra></extra>"
    dark.hovertemplate = "%{x:$,.2f} a run<extra></extra>"
    added.hovertemplate = "costs %{x:$,.2f} a run more: before it, nothing held the deadline<extra></extra>"
    finish(made, banner="")
    made.update_layout(
        template=None,
        barmode="overlay",
        bargap=0.3,
        showlegend=False,
        xaxis={"visible": False, "fixedrange": True},
        yaxis={"autorange": "reversed", "fixedrange": True},
        dragmode=False,
        margin={"l": 105, "r": 8, "t": 4, "b": 38},
        annotations=[_banner(banner)],
    )
    refill(made, ladder, banner)
    return made


def refill(made: go.Figure, ladder: Ladder, banner: str) -> None:
    """Puts another ladder into a figure made here: a tenth of the time of a new one, for a slider that moves."""
    names = _names(ladder)
    left = [ladder.start_usd, *(rung.cost_usd for rung in ladder.rungs)]
    saved = [0.0, *(max(rung.saved_usd, 0.0) for rung in ladder.rungs)]
    more = [0.0, *(max(-rung.saved_usd, 0.0) for rung in ladder.rungs)]
    texts = [_text(ladder.start_usd, None, ladder.start_meets_deadline)]
    texts += [_text(rung.cost_usd, rung, rung.meets_deadline) for rung in ladder.rungs]
    ends = [cost + gone for cost, gone in zip(left, saved, strict=True)]
    light, dark, added = made.data[:3]
    light.x, dark.x, light.customdata = ends, left, saved
    # What a lever adds lies on the end of the dark bar.
    added.x, added.base = more, [cost - extra for cost, extra in zip(left, more, strict=True)]
    if list(dark.y or ()) != names:
        light.y = dark.y = added.y = names
        made.layout.height = 50 + BAR_PX * len(names)
    light.text = texts
    made.layout.xaxis.range = [0, max(map(_room, ends, texts))]
    made.layout.annotations[0].text = _banner_text(banner)


def detailed(ladder: Ladder, banner: str, plans: Sequence[str]) -> go.Figure:
    """The same chart with an axis, a legend, a thin bar for each lever alone, and the plan behind each bar.

    ``plans``: in words the plan of the start and of each rung. Raises ValueError if they are not as many.
    """
    made = figure(ladder, banner)
    _, dark, added = made.data
    rows = [("naive start", ladder.start_usd, ladder.start_meets_deadline)]
    rows += [(rung.meaning, rung.cost_usd, rung.meets_deadline) for rung in ladder.rungs]
    dark.customdata = [
        f"{meaning}: {display.usd(cost)}{'' if on_time else ' (misses the deadline)'}<br>{display.escape(plan)}"
        for (meaning, cost, on_time), plan in zip(rows, plans, strict=True)
    ]
    dark.hovertemplate = "%{customdata}<extra></extra>"
    added.showlegend = any(added.x)
    made.add_trace(
        go.Bar(
            orientation="h",
            x=[rung.alone_usd for rung in ladder.rungs],
            y=_names(ladder)[1:],
            # Below its own bar, where it covers no text.
            width=0.12,
            offset=0.36,
            name="to pay with this lever alone",
            marker={"color": MUTED},
            customdata=[
                f"{rung.meaning}, alone: {display.usd(rung.alone_usd)}<br>{rung.alone_effect}" for rung in ladder.rungs
            ],
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    longest = max([made.layout.xaxis.range[1], *made.data[-1].x])
    made.update_layout(
        showlegend=True,
        height=made.layout.height + 100,
        margin={"t": 36, "b": 84},
        xaxis={
            "visible": True,
            "title": {"text": "USD a run (expected)", "standoff": 4},
            "tickprefix": "$",
            "tickformat": ",~r",
            "gridcolor": GRID,
            "range": [0, longest * 1.02],
        },
    )
    made.layout.annotations[0].yshift = -82
    return made


def _bars(name: str, colour: str) -> go.Bar:
    return go.Bar(orientation="h", name=name, uid=name, marker={"color": colour})


def _names(ladder: Ladder) -> list[str]:
    return [START, *(PLAIN_NAMES[rung.lever] for rung in ladder.rungs)]


def _room(end_usd: float, text: str) -> float:
    """How far the axis must reach for a bar with its text."""
    text_px = CHARACTER_PX * (1 + max(map(len, text.split("<br>"))))
    return end_usd / (1 - text_px / PLOT_PX)


def _banner(banner: str) -> dict[str, object]:
    """The banner below the chart."""
    return {
        "text": _banner_text(banner),
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "y": 0,
        "yshift": -36,
        "align": "left",
        "showarrow": False,
        "font": {"size": 10, "color": MUTED},
        "xanchor": "left",
    }


def _banner_text(banner: str) -> str:
    """On two lines, for a narrow screen."""
    return display.escape(banner).replace(", prices", "<br>prices")


def _text(cost_usd: float, rung: Rung | None, meets_deadline: bool) -> str:
    """The cost, what the lever did, and whether it is too late; a line break keeps it on a phone."""
    text = display.usd(cost_usd)
    if rung is not None:
        text += f"<br>{display.saving(rung.saved_fraction)}"
    return text if meets_deadline else f"{text}, too late"
