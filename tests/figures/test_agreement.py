"""The chart of predicted over reference."""

from __future__ import annotations

import pandas as pd

from costlib.figures.agreement import agreement

ROWS = pd.DataFrame(
    {
        "label": ["a", "b", "<b>c</b>"], "group": ["g", "g", "h"], "reference": [1.0, 10.0, 0.0],
        "predicted": [2.0, 9.0, 1.0], "low": [1.0, None, None], "high": [4.0, None, None], "source": "s",
    }
)  # fmt: skip


def test_points_bands_and_the_line_of_equals() -> None:
    made = agreement(ROWS, "hours", "time", "facts of x")
    points, line = made.data[0], made.data[-1]
    assert list(points.x) == [1.0, 10.0] and list(points.y) == [2.0, 9.0]
    assert list(points.error_y.array) == [2.0, 0.0] and list(points.error_y.arrayminus) == [1.0, 0.0]
    assert list(line.x) == list(line.y)
    assert "hours" in made.layout.xaxis.title.text and "hours" in made.layout.yaxis.title.text


def test_what_a_log_axis_cannot_show_is_counted() -> None:
    assert "1 at zero" in agreement(ROWS, "hours", "time", "n").layout.title.text
    assert "not drawn" not in agreement(ROWS[:2], "hours", "time", "n").layout.title.text
