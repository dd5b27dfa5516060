"""Precisions side by side: the cheapest plan of each, and where its saving comes from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from costlib.errors import InvalidInput
from costlib.planner.precision import COLUMNS, cheapest, compare_precisions, search_precisions
from costlib.planner.search import search
from costlib.planner.sources import Sources
from costlib.workload import PRECISIONS, Workload


@pytest.fixture(scope="module")
def table(workload: Workload, sources: Sources) -> pd.DataFrame:
    return compare_precisions(workload, sources).set_index("precision")


def test_each_precision_has_the_plan_of_its_own_search(
    table: pd.DataFrame, workload: Workload, sources: Sources
) -> None:
    for name in PRECISIONS:
        alone = search(workload.changed({"precision": [name]}), sources)
        assert table.loc[name, "cost_usd"] == pytest.approx(alone.cost_usd[alone.order[0]])
        assert table.loc[name, "hours"] == pytest.approx(alone.wall_hours[alone.order[0]])


def test_savings_add_up(table: pd.DataFrame) -> None:
    assert table.loc["fp32", ["saved_usd", "saved_by_speed_usd", "saved_by_choice_usd"]].abs().max() == 0
    assert np.allclose(table["saved_by_speed_usd"] + table["saved_by_choice_usd"], table["saved_usd"])
    assert np.allclose(table["saved_usd"], table.loc["fp32", "cost_usd"] - table["cost_usd"])
    # The best of all offers is never dearer than the same offer.
    on_time = table["meets_deadline"].astype(bool) & table["same_machine_cost_usd"].notna()
    assert (table.loc[on_time, "cost_usd"] <= table.loc[on_time, "same_machine_cost_usd"] + 1e-9).all()


def test_memory_of_adam(table: pd.DataFrame) -> None:
    # Rajbhandari et al. 2020, section 3.1: 16 bytes a parameter, in mixed precision as in fp32.
    assert table["bytes_per_parameter"].tolist() == [16.0] * 5


def test_another_base_moves_savings_and_nothing_else(table: pd.DataFrame, workload: Workload, sources: Sources) -> None:
    other = compare_precisions(workload, sources, base="bf16").set_index("precision")
    assert np.allclose(other["cost_usd"], table["cost_usd"])
    assert other.loc["bf16", "saved_usd"] == 0
    assert other.loc["fp32", "saved_usd"] == pytest.approx(-table.loc["bf16", "saved_usd"])


def test_what_the_machines_lack_has_a_reason(workload: Workload, sources: Sources) -> None:
    only = workload.changed({"search.instance_families": ["g4dn"], "deadline_hours": None})
    found = compare_precisions(only, sources)
    assert list(found.columns) == list(COLUMNS)
    found = found.set_index("precision")
    for name in ("tf32", "bf16", "fp8"):
        assert np.isnan(found.loc[name, "cost_usd"]) and "no machine" in found.loc[name, "reason"]
        assert found.loc[name, "needs"]
    assert found.loc["fp16", "saved_usd"] > 0 and found.loc["fp16", "speedup_expected"] > 1


def test_late_precisions_say_so(workload: Workload, sources: Sources) -> None:
    # Hours that fp16 holds on T4 with eight instances, and fp32 does not.
    only = workload.changed({"search.instance_families": ["g4dn"], "deadline_hours": None})
    hours = compare_precisions(only, sources).set_index("precision")["hours"]
    assert hours["fp32"] > hours["fp16"]
    fastest = {name: _fastest(only.changed({"precision": [name]}), sources) for name in ("fp32", "fp16")}
    tight = only.changed({"deadline_hours": (fastest["fp32"] + fastest["fp16"]) / 2})
    held = compare_precisions(tight, sources).set_index("precision")["meets_deadline"]
    assert bool(held["fp16"]) and not bool(held["fp32"])


def _fastest(workload: Workload, sources: Sources) -> float:
    return float(search(workload, sources).wall_hours.min())


def test_unknown_names_are_refused(workload: Workload, sources: Sources) -> None:
    with pytest.raises(InvalidInput, match="base"):
        compare_precisions(workload.changed({"search.instance_families": ["g4dn"]}), sources, base="bf16")
    with pytest.raises(InvalidInput, match="model_class"):
        compare_precisions(workload, sources, model_class="langage")


def test_ends_hold_the_expected_value(table: pd.DataFrame) -> None:
    for low, expected, high in (
        ("hours_low", "hours", "hours_high"),
        ("cost_low_usd", "cost_usd", "cost_high_usd"),
    ):
        ends = table[[low, expected, high]].to_numpy(float)
        assert np.all(np.diff(ends, axis=1) > 0)


def test_the_cheapest_of_one_accelerator(workload: Workload, sources: Sources) -> None:
    found = search_precisions(workload, sources)
    everywhere = cheapest(found, "bf16")
    held = {name: cheapest(found, "bf16", name) for name in ("A100 40GB SXM4", "H200 141GB SXM", "V100 SXM2 16GB")}
    assert everywhere is not None and held["V100 SXM2 16GB"] is None
    for name, row in held.items():
        if row is not None:
            kind = sources.offers.instance_types[found.column("instance_type")[row]]
            assert sources.accelerators_of(kind)[0] == name
            assert found.cost_usd[row] >= found.cost_usd[everywhere]
