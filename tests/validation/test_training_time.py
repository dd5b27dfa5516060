"""Predicted training times against published runs, and the fitted shares against rows of sources left out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from costlib.tables import Snapshot
from costlib.validation.training_time import (
    INSIDE,
    MEDIAN_ERROR,
    later_runs,
    runs,
    runs_summary,
    shares,
    shares_summary,
)


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return Snapshot.open()


@pytest.fixture(scope="module")
def table(snapshot: Snapshot) -> pd.DataFrame:
    return runs(snapshot)


def test_the_runs_that_can_be_checked_are_as_near_as_is_claimed(table: pd.DataFrame) -> None:
    whole = runs_summary(table).set_index("publication").loc["all"]
    assert whole["runs"] == 11
    assert whole["median_absolute_error"] <= MEDIAN_ERROR
    assert INSIDE[0] <= whole["inside_band_fraction"] <= INSIDE[1]
    # With each publication left out of the fit and of the spread.
    assert whole["median_absolute_error_left_out"] <= MEDIAN_ERROR
    assert INSIDE[0] <= whole["inside_band_fraction_left_out"] <= INSIDE[1]


def test_runs_that_were_found_later_are_as_near(snapshot: Snapshot, table: pd.DataFrame) -> None:
    found = later_runs(snapshot)
    assert set(found["run_id"]).isdisjoint(table["run_id"]) and (found["why_not"] == "").all()
    whole = runs_summary(found).set_index("publication").loc["all"]
    assert whole["runs"] == len(found) >= 20
    assert whole["median_absolute_error"] <= MEDIAN_ERROR
    assert INSIDE[0] <= whole["inside_band_fraction"] <= INSIDE[1]
    # Without what large runs lose, half of them would be a quarter and more too short.
    assert whole["median_error"] > -0.1


def test_every_run_is_predicted_or_says_what_is_missing(table: pd.DataFrame, snapshot: Snapshot) -> None:
    assert len(table) == len(snapshot.read("reference/published_runs"))
    predicted = table["predicted_hours"].notna()
    assert (predicted == (table["why_not"] == "")).all() and (predicted == (table["rule"] != "")).all()
    assert table.loc[~predicted, "why_not"].str.contains("not stated").all()
    ends = table.loc[predicted, ["predicted_low_hours", "predicted_hours", "predicted_high_hours"]].to_numpy()
    assert (np.diff(ends, axis=1) > 0).all()


def test_what_is_left_out_moves_the_band_of_its_own_runs(table: pd.DataFrame) -> None:
    # The four runs of llm.c are nearer than the others: without them the spread of runs is larger.
    own = table[table["publication"] == "github.com/karpathy/llm.c"]
    own = own[own["checked"]]
    wider = own["predicted_high_hours_left_out"] / own["predicted_low_hours_left_out"]
    assert len(own) == 4 and (wider > own["predicted_high_hours"] / own["predicted_low_hours"]).all()


def test_other_rows_are_predicted_as_the_tables_are(snapshot: Snapshot, table: pd.DataFrame) -> None:
    rows = snapshot.read("reference/published_runs")
    llama = rows[rows["run_id"] == "llama2-70b"]
    found = runs(snapshot, llama)
    assert found["predicted_hours"].item() == pytest.approx(
        table.loc[table["run_id"] == "llama2-70b", "predicted_hours"].item()
    )
    # Without its shape attention is not counted apart, and the shares are those of 6 N T.
    bare = runs(snapshot, llama.assign(layers=pd.NA, hidden=pd.NA))
    assert bare["predicted_hours"].item() == pytest.approx(found["predicted_hours"].item(), rel=0.1)
    assert bare["predicted_hours"].item() != found["predicted_hours"].item()


def test_shares_of_sources_left_out_stay_in_the_band(snapshot: Snapshot) -> None:
    whole = shares_summary(shares(snapshot)).set_index("publication").loc["all"]
    assert whole["rows"] > 200
    assert whole["median_absolute_error"] < 0.15
    # Benchmarks differ less among each other than whole runs do, whose spread the band is.
    assert whole["inside_band_fraction"] > 0.9
