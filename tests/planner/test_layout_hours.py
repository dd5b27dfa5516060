"""What a layout adds to the planner's hours: by hand, in the corners, and each row alone as in the table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from costlib.models.scaling import CALIBRATED, Cluster, collective_seconds, compute_seconds_of, exposed_seconds
from costlib.planner.layout_hours import layout_hours, samples_of_a_step
from costlib.planner.sources import Sources
from costlib.workload import Workload

PLAIN = {
    "instance_type": "g5.xlarge", "plain_hours": 1000.0, "count": 1, "devices": 1.0, "usable_gib": 22.06,
    "precision": "bf16", "recompute": "none", "zero_stage": 0, "taken": 8,
}  # fmt: skip


def laid_out(workload: Workload, **fit: object) -> Workload:
    return workload.changed({"precision": ["bf16"], "work.tokens_per_step": None}).changed(
        {"fit": {"global_batch": 8, "micro_batch": 8, **fit}}
    )


def hours(workload: Workload, sources: Sources, *rows: dict, timed: bool = False) -> np.ndarray:
    table = pd.DataFrame([{**PLAIN, **row} for row in rows])
    table["accelerator_count"] = table["devices"] / table["count"]
    places = np.array([sources.offers.instance_types.index(name) for name in table["instance_type"]])
    return layout_hours(workload, sources, table, places, np.full(len(table), timed))


def steps(workload: Workload) -> float:
    return float(workload.work.tokens or 0) / (8 * 1024)


def test_all_at_once_on_one_accelerator_is_what_the_planner_says(workload: Workload, sources: Sources) -> None:
    assert hours(laid_out(workload), sources, {}).tolist() == pytest.approx([1000.0])


def test_every_micro_batch_costs_the_fixed_part_once_more(workload: Workload, sources: Sources) -> None:
    asked = laid_out(workload)
    found = hours(asked, sources, {"taken": 1}, {"taken": 4})
    a_time = CALIBRATED.fixed_step_seconds * steps(asked) / 3600
    assert found.tolist() == pytest.approx([1000 + 7 * a_time, 1000 + a_time])


def test_recomputation_repeats_the_computing(workload: Workload, sources: Sources) -> None:
    # 24 B L s h^2 (1 + s / (6 h)) of 72 B L s h^2 (1 + s / (6 h) + v / (12 h L)).
    full = (1 + 1024 / 9600) / 3 / (1 + 1024 / 9600 + 50257 / (12 * 1600 * 48))
    assert hours(laid_out(workload), sources, {"recompute": "full"}).tolist() == pytest.approx([1000 * (1 + full)])


def test_sharding_by_hand(workload: Workload, sources: Sources) -> None:
    """Four A10G over PCI Express: the planner's step takes sharded weights, since 16 bytes a parameter exceed one."""
    asked = laid_out(workload, micro_batch=1, global_batch=64)
    row = {"instance_type": "g5.12xlarge", "devices": 4.0, "taken": 2}
    found = hours(asked, sources, *({**row, "zero_stage": stage} for stage in range(4)))
    a_step = float(asked.work.tokens or 0) / (64 * 1024)
    planned = 1000 * 3600 / a_step
    link = float(sources.hardware.link_bytes_per_second["g5.12xlarge"])
    cluster, message = Cluster(4, 1, link, np.nan), 2 * 1.558e9
    computing = compute_seconds_of(planned, message, cluster, True)
    gathers = collective_seconds(message, cluster, sharded=True)
    beside = planned - exposed_seconds(gathers, computing, sharded=True) + 7 * CALIBRATED.fixed_step_seconds
    once = collective_seconds(message, cluster)
    by_stage = [
        exposed_seconds(once, computing),
        exposed_seconds(once, computing),
        exposed_seconds(9 / 2 * once, computing),
        exposed_seconds(8 * gathers, computing, sharded=True),
    ]
    expected = [(beside + each) * a_step / 3600 for each in by_stage]
    assert found.tolist() == pytest.approx([float(one) for one in expected])
    assert found[0] == found[1] < found[2] < found[3]


def test_a_pipeline_waits_at_the_ends_of_a_step(workload: Workload, sources: Sources) -> None:
    asked = laid_out(workload, pipeline_parallel=4, micro_batch=1, global_batch=16)
    row = {"instance_type": "g5.12xlarge", "devices": 4.0}
    few, many = hours(asked, sources, {**row, "taken": 4}, {**row, "taken": 1})
    # 3 of 4 and 3 of 16 micro-batches' time idle; what one replica's planner hours count as exchange is not stretched.
    assert 1000 * 1.5 < few < 1000 * 1.75 + 50 and 1000 < many < 1000 * (1 + 3 / 16) + 300
    assert few > many


def test_what_the_user_timed_only_takes_recomputation(workload: Workload, sources: Sources) -> None:
    rows = ({"taken": 1}, {"taken": 1, "zero_stage": 3, "devices": 4.0, "instance_type": "g5.12xlarge"})
    assert hours(laid_out(workload), sources, *rows, timed=True).tolist() == [1000.0, 1000.0]


def test_without_steps_only_recomputation_is_known(workload: Workload, sources: Sources) -> None:
    known = {"instance_type": "g5.xlarge", "hours": 10}
    asked = laid_out(workload).changed({"work": {"hours_on": known}, "fit.global_batch": None})
    assert samples_of_a_step(asked) is None
    assert hours(asked, sources, {"taken": 1}).tolist() == [1000.0]


def test_rows_alone_as_in_the_table(workload: Workload, sources: Sources) -> None:
    asked = laid_out(workload, micro_batch=1, global_batch=64)
    rows = [
        {"instance_type": name, "devices": cards * count, "count": count, "zero_stage": stage, "taken": size,
         "precision": precision, "recompute": recompute}
        for name, cards in (("g5.12xlarge", 4.0), ("p4d.24xlarge", 8.0))
        for count, stage, size, precision, recompute in ((1, 0, 1, "bf16", "none"), (2, 3, 2, "fp32", "full"))
    ]  # fmt: skip
    together = hours(asked, sources, *rows)
    assert np.isfinite(together).all()
    assert together.tolist() == pytest.approx([float(hours(asked, sources, row)[0]) for row in rows])
    assert np.isnan(hours(asked, sources, {"plain_hours": np.nan})).all()
