"""What fits where, as plain tables."""

from __future__ import annotations

import pytest

from costlib.exports.fit_tables import memory_frame, verdicts_frame
from costlib.planner.fit import fit_report
from costlib.planner.memory_views import by_change
from tests.example import sources, workload


def test_one_row_an_accelerator_with_its_snapshot() -> None:
    found = fit_report(workload(), sources())
    frame = verdicts_frame(found, sources().book).set_index("accelerator")
    assert list(frame.index) == [one.accelerator for one in found]
    assert set(frame["snapshot_id"]) == {sources().book.snapshot_id}
    for one in found:
        row = frame.loc[one.accelerator]
        assert row["fits"] == one.fits and row["instance_types"].split() == list(one.instance_types)
        if one.choice:
            assert row["asked_bytes_expected"] == one.choice.bytes_expected
        if one.cheapest_fix:
            assert row["fix_changes"] == ", ".join(one.cheapest_fix.changes)
            assert row["fix_usd_per_hour"] == pytest.approx(one.cheapest_fix.choice.usd_per_hour)


def test_bytes_say_so_in_their_names() -> None:
    rows = by_change(workload(), 1)
    frame = memory_frame(rows)
    assert [name for name in frame if name != "change" and not name.endswith("_bytes")] == []
    assert frame["expected_bytes"].tolist() == rows["expected"].tolist()
