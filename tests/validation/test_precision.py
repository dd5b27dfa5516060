"""Speed-ups held against models that had no part in their band."""

from __future__ import annotations

import pandas as pd
import pytest

from costlib.facts.precision import PrecisionFacts
from costlib.tables import Snapshot
from costlib.validation import precision


@pytest.fixture(scope="module")
def checked() -> precision.PrecisionCheck:
    return precision.check(Snapshot.open())


def test_bands_hold_most_models_that_had_no_part_in_them(checked: precision.PrecisionCheck) -> None:
    # P10 to P90 of other models' runs is no 80 % band of a new model, and the README says how many it holds.
    every = checked.summary.set_index("model_class").loc["all"]
    assert every["rows"] > 100 and every["inside"] >= 0.7 and every["median_error"] <= 0.3


def test_the_model_itself_has_no_part_in_its_band(checked: precision.PrecisionCheck) -> None:
    facts = PrecisionFacts.open(Snapshot.open())
    row = checked.rows.set_index(["accelerator", "model"]).loc[("V100 SXM2 16GB", "bert_large_squad")]
    fewer = facts.speedups[facts.speedups["model"] != "bert_large_squad"].drop(columns="model_class")
    band, _ = PrecisionFacts(fewer, facts.hardware).band("V100 SXM2 16GB", "language", "fp16")
    assert (row["low"], row["predicted"], row["high"]) == (band.low, band.expected, band.high)
    mine = facts.speedups[
        (facts.speedups["model"] == "bert_large_squad") & (facts.speedups["accelerator"] == "V100 SXM2 16GB")
    ]
    assert row["reference"] == pytest.approx(mine["speedup"].median())


def test_summary_is_of_the_rows(checked: precision.PrecisionCheck) -> None:
    by_class = checked.summary.set_index("model_class").drop("all")
    assert by_class["rows"].sum() == len(checked.rows)
    speech = checked.rows[checked.rows["model_class"] == "speech"]
    assert by_class.loc["speech", "inside"] == pytest.approx(speech["inside"].mean())
    assert isinstance(checked.rows, pd.DataFrame) and checked.rows["rule"].notna().all()
