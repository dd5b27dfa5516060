"""Own rates and estimates: what starts from the list price stays there, and its line says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from costlib.planner.explain import LIST_PRICE_RULE, plans
from costlib.planner.search import Result, search
from costlib.planner.sources import Sources
from costlib.prices.book import PriceBook
from costlib.prices.overlay import Rates
from costlib.workload import PURCHASES, SERVICES, Workload

PLACE = ("p5.48xlarge", "us-east-1")
SP, SPOT = PURCHASES.index("savings_plan"), PURCHASES.index("spot")


def with_rates(workload: Workload, rates: Rates) -> Result:
    return search(workload, Sources.open(PriceBook.open(rates=rates)))


@pytest.fixture(scope="module")
def own(workload: Workload, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Own on-demand rates, a fifth below the list, on both services."""
    path: Path = tmp_path_factory.mktemp("rates") / "own.csv"
    head = "service,instance_type,region,purchase,usd_per_hour"
    book = PriceBook.open()
    rows = [
        f"{service},{name},{PLACE[1]},on_demand,{0.8 * book.on_demand(*PLACE, service=service).amount:.6f}"
        for service, name in (("ec2", PLACE[0]), ("sagemaker", f"ml.{PLACE[0]}"))
    ]
    path.write_text("\n".join([head, *rows]))
    return with_rates(workload, Rates.from_csv(path))


def estimated(result: Result, service: str, purchase: int) -> list[float]:
    """Expected USD an hour of the estimates at PLACE, in the order of their options."""
    frame = result.sources.offers.frame
    mine = (frame["instance_type"] == PLACE[0]) & (frame["region"] == PLACE[1]) & (frame["service"] == service)
    mine &= (frame["purchase"] == PURCHASES[purchase]) & (frame["basis"] == "estimate")
    return frame[mine].sort_values("option")["usd_expected"].tolist()


KINDS = [("ec2", SP), ("sagemaker", SP), ("sagemaker", SPOT)]


@pytest.mark.parametrize(("service", "purchase"), KINDS)
def test_an_own_on_demand_rate_moves_no_estimate(own: Result, result: Result, service: str, purchase: int) -> None:
    listed = estimated(result, service, purchase)
    assert listed and estimated(own, service, purchase) == listed


@pytest.mark.parametrize(("service", "purchase"), KINDS)
def test_a_percentage_comes_off_the_estimate(workload: Workload, result: Result, service: str, purchase: int) -> None:
    cheaper = with_rates(workload, Rates.discounts({service: 10}))
    listed = np.array(estimated(result, service, purchase))
    assert estimated(cheaper, service, purchase) == pytest.approx(0.9 * listed)


def test_the_line_says_so_only_where_it_is_so(own: Result, result: Result) -> None:
    seen = set()
    for row, plan in zip(rows := own.best_per("service", "purchase", "offer")[::20], plans(own, rows), strict=True):
        basis = own.sources.offers.words["basis"][own.candidates.offer[row]]
        is_one = basis == "estimate" and (plan.service, PURCHASES.index(plan.purchase)) in KINDS
        of_offer = [line.rule for line in plan.lines if line.item in ("compute", "start_up", "unused_commitment")]
        assert of_offer and all((LIST_PRICE_RULE in rule) == is_one for rule in of_offer)
        seen.add((plan.service, plan.purchase, is_one))
    assert {("ec2", "savings_plan", True), ("ec2", "on_demand", False)} <= seen
    without = plans(result, result.best_per("service", "purchase"))
    assert not [line for plan in without for line in plan.lines if LIST_PRICE_RULE in line.rule]
    assert {plan.service for plan in without} == set(SERVICES)
