"""What each choice saves, for the managers' page: bars that a phone can show, in plain words."""

from __future__ import annotations

import plotly.graph_objects as go

from costlib import display
from costlib.figures.style import MUTED, finish
from costlib.planner.ladder import Ladder

LEFT, SAVED = "#0072B2", "#B7E4D3"

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
#: Room for the text behind the longest bar.
TEXT_ROOM = 1.75


def figure(ladder: Ladder, banner: str) -> go.Figure:
    """USD a run after each choice, one below the other: what is left to pay (dark), what the choice saved (light).

    Kept slim (each bar says its number, so there is no axis, legend or template), because it is drawn again at
    every move of a slider.
    """
    made = go.Figure(
        [
            go.Bar(
                orientation="h",
                name="saved",
                uid="saved",
                marker={"color": SAVED},
                textposition="outside",
                constraintext="none",
                cliponaxis=False,
                hovertemplate="saves %{customdata:$,.2f} a run<extra></extra>",
            ),
            go.Bar(
                orientation="h",
                name="to pay",
                uid="left",
                marker={"color": LEFT},
                hovertemplate="%{x:$,.2f} a run<extra></extra>",
            ),
        ]
    )
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
    refill(made, ladder)
    return made


def refill(made: go.Figure, ladder: Ladder) -> None:
    """Puts another ladder into a figure made here: a tenth of the time of a new one, for a slider that moves."""
    names = [START, *(PLAIN_NAMES[rung.lever] for rung in ladder.rungs)]
    left = [ladder.start_usd, *(rung.cost_usd for rung in ladder.rungs)]
    # A choice can also add cost: before it nothing held the deadline, and now something dearer does.
    saved = [0.0, *(max(rung.saved_usd, 0.0) for rung in ladder.rungs)]
    late = [not ladder.start_meets_deadline, *(not rung.meets_deadline for rung in ladder.rungs)]
    shares = [None, *(rung.saved_fraction for rung in ladder.rungs)]
    ends = [cost + gone for cost, gone in zip(left, saved, strict=True)]
    light, dark = made.data
    light.x, dark.x, light.customdata = ends, left, saved
    if list(dark.y or ()) != names:
        light.y = dark.y = names
        made.layout.height = 50 + BAR_PX * len(names)
    light.text = [_text(*one) for one in zip(left, shares, late, strict=True)]
    made.layout.xaxis.range = [0, max(ends) * TEXT_ROOM]


def _banner(banner: str) -> dict[str, object]:
    """The banner below the chart, on two lines for a narrow screen."""
    return {
        "text": display.escape(banner).replace(", prices", "<br>prices"),
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


def _text(cost_usd: float, saved_fraction: float | None, is_late: bool) -> str:
    text = display.usd(cost_usd)
    if saved_fraction is not None:
        sign = "−" if saved_fraction > 0 else "+"
        same = abs(saved_fraction) < 0.005
        text += ", no change" if same else f" ({sign}{display.percent(abs(saved_fraction))})"
    return text + (", too late" if is_late else "")
