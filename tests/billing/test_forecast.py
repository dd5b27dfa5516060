"""The forecast, its band, its past, and the budget beside it."""

from __future__ import annotations

import math
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest

from costlib.billing import forecast
from costlib.billing.bill import open_bill
from costlib.billing.budget import against_budget
from costlib.billing.own_tables import read_budget, read_requests, read_telemetry
from costlib.errors import InvalidInput
from tests.billing.conftest import focus, written


def costs(*a_day: float, start: str = "2026-01-01") -> pd.Series:
    index = pd.date_range(start, periods=len(a_day), freq="MS")
    return pd.Series(np.array(a_day) * index.days_in_month, index=index)


@pytest.mark.parametrize("probability", [0.6, 0.9, 0.975, 0.2])
def test_student_s_quantiles(probability: float) -> None:
    """Closed forms for one and two degrees of freedom (and four), and the normal for many."""
    tail = 2 * probability - 1
    assert forecast.student_quantile(probability, 1) == pytest.approx(math.tan(math.pi * (probability - 0.5)), abs=1e-9)
    two = tail * math.sqrt(2 / (1 - tail * tail))
    assert forecast.student_quantile(probability, 2) == pytest.approx(two, abs=1e-9)
    root = math.sqrt(4 * probability * (1 - probability))
    four = 2 * math.sqrt(math.cos(math.acos(root) / 3) / root - 1) * math.copysign(1, probability - 0.5)
    assert forecast.student_quantile(probability, 4) == pytest.approx(four, abs=1e-9)
    # At 1,000 degrees Student's t is within a thousandth or two of the normal.
    assert forecast.student_quantile(probability, 1000) == pytest.approx(NormalDist().inv_cdf(probability), abs=3e-3)


def test_student_s_quantile_of_a_printed_table() -> None:
    # t with 3 and 5 degrees of freedom, as every table prints them to three digits.
    assert forecast.student_quantile(0.9, 3) == pytest.approx(1.638, abs=5e-4)
    assert forecast.student_quantile(0.975, 5) == pytest.approx(2.571, abs=5e-4)


def test_a_straight_line_goes_on_without_a_band() -> None:
    found = forecast.forecast(costs(10, 11, 12, 13), 3)
    assert list(found["month"].dt.strftime("%m")) == ["05", "06", "07"]
    np.testing.assert_allclose(found["expected"], [14 * 31, 15 * 30, 16 * 31])
    np.testing.assert_allclose(found["low"], found["high"], rtol=1e-9)


def test_the_band_by_hand() -> None:
    # Steps 1 and 3 around 2: s = sqrt(2), one degree of freedom; one month ahead sqrt(1 + 1 / 2).
    (row,) = forecast.forecast(costs(10, 11, 14), 1, 0.5).to_dict("records")
    reach = math.tan(math.pi * 0.25) * math.sqrt(2.0) * math.sqrt(1.5) * 30
    assert row["expected"] == pytest.approx(16 * 30)
    assert row["high"] - row["expected"] == pytest.approx(reach) == row["expected"] - row["low"]


def test_the_band_holds_as_often_as_it_says() -> None:
    """Of 2,000 random walks with drift, 80 % of the next months lie in the band; 2.5 points are three deviations."""
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(2000):
        walk = 1000 + np.cumsum(rng.normal(5, 20, 9))
        found = forecast.forecast(costs(*walk[:8]), 1).iloc[0]
        actual = walk[8] * found["month"].days_in_month
        held += found["low"] <= actual <= found["high"]
    assert abs(held / 2000 - 0.8) < 0.027


def test_the_past_is_forecast_from_what_was_before_it() -> None:
    series = costs(10, 11, 12, 13, 20)
    found = forecast.backtest(series)
    assert list(found["month"].dt.month) == [4, 5]
    assert found["error_fraction"].iloc[0] == pytest.approx(0.0, abs=1e-12)
    assert found["error_fraction"].iloc[1] == pytest.approx((20 - 14) / 14)
    assert forecast.backtest(series.iloc[:3]).empty


