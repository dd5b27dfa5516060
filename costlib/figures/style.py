"""One look for all charts: colours that colour-blind readers can tell apart, units on axes, the book's date below."""

from __future__ import annotations

import plotly.graph_objects as go

#: Okabe and Ito's palette, in a fixed meaning for purchase options.
PURCHASE_COLOURS = {
    "on_demand": "#0072B2",
    "spot": "#009E73",
    "reserved": "#D55E00",
    "savings_plan": "#CC79A7",
    "capacity_block": "#E69F00",
}
ITEM_COLOURS = {
    "compute": "#0072B2",
    "service_premium": "#CC79A7",
    "start_up": "#999999",
    "spot_rework": "#D55E00",
    "unused_commitment": "#E69F00",
    "dataset_storage": "#56B4E9",
    "copy_storage": "#1f2933",
    "checkpoint_storage": "#009E73",
    "data_transfer": "#F0E442",
    "data_sync": "#882255",
    "copy_requests": "#DDCC77",
    "result_transfer": "#44AA99",
}
#: The three services of 07_choose_a_service.
SERVICE_COLOURS = {"sagemaker": "#CC79A7", "ec2": "#0072B2", "batch": "#009E73"}
INK, MUTED, GRID = "#1f2933", "#616e7c", "#e4e7eb"


def finish(figure: go.Figure, banner: str, height_px: int = 420) -> go.Figure:
    """The common look, with ``banner`` (snapshot and date of the prices) written under the chart."""
    figure.update_layout(
        template="plotly_white",
        height=height_px,
        margin={"l": 70, "r": 20, "t": 40, "b": 80},
        font={"family": "system-ui, sans-serif", "size": 13, "color": INK},
        title_font_size=15,
        hoverlabel={"align": "left"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )
    figure.add_annotation(
        text=banner,
        xref="paper",
        yref="paper",
        x=0,
        y=0,
        yshift=-62,
        showarrow=False,
        font={"size": 11, "color": MUTED},
        xanchor="left",
    )
    return figure


def legend_below(figure: go.Figure, rows: int = 2) -> go.Figure:
    """The legend under the chart and its banner, with room for so many rows of it; names may be long there."""
    figure.update_layout(
        margin={"b": 100 + 20 * rows},
        legend={"orientation": "h", "yref": "container", "y": 0.02, "yanchor": "bottom", "x": 0},
    )
    figure.layout.annotations[-1].update(yshift=-72)
    return figure


#: A narrow page's chart, what a letter of a legend takes and what its mark does, and a row's height, in pixels.
NARROW_PX, LETTER_PX, MARK_PX, ROW_PX = 600, 7.5, 45, 20


def legend_under_title(figure: go.Figure) -> go.Figure:
    """Room between the title and the plot for the legend, on a narrow page too, where it takes several rows."""
    names = dict.fromkeys(
        str(trace.legendgroup or trace.name) for trace in figure.data if trace.name and trace.showlegend is not False
    )
    rows, used = 1, 0.0
    for name in names:
        width = MARK_PX + LETTER_PX * len(name)
        rows, used = (rows, used + width) if used + width <= NARROW_PX else (rows + 1, width)
    figure.update_layout(
        margin={"t": 50 + ROW_PX * rows},
        title={"y": 1, "yref": "container", "yanchor": "top", "pad": {"t": 12}},
    )
    return figure
