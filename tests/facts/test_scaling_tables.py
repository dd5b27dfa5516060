"""facts/scaling_runs and facts/samples_to_target: rows are whole, known anchors, nothing that is not known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from costlib.tables import Snapshot


@pytest.fixture(scope="module")
def runs() -> pd.DataFrame:
    return Snapshot.open().read("facts/scaling_runs")


def test_efficiency_follows_from_the_steps(runs: pd.DataFrame) -> None:
    rate = runs["batch"] / runs["step_seconds"] / runs["accelerators"]
    base = runs["base_batch"] / runs["base_step_seconds"] / runs["base_accelerators"]
    assert np.allclose(rate / base, runs["efficiency"], rtol=1e-9)
    assert runs["efficiency"].between(0.2, 1.05).all()


def test_every_row_is_measured_once_and_by_someone(runs: pd.DataFrame) -> None:
    assert not runs.duplicated().any()
    assert runs["source"].notna().all() and runs["measured_by"].notna().all()
    assert (runs["basis"] == "derived").all() and runs["rule"].notna().all()


def test_runs_of_several_machines_know_their_network(runs: pd.DataFrame) -> None:
    assert runs.loc[runs["nodes"] > 1, "network_gbps"].notna().all()
    assert runs.loc[runs["nodes"] == 1, "network_gbps"].isna().all()
    assert (runs["accelerators"] > runs["base_accelerators"]).all()


def test_anchors(runs: pd.DataFrame) -> None:
    # MLPerf v2.0, NVIDIA: BERT on 4,096 A100 at 447,678 sequences/s, 2,443 on 8.
    row = runs[(runs["accelerators"] == 4096)].iloc[0]
    assert row["batch"] / row["step_seconds"] == pytest.approx(447_678, rel=1e-4)
    assert row["efficiency"] == pytest.approx(447_678.28 / 512 / 2443.0, rel=1e-4)
    # Positions beyond 2,048 are taken off: llm-foundry's MPT-125m has 125.3 M, MPT-760m 760.5 M parameters.
    sizes = runs.groupby("model")["parameters"].first()
    assert sizes["MPT-125m"] == pytest.approx(125.3e6, rel=1e-3)
    assert sizes["MPT-760m"] == pytest.approx(760.5e6, rel=1e-3)


def test_peer_to_peer_disabled_and_time_to_target_are_out_and_counted(runs: pd.DataFrame) -> None:
    left = Snapshot.open().tables["facts/scaling_runs"]["left_out"]
    assert isinstance(left, dict) and left["time_to_target"] == 293
    assert not runs["accelerator"].str.startswith("H100 80GB PCIe").any()


def test_resnet_takes_35_epochs_at_3200(runs: pd.DataFrame) -> None:
    # MLPerf's reference convergence: 35 epochs of 1,281,167 images at a batch of 3,200.
    table = Snapshot.open().read("facts/samples_to_target")
    rows = table[(table["model"] == "resnet50") & (table["batch"] == 3200)]
    assert (rows["samples"] / 1_281_167).to_numpy() == pytest.approx(35, abs=0.05)
