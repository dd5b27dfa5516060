"""Which change is taken, held to tables made by hand: dollars first, then how few and how mild the changes are."""

from __future__ import annotations

import pandas as pd
import pytest

from costlib.planner.fit_answer import Fix
from costlib.planner.fit_fix import EQUAL_USD_FRACTION, cheapest_fix
from costlib.workload import Workload

ASKED = {
    "instance_type": "g5.xlarge", "count": 1, "devices": 1.0, "processes": 1.0, "accelerator_count": 1.0,
    "usable_gib": 22.06, "usd_per_hour": 1.0, "precision": "fp32", "optimizer": "adam", "recompute": "none",
    "zero_stage": 0, "micro_batch": 8, "verdict": "does not fit", "low": 1.0, "expected": 2.0, "high": 3.0,
    "hours": 100.0, "cost": 100.0,
}  # fmt: skip
LARGE = {
    "instance_type": "g5.12xlarge",
    "devices": 4.0,
    "processes": 4.0,
    "accelerator_count": 4.0,
    "usd_per_hour": 5.0,
}


def taken(workload: Workload, *changes: dict) -> Fix:
    rows = [{**ASKED, "verdict": "fits", **change} for change in changes]
    asked = workload.changed({"fit": {"micro_batch": 8}})
    fix = cheapest_fix(asked, "A10G", pd.DataFrame([ASKED, *rows]), pd.Series(ASKED))
    assert fix is not None
    return fix


def test_the_largest_micro_batch_of_equal_ones(workload: Workload) -> None:
    fix = taken(workload, *({"micro_batch": size} for size in (1, 4, 2)))
    assert fix.changes == ("micro-batch 4 with accumulation",) and fix.added_usd == 0.0


@pytest.mark.parametrize(
    ("milder", "other"),
    [
        ({"micro_batch": 4}, {"precision": "bf16"}),
        ({"recompute": "selective"}, {"recompute": "full"}),
        ({"recompute": "full"}, {"zero_stage": 1}),
        ({"zero_stage": 1}, {"zero_stage": 2}),
        ({"zero_stage": 3}, LARGE),
        (LARGE, {"precision": "bf16"}),
        ({"precision": "bf16"}, {"precision": "fp16"}),
        ({"precision": "fp16"}, {"optimizer": "adam_8bit"}),
        ({"optimizer": "adam_8bit"}, {"micro_batch": 1, "zero_stage": 1}),
    ],
)
def test_of_equal_dollars_the_fewest_and_mildest_changes(workload: Workload, milder: dict, other: dict) -> None:
    alone = taken(workload, milder).changes
    for dearer in (0.0, EQUAL_USD_FRACTION / 2):
        assert taken(workload, other, {**milder, "cost": 100 * (1 + dearer)}).changes == alone


def test_dollars_come_before_mildness(workload: Workload) -> None:
    fix = taken(workload, {"micro_batch": 4, "cost": 103.0}, {"optimizer": "adam_8bit", "precision": "fp16"})
    assert fix.changes == ("precision fp16", "8-bit optimizer")


def test_without_hours_the_price_an_hour_decides(workload: Workload) -> None:
    unknown = {"cost": float("nan"), "hours": float("nan")}
    fix = taken(workload, {**LARGE, **unknown}, {"precision": "bf16", **unknown})
    assert fix.changes == ("precision bf16",) and fix.choice.cost_usd is None and fix.added_usd is None


def test_what_does_not_fit_is_no_fix(workload: Workload) -> None:
    tight = pd.DataFrame([{**ASKED, "verdict": "tight", "micro_batch": 1}])
    assert cheapest_fix(workload, "A10G", tight, pd.Series(ASKED)) is None
