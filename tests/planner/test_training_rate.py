"""The grid that hours are made of."""

from __future__ import annotations

import time

import numpy as np
import pytest

from costlib.errors import NotKnown
from costlib.planner.achieved_share import TrainingJob
from costlib.planner.training_rate import TrainingRates

PRECISIONS = ("fp32", "tf32", "fp16", "bf16", "fp8")


@pytest.fixture(scope="module")
def grid(rates: TrainingRates, job: TrainingJob):
    return rates.hours_inputs(range(1, 9), PRECISIONS, job)


def pick(grid, instance_type: str, count: int, precision: str):
    rows = grid[(grid["instance_type"] == instance_type) & (grid["count"] == count)]
    return rows[rows["precision"] == precision].iloc[0]


def test_one_row_for_each_type_count_and_precision(grid, rates: TrainingRates) -> None:
    assert len(grid) == len(rates.hardware.instances) * 8 * 5
    assert not grid.duplicated(["instance_type", "count", "precision"]).any()


def test_supported_rows_are_whole_and_others_say_why(grid) -> None:
    good, bad = grid[grid["supported"]], grid[~grid["supported"]]
    low, expected, high = (good[f"fraction_{end}"] for end in ("low", "expected", "high"))
    assert ((low > 0) & (low <= expected) & (expected <= high) & (high <= 1)).all()
    assert (good["peak_tflops"] > 0).all() and (good["n_rows"] >= 5).all()
    assert (good[["basis", "rule", "source"]] != "").all(axis=None)
    assert (good["reason"] == "").all()
    assert (bad["reason"] != "").all()
    assert bad[["peak_tflops", "fraction_low", "fraction_expected", "fraction_high"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("instance_type", "precision", "words"),
    [
        ("g4dn.xlarge", "bf16", "does not support bf16"),
        ("p3.2xlarge", "bf16", "does not support bf16"),
        ("p4d.24xlarge", "fp8", "does not support fp8"),
        ("c7i.large", "bf16", "no accelerator"),
        ("p2.xlarge", "fp32", "no dense peak"),
        ("inf2.xlarge", "bf16", "inference"),
        ("trn1.32xlarge", "fp32", "fewer than 5 measured fp32"),
    ],
)
def test_what_cannot_be_trained_says_why(grid, instance_type: str, precision: str, words: str) -> None:
    row = pick(grid, instance_type, 1, precision)
    assert not row["supported"]
    assert words in row["reason"]


@pytest.mark.parametrize(
    ("instance_type", "precision", "basis"),
    [
        ("p4d.24xlarge", "bf16", "derived"),
        ("p5.48xlarge", "bf16", "derived"),
        ("p3.16xlarge", "fp16", "derived"),
        ("p5en.48xlarge", "bf16", "estimate"),
        ("p6-b200.48xlarge", "bf16", "estimate"),
        ("g5.xlarge", "bf16", "estimate"),
        ("p4d.24xlarge", "fp32", "estimate"),
        ("p4d.24xlarge", "tf32", "estimate"),
    ],
)
def test_basis(grid, instance_type: str, precision: str, basis: str) -> None:
    assert pick(grid, instance_type, 1, precision)["basis"] == basis


def test_fp16_is_trained_where_bf16_is_not(grid) -> None:
    assert pick(grid, "g4dn.xlarge", 1, "fp16")["supported"]


def test_lower_precision_is_not_slower(grid) -> None:
    good = grid[grid["supported"]].copy()
    good["rate"] = good["peak_tflops"] * good["fraction_expected"]
    wide = good.pivot_table(index=["instance_type", "count"], columns="precision", values="rate")
    # One network time is added to every precision, so that order holds with it too.
    for slower, faster in (("fp32", "tf32"), ("tf32", "fp16"), ("fp32", "fp16")):
        both = wide[[slower, faster]].dropna()
        assert len(both) > 50
        assert (both[slower] <= both[faster] * (1 + 1e-9)).all(), (slower, faster)


def test_fp32_is_not_the_ratio_of_peaks(grid) -> None:
    # V100: peaks say 125 / 15.7 = 8 times; measured language pairs say about 3.
    mixed, full = pick(grid, "p3.16xlarge", 1, "fp16"), pick(grid, "p3.16xlarge", 1, "fp32")
    ratio = mixed["peak_tflops"] * mixed["fraction_expected"] / (full["peak_tflops"] * full["fraction_expected"])
    assert 2 < ratio < 5


def test_a_slow_network_lowers_the_share_and_more_nodes_lower_it_more(grid) -> None:
    shares = [pick(grid, "g5.xlarge", count, "bf16")["fraction_expected"] for count in range(1, 9)]
    assert np.all(np.diff(shares) < 0)
    row = pick(grid, "g5.xlarge", 2, "bf16")
    assert row["basis"] == "estimate" and "network" in row["rule"]
    # EFA is a network too: it costs less, but not nothing.
    one, eight = (pick(grid, "p4d.24xlarge", count, "bf16")["fraction_expected"] for count in (1, 8))
    assert 0.5 * one < eight < one
    assert "network" not in pick(grid, "p4d.24xlarge", 1, "bf16")["rule"]


def test_an_unknown_network_is_not_guessed(grid) -> None:
    assert pick(grid, "p3.2xlarge", 1, "fp16")["supported"]
    row = pick(grid, "p3.2xlarge", 2, "fp16")
    assert not row["supported"] and "network" in row["reason"]


def test_named_types_only_and_unknown_names_raise(rates: TrainingRates, grid, job: TrainingJob) -> None:
    some = rates.hours_inputs([1, 2], ["bf16"], job, instance_types=["p5.48xlarge", "g5.xlarge"])
    assert some["instance_type"].tolist() == ["p5.48xlarge"] * 2 + ["g5.xlarge"] * 2
    whole = pick(grid, "g5.xlarge", 2, "bf16")
    assert some.iloc[3]["fraction_low"] == whole["fraction_low"]
    with pytest.raises(NotKnown, match="did you mean p5.48xlarge"):
        rates.hours_inputs([1], ["bf16"], job, instance_types=["p5.48xlarg"])
    with pytest.raises(NotKnown, match="precision"):
        rates.hours_inputs([1], ["int4"], job)


def test_the_kept_grid_cannot_be_spoilt(rates: TrainingRates, job: TrainingJob) -> None:
    first = rates.hours_inputs([1], ["bf16"], job)
    first["fraction_low"] = 0.0
    assert (rates.hours_inputs([1], ["bf16"], job)["fraction_low"].dropna() > 0).all()


def test_a_grid_that_was_asked_before_is_quick(rates: TrainingRates, job: TrainingJob) -> None:
    rates.hours_inputs(range(1, 9), PRECISIONS, job)
    start = time.perf_counter()
    rates.hours_inputs(range(1, 9), PRECISIONS, job)
    # 0.1 ms here; the bound leaves room for a busy machine and still fails if the grid is built again (15
    # ms).
    assert time.perf_counter() - start < 0.008
