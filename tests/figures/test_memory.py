"""Pictures of memory."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest

from costlib.figures import memory
from costlib.figures.memory import COLOURS, MemoryLine
from costlib.planner.memory_views import PARTS, by_change, by_sequence
from costlib.units import gib_to_bytes
from tests.example import workload

LINES = (MemoryLine(("T4", "V100 SXM2 16GB"), gib_to_bytes(16.0)), MemoryLine(("A10G",), gib_to_bytes(22.352), True))


@pytest.fixture(scope="module")
def bars() -> go.Figure:
    return memory.components(by_change(workload(), 8), LINES, "as asked")


def test_bars_add_up_to_the_whole_in_gib(bars: go.Figure) -> None:
    rows = by_change(workload(), 8)
    stacked = np.sum([np.array(trace.x) for trace in bars.data if isinstance(trace, go.Bar)], axis=0)
    assert stacked == pytest.approx(rows["expected"].to_numpy() / 2**30)
    assert bars.layout.barmode == "stack" and "GiB" in bars.layout.xaxis.title.text
    whisker = next(trace for trace in bars.data if trace.uid == "range")
    assert np.array(whisker.x) + whisker.error_x.array == pytest.approx(rows["high"].to_numpy() / 2**30)
    assert np.array(whisker.x) - whisker.error_x.arrayminus == pytest.approx(rows["low"].to_numpy() / 2**30)


def test_every_part_has_its_colour() -> None:
    assert tuple(COLOURS) == PARTS and len(set(COLOURS.values())) == len(PARTS)


def test_lines_stand_at_the_usable_memory(bars: go.Figure) -> None:
    assert sorted(shape.x0 for shape in bars.layout.shapes) == pytest.approx([16.0, 22.352])
    said = [note.text for note in bars.layout.annotations]
    assert "16 GiB T4 + 1" in said and "<b>22.4 GiB A10G</b>" in said


def test_labels_that_would_overlap_are_left_out_but_the_chosen_one_stays() -> None:
    near = [MemoryLine((f"card {gib}",), gib_to_bytes(gib), gib == 40.5) for gib in (40.0, 40.5, 41.0)]
    figure = memory.components(by_change(workload(), 1), near, "")
    assert len(figure.layout.shapes) == 3
    assert [note.text for note in figure.layout.annotations if "card" in note.text] == ["<b>40.5 GiB card 40.5</b>"]


def test_the_axis_reaches_the_next_memory_and_the_chosen_one() -> None:
    rows = by_change(workload(), 1)
    for line in (MemoryLine(("big",), gib_to_bytes(200.0)), MemoryLine(("small",), gib_to_bytes(8.0), True)):
        end = memory.components(rows, [line], "").layout.xaxis.range[1]
        assert end > rows["high"].max() / 2**30 and end > line.usable_bytes / 2**30


def test_names_are_escaped() -> None:
    assert "<b>" not in MemoryLine(("<b>x",), gib_to_bytes(1.0)).label


def test_the_square_is_seen() -> None:
    rows = by_sequence(workload(), 1, list(range(128, 8193, 128)))
    figure = memory.by_sequence(rows, 1024, LINES, "")
    curves = {trace.uid: np.array(trace.y) for trace in figure.data if trace.mode == "lines"}
    assert set(curves) == {"standard", "flash"}
    bends = {name: np.diff(curve, 2) for name, curve in curves.items()}
    assert bends["standard"].min() > 0, "standard attention bends upward"
    assert bends["flash"] == pytest.approx(0, abs=1e-9), "flash attention is a straight line"
    assert any(note.text == "asked: 1,024" for note in figure.layout.annotations)
    assert "GiB" in figure.layout.yaxis.title.text and "tokens" in figure.layout.xaxis.title.text


@pytest.mark.parametrize("parameters", [1_558_000_000, 600_000_000_000])
def test_a_steep_curve_does_not_flatten_the_rest(parameters: int) -> None:
    rows = by_sequence(workload().changed({"model.parameters": parameters}), 1, [1024, 65_536])
    top = memory.by_sequence(rows, 1024, LINES, "").layout.yaxis.range[1]
    gib = (rows.set_index(["attention", "sequence_length"])["expected"] / 2**30).to_dict()
    assert gib["standard", 1024] < top and gib["flash", 65_536] < top
    assert top <= 1.05 * max(gib["standard", 65_536], 2 * gib["flash", 65_536])
    flat = by_sequence(workload().changed({"fit.recompute": "full"}), 1, [512, 1024])
    whole = memory.by_sequence(flat, 1024, LINES, "").layout.yaxis.range[1]
    assert whole == pytest.approx(1.05 * flat["expected"].max() / 2**30), "nothing is gained by a higher axis"
