"""Cost over time of a search's plans, with the front that nothing beats on both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from costlib import display
from costlib.figures.style import INK, MUTED, PURCHASE_COLOURS, finish
from costlib.planner.search import Result
from costlib.workload import PURCHASES, SERVICES

Ints = npt.NDArray[np.int64]
#: A trace as plotly's JSON: a fifth of the time of building it from its classes.
Trace = dict[str, Any]

SERVICE_SYMBOLS = {"ec2": "circle", "sagemaker": "diamond"}
#: More points than this make the chart slow and say no more.
MOST_POINTS = 600
LATE_POINTS = 150


def chosen_rows(result: Result, most: int = MOST_POINTS) -> Ints:
    """The rows worth a point: the front, the cheapest of each service, type and purchase option, then of each count.

    All hold the deadline; cheapest first, at most ``most`` (the front always stays whole).
    """
    groups = result.best_per("service", "instance_type", "purchase")
    order = result.order
    code = _code(result, order) * len(result.grid.counts) + result.candidates.count_index[order]
    # Written backwards, the first (cheapest) candidate of each group is what remains.
    first = np.full(int(code.max(initial=0)) + 1, -1)
    first[code[::-1]] = np.arange(len(order))[::-1]
    with_counts = order[np.sort(first[first >= 0])]
    wanted = np.concatenate((result.front, groups, with_counts))
    first = np.sort(np.unique(wanted, return_index=True)[1])
    kept = wanted[first][: max(most, len(result.front))]
    return kept[np.argsort(result.cost_usd[kept], kind="stable")]


def late_rows(result: Result, most: int = LATE_POINTS) -> Ints:
    """The cheapest of each service, type and purchase option among the plans that miss the deadline."""
    late = np.nonzero(~result.meets_deadline)[0]
    code, cost = _code(result, late), result.cost_usd[late]
    least = np.full(int(code.max(initial=0)) + 1, np.inf)
    np.minimum.at(least, code, cost)
    cheapest = late[cost == least[code]]
    cheapest = cheapest[np.argsort(result.cost_usd[cheapest], kind="stable")]
    return result.best_per("service", "instance_type", "purchase", rows=cheapest)[:most]


def _code(result: Result, rows: Ints) -> Ints:
    """One number for each service, type and purchase option."""
    types = len(result.sources.offers.instance_types)
    services, purchases = result.column("service")[rows], result.column("purchase")[rows]
    return (services * len(PURCHASES) + purchases) * types + result.column("instance_type")[rows]


def figure(result: Result, selected_row: int | None = None, rows: Ints | None = None) -> go.Figure:
    """Hours (log) over USD (log) of one run: colour = purchase option, marker = service, ring = the selected row.

    ``rows``: the points (default ``chosen_rows``). Each point's ``customdata`` starts with its row in the result.
    """
    rows = chosen_rows(result) if rows is None else rows
    traces: list[Trace] = []
    late = late_rows(result)
    if len(late):
        traces.append(_points(result, late, "misses the deadline", MUTED, "x-thin-open", 0.45, 5))
    for service_code, service in enumerate(SERVICES):
        for purchase_code, purchase in enumerate(PURCHASES):
            of_service = result.column("service")[rows] == service_code
            mine = rows[of_service & (result.column("purchase")[rows] == purchase_code)]
            if len(mine):
                name = f"{display.SERVICE_NAMES[service]} {display.PURCHASE_NAMES[purchase]}"
                symbol = SERVICE_SYMBOLS[service]
                traces.append(_points(result, mine, name, PURCHASE_COLOURS[purchase], symbol, 0.75, 8))
    front = result.front
    traces.append(
        {
            "type": "scatter",
            "x": result.wall_hours[front],
            "y": result.cost_usd[front],
            "mode": "lines",
            "name": "front",
            "line": {"color": INK, "width": 1.5, "shape": "hv"},
            "hoverinfo": "skip",
        }
    )
    axis = {"type": "log", "separatethousands": True, "exponentformat": "none", "minorloglabels": "complete"}
    made = go.Figure(
        [*traces, _selected(result, selected_row)],
        {
            "title": {"text": "What a run costs, and how long it takes (front: nothing is both cheaper and faster)"},
            "hovermode": "closest",
            "xaxis": {**axis, "title": {"text": "Hours from start to finish (expected)", "standoff": 4}},
            "yaxis": {**axis, "title": {"text": "USD a run (expected)"}, "tickprefix": "$"},
            **_deadline(result),
        },
    )
    finish(made, result.sources.book.banner, height_px=540)
    # The legend of up to nine kinds of plan stands beside the points, where it cannot cover them.
    made.update_layout(legend={"orientation": "v", "x": 1.01, "xanchor": "left", "y": 1, "yanchor": "top"})
    return made


def move_ring(figure: go.Figure, result: Result, selected_row: int | None) -> None:
    """Puts the ring of ``figure``'s chart on another row, in place."""
    ring = _selected(result, selected_row)
    figure.data[-1].update(x=ring["x"], y=ring["y"], customdata=ring["customdata"])


