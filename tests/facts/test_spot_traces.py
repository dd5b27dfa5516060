"""The recorded traces: whole, as their source describes them, and found by name."""

import numpy as np
import pytest

from costlib.errors import NotKnown
from costlib.facts.spot_traces import SpotTraces
from costlib.paths import data_dir
from costlib.tables import Snapshot


def test_every_trace_is_as_long_and_as_available_as_its_row_says() -> None:
    traces = SpotTraces.open()
    assert len(traces.names()) == 39
    for row in traces.table.itertuples():
        flags = traces.of(row.trace)
        assert len(flags) == row.steps
        assert flags.mean() == pytest.approx(row.available_fraction, abs=1e-6)


def test_published_share_of_a_trace() -> None:
    # Availability of us-west-2c in the campaign of February 2023, as summarised with the traces: 0.891 at 195 s.
    traces = SpotTraces.open()
    name = "aws0215-us-west-2c_v100_1"
    assert traces.of(name).mean() == pytest.approx(0.891, abs=0.001)
    assert traces.step_hours(name) * 3600 == pytest.approx(195)
    assert len(traces.sharing_a_clock(name)) == 5
    assert np.flatnonzero(traces.of("aws1128-us-west-2b_k80_1")).size == 0


def test_an_unknown_trace_is_refused_with_near_names() -> None:
    with pytest.raises(NotKnown, match="aws0215-us-east-1a_v100_1"):
        SpotTraces.open().of("aws0215-us-east-1a_v100")


def test_the_card_names_every_table_and_column() -> None:
    snapshot = Snapshot.open(data_dir() / "traces")
    card = (data_dir() / "traces" / "README.md").read_text()
    for name in snapshot.tables:
        section = card.partition(f"## {name}\n")[2].partition("\n## ")[0]
        for column in snapshot.read(name).columns:
            family = column.startswith(("cost_ratio_", "finish_hours_")) and f"`{column[:11]}" in section
            assert family or f"`{column}`" in section, f"{name} has {column}"
