"""CPU or GPU: measured trees, small networks by the rule, the break-even, and prices of the region."""

from __future__ import annotations

import math

import numpy as np
import pytest

from costlib.errors import InvalidInput, NotKnown
from costlib.planner.cpu_or_gpu import DISPATCH_SECONDS, KERNELS_PER_LAYER, compare_network
from costlib.planner.cpu_or_gpu_trees import compare_trees
from costlib.planner.cpu_or_gpu_verdict import COLUMNS
from costlib.planner.hours import hours_grid
from costlib.planner.sources import Sources
from costlib.workload import Workload

PLACE = "us-east-1"


@pytest.fixture(scope="module")
def small(workload: Workload) -> Workload:
    """A network of four layers and a million parameters."""
    shape = {"parameters": 1_000_000, "layers": 4, "hidden": 128, "heads": 4, "sequence_length": 64}
    changes: dict[str, object] = {f"model.{name}": value for name, value in shape.items()}
    return workload.changed({**changes, "work.tokens": 1e8, "work.tokens_per_step": 8192, "deadline_hours": None})


def with_size(workload: Workload, parameters: float) -> Workload:
    """The workload with the size changed, and its hidden width left out: 6 N T alone, as the break-even counts."""
    return workload.changed({"model.parameters": int(parameters)})


def test_measured_trees_cost_their_seconds(sources: Sources) -> None:
    found = compare_trees(1e7, sources, PLACE, "xgboost").table.set_index("instance_type")
    book = sources.book
    for name, seconds in (("m7i.8xlarge", 22.0), ("g5.4xlarge", 3.7), ("p3.2xlarge", 5.0), ("c7a.metal-48xl", 14.0)):
        row = found.loc[name]
        assert row["hours"] == pytest.approx(seconds / 3600) and row["basis"] == "measured"
        assert row["usd"] == pytest.approx(seconds / 3600 * book.on_demand(name, PLACE).amount)


def test_a_gpu_pays_for_many_rows_of_xgboost_and_never_for_lightgbm(sources: Sources) -> None:
    few, many = compare_trees(1e5, sources, PLACE, "xgboost"), compare_trees(1e8, sources, PLACE, "xgboost")
    assert few.cheapest["kind"] == "cpu" and many.cheapest["kind"] == "gpu"
    assert 1e5 < few.break_even_usd < 1e7 and few.break_even_usd == many.break_even_usd
    assert compare_trees(1e7, sources, PLACE, "lightgbm").break_even_usd == math.inf
    assert "a GPU is cheaper at no size" in compare_trees(1e7, sources, PLACE, "lightgbm").text


def test_the_break_even_of_trees_is_where_the_cheapest_changes(sources: Sources) -> None:
    even = compare_trees(1e6, sources, PLACE, "xgboost").break_even_usd
    assert compare_trees(even * 1.05, sources, PLACE, "xgboost").cheapest["kind"] == "gpu"
    assert compare_trees(even * 0.9, sources, PLACE, "xgboost").cheapest["kind"] == "cpu"


def test_without_a_library_each_machine_has_its_cheapest(sources: Sources) -> None:
    whole = compare_trees(1e7, sources, PLACE).table
    assert not whole["instance_type"].duplicated().any()
    alone = compare_trees(1e7, sources, PLACE, "lightgbm").table.set_index("instance_type")["usd"]
    both = whole.set_index("instance_type")["usd"]
    assert (both[alone.index] <= alone + 1e-12).all()


def test_more_rows_never_cost_less(sources: Sources) -> None:
    costs = [compare_trees(rows, sources, PLACE).cheapest["usd"] for rows in (1e4, 1e5, 3e5, 1e6, 5e6, 1e7, 1e8, 1e9)]
    assert np.all(np.diff(costs) > 0)


def test_sizes_between_are_derived_and_beyond_estimates(sources: Sources) -> None:
    basis = {rows: compare_trees(rows, sources, PLACE, "catboost").cheapest["basis"] for rows in (1e6, 3e6, 1e9)}
    assert basis == {1e6: "measured", 3e6: "derived", 1e9: "estimate"}


def test_trees_refuse_what_is_not_known(sources: Sources) -> None:
    for rows in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(InvalidInput, match="data_rows"):
            compare_trees(rows, sources, PLACE)
    with pytest.raises(NotKnown, match="library"):
        compare_trees(1e6, sources, PLACE, "scikit")
    with pytest.raises(NotKnown, match="region"):
        compare_trees(1e6, sources, "us-east-11")


