"""The scaling model against its measured rows: how well, and that its constants are the ones that the rows give."""

from __future__ import annotations

import pytest

from costlib.models.scaling import CALIBRATED
from costlib.tables import Snapshot
from costlib.validation.scaling import Fits, ScalingCheck, check, measured, nearest_in_kind, predicted_efficiency


@pytest.fixture(scope="module")
def result() -> ScalingCheck:
    return check(Snapshot.open())


def test_the_shipped_constants_are_the_fitted_ones(result: ScalingCheck) -> None:
    assert Fits(measured(Snapshot.open())).without() == CALIBRATED


def test_errors_are_small_and_the_band_holds_four_of_five(result: ScalingCheck) -> None:
    total = result.summary.set_index("campaign").loc["all"]
    assert total["rows"] > 250
    assert total["median_error"] < 0.02
    assert total["mean_error"] < 0.4 * total["mean_error_if_perfect"]
    assert 0.75 <= total["inside"] <= 0.9


def test_campaigns_left_out_of_the_fit_are_still_told(result: ScalingCheck) -> None:
    total = result.summary.set_index("campaign").loc["all"]
    assert total["mean_error_left_out"] < 0.06 and total["inside_left_out"] > 0.7


def test_several_machines_are_told_better_than_by_saying_that_nothing_is_lost(result: ScalingCheck) -> None:
    rows = result.rows[result.rows["nodes"] > 1]
    perfect = (1 / rows["efficiency"] - 1).abs()
    assert rows["error_left_out"].abs().mean() < 0.4 * perfect.mean()
    assert rows["inside"].mean() > 0.75 and rows["inside_left_out"].astype(float).mean() > 0.6
    # The hardest rows lose more than half: 1,024 and more accelerators with a few samples each.
    hard = rows[rows["efficiency"] < 0.5]
    assert len(hard) >= 5 and hard["error"].abs().median() < 0.15


def test_a_slower_network_would_be_seen(result: ScalingCheck) -> None:
    rows = measured(Snapshot.open())
    rows = rows[(rows["nodes"] > 1) & (rows["base_nodes"] == 1)]
    slow = predicted_efficiency(rows.assign(network_gbps=rows["network_gbps"] / 4))[1]
    assert (slow < predicted_efficiency(rows)[1]).all()


def test_nearest_rows_are_of_the_same_kind_and_say_what_check_says(result: ScalingCheck) -> None:
    snapshot = Snapshot.open()
    rows = nearest_in_kind(snapshot, "weak", "A100 40GB SXM4", 7e9, nvlink=True)
    assert len(rows) == 24 and set(rows["kind"]) == {"weak"} and set(rows["link"]) == {"nvlink"}
    assert (rows["campaign"].head(10) == "llm-foundry A100 40GB").all()
    keys = ["campaign", "model", "accelerator", "precision", "accelerators", "base_batch", "batch", "efficiency"]
    both = rows.merge(result.rows, on=keys)
    assert len(both) and both["predicted_x"].to_numpy() == pytest.approx(both["predicted_y"].to_numpy())
    assert set(nearest_in_kind(snapshot, "weak", "A10G", 1e8, nvlink=False)["link"]) == {"pcie"}
    # No strong scaling over PCIe was measured: what was measured over NVLink stands in for it.
    assert set(nearest_in_kind(snapshot, "strong", "A10G", 1e8, nvlink=False)["link"]) == {"nvlink"}
