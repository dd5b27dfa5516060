"""The look that charts share: a legend's rows are counted as Plotly sets them on a narrow page."""

from __future__ import annotations

import plotly.graph_objects as go
import pytest

from costlib.figures.style import ROW_PX, legend_under_title


def room_px(names: list[str], groups: bool = False) -> float:
    made = go.Figure([go.Scatter(name=name, legendgroup=f"g{at}" if groups else None) for at, name in enumerate(names)])
    return float(legend_under_title(made).layout.margin.t)


def test_a_group_takes_the_width_of_its_name() -> None:
    one = room_px(["on demand", "spot"], groups=True)
    names = ["SageMaker", "AWS Batch", "pale: less than 2 % below the next", "flip, worked out"]
    assert room_px(names, groups=True) == pytest.approx(one + ROW_PX)


def test_names_without_groups_stand_in_columns_of_the_longest() -> None:
    short = ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d"]
    assert room_px(short) == pytest.approx(room_px(["spot"]))
    # One long name makes two columns of them: five names are three rows.
    assert room_px([*short, "cheapest way, moves paid"]) == pytest.approx(room_px(["spot"]) + 2 * ROW_PX)