def test_a_cpu_row_by_hand(small: Workload, sources: Sources) -> None:
    row = compare_network(small, sources).table.set_index("instance_type").loc["c6i.16xlarge"]
    # Geometric mean of what BERT-base and DistilBERT reached on this very type.
    reached = math.sqrt(6 * 110e6 * 3 * 3668 * 128 / 466 * 6 * 66e6 * 384 * 88_000 / 12600)
    flops = (6 * 1e6 + 12 * 4 * 128 * 64) * 1e8
    steps = 1e8 / 8192
    hours = (flops / reached + steps * 4 * KERNELS_PER_LAYER * DISPATCH_SECONDS) / 3600
    assert row["hours"] == pytest.approx(hours) and row["basis"] == "estimate"
    assert row["hours_low"] < row["hours"] < row["hours_high"]
    assert row["usd"] == pytest.approx(hours * sources.book.on_demand("c6i.16xlarge", "us-east-1").amount)


def test_a_gpu_row_is_the_planners_hours_and_the_fixed_time(small: Workload, sources: Sources) -> None:
    grid = hours_grid(small.changed({"search.max_instances": 1}), sources)
    code = sources.offers.instance_types.index("g5.xlarge")
    best = np.nanmin(grid.hours[1][code, 0])
    row = compare_network(small, sources).table.set_index("instance_type").loc["g5.xlarge"]
    assert row["kind"] == "gpu" and row["accelerator"] == "A10G"
    assert row["hours"] - best == pytest.approx(1e8 / 8192 * 4 * 55 * 8.8e-6 / 3600)


def test_large_models_belong_on_gpus_and_tiny_steps_on_cpus(small: Workload, sources: Sources) -> None:
    large = compare_network(with_size(small, 1e9), sources)
    assert large.cheapest["kind"] == large.fastest["kind"] == "gpu"
    tiny = compare_network(with_size(small, 1e4).changed({"work.tokens_per_step": 256}), sources)
    assert tiny.cheapest["kind"] == "cpu" and tiny.break_even_usd > 1e4


def test_at_the_break_even_the_pair_costs_the_same(small: Workload, sources: Sources) -> None:
    # Without the shape FLOPs are 6 N T; the break-even holds rates as they are, so the two lines cross there.
    plain = small.changed({"model.hidden": None, "model.heads": None, "model.sequence_length": None})
    found = compare_network(plain, sources)
    assert 0 < found.break_even_usd < math.inf
    cpu, gpu = (found.table[found.table["kind"] == kind].iloc[0]["instance_type"] for kind in ("cpu", "gpu"))
    flops = 6 * found.break_even_usd * 1e8
    steps = 1e8 / 8192
    usd = []
    for name, fixed in ((cpu, 3.8e-6), (gpu, 8.8e-6)):
        row = found.table.set_index("instance_type").loc[name]
        overhead = steps * 4 * 55 * fixed
        rate = 6 * 1e6 * 1e8 / (row["hours"] * 3600 - overhead)
        usd.append((overhead + flops / rate) * row["usd_per_hour"])
    assert usd[0] == pytest.approx(usd[1])


def test_cpus_that_cannot_hold_the_model_are_left_out(small: Workload, sources: Sources) -> None:
    # 16 bytes a parameter: 3 billion need 48 GB; c6i.4xlarge has 32 GiB, c6i.8xlarge 64.
    names = set(compare_network(with_size(small, 3e9), sources).table["instance_type"])
    assert "c6i.4xlarge" not in names and "c6i.8xlarge" in names


def test_the_table_is_whole_and_sold_in_the_home_region(small: Workload, sources: Sources) -> None:
    away = small.changed({"dataset.home_region": "eu-west-3"})
    found = compare_network(away, sources)
    assert list(found.table.columns) == list(COLUMNS) and found.region == "eu-west-3"
    assert found.table["usd"].is_monotonic_increasing and found.table["usd"].notna().all()
    offers = sources.offers.frame
    sold = offers[
        (offers["region"] == "eu-west-3") & (offers["purchase"] == "on_demand") & (offers["service"] == "ec2")
    ]
    assert set(found.table["instance_type"]) <= set(sold["instance_type"])
    assert (found.table["rule"] != "").all() and (found.table["source"] != "").all()


def test_needs_tokens_and_layers(workload: Workload, sources: Sources) -> None:
    hours = workload.changed(
        {"work.tokens": None, "work.hours_on": {"instance_type": "g5.xlarge", "hours": 5}, "model.layers": None}
    )
    with pytest.raises(InvalidInput) as refused:
        compare_network(hours, sources)
    assert [fault.field for fault in refused.value.faults] == ["work.tokens", "model.layers"]
