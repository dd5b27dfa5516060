"""Anomalies of long rows: size, first day, causes, one report an incident, faults and notes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from costlib.errors import InvalidInput, NotKnown
from costlib.models.anomalies import find_anomalies

DAYS = pd.date_range("2025-01-07", periods=150)
LINES = (
    ("EC2", "BoxUsage:p4d", "research", 500.0),
    ("EC2", "BoxUsage:m5", "web", 200.0),
    ("S3", "TimedStorage", "web", 50.0),
    ("SageMaker", "Train", "research", 300.0),
)
BY = ["service", "usage_type", "team"]


def bill(seed: int = 0, **added: np.ndarray) -> pd.DataFrame:
    """Long rows of four lines with a week and 4 % noise; ``added`` dollars by usage type (a colon is written _)."""
    rng = np.random.default_rng(seed)
    week = np.where(DAYS.day_of_week < 5, 1.0, 0.7)
    frames = []
    for service, usage, team, level in LINES:
        usd = level * week * np.exp(0.04 * rng.standard_normal(len(DAYS)))
        usd = usd + added.get(usage.replace(":", "_"), 0.0)
        frames.append(pd.DataFrame({"day": DAYS, "service": service, "usage_type": usage, "team": team, "usd": usd}))
    return pd.concat(frames, ignore_index=True)


def on(first: int, last: int, usd: float) -> np.ndarray:
    return np.where((np.arange(len(DAYS)) >= first) & (np.arange(len(DAYS)) <= last), usd, 0.0)


def test_an_incident_is_reported_once_with_its_size_first_day_and_causes() -> None:
    found = find_anomalies(bill(BoxUsage_p4d=on(100, 105, 900.0)), BY)
    assert len(found.alerts) == 1
    alert = found.alerts.iloc[0]
    assert (alert["scope"], alert["status"], alert["direction"], alert["severity"]) == (
        "total",
        "ended",
        "rise",
        "high",
    )
    assert alert["first_day"] == DAYS[100] and alert["last_day"] == DAYS[105] and alert["found_day"] == DAYS[100]
    # Six days of 4 % noise on a thousand dollars: some 100 USD.
    assert alert["size_usd"] == pytest.approx(5400, abs=300)
    assert alert["size_usd"] == pytest.approx(alert["actual_usd"] - alert["expected_usd"])
    assert alert["low_usd"] < alert["expected_usd"] < alert["high_usd"] < alert["actual_usd"]
    assert alert["cause_share_fraction"] == pytest.approx(1, abs=0.1)
    assert set(alert["also"].split("; ")) == {"service=EC2", "usage_type=BoxUsage:p4d", "team=research"}
    first = found.causes.iloc[0]
    assert (first["service"], first["usage_type"], first["team"]) == ("EC2", "BoxUsage:p4d", "research")
    assert first["size_usd"] == pytest.approx(5400, abs=300) and first["share_fraction"] > 0.9


def test_causes_are_ranked_and_make_up_the_size() -> None:
    found = find_anomalies(bill(BoxUsage_p4d=on(100, 105, 400.0), Train=on(100, 105, 700.0)), BY)
    causes = found.causes[found.causes["alert"] == 0]
    assert causes["usage_type"].tolist()[:2] == ["Train", "BoxUsage:p4d"]
    assert causes["size_usd"].sum() == pytest.approx(found.alerts["size_usd"].iloc[0])
    assert causes["share_fraction"].sum() == pytest.approx(1)
    assert causes["rank"].tolist() == list(range(1, len(causes) + 1))
    assert causes["usage_type"].iloc[-1] == ""
    assert found.alerts.loc[0, ["cause_scope", "cause_name"]].tolist() == ["team", "research"]
    assert len(find_anomalies(bill(BoxUsage_p4d=on(100, 105, 400.0)), BY, most_causes=1).causes) == 2


def test_a_rise_too_small_for_the_total_is_reported_of_its_own_line() -> None:
    found = find_anomalies(bill(TimedStorage=on(90, 149, 40.0)), BY)
    alert = found.alerts.iloc[0]
    assert len(found.alerts) == 1
    assert (alert["scope"], alert["name"], alert["first_day"]) == ("service", "S3", DAYS[90])
    assert (alert["cause_scope"], alert["cause_name"]) == ("usage_type", "TimedStorage")
    assert alert["status"] == "new usual" and "usage_type=TimedStorage" in alert["also"]
    # Of a rise that became usual, what counts is the time until then.
    assert alert["size_usd"] == pytest.approx(40 * 21, rel=0.15)


def test_two_incidents_of_one_day_stay_two() -> None:
    found = find_anomalies(bill(BoxUsage_p4d=on(100, 103, 900.0), TimedStorage=on(100, 103, 60.0)), BY)
    assert found.alerts["name"].tolist() == ["total", "S3"]
    assert "S3" not in found.alerts["also"].iloc[0]


def test_a_drop_is_below_zero_and_open_at_the_end() -> None:
    found = find_anomalies(bill(Train=on(145, 149, -280.0)), BY)
    alert = found.alerts.iloc[0]
    assert (alert["direction"], alert["status"]) == ("drop", "open")
    assert alert["size_usd"] < -700 and alert["cause_name"] in ("SageMaker", "Train", "research")


def test_a_drift_is_dated_before_it_was_found() -> None:
    drift = np.clip(np.arange(len(DAYS)) - 100, 0, None) * np.where(np.arange(len(DAYS)) < 114, 30.0, 0.0)
    alert = find_anomalies(bill(BoxUsage_p4d=drift), BY).alerts.iloc[0]
    assert DAYS[101] <= alert["first_day"] <= alert["found_day"] <= DAYS[108]
    assert alert["last_day"] == DAYS[113]


def test_what_is_reported_does_not_change_with_the_days_to_come() -> None:
    rows = bill(BoxUsage_p4d=on(60, 63, 900.0), TimedStorage=on(90, 149, 40.0))
    early = find_anomalies(rows, BY, through="2025-03-20").alerts
    late = find_anomalies(rows, BY).alerts
    known = late[late["found_day"] <= pd.Timestamp("2025-03-20")].reset_index(drop=True)
    pd.testing.assert_frame_equal(early, known)


def test_dollars_scale_with_the_bill_and_nothing_else_does() -> None:
    rows = bill(BoxUsage_p4d=on(100, 105, 900.0), TimedStorage=on(90, 149, 40.0))
    one, many = (find_anomalies(rows.assign(usd=rows["usd"] * factor), BY).alerts for factor in (1, 1024))
    dollars = [name for name in one if name.endswith("_usd")]
    np.testing.assert_allclose(many[dollars].to_numpy(float), 1024 * one[dollars].to_numpy(float), rtol=1e-6)
    same = ["scope", "name", "first_day", "last_day", "status", "severity", "also"]
    pd.testing.assert_frame_equal(one[same], many[same])


def test_the_order_of_rows_does_not_matter() -> None:
    rows = bill(BoxUsage_p4d=on(100, 105, 900.0))
    pd.testing.assert_frame_equal(
        find_anomalies(rows.sample(frac=1, random_state=0), BY).alerts, find_anomalies(rows, BY).alerts
    )


def test_without_groups_there_is_the_total() -> None:
    rows = bill(BoxUsage_p4d=on(100, 105, 900.0)).groupby("day", as_index=False)["usd"].sum()
    found = find_anomalies(rows)
    assert found.alerts["scope"].tolist() == ["total"] and found.alerts["cause_name"].tolist() == [""]
    grouped = find_anomalies(bill(BoxUsage_p4d=on(100, 105, 900.0)), lines=BY)
    assert grouped.alerts["size_usd"].iloc[0] == pytest.approx(found.alerts["size_usd"].iloc[0])
    assert grouped.causes["usage_type"].iloc[0] == "BoxUsage:p4d"


def test_the_first_fee_of_a_month_is_no_news() -> None:
    fee = np.where(DAYS.day == 1, 400.0, 0.0)
    assert find_anomalies(bill(TimedStorage=fee), BY).alerts.empty
    shifted = np.where(DAYS.day == 12, 400.0, 0.0)
    # On another day of the month its first time is news, and the next are not.
    assert (find_anomalies(bill(TimedStorage=shifted), BY).alerts["first_day"] == pd.Timestamp("2025-02-12")).all()


def test_hours() -> None:
    hours = pd.date_range("2025-01-07", periods=24 * 40, freq="h")
    rng = np.random.default_rng(0)
    day = 1 + 0.5 * np.sin(2 * np.pi * hours.hour.to_numpy() / 24)
    frames = []
    for service, level in (("EC2", 20.0), ("S3", 3.0)):
        usd = level * day * np.exp(0.05 * rng.standard_normal(len(hours)))
        if service == "EC2":
            usd[700:706] += 40
        frames.append(pd.DataFrame({"hour": hours, "service": service, "usd": usd}))
    found = find_anomalies(pd.concat(frames), ["service"], time="hour", every="hour")
    alert = found.alerts.iloc[0]
    assert (alert["scope"], alert["first_day"], alert["last_day"]) == ("total", hours[700], hours[705])
    assert alert["size_usd"] == pytest.approx(240, rel=0.1)
    assert (alert["cause_name"], alert["also"]) == ("EC2", "service=EC2")
    assert found.causes.iloc[0][["service"]].tolist() == ["EC2"]
    assert np.isnan(alert["chance_fraction"])


def test_notes_say_what_was_not_judged() -> None:
    rows = bill()
    rows = rows[rows["day"] != DAYS[70]]
    rows.loc[rows.index[5], "usd"] = -20.0
    found = find_anomalies(rows, BY, through=DAYS[-3])
    assert found.alerts.empty and np.isnan(found.verdicts()["actual_usd"][70])
    notes = found.notes
    assert any("no rows for 1 of 148 days" in note and "2025-03-18" in note for note in notes)
    assert any("1 rows are credits" in note for note in notes)
    assert any("8 rows after 2025-06-03" in note for note in notes)
    short = find_anomalies(rows[rows["day"] < DAYS[14]], BY)
    assert short.alerts.empty and any("too short to tell: 14 days" in note for note in short.notes)
    still = find_anomalies(bill().assign(usd=5.0), BY)
    assert still.alerts.empty and any("never change" in note for note in still.notes)
    small = find_anomalies(bill(TimedStorage=on(90, 100, 40.0)), BY, least_usd=100)
    assert small.alerts.empty and any("less than 100.00 USD a day" in note for note in small.notes)


def test_a_line_without_a_row_cost_nothing() -> None:
    rows = bill()
    gone = rows[(rows["usage_type"] != "Train") | (rows["day"] < DAYS[140])]
    alert = find_anomalies(gone, BY).alerts.iloc[0]
    assert (alert["direction"], alert["first_day"], alert["cause_share_fraction"] > 0.9) == ("drop", DAYS[140], True)


def test_a_missing_name_is_a_group_of_its_own() -> None:
    rows = bill(BoxUsage_p4d=on(100, 105, 900.0))
    rows.loc[rows["team"] == "research", "team"] = None
    assert "team=(none)" in find_anomalies(rows, BY).alerts["also"].iloc[0]


def test_one_series_step_by_step() -> None:
    found = find_anomalies(bill(BoxUsage_p4d=on(100, 105, 900.0)), BY)
    total = found.verdicts()
    assert np.flatnonzero(total["verdict"]).tolist() == [100, 101, 102, 103, 104, 105]
    assert total["actual_usd"].sum() == pytest.approx(bill(BoxUsage_p4d=on(100, 105, 900.0))["usd"].sum())
    assert not found.verdicts("service", "S3")["verdict"].any()
    with pytest.raises(NotKnown, match="S3"):
        found.verdicts("service", "S33")


def test_faults_are_all_named() -> None:
    rows = bill()
    with pytest.raises(InvalidInput) as caught:
        find_anomalies(rows, ["servce"], lines=["tem"])
    assert [fault.nearest[0] for fault in caught.value.faults] == ["service", "team"]
    wrong = rows.assign(
        usd=rows["usd"].where(rows.index != 3), day=rows["day"].astype(str).where(rows.index != 5, "soon")
    )
    with pytest.raises(InvalidInput) as caught:
        find_anomalies(wrong, BY, through="never")
    assert {fault.field for fault in caught.value.faults} == {"day", "usd", "through"}
    with pytest.raises(InvalidInput, match="given twice"):
        find_anomalies(pd.concat([rows, rows.iloc[:2]]), BY)
    with pytest.raises(InvalidInput, match="given twice"):
        find_anomalies(rows, ["service"])
    with pytest.raises(InvalidInput, match="beginning of a day"):
        find_anomalies(rows.assign(day=rows["day"] + pd.Timedelta(hours=3)), BY)
    for case in ({"every": "week"}, {"through": "2024-01-01"}, {"least_usd": -1}, {"usd": "cost"}, {"most_causes": 0}):
        with pytest.raises(InvalidInput):
            find_anomalies(rows, BY, **case)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="at least one"):
        find_anomalies(rows.iloc[:0], BY)
    with pytest.raises(InvalidInput, match="usd"):
        find_anomalies(rows.assign(usd=np.inf), BY)


def test_a_line_that_begins_in_the_first_days_is_usual_from_its_start() -> None:
    days = pd.date_range("2026-01-01", periods=60, freq="D")
    random = np.random.default_rng(3)
    steady = 100.0 + random.normal(0.0, 2.0, 60)
    late = np.where(np.arange(60) >= 9, 5.0 + random.normal(0.0, 0.1, 60), 0.0)
    late[40:43] += 10.0
    rows = pd.DataFrame({"day": [*days, *days], "service": ["a"] * 60 + ["b"] * 60, "usd": [*steady, *late]})
    found = find_anomalies(rows[rows["usd"] != 0.0], by=["service"])
    verdicts = found.verdicts("service", "b")
    # The zeros before it are not learnt from: its first days are not a step in a trend that goes on.
    assert verdicts["verdict"].to_numpy().nonzero()[0].tolist() == [40, 41, 42]
    assert verdicts["expected_usd"][30] == pytest.approx(5.0, rel=0.1)
