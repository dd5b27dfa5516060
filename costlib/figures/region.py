"""Pictures of regions: what each costs, where they are, over the size of the dataset, and following prices."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from costlib import display
from costlib.figures.style import GRID, INK, ITEM_COLOURS, MUTED, finish, legend_under_title
from costlib.planner.region.campaign import Following

LINE_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#1f2933")
LINE_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "solid")
#: Bars that a chart shows.
MOST_BARS = 14
DATA_ITEMS = ("data_transfer", "data_sync", "copy_storage", "copy_requests", "result_transfer", "dataset_storage",
              "checkpoint_storage")  # fmt: skip
GIB_PER_TIB = 1024.0


def costs(frame: pd.DataFrame, price_only: str, banner: str) -> go.Figure:
    """A bar for each of the cheapest regions, stacked by instances and data lines; ``frame`` as of ``region_frame``.

    The region that the price of instances alone would pick is marked, and the home region, and both are shown wherever
    they rank.
    """
    ranked = frame[frame["rank"] > 0]
    always = ranked["region"].eq(price_only) | (ranked["is_home"] & ranked["region"].str.count("-").eq(2))
    shown = ranked[(np.arange(len(ranked)) < MOST_BARS) | always]
    labels = [_label(row, price_only) for row in shown.to_dict("records")]
    made = go.Figure()
    traces = [("Instances", ITEM_COLOURS["compute"], shown["compute_usd"])]
    traces += [(display.ITEM_NAMES[item], ITEM_COLOURS[item], shown[f"{item}_usd"]) for item in DATA_ITEMS]
    for name, colour, usd in traces:
        if not (usd.to_numpy(float) > 0).any():
            continue
        made.add_trace(
            go.Bar(
                orientation="h", y=labels, x=usd, name=name,
                marker={"color": colour, "line": {"color": "white", "width": 0.5}},
                customdata=[display.usd(one) for one in usd],
                hovertemplate=f"{name}: %{{customdata}} a run<extra></extra>",
            )
        )  # fmt: skip
    totals = [
        {"y": label, "x": total, "text": f"<b>{display.usd(total)}</b>", "showarrow": False, "xanchor": "left",
         "xshift": 4, "font": {"size": 11, "color": INK}}
        for label, total in zip(labels, shown["total_usd"], strict=True)
    ]  # fmt: skip
    made.update_layout(barmode="stack", title="What a run costs in each region, cheapest first", annotations=totals)
    widest = float(shown["total_usd"].max()) if len(shown) else 1.0
    made.update_xaxes(title="USD a run", tickprefix="$", tickformat=",~r", range=[0, widest * 1.15], title_standoff=4)
    made.update_yaxes(autorange="reversed", automargin=True, tickfont={"size": 11})
    finish(made, banner, height_px=150 + 30 * max(len(shown), 4))
    made.update_layout(legend={"orientation": "v", "x": 1.01, "xanchor": "left", "y": 1, "yanchor": "top"})
    return made


def _label(row: Mapping[Any, Any], price_only: str) -> str:
    told = (("data are here", row["is_home"]), ("by price alone", row["region"] == price_only))
    marks = ", ".join(mark for mark, holds in told if holds)
    return f"{row['rank']} · {display.escape(str(row['region']))}{f' ({marks})' if marks else ''}"


@lru_cache(maxsize=1)
def coastline() -> tuple[list[float | None], list[float | None]]:
    """Longitudes and latitudes of the world's coasts, lines apart by None (coastline.json names its source)."""
    content = json.loads((Path(__file__).parent / "coastline.json").read_text(encoding="utf-8"))
    longitudes: list[float | None] = []
    latitudes: list[float | None] = []
    for line in content["lines"]:
        longitudes += [point[0] for point in line] + [None]
        latitudes += [point[1] for point in line] + [None]
    return longitudes, latitudes


