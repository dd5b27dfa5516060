"""Pictures of what one instance type costs: every way to buy it, every region, and the past."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from costlib import display
from costlib.figures.style import INK, MUTED, PURCHASE_COLOURS, finish

BAR_PX = 22
#: Room for the price that is written behind a bar.
TEXT_ROOM = 1.55


def options(offers: pd.DataFrame, banner: str) -> go.Figure:
    """USD an hour of every offer in ``offers`` (one type, one region), cheapest first.

    Columns as in prices.offers.COLUMNS. Whiskers run from low to high; hatched bars are estimates.
    """
    rows = offers.sort_values("usd_expected", kind="stable")
    names = [offer_name(row) for row in rows.to_dict("records")]
    made = go.Figure()
    for purchase, colour in PURCHASE_COLOURS.items():
        mine = [number for number, bought in enumerate(rows["purchase"]) if bought == purchase]
        if mine:
            part = rows.iloc[mine]
            name = display.PURCHASE_NAMES[purchase]
            made.add_trace(_bars(part, [names[number] for number in mine], name, colour))
    made.add_trace(_prices(rows, names))
    made.update_layout(
        title=f"Ways to buy {_of(rows, 'instance_type')} in {_of(rows, 'region')} (hatched: estimates)",
        showlegend=False,  # the names beside the bars say it
        yaxis={"categoryorder": "array", "categoryarray": names},
    )
    return _finished(made, rows, banner, left_px=270)


def regions(offers: pd.DataFrame, banner: str) -> go.Figure:
    """USD an hour in every region of ``offers`` (one type; one way to buy it, and maybe on-demand), cheapest first.

    A region's bar is the purchase option that is not on-demand, if there is one; on-demand is a mark beside it.
    """
    chosen = offers[offers["purchase"] != "on_demand"]
    on_demand = offers[offers["purchase"] == "on_demand"]
    bars = on_demand if chosen.empty else chosen
    bars = bars.sort_values("usd_expected", kind="stable").drop_duplicates("region")
    purchase = str(bars["purchase"].iloc[0])
    names = list(bars["region"])
    made = go.Figure(_bars(bars, names, display.PURCHASE_NAMES[purchase], PURCHASE_COLOURS[purchase]))
    beside = on_demand[on_demand["region"].isin(names)]
    if len(chosen) and len(beside):
        made.add_trace(
            go.Scatter(
                x=beside["usd_expected"],
                y=beside["region"],
                mode="markers",
                name="on-demand",
                uid="on_demand_beside",
                marker={"symbol": "line-ns", "size": 14, "line": {"width": 3, "color": INK}},
                hovertemplate="%{y}, on-demand: $%{x:,.4~f} an hour<extra></extra>",
            )
        )
    made.add_trace(_prices(bars, names))
    made.update_layout(
        title=f"{_of(bars, 'instance_type')}, {display.PURCHASE_NAMES[purchase]}, by region",
        yaxis={"categoryorder": "array", "categoryarray": names},
    )
    highest = max(float(bars["usd_high"].max()), float(beside["usd_expected"].max()) if len(beside) else 0.0)
    return _finished(made, bars, banner, left_px=150, highest=highest)


def history(on_demand: pd.DataFrame, spot: pd.DataFrame, as_of: str, banner: str) -> go.Figure:
    """USD an hour in us-east-1 over time: on-demand as steps, spot as single observations.

    ``on_demand``: first_seen, last_seen, usd; the price between the last sight of one and the first of the next is
    not known, and the line breaks there. ``spot``: timestamp_utc, az, usd.
    """
    made = go.Figure()
    dates: list[str | None] = []
    prices: list[float | None] = []
    for row in on_demand.sort_values("first_seen").to_dict("records"):
        dates += [str(row["first_seen"])[:10], str(row["last_seen"])[:10], None]
        prices += [row["usd"], row["usd"], None]
    if dates:
        made.add_trace(
            go.Scatter(
                x=dates,
                y=prices,
                mode="lines+markers",
                name="on-demand (first to last sight of each price)",
                uid="on_demand",
                line={"color": PURCHASE_COLOURS["on_demand"], "width": 3},
                hovertemplate="%{x}: $%{y:,.4~f} an hour<extra></extra>",
            )
        )
    if len(spot):
        made.add_trace(
            go.Scatter(
                x=spot["timestamp_utc"].astype(str).str[:19],
                y=spot["usd"],
                mode="markers",
                name="spot, single observations of its zones",
                uid="spot",
                marker={"color": PURCHASE_COLOURS["spot"], "size": 6, "opacity": 0.6},
                customdata=[display.escape(zone) for zone in spot["az"]],
                hovertemplate="%{customdata}, %{x}: $%{y:,.4~f} an hour<extra></extra>",
            )
        )
    if not made.data:
        made.add_annotation(
            text="No past price of this type is held.", xref="paper", yref="paper", x=0.5, y=0.5, showarrow=False
        )
    made.update_layout(title=f"us-east-1 in the past (until {display.escape(as_of)} at the latest)")
    made.update_yaxes(title="USD an hour", tickprefix="$", rangemode="tozero")
    made.update_xaxes(type="date")
    return _legend_below_title(finish(made, banner, height_px=340))


def offer_name(row: dict[object, object]) -> str:
    """What is bought, in words: ``EC2 spot, use1-az4`` or ``EC2 Savings Plan, compute 3y no upfront (estimate)``."""
    service = display.SERVICE_NAMES[str(row["service"])]
    name = f"{service} {display.PURCHASE_NAMES[str(row['purchase'])]}"
    option = str(row["option"]).replace("_", " ")
    # Managed spot and training plan already are what the option says.
    details = [text for text in (option, _text(row["az"])) if text]
    if row["purchase"] == "spot" and not _text(row["az"]):
        details.append("mean of its zones")
    name += "".join(f", {display.escape(text)}" for text in details)
    return name + (" (estimate)" if row["basis"] == "estimate" else "")


def _text(value: object) -> str:
    return "" if value is None or value is pd.NA or value != value else str(value)


def _of(rows: pd.DataFrame, column: str) -> str:
    """What all rows have in common, as text for a title."""
    return display.escape(rows[column].iloc[0])


def _bars(rows: pd.DataFrame, names: list[str], label: str, colour: str) -> go.Bar:
    expected = rows["usd_expected"]
    return go.Bar(
        x=expected,
        y=names,
        orientation="h",
        name=label,
        uid=label,
        marker={
            "color": colour,
            "pattern": {"shape": ["/" if basis == "estimate" else "" for basis in rows["basis"]]},
        },
        error_x={
            "type": "data",
            "symmetric": False,
            "array": rows["usd_high"] - expected,
            "arrayminus": expected - rows["usd_low"],
            "color": MUTED,
            "thickness": 1,
            "width": 3,
        },
        customdata=[
            [display.usd_band(low, high), display.escape(basis), display.escape(source), display.escape(as_of)]
            for low, high, basis, source, as_of in zip(
                rows["usd_low"], rows["usd_high"], rows["basis"], rows["source"], rows["as_of"], strict=True
            )
        ],
        hovertemplate=(
            "%{y}: $%{x:,.4~f} an hour (%{customdata[0]})<br>%{customdata[1]}, source %{customdata[2]},"
            " as of %{customdata[3]}<extra></extra>"
        ),
    )


def _prices(rows: pd.DataFrame, names: list[str]) -> go.Scatter:
    """The price in figures, with its range if it has one, behind the whisker of each bar."""
    texts = []
    for low, expected, high in zip(rows["usd_low"], rows["usd_expected"], rows["usd_high"], strict=True):
        band = "" if display.usd(low) == display.usd(high) else f" ({display.usd_band(low, high)})"
        texts.append(f"  {display.usd(expected)}{band}")
    return go.Scatter(
        x=rows["usd_high"],
        y=names,
        mode="text",
        text=texts,
        textposition="middle right",
        textfont={"size": 11},
        uid="prices",
        showlegend=False,
        hoverinfo="skip",
    )


def _finished(
    made: go.Figure, rows: pd.DataFrame, banner: str, left_px: int, highest: float | None = None
) -> go.Figure:
    highest = float(rows["usd_high"].max()) if highest is None else highest
    title = {"text": "USD an instance-hour", "font": {"size": 12}, "standoff": 6}
    made.update_xaxes(title=title, tickprefix="$", range=[0, highest * TEXT_ROOM])
    # The first name at the top, and no empty room beside the bars.
    made.update_yaxes(tickfont={"size": 11}, tickmode="linear", dtick=1, range=[len(rows) - 0.5, -0.5])
    made.update_layout(barmode="overlay", bargap=0.25)
    finish(made, banner, height_px=175 + BAR_PX * len(rows))
    made.update_layout(margin_l=left_px)
    return _legend_below_title(made)


def _legend_below_title(made: go.Figure) -> go.Figure:
    made.update_layout(margin_t=84, title={"y": 0.99, "yanchor": "top", "pad": {"t": 10}})
    return made
