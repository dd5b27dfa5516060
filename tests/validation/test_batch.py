"""The critical-batch rule against MLPerf's samples to target."""

from __future__ import annotations

from costlib.tables import Snapshot
from costlib.validation.batch import check


def test_the_rule_holds_for_mlperf_runs() -> None:
    rows, summary = check(Snapshot.open())
    told = summary.set_index("model")
    assert len(rows) == told["rows"].sum() > 50
    # BERT's results of one batch differ by some 10 % among themselves; ResNet's hardly.
    assert told.at["resnet50", "median_error"] < 0.04 and told.at["bert_large", "median_error"] < 0.08
    assert 30e3 < told.at["resnet50", "critical_batch"] < 60e3
    assert 9e3 < told.at["bert_large", "critical_batch"] < 20e3


def test_smaller_batches_tell_larger_ones() -> None:
    assert (check(Snapshot.open())[1]["median_error_extrapolated"] < 0.2).all()