def world(frame: pd.DataFrame, banner: str) -> go.Figure:
    """Regions at the city that stands for each: colour by what a run costs, hollow where none may or can be.

    Plain axes and coasts that travel with the page: no map is fetched.
    """
    placed = frame[np.isfinite(frame["latitude"]) & np.isfinite(frame["longitude"])]
    ranked, rest = placed[placed["rank"] > 0], placed[placed["rank"] == 0]
    made = go.Figure()
    longitudes, latitudes = coastline()
    made.add_trace(
        go.Scatter(
            x=longitudes, y=latitudes, mode="lines", line={"color": "#b8c2cc", "width": 1}, hoverinfo="skip",
            showlegend=False, name="coast",
        )
    )  # fmt: skip
    made.add_trace(
        go.Scatter(
            x=rest["longitude"], y=rest["latitude"], mode="markers", name="not ranked",
            marker={"size": 9, "color": "white", "line": {"color": MUTED, "width": 1.5}, "symbol": "circle"},
            customdata=np.column_stack([rest["region"], rest["reasons"]]) if len(rest) else None,
            hovertemplate="%{customdata[0]}: %{customdata[1]}<extra></extra>",
        )
    )  # fmt: skip
    if len(ranked):
        usd = ranked["total_usd"].to_numpy(float)
        times = usd / usd.min()
        few = ranked["rank"] <= 5
        made.add_trace(
            go.Scatter(
                x=ranked["longitude"], y=ranked["latitude"], mode="markers+text", name="ranked",
                text=[
                    f"{rank} {region}" if labelled else ""
                    for rank, region, labelled in zip(ranked["rank"], ranked["region"], few, strict=True)
                ],
                textposition=_beside(ranked, few.to_numpy()), textfont={"size": 11, "color": INK},
                marker={
                    "size": np.where(ranked["rank"] == 1, 17, 12), "color": np.minimum(times, 3.0),
                    "colorscale": "Cividis", "reversescale": True, "cmin": 1.0, "cmax": 3.0,
                    "line": {"color": INK, "width": 1},
                    "symbol": np.where(ranked["is_home"], "square", "circle"),
                    "colorbar": {"title": {"text": "times the<br>cheapest"}, "tickvals": [1, 1.5, 2, 2.5, 3],
                                 "ticktext": ["1", "1.5", "2", "2.5", "3+"], "thickness": 12, "len": 0.8},
                },
                customdata=np.column_stack(
                    [ranked["region"], ranked["city"], [display.usd(one) for one in usd], ranked["rank"]]
                ),
                hovertemplate="%{customdata[0]} (%{customdata[1]}): %{customdata[2]} a run, rank %{customdata[3]}"
                "<extra></extra>",
                showlegend=False,
            )
        )  # fmt: skip
    made.update_layout(title="Where a run costs what (square: the data's home; hollow: not ranked)", showlegend=False)
    made.update_xaxes(range=[-170, 182], visible=False)
    made.update_yaxes(range=[-52, 76], visible=False)
    made.update_layout(margin={"b": 50})
    return finish(made, banner, height_px=460)


def _beside(ranked: pd.DataFrame, labelled: npt.NDArray[np.bool_]) -> list[str]:
    """Where each label stands: away from a labelled neighbour to the east or west."""
    places = ranked[["longitude", "latitude"]].to_numpy(float)
    positions = []
    for longitude, latitude in places:
        east = places[labelled] - (longitude, latitude)
        near = (np.abs(east[:, 1]) < 9) & (np.abs(east[:, 0]) < 28) & (east[:, 0] != 0)
        if not near.any():
            positions.append("top center")
        else:
            positions.append("middle left" if east[near, 0].mean() > 0 else "middle right")
    return positions


