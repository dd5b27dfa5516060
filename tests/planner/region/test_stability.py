"""What is said of how sure a ranking is: from the rows that are held, and no more."""

from __future__ import annotations

import numpy as np
import pytest

from costlib.planner.region.answer import RegionAnswer, region_answer
from costlib.planner.region.stability import PriceFacts, could_win, stability, two_looks
from costlib.planner.sources import Sources
from costlib.workload import Workload


def test_who_could_win() -> None:
    regions = np.array([4, 7, 9])
    low, high = np.array([1.0, 2.0, 6.0]), np.array([5.0, 3.0, 9.0])
    assert could_win(low, high, regions).tolist() == [4, 7]
    assert could_win(low, low, regions).tolist() == [4]


def test_two_looks_at_spot_are_counted_pair_by_pair(sources: Sources) -> None:
    found = two_looks(sources.book)
    assert found is not None and found.earlier < found.later
    spot = sources.book.table("prices/ec2_spot")
    pairs = in_order = types = stayed = 0
    for name, rows in spot.groupby("instance_type"):
        mean = rows[rows["statistic"] == "mean"].set_index("region")["usd"]
        zones = rows[rows["statistic"] == "zone"].groupby("region")["usd"].mean()
        both = sorted(set(mean.index) & set(zones.index))
        if len(both) < 2:
            continue
        types += 1
        stayed += min(both, key=lambda region: mean[region]) == min(both, key=lambda region: zones[region])
        for one in both:
            for other in both:
                if one < other and mean[one] != mean[other] and zones[one] != zones[other]:
                    pairs += 1
                    in_order += (mean[one] < mean[other]) == (zones[one] < zones[other])
        assert name
    assert (found.types, found.cheapest_stayed, found.pairs, found.pairs_in_order) == (types, stayed, pairs, in_order)
    # Far from certain, far from chance.
    assert 0.6 < found.pairs_in_order / found.pairs < 0.95


def test_the_margin_is_what_turns_the_ranking(answer: RegionAnswer, facts: PriceFacts) -> None:
    told = stability(answer.result, answer.rankings["spot"], facts)
    ranking = answer.rankings["spot"]
    first, second = ranking.order[:2]
    rise = float(str(told["price_may_rise_fraction"]))
    assert ranking.best.total_usd[first] + rise * ranking.best.compute_usd[first] == pytest.approx(
        ranking.best.total_usd[second]
    )
    assert answer.regions[first] in told["could_win"]  # type: ignore[operator]
    assert str(told["prices_from"]) <= str(told["prices_to"])


def test_p4d_was_half_as_dear_again_before_the_cut(far: Workload, sources: Sources, facts: PriceFacts) -> None:
    """facts of prices/ec2_on_demand_history: 32.7726 USD until April 2025, 21.957642 since June 2025."""
    at_home = far.changed({"dataset.home_region": "us-east-1", "search.purchase": ["on_demand"]}, sources.vocabulary)
    at_home = at_home.changed({"search.services": ["ec2"]}, sources.vocabulary)
    found = region_answer(at_home, sources, instance_type="p4d.24xlarge", facts=facts)
    told = stability(found.result, found.rankings["on_demand"], facts)["us_east_1_on_demand"]
    prices = told["prices"]  # type: ignore[index]
    assert [row["usd_per_hour"] for row in prices] == [32.7726, 21.957642]
    here = found.regions.index("us-east-1")
    assert prices[1]["total_usd"] == pytest.approx(found.overall.best.total_usd[here])
    assert prices[1]["rank"] == 1 and prices[0]["rank"] > 1
    compute = float(found.overall.best.compute_usd[here])
    dearer = compute * (32.7726 / 21.957642 - 1)
    assert prices[0]["total_usd"] == pytest.approx(prices[1]["total_usd"] + dearer)


def test_nothing_is_said_of_types_without_a_record(
    answer: RegionAnswer, far: Workload, sources: Sources, facts: PriceFacts
) -> None:
    new = region_answer(far, sources, instance_type="p5en.48xlarge", facts=facts)
    assert stability(new.result, new.rankings["spot"], facts)["us_east_1_spot"] is None
    old = stability(answer.result, answer.rankings["spot"], facts)["us_east_1_spot"]
    assert old["from"].startswith("2024-01") and 0 < old["price_cv_fraction"] < 1  # type: ignore[index]
    committed = stability(answer.result, answer.rankings["reserved"], facts)
    assert committed["us_east_1_on_demand"] is None and committed["spot_two_looks"] is None


def test_spot_at_the_earlier_date_by_hand(answer: RegionAnswer, sources: Sources, facts: PriceFacts) -> None:
    told = stability(answer.result, answer.rankings["spot"], facts)["spot_earlier"]
    spot = sources.book.table("prices/ec2_spot")
    expected = {}
    for number in answer.rankings["spot"].order:
        row = answer.row("spot", int(number))
        of_pair = spot[(spot["instance_type"] == row["instance_type"]) & (spot["region"] == row["region"])]
        mean = of_pair.loc[of_pair["statistic"] == "mean", "usd"]
        zones = of_pair.loc[of_pair["statistic"] == "zone", "usd"]
        if len(mean) and len(zones):
            moved = float(mean.iloc[0] / zones.mean())
            expected[row["region"]] = row["data_usd"] + row["compute_usd"] * moved  # type: ignore[operator]
    rows = told["regions"]  # type: ignore[index]
    assert {row["region"]: row["total_usd"] for row in rows} == pytest.approx(expected) and len(rows) > 5
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
    assert [row["total_usd"] for row in rows] == sorted(row["total_usd"] for row in rows)
    now = sorted(rows, key=lambda row: row["rank_now"])
    assert [row["region"] for row in now] == [name for name in expected], "in today's order"