def describe(result: Result, rows: Ints | Sequence[int]) -> list[str]:
    """One line a row for people: service, count and instance, region or zone, purchase option, precision."""
    offers = result.sources.offers
    rows = np.asarray(rows, dtype=np.int64)
    offer = result.candidates.offer[rows]
    words = offers.frame[["az", "option"]].iloc[offer]
    texts = []
    for code, az, option, count, precision in zip(
        offer.tolist(),
        words["az"].fillna("").tolist(),
        words["option"].fillna("").tolist(),
        result.grid.counts[result.candidates.count_index[rows]].tolist(),
        result.candidates.precision_index[rows].tolist(),
        strict=True,
    ):
        service = display.SERVICE_NAMES[SERVICES[offers.service[code]]]
        purchase = display.PURCHASE_NAMES[PURCHASES[offers.purchase[code]]]
        texts.append(
            f"{service} {count} × {offers.instance_types[offers.instance_type[code]]},"
            f" {az or offers.regions[offers.region[code]]}, {purchase}{f' ({option})' if option else ''},"
            f" {result.grid.precisions[precision]}"
        )
    return texts


def _selected(result: Result, row: int | None) -> Trace:
    chosen = np.array([] if row is None else [row], dtype=np.int64)
    ring = _points(result, chosen, "selected plan", INK, "circle-open", 1.0, 18)
    ring["marker"]["line"] = {"width": 3}
    return ring


def _points(result: Result, rows: Ints, name: str, colour: str, symbol: str, opacity: float, size: int) -> Trace:
    labels = [
        [int(row), display.escape(text), display.usd(cost), display.hours(hours)]
        for row, text, cost, hours in zip(
            rows, describe(result, rows), result.cost_usd[rows], result.wall_hours[rows], strict=True
        )
    ]
    return {
        "type": "scatter",
        "x": result.wall_hours[rows],
        "y": result.cost_usd[rows],
        "mode": "markers",
        "name": name,
        "marker": {"color": colour, "symbol": symbol, "size": size, "opacity": opacity},
        "customdata": labels,
        "hovertemplate": "%{customdata[1]}<br>%{customdata[2]} a run, %{customdata[3]} (expected)<extra></extra>",
    }


def _deadline(result: Result) -> dict[str, Any]:
    """A line and a word at the deadline, as parts of the layout."""
    deadline = result.workload.deadline_hours
    if deadline is None:
        return {}
    line = {"type": "line", "x0": deadline, "x1": deadline, "y0": 0, "y1": 1, "yref": "paper"}
    word = {"x": np.log10(deadline), "y": 1, "yref": "paper", "xanchor": "left", "yanchor": "top"}
    return {
        "shapes": [{**line, "line": {"color": MUTED, "dash": "dash", "width": 1}}],
        "annotations": [
            {
                **word,
                "text": f"deadline {deadline:g} h",
                "showarrow": False,
                "font": {"size": 11, "color": MUTED},
            }
        ],
    }