def over_size(lines: pd.DataFrame, dataset_gib: float, banner: str) -> go.Figure:
    """USD a run over the size of the dataset, a straight line a region, and where the cheapest changes.

    ``lines`` as of ``size_frame``.
    """
    starts = lines["from_gib"].to_numpy(float)
    turns = starts[np.isfinite(starts) & (starts > 0)]
    within = turns[turns <= max(dataset_gib, 1.0) * 20]
    end = max([2.0 * dataset_gib, *(1.3 * within), 10.0])
    at = np.linspace(0.0, end, 40)
    made = go.Figure()
    for number, row in enumerate(lines.to_dict("records")):
        home = " (data are here)" if row["is_home"] else ""
        usd = row["base_usd"] + row["usd_per_gib"] * at
        made.add_trace(
            go.Scatter(
                x=at / GIB_PER_TIB, y=usd, mode="lines", name=f"{row['region']}{home}",
                line={"color": LINE_COLOURS[number % len(LINE_COLOURS)], "width": 2.5,
                      "dash": LINE_DASHES[number % len(LINE_DASHES)]},
                customdata=[display.usd(one) for one in usd],
                hovertemplate=f"{row['region']} at %{{x:.2f}} TiB: %{{customdata}}<extra></extra>",
            )
        )  # fmt: skip
    turning = lines[np.isfinite(starts) & (starts > 0) & (starts <= end)]
    if len(turning):
        usd = turning["base_usd"] + turning["usd_per_gib"] * turning["from_gib"]
        made.add_trace(
            go.Scatter(
                x=turning["from_gib"] / GIB_PER_TIB, y=usd, mode="markers", name="the cheapest changes",
                marker={"size": 11, "color": "white", "line": {"color": INK, "width": 2}},
                customdata=np.column_stack([turning["region"], [display.usd(one) for one in usd]]),
                hovertemplate="from %{x:.2f} TiB on: %{customdata[0]}, %{customdata[1]}<extra></extra>",
            )
        )  # fmt: skip
    made.add_vline(
        x=dataset_gib / GIB_PER_TIB, line={"color": MUTED, "width": 1, "dash": "dot"},
        annotation_text="your dataset", annotation_font_size=11, annotation_position="top right",
    )  # fmt: skip
    made.update_layout(title="Up to which size of the dataset does it pay to leave?")
    made.update_xaxes(title="dataset (TiB; AWS's TB)", rangemode="tozero", gridcolor=GRID)
    made.update_yaxes(title="USD a run", tickprefix="$", tickformat=",~r", rangemode="tozero", gridcolor=GRID)
    finish(made, banner)
    made.update_layout(legend={"orientation": "v", "x": 1.01, "xanchor": "left", "y": 1, "yanchor": "top"})
    return made


def following(found: Following, what: str, banner: str) -> go.Figure:
    """What each period costs in each place, and the way that costs least with its moves."""
    periods = list(found.periods)
    made = go.Figure()
    for number, place in enumerate(found.places):
        made.add_trace(
            go.Scatter(
                x=periods, y=found.usd[:, number], mode="lines", name=place,
                line={"color": LINE_COLOURS[number % len(LINE_COLOURS)], "width": 1.5, "shape": "hvh",
                      "dash": LINE_DASHES[number % len(LINE_DASHES)]},
                hovertemplate=f"{place}, %{{x}}: $%{{y:,.2f}}<extra></extra>",
            )
        )  # fmt: skip
    table = found.table
    made.add_trace(
        go.Scatter(
            x=periods, y=table["usd"], mode="markers", name="cheapest way, moves paid",
            marker={"size": np.where(table["moved"], 12, 7), "color": INK,
                    "symbol": np.where(table["moved"], "star", "circle")},
            customdata=np.column_stack([table["place"], np.where(table["moved"], "moved here", "")]),
            hovertemplate="%{x}: %{customdata[0]} %{customdata[1]}<extra></extra>",
        )
    )  # fmt: skip
    made.update_layout(title=f"Following {what} (star: a move)")
    made.update_xaxes(type="category", title="period", nticks=7, tickangle=0)
    made.update_yaxes(title="USD a period", tickprefix="$", tickformat=",~r", rangemode="tozero")
    return legend_under_title(finish(made, banner))
