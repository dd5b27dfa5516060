"""Following prices: by hand, against staying, over recorded zones, and prices that cannot be."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import pandas as pd
import pytest

from costlib.errors import InvalidInput
from costlib.planner.region.answer import RegionAnswer, region_answer
from costlib.planner.region.campaign import follow_prices, follow_recorded, zone_days
from costlib.planner.region.price_paths import paths_of, read_paths
from costlib.planner.sources import Sources
from costlib.workload import Workload

REGIONS = ("eu-west-1", "us-east-1", "us-east-2")


def paths(rows: str) -> pd.DataFrame:
    return paths_of(b"month,region,usd_per_hour\n" + rows.encode(), "prices.csv")


def of_prices(prices: np.ndarray) -> pd.DataFrame:
    return paths(
        "\n".join(
            f"{month + 1},{region},{price}"
            for month, row in enumerate(prices)
            for region, price in zip(REGIONS, row, strict=True)
        )
    )


def by_hand(answer: RegionAnswer, prices: np.ndarray, hours: float) -> float:
    """The least over all paths, from the price book's own look-ups."""
    workload, book = answer.constrained, answer.result.sources.book
    data = workload.dataset
    best = min(
        ("on_demand", "spot"), key=lambda way: answer.rankings[way].best.total_usd[answer.rankings[way].order[0]]
    )
    ranking = answer.rankings[best]
    row = answer.row(best, int(ranking.order[0]))
    billed = float(str(row["compute_usd"])) / float(str(row["usd_per_hour"]))
    checkpoints = row["lines"]["checkpoint_storage"]  # type: ignore[index]
    put = book.table("prices/s3").query("storage_class == 'STANDARD' and item == 'put_copy_post_list'")
    put = dict(zip(put["region"], put["usd"], strict=True))
    home = data.home_region

    @cache
    def copy_usd(source: str, region: str) -> float:
        if region == home:
            return 0.0
        price = min(book.transfer(one, region).amount for one in {source, home} - {region})
        return price * data.gib + put[region] / 1000 * data.objects

    @cache
    def month_usd(region: str, price: float) -> float:
        usd = price * billed * workload.runs_per_month + checkpoints * workload.runs_per_month
        if region == home:
            return usd
        usd += book.s3_storage(region).amount * data.gib
        usd += book.transfer(home, region).amount * data.changed_gib_per_month
        usd += put[region] / 1000 * data.objects / data.gib * data.changed_gib_per_month
        return usd + book.transfer(region, home).amount * data.result_gib_per_run * workload.runs_per_month

    least = float("inf")
    for path in itertools.product(range(len(REGIONS)), repeat=len(prices)):
        usd = copy_usd(home, REGIONS[path[0]])
        for month, place in enumerate(path):
            usd += month_usd(REGIONS[place], prices[month, place])
            if month and place != path[month - 1]:
                usd += copy_usd(REGIONS[path[month - 1]], REGIONS[place]) + prices[month, place] * row["count"] * hours
        least = min(least, usd)
    return least


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_following_is_the_best_of_every_path_by_hand(answer: RegionAnswer, seed: int) -> None:
    prices = np.random.default_rng(seed).uniform(1, 60, (5, 3)).round(4)
    found = follow_prices(answer, of_prices(prices), changeover_hours=2.0)
    assert found.followed.usd == pytest.approx(by_hand(answer, prices, 2.0), abs=0.005)
    assert found.saved_usd >= -1e-9 and found.followed.usd <= found.each.usd + 1e-9
    assert found.table["place"].iloc[0] in REGIONS and not found.table["moved"].iloc[0]


def test_prices_that_hold_do_not_move_and_a_lasting_fall_does(answer: RegionAnswer) -> None:
    still = follow_prices(answer, of_prices(np.full((6, 3), 20.0)))
    assert still.followed.moves == 0 and still.stay_place == "eu-west-1" and still.saved_usd == pytest.approx(0)
    falls = np.full((6, 3), 20.0)
    falls[2:, 1] = 1.0
    moved = follow_prices(answer, of_prices(falls))
    assert moved.followed.moves == 1 and list(moved.table["place"]) == ["eu-west-1"] * 2 + ["us-east-1"] * 4
    assert moved.followed.moves_usd > 5000 * 0.02
    for month, usd in enumerate(moved.table["usd"]):
        assert usd > 0, month


def test_a_region_without_a_price_is_left_in_time(answer: RegionAnswer) -> None:
    found = follow_prices(answer, paths("10,us-east-1,5\n9,us-east-1,5\n8,eu-west-1,5\n"))
    assert found.periods == ("8", "9", "10"), "months count up as numbers"
    assert list(found.table["place"]) == ["eu-west-1", "us-east-1", "us-east-1"]
    assert found.stay_place == "" and np.isinf(found.stay_usd)


