"""Every model within what is demanded of it, by the numbers that the notebook shows."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

from costlib.paths import notebooks_dir
from costlib.tables import Snapshot
from costlib.validation.evidence import COLUMNS, QUICK, SLOW, Demand, Evidence, all_evidence, summary

SNAPSHOT = Snapshot.open()
ALL = all_evidence(SNAPSHOT)


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.what)
def test_demands_hold(one: Evidence) -> None:
    assert one.holds, (one.statistics, [demand.words for demand in one.demands])


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.what)
def test_rows_can_be_shown(one: Evidence) -> None:
    assert tuple(one.rows.columns) == COLUMNS
    assert one.statistics["rows"] >= 5
    assert one.rows["label"].notna().all() and one.rows["group"].notna().all()
    banded = one.rows.dropna(subset=["low", "high"])
    assert (banded["low"] <= banded["predicted"]).all() and (banded["predicted"] <= banded["high"]).all()
    assert (notebooks_dir() / f"{one.notebook}.ipynb").exists()


def test_worse_predictions_do_not_hold() -> None:
    one = next(one for one in ALL if one.what == "accelerator-hours of published runs")
    worse = dataclasses.replace(one, rows=one.rows.assign(predicted=2 * one.rows["predicted"]))
    assert not worse.holds


def test_statistics_of_known_rows() -> None:
    rows = pd.DataFrame(
        {
            "label": list("abc"), "group": "g", "reference": [1.0, 2.0, 4.0], "predicted": [1.1, 2.0, 2.0],
            "low": [0.9, 1.9, 1.0], "high": [1.2, 2.1, 3.0], "source": "s",
        }
    )  # fmt: skip
    one = Evidence("t", "w", "13_plan", "u", "h", rows, (Demand("median error", at_most=0.1),), {})
    assert one.statistics["median error"] == pytest.approx(0.1)
    assert one.statistics["worst error"] == pytest.approx(0.5)
    assert one.statistics["inside the band"] == pytest.approx(2 / 3)
    assert not dataclasses.replace(one, demands=(Demand("median error", at_most=0.09),)).holds


def test_summary_has_a_row_each() -> None:
    table = summary(ALL)
    assert len(table) == len(QUICK) + len(SLOW)
    assert table["holds"].all()


def test_what_is_slow_is_named_as_it_will_be_listed() -> None:
    listed = [f"{one.topic}: {one.what}" for one in ALL[len(QUICK) :]]
    assert [found.startswith(name) for found, (name, _) in zip(listed, SLOW, strict=True)] == [True] * len(SLOW)


def test_small_shares_keep_their_digits() -> None:
    one = dataclasses.replace(ALL[0], demands=(), extra={"gap": 1.3e-5, "lower": -0.0161, "right": 0.956})
    assert summary([one])["also"].iloc[0] == "gap 0.0013 %; lower -1.6 %; right 96 %"