def test_months_that_are_not_over_stay_out(tmp_path: Path) -> None:
    months = [
        {"BillingPeriodStart": f"2026-0{m}-01T00:00:00Z", "ChargePeriodStart": f"2026-0{m}-{d}T00:00:00Z"}
        for m, d in ((4, 30), (6, 30), (7, 14))
    ]
    bill = open_bill(written(focus(*months), tmp_path / "b.csv"))
    series = forecast.monthly(bill)
    assert list(series) == [1.0, 0.0, 1.0, 1.0]
    whole = forecast.whole_months(series, forecast.last_day(bill))
    assert list(whole.index.month) == [4, 5, 6]
    assert len(forecast.whole_months(series, pd.Timestamp("2026-07-31"))) == 4


def test_what_cannot_be_forecast() -> None:
    with pytest.raises(InvalidInput) as caught:
        forecast.forecast(costs(1, 2), 0, 1.0)
    assert [fault.field for fault in caught.value.faults] == ["bill", "months", "band_fraction"]


def test_budget_actual_and_forecast(tmp_path: Path) -> None:
    series = costs(10, 11, 12, 13)
    path = tmp_path / "budget.csv"
    path.write_text("month,budget\n2026-03,400\n2026-04,380\n2026-05,400\n2026-06,500\n2026-09,1\n")
    table = against_budget(read_budget(path), series, forecast.forecast(series, 2), forecast.backtest(series))
    rows = table.set_index("month")
    assert rows["verdict"].dropna().to_dict() == {
        "2026-03": "within",
        "2026-04": "over",
        "2026-05": "likely over",
        "2026-06": "likely within",
    }
    assert rows.at["2026-04", "budget_variance"] == pytest.approx((390 - 380) / 380)
    assert rows.at["2026-04", "forecast_variance"] == pytest.approx(0.0, abs=1e-12)
    assert rows.at["2026-05", "budget_variance"] == pytest.approx((14 * 31 - 400) / 400)
    assert pd.isna(rows.at["2026-01", "verdict"]) and pd.isna(rows.at["2026-09", "forecast"])


def test_a_band_across_the_budget_is_a_maybe() -> None:
    series = costs(10, 11, 14)
    table = against_budget({"2026-04": 16 * 30.0}, series, forecast.forecast(series, 1), forecast.backtest(series))
    assert table.set_index("month").at["2026-04", "verdict"] == "may go over"


def test_a_month_that_is_not_over_is_judged_by_its_forecast() -> None:
    series = costs(10, 11, 12, 13, 2)
    whole = series.iloc[:4]
    outlook = forecast.forecast(whole, 1)
    table = against_budget({"2026-05": 400.0}, series, outlook, forecast.backtest(whole), whole).set_index("month")
    assert table.at["2026-05", "actual"] == 62.0 and table.at["2026-05", "verdict"] == "likely over"
    assert table.at["2026-05", "budget_variance"] == pytest.approx((14 * 31 - 400) / 400)
    assert pd.isna(table.at["2026-05", "forecast_variance"])
    spent = against_budget({"2026-05": 60.0}, series, outlook, forecast.backtest(whole), whole).set_index("month")
    assert spent.at["2026-05", "verdict"] == "over"


def test_own_tables_refuse_every_wrong_row(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("month,budget\n2026-13,1\nsoon,2\n")
    with pytest.raises(InvalidInput) as caught:
        read_budget(path)
    assert [fault.value for fault in caught.value.faults] == ["2026-13", "soon"]
    path.write_text("owner,use\na,-1\nb,x\na,inf\n")
    with pytest.raises(InvalidInput) as caught:
        read_telemetry(path)
    assert [fault.value for fault in caught.value.faults] == ["-1", "x", "inf", "a"]
    with pytest.raises(InvalidInput, match="lacks the columns period, requests"):
        read_requests(path)
    path.write_text("period,requests\n2026-08-01,1e6\n")
    assert read_requests(path).to_dict() == {pd.Timestamp("2026-08-01"): 1e6}
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_budget(tmp_path / "none.csv")