def test_forbidden_regions_are_no_places_to_go(far: Workload, sources: Sources, answer: RegionAnswer) -> None:
    bound = region_answer(
        far.changed({"dataset.residency": ["Europe"]}, sources.vocabulary), sources, facts=answer.facts
    )
    found = follow_prices(bound, of_prices(np.array([[20.0, 0.1, 0.1]] * 3)))
    assert found.places == ("eu-west-1",)
    with pytest.raises(InvalidInput, match="names no region that constraints allow"):
        follow_prices(bound, paths("1,us-east-1,5\n"))


def test_all_that_is_wrong_with_prices_is_told_at_once(answer: RegionAnswer) -> None:
    bad = paths("1,us-eest-1,5\n1,us-east-2,-3\n2,us-east-2,dear\n3,us-east-2,4\n3,us-east-2,4\n")
    with pytest.raises(InvalidInput) as refused:
        follow_prices(answer, bad)
    said = " ".join(map(str, refused.value.faults))
    for word in ("line 2", "us-east-1", "line 3", "line 4", "dear", "two prices"):
        assert word in said
    for text, said in (
        ("", "empty"), ("a,b\n1,2\n", "'month' is missing"), ("month,region,usd_per_hour\n", "no rows"),
        ("month,region,usd_per_hour,note\n1,us-east-1,5,x\n", "'note' is not a known column"),
        ("month,region,usd_per_hour\n1,us-east-1,5,x\n", "4 cells"), ("\x00", "control"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput, match=said):
            paths_of(text.encode(), "prices.csv")
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_paths("no/such/file.csv")
    with pytest.raises(InvalidInput, match="changeover_hours"):
        follow_prices(answer, of_prices(np.ones((2, 3))), changeover_hours=-1)


@pytest.mark.parametrize(
    ("months", "said"),
    [
        (("1", "2", "10"), ["'3 to 9' has no price"]),
        (("2026-01", "2026-03"), ["'2026-02' has no price"]),
        (("2025-12", "2026-01"), []),
        (("3", "1", "5"), ["'2' has no price", "'4' has no price"]),
        (("1", "01"), ["'1 us-east-1' has two prices"]),
    ],
)
def test_months_that_do_not_follow_each_other_are_refused_by_name(
    answer: RegionAnswer, months: tuple[str, ...], said: list[str]
) -> None:
    given = paths("".join(f"{month},us-east-1,5\n" for month in months))
    if not said:
        assert follow_prices(answer, given).periods == months
        return
    with pytest.raises(InvalidInput) as refused:
        follow_prices(answer, given)
    told = list(map(str, refused.value.faults))
    assert len(told) == len(said) and all(words in one for words, one in zip(said, told, strict=True))


def test_lines_are_numbered_as_in_the_file(answer: RegionAnswer) -> None:
    with pytest.raises(InvalidInput, match="line 4: 'dear'"):
        follow_prices(answer, paths("1,us-east-1,5\n\n2,us-east-1,dear\n"))


def test_recorded_zones_are_followed_day_by_day(answer: RegionAnswer, sources: Sources) -> None:
    found = follow_recorded(answer)
    assert found is not None
    assert found.instance_type == answer.row("spot", answer.regions.index("us-east-1"))["instance_type"]
    days = zone_days(sources.book, found.instance_type)
    assert found.periods == tuple(days.index) and found.periods[0] >= "2024-01-09"
    # With free moves it is the least price of each day, all day.
    free = follow_recorded(answer, changeover_hours=0.0)
    assert free is not None
    assert free.followed.usd == pytest.approx(float(np.nanmin(days.to_numpy(), axis=1).sum() * 24 * free.count))
    dear = follow_recorded(answer, changeover_hours=1e6)
    assert dear is not None and dear.followed.moves == 0 and dear.followed.usd == pytest.approx(dear.stay_usd)
    assert free.followed.usd <= found.followed.usd <= dear.followed.usd


def test_a_day_begins_with_the_last_price_before_it(sources: Sources) -> None:
    samples = sources.book.spot_history("p4d.24xlarge")
    days = zone_days(sources.book, "p4d.24xlarge")
    day, zone = days.index[-1], days.columns[0]
    before = samples[(samples["az"] == zone) & (samples["timestamp_utc"].astype(str).str[:10] < day)]
    assert days.loc[day, zone] == before.sort_values("timestamp_utc")["usd"].iloc[-1]
    assert zone_days(sources.book, "t3.micro").empty
