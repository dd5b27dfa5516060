"""The same run on clusters of every type and size."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from costlib.planner.equal_work import best_by_size, equal_work_table, front
from costlib.planner.hours import hours_grid
from costlib.planner.scale_out import scaling_curve
from costlib.planner.sources import Sources
from costlib.workload import Workload


@pytest.fixture(scope="module")
def table(workload: Workload, sources: Sources) -> pd.DataFrame:
    return equal_work_table(workload, sources, 16)


def test_one_instance_takes_the_planners_hours_and_price(
    table: pd.DataFrame, workload: Workload, sources: Sources
) -> None:
    alone = table[table["count"] == 1]
    assert len(alone) > 20
    row = alone.set_index("instance_type").loc["p4d.24xlarge"]
    price = sources.book.on_demand("p4d.24xlarge", "us-east-1").amount
    assert row["usd_on_demand"] == pytest.approx(price * row["hours"])
    offers = sources.offers.frame
    spot = offers[
        (offers["instance_type"] == "p4d.24xlarge") & (offers["region"] == "us-east-1") & (offers["purchase"] == "spot")
        & (offers["service"] == "ec2")
    ]  # fmt: skip
    assert row["usd_per_hour_spot"] == spot["usd_expected"].min()


def test_hours_agree_with_the_scaling_curve(table: pd.DataFrame, workload: Workload, sources: Sources) -> None:
    mine = table[table["instance_type"] == "p4d.24xlarge"].set_index("count")
    strong = scaling_curve(workload, sources, "p4d.24xlarge", "bf16", 16).kind("strong").set_index("instances")
    assert workload.work.tokens is not None
    hours = strong["step_seconds"] * workload.work.tokens / workload.work.tokens_per_step / 3600
    assert mine["hours"].to_numpy() == pytest.approx(hours.loc[mine.index].to_numpy())


def test_more_instances_take_less_time_and_more_dollars_each(table: pd.DataFrame) -> None:
    assert (table["hours_low"] <= table["hours"]).all() and (table["hours"] <= table["hours_high"]).all()
    fast = table[table["instance_type"] == "p5.48xlarge"].sort_values("count")
    assert (np.diff(fast["hours"]) < 0).all() and (np.diff(fast["usd_on_demand"]) > 0).all()
    assert (table["efficiency"] <= 1 + 1e-9).all() and (table["efficiency"] > 0).all()
    whole = table["accelerators"] == table["accelerators_per_instance"] * table["count"]
    assert whole.all() and not table["instance_type"].str.startswith("g6f").any()


def test_half_the_work_takes_half_the_hours_and_dollars(
    table: pd.DataFrame, workload: Workload, sources: Sources
) -> None:
    assert workload.work.tokens is not None
    half = equal_work_table(workload.changed({"work.tokens": workload.work.tokens / 2}), sources, 16)
    assert half["hours"].to_numpy() == pytest.approx(table["hours"].to_numpy() / 2)
    assert half["usd_spot"].dropna().to_numpy() == pytest.approx(table["usd_spot"].dropna().to_numpy() / 2)


def test_the_front_is_beaten_by_nothing(table: pd.DataFrame) -> None:
    best = front(table, "on_demand")
    hours, usd = table["hours"].to_numpy()[:, None], table["usd_on_demand"].to_numpy()[:, None]
    better = (hours < best["hours"].to_numpy()) & (usd < best["usd_on_demand"].to_numpy())
    assert len(best) > 3 and not better.any()
    assert best["usd_on_demand"].iloc[0] == table["usd_on_demand"].min()
    assert front(table.iloc[:0], "spot").empty


def test_best_by_size_holds_the_deadline(table: pd.DataFrame) -> None:
    best = best_by_size(table, "on_demand", 72)
    assert len(best) == 3 and (best["hours"] <= 72).all()
    for row in best.to_dict("records"):
        size = row["accelerators_per_instance"]
        alike = table[np.digitize(table["accelerators_per_instance"], [2, 8]) == np.digitize(size, [2, 8])]
        assert row["usd_on_demand"] == alike.loc[alike["hours"] <= 72, "usd_on_demand"].min()
    assert best_by_size(table, "on_demand", 1e-6).empty


def test_own_measurement_of_a_cluster_stands(workload: Workload, sources: Sources) -> None:
    timed = workload.changed(
        {"measured": {"g5.48xlarge": {"tokens_per_second": 50_000, "count": 2, "precision": "bf16"}}}
    )
    grid = hours_grid(timed, sources)
    table = equal_work_table(timed, sources, 4)
    row = table[(table["instance_type"] == "g5.48xlarge") & (table["count"] == 2)].iloc[0]
    assert workload.work.tokens is not None
    assert row["hours"] == pytest.approx(workload.work.tokens / 50_000 / 3600)
    assert row["hours"] in grid.hours[1]


def test_families_and_region_are_held_to(workload: Workload, sources: Sources) -> None:
    few = equal_work_table(workload.changed({"search.instance_families": ["g5", "p5"]}), sources, 2)
    assert set(few["instance_type"].str.split(".").str[0]) == {"g5", "p5"}
    there = equal_work_table(workload.changed({"dataset.home_region": "eu-west-3"}), sources, 2)
    assert "p5.48xlarge" not in set(there["instance_type"]) and len(there)
