"""The whole answer: its parts agree, more is never cheaper, and what cannot be done is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from costlib.errors import InvalidInput
from costlib.models.serving_fleet import instances_for
from costlib.models.serving_modes import cheapest_mode
from costlib.planner.serve.asked import Asked
from costlib.planner.serve.capacity_file import LoadTests, read_load_tests
from costlib.planner.serve.modes import worth_looking_at
from costlib.planner.serve.prices import serving_prices
from costlib.planner.serve.report import ServeReport, serve_report
from costlib.planner.serve.simulated import simulated
from costlib.planner.serve.traffic_file import Traffic
from costlib.prices.book import PriceBook
from costlib.prices.overlay import Rates
from costlib.units import HOURS_PER_MONTH

HEAD = "instance_type,concurrency,requests_per_second,p50_ms,p95_ms\n"


@pytest.fixture(scope="module")
def report(book: PriceBook, traffic: Traffic, tests: LoadTests) -> ServeReport:
    return serve_report(book, traffic, tests, Asked(200.0))


def test_the_fleet_is_what_its_numbers_say(report: ServeReport) -> None:
    for row in report.instances.to_dict("records"):
        count = instances_for(report.loads.hourly, row["kept_per_second"], 2)
        assert row["instances_at_peak"] == count.max()
        assert row["usd_per_month_by_hour"] == pytest.approx(count.mean() * row["usd_per_hour"] * HOURS_PER_MONTH)
        assert row["usd_per_month_by_hour"] <= row["usd_per_month_fixed"]
    assert report.instances["usd_per_month_by_hour"].is_monotonic_increasing
    week = report.by_hour_of_week
    assert len(week) == 168 and week["mean_instances"].mean() == pytest.approx(report.by_hour.mean())
    # The first of June 2026 is a Monday, its burst at 15 UTC.
    assert week["most_instances"].idxmax() == 15


def test_every_price_has_a_source(report: ServeReport) -> None:
    rows = report.prices.rows
    assert rows[["usd", "unit", "basis", "source", "as_of"]].notna().all(axis=None)
    assert set(rows["way"]) == {"hosting", "async", "batch", "ec2", "ec2_spot", "serverless", "lambda", "data"}
    derived = rows[(rows["basis"] == "derived") & (rows["way"] != "ec2_spot")]
    assert set(derived["way"]) == {"async", "batch"}
    # Batch transform is held in 23 places, asynchronous endpoints in 2; all equal Hosting.
    assert (
        derived["rule"].str.contains("in all 23 places").any() and derived["rule"].str.contains("in all 2 places").any()
    )


def test_published_prices() -> None:
    """us-east-1: ml.g5.xlarge is hosted at 1.408 USD an hour, a GB-second of serverless is 0.00002 USD."""
    found = serving_prices(PriceBook.open(), ["ml.g5.xlarge"], "us-east-1")
    assert found.hourly.loc["ml.g5.xlarge", "hosting"] == 1.408
    assert found.serverless_usd_per_gib_second == pytest.approx(2e-5)
    assert found.lambda_usd_per_request == pytest.approx(2e-7)


def test_own_rates_are_laid_over(report: ServeReport, book: PriceBook, traffic: Traffic, tests: LoadTests) -> None:
    cheaper = serve_report(book.with_rates(Rates.discounts({"sagemaker": 10.0})), traffic, tests, Asked(200.0))
    assert cheaper.instances["usd_per_hour"].iloc[0] == pytest.approx(0.9 * report.instances["usd_per_hour"].iloc[0])


def test_autoscaling_keeps_the_promise_for_less_than_the_usual_start(report: ServeReport) -> None:
    scaling = report.scaling
    assert scaling is not None
    assert scaling.chosen["keeps_promise"] and scaling.chosen["late_fraction"] <= 0.01
    assert scaling.usd_per_month < scaling.default_usd_per_month
    assert scaling.default["target_fraction"] == 0.5 and scaling.default["scale_in_cooldown_seconds"] == 300
    assert scaling.policy.most <= 2 * report.instances["instances_at_peak"].iloc[0]


def test_modes_agree_with_the_fleet_and_with_brute_force(report: ServeReport) -> None:
    table = report.mode_table.set_index("mode")
    best = report.instances.iloc[0]
    # Levels stand for the hours here; both are within two per mille.
    assert table.at["real_time_by_hour", "usd_per_month"] == pytest.approx(best["usd_per_month_by_hour"], rel=2e-3)
    assert table.at["real_time", "usd_per_month"] == pytest.approx(report.instances["usd_per_month_fixed"].min())
    row = report.thresholds
    assert row["from_scale"].iloc[1:].tolist() == pytest.approx(row["to_scale"].iloc[:-1].tolist())
    dense = np.geomspace(2e-4, 50, 4001)
    brute = cheapest_mode(report.modes.at(dense))
    changes = np.sqrt(dense[1:] * dense[:-1])[brute[1:] != brute[:-1]]
    mine = row["from_scale"].iloc[1:].to_numpy()
    for change in changes:
        assert np.abs(mine / change - 1).min() < 0.02


def test_thresholds_of_whole_traffic_without_levels(report: ServeReport) -> None:
    """Fleets by the hour against serverless, each hour counted by itself, as the brute force has it."""
    edge = report.thresholds.set_index("mode").at["serverless", "to_scale"]
    hourly, ec2 = report.loads.hourly, report.found.usd("ec2")
    lines = report.serverless

    def cheapest(scale: float) -> str:
        fleet = min(
            usd * instances_for(scale * hourly, kept, 2).mean() * HOURS_PER_MONTH
            for usd, kept in zip(ec2, report.found.kept_per_second, strict=True)
            if kept > 0
        )
        return "ec2" if fleet < lines.costs(np.array([scale]), report.loads, report.asked).min() else "serverless"

    assert cheapest(edge * 0.98) == "serverless" and cheapest(edge * 1.02) == "ec2"


def test_a_tighter_promise_a_burst_or_a_lost_zone_is_never_cheaper(
    book: PriceBook, traffic: Traffic, tests: LoadTests
) -> None:
    def cost(**over: object) -> float:
        table = serve_report(book, traffic, tests, replace(Asked(200.0), **over)).instances
        return float(table["usd_per_month_by_hour"].min())

    usual = cost()
    assert cost(promise_ms=160.0) >= usual >= cost(promise_ms=400.0)
    assert cost(burst_factor=2.0) > usual and cost(zones_to_survive=3) > usual and cost(least=3) > usual
    assert cost(share=0.99) >= usual and cost(routing="least_outstanding") <= usual


def test_sizes_that_vary_keep_less(book: PriceBook, traffic: Traffic, tests: LoadTests, report: ServeReport) -> None:
    varied = serve_report(book, traffic, tests, Asked(200.0, size_variation=0.5), report)
    both = report.instances.set_index("instance_type")["kept_per_second"]
    wider = varied.instances.set_index("instance_type")["kept_per_second"]
    assert (wider <= both[wider.index] + 1e-9).all() and wider["ml.g5.xlarge"] < both["ml.g5.xlarge"]
    back = serve_report(book, traffic, tests, Asked(200.0), varied)
    assert back.instances.equals(report.instances)


def test_the_fleet_at_its_fullest_keeps_the_promise_in_a_simulation(report: ServeReport) -> None:
    found = simulated(report)
    assert found["workers"] == 2
    assert found["per_second"] <= report.instances["kept_per_second"].iloc[0] + 1e-9
    # 100,000 requests at a high load tell p95 to a few percent.
    assert found["simulated_ms"] == pytest.approx(found["model_ms"], rel=0.06)
    assert found["simulated_ms"] <= 1.05 * 200.0


def test_deployments_cost_a_second_fleet_for_a_while(book: PriceBook, traffic: Traffic, tests: LoadTests) -> None:
    found = serve_report(book, traffic, tests, Asked(200.0, deployments_per_month=4.0, deployment_hours=2.0))
    fleet = np.ceil(found.by_hour.mean())
    assert found.surge_usd_per_month == pytest.approx(8 * fleet * found.instances["usd_per_hour"].iloc[0])


def test_patience_adds_ways_that_wait(book: PriceBook, traffic: Traffic, tests: LoadTests) -> None:
    patient = serve_report(book, traffic, tests, Asked(200.0, patience_minutes=240.0)).mode_table
    assert {"async", "batch", "ec2_spot"} <= set(patient["mode"])
    hasty = serve_report(book, traffic, tests, Asked(200.0, patience_minutes=5.0)).mode_table
    assert not {"async", "batch", "ec2_spot"} & set(hasty["mode"])
    cost = patient.set_index("mode")["usd_per_month"]
    assert cost["batch"] < cost["real_time_by_hour"] and cost["ec2_spot"] < cost["async"]


def test_many_models_apart_and_together(book: PriceBook, traffic: Traffic, tests: LoadTests) -> None:
    found = serve_report(book, traffic, tests, Asked(400.0, models=12, model_gib=1.0))
    cost = found.mode_table.set_index("mode")["usd_per_month"]
    assert cost["multi_model"] < cost["real_time_by_hour"]
    assert found.shared is not None and (found.shared.table()["cold_load_fraction"] == 0).any()
    assert found.per_model["usd_per_month"].sum() == pytest.approx(cost.min())
    # Twenty times the models: they no longer fit, each request may wait for a load, and the promise is off.
    crowded = serve_report(book, traffic, tests, Asked(400.0, models=240, model_gib=1.0, zipf_exponent=0.0))
    assert crowded.mode_table.set_index("mode")["usd_per_month"].isna()["multi_model"]


def test_variants_need_instances_each(book: PriceBook, traffic: Traffic, tests: LoadTests) -> None:
    cost = serve_report(book, traffic, tests, Asked(200.0, variants=4)).mode_table.set_index("mode")["usd_per_month"]
    assert cost["multi_variant"] >= cost["real_time_by_hour"]


def test_the_base_is_worth_its_plan(report: ServeReport) -> None:
    plan = report.base_plans.iloc[0]
    assert plan["instances"] == 2 and plan["basis"] == "estimate" and plan["saved_usd_per_month"] > 0
    assert plan["usd_per_month"] + plan["saved_usd_per_month"] == pytest.approx(plan["on_demand_usd_per_month"])


def test_nothing_keeps_a_promise_below_the_service_time(book: PriceBook, traffic: Traffic, tests: LoadTests) -> None:
    with pytest.raises(InvalidInput) as error:
        serve_report(book, traffic, tests, Asked(10.0))
    text = str(error.value)
    assert "kept by nothing" in text and "a request alone takes 152 ms at p95" in text
    assert len(error.value.faults) == 1 + len(tests.names)


def test_a_load_above_any_capacity_is_said(book: PriceBook, traffic: Traffic, tmp_path: Path) -> None:
    only = tmp_path / "one.csv"
    rows = ("1,9.7,95,152", "2,19.4,95,152", "8,19.5,380,600")
    only.write_text(HEAD + "".join(f"ml.c6i.xlarge,{row}\n" for row in rows))
    with pytest.raises(InvalidInput, match="needs 10 instances, more than 4"):
        serve_report(book, traffic, read_load_tests([only], book), Asked(200.0, most=4))


def test_a_type_without_a_price_in_the_region_says_so(book: PriceBook, traffic: Traffic, tests: LoadTests) -> None:
    found = serve_report(book, traffic, tests, Asked(200.0, region="eu-south-2"))
    assert (found.instances["problem"] == "no Hosting price is held in the region").any()


def test_functions_outside_their_memory_are_left_out_with_a_note(
    book: PriceBook, traffic: Traffic, tmp_path: Path
) -> None:
    path, names = tmp_path / "functions.csv", ("serverless-8192", "serverless-1500", "lambda-3008")
    path.write_text(HEAD + "".join(f"{name},1,10,90,120\n" for name in names))
    found = serve_report(book, traffic, read_load_tests([path], book), Asked(200.0))
    assert found.serverless.names == () and found.best is None and found.scaling is None
    assert sum("is left out" in note for note in found.notes) == 2


def test_only_types_that_may_win_are_looked_at() -> None:
    usd, kept = np.array([1.0, 2.0, 3.0, np.nan, 2.5, 1.5]), np.array([10.0, 5.0, 30.0, 99.0, 30.0, 0.0])
    assert worth_looking_at(usd, kept).tolist() == [0, 4]


def test_asked_refuses_everything_at_once() -> None:
    with pytest.raises(InvalidInput) as error:
        Asked(0.0, share=0.2, least=5, most=4, zones_to_survive=1, routing="best", models=3, burst_factor=0.5)
    fields = {fault.field for fault in error.value.faults}
    assert fields == {"promise_ms", "share", "least", "zones_to_survive", "routing", "model_gib", "burst_factor"}


def test_only_the_promise_must_be_above_0() -> None:
    assert Asked(200.0, deployments_per_month=0.0, surge_fraction=0.0).deployments_per_month == 0
    with pytest.raises(InvalidInput, match="promise_ms.*above 0"):
        Asked(0.0)
    with pytest.raises(InvalidInput) as refused:
        Asked(200.0, deployments_per_month=-1.0)
    assert [fault.problem for fault in refused.value.faults] == ["must be from 0 to 10000"]
