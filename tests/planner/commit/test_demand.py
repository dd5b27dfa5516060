"""Futures of own usage: levels, ends, moves, price cuts; and what is wrong with them, all at once."""

import numpy as np
import pytest

from costlib.errors import InvalidInput
from costlib.models.commitments import Line, Usage
from costlib.planner.commit.demand import (
    ENDS,
    MONTH,
    Demand,
    Future,
    Migration,
    PriceCut,
    demand_of,
    lines_with_targets,
)
from costlib.planner.commit.rates import rates_of
from costlib.prices.book import PriceBook

EAST = "us-east-1"
G5 = Line("g5.xlarge", EAST)
FLAT = (0.0, 0.0, 0.0)


def of(book: PriceBook, usage: Usage, future: Future) -> Demand:
    return demand_of(usage, rates_of(book, lines_with_targets(usage, future)), future)


def flat(weeks: int = 10, level: float = 3.0) -> Usage:
    return Usage((G5,), np.full((weeks * 168, 1), level))


def test_probabilities_are_those_of_growth_and_of_an_end(book: PriceBook) -> None:
    demand = of(book, flat(), Future(growth=(-0.1, 0.0, 0.2), stop_chance_fraction=0.2))
    chance = demand.scenarios.chance
    assert chance[:3] == pytest.approx(np.array([0.3, 0.4, 0.3]) * 0.8)
    assert chance[3:].sum() == pytest.approx(0.2) and len(chance) == 3 + ENDS
    # The chance of an end is that of a constant rate, so it falls a little from quarter to quarter.
    assert (np.diff(chance[3:]) < 0).all()


def test_three_years_compound_the_chance_of_an_end(book: PriceBook) -> None:
    demand = of(book, flat(), Future(months=36, growth=FLAT, stop_chance_fraction=0.2))
    assert demand.scenarios.chance[3:].sum() == pytest.approx(1 - 0.8**3)


def test_growth_is_the_stated_one(book: PriceBook) -> None:
    demand = of(book, flat(), Future(growth=(-0.5, 0.0, 1.0), stop_chance_fraction=0.0))
    quantity = demand.scenarios.quantity[:, :, 0]
    assert quantity[1] == pytest.approx(3.0)
    middle_of_last = 11.5 / 12
    assert quantity[2, -1] == pytest.approx(3.0 * 2**middle_of_last)
    assert quantity[0, -1] == pytest.approx(3.0 * 0.5**middle_of_last)
    assert demand.scenarios.names[demand.middle] == "p50"


def test_an_end_is_an_end(book: PriceBook) -> None:
    demand = of(book, flat(), Future(growth=FLAT, stop_chance_fraction=0.1))
    for at, name in enumerate(demand.scenarios.names):
        if name.startswith("ends after month"):
            month = int(name.rsplit(" ", 1)[1])
            assert (demand.scenarios.quantity[at, : month * MONTH] == 3.0).all()
            assert not demand.scenarios.quantity[at, month * MONTH :].any()


def test_hours_keep_their_weekday(book: PriceBook) -> None:
    """The pattern of the last whole weeks goes on where the usage stopped, weekday by weekday."""
    hours = np.arange(10 * 168 + 50)
    busy = ((hours % 24 == 9) & ((hours // 24) % 7 == 2)).astype(float)
    demand = of(book, Usage((G5,), busy[:, None]), Future(growth=FLAT, stop_chance_fraction=0.0))
    coming = len(hours) + np.arange(demand.scenarios.hours)
    expected = (coming % 24 == 9) & ((coming // 24) % 7 == 2)
    assert (demand.scenarios.quantity[0, :, 0] > 0).tolist() == expected.tolist()


def test_history_tells_growth(book: PriceBook) -> None:
    hours = np.arange(56 * 168)
    growing = 10 * 2 ** (hours / 8760)
    demand = of(book, Usage((G5,), growing[:, None]), Future(stop_chance_fraction=0.0))
    middle = demand.scenarios.quantity[demand.middle, :, 0]
    yearly = middle[-MONTH:].mean() / middle[:MONTH].mean()
    assert 1.7 < yearly < 2.1
    spread = demand.scenarios.quantity[:, -1, 0]
    assert (np.diff(spread) > 0).all()


def test_a_trend_is_carried_on_for_as_long_as_it_was_seen(book: PriceBook) -> None:
    hours = np.arange(26 * 168)
    growing = 10 * 2 ** (hours / 8760)
    demand = of(book, Usage((G5,), growing[:, None]), Future(stop_chance_fraction=0.0))
    middle = demand.scenarios.quantity[demand.middle, :, 0].reshape(12, MONTH).mean(axis=1)
    # 26 weeks are five whole months; the pattern of eight weeks repeats, which moves a month's mean a little.
    assert middle[4] / middle[0] == pytest.approx(2 ** (4 / 12), rel=0.05)
    assert middle[5:] == pytest.approx(middle[4], rel=0.05)
    assert any("carried on for 5 months" in note for note in demand.notes)
    spread = demand.scenarios.quantity[:, -1, 0]
    assert (np.diff(spread) > 0).all()


def test_bursts_have_no_trend(book: PriceBook) -> None:
    """A few busy weeks at the end are no growth of many times a year."""
    hours = np.arange(26 * 168)
    bursts = np.where(((hours // 168) % 4 == 0) | ((hours > 16 * 168) & ((hours // 168) % 2 == 0)), 4.0, 0.0)
    demand = of(book, Usage((G5,), bursts[:, None]), Future(stop_chance_fraction=0.0))
    by_month = demand.scenarios.quantity[:, :, 0].reshape(7, 12, MONTH).mean(axis=2)
    past = bursts[-5 * MONTH :].mean()
    assert by_month[demand.middle].mean() == pytest.approx(past, rel=0.1)
    # Months hold three or four busy weeks in turn; beside that all are alike.
    assert by_month[demand.middle].max() < 1.6 * past and by_month.max() < 3 * past
    assert any("ran in bursts" in note for note in demand.notes)


def test_short_history_is_flat_and_says_so(book: PriceBook) -> None:
    demand = of(book, flat(weeks=4), Future(stop_chance_fraction=0.0))
    assert demand.scenarios.quantity[demand.middle] == pytest.approx(3.0)
    assert any("shorter than two months" in note for note in demand.notes)


def test_what_stopped_stays_stopped_and_says_so(book: PriceBook) -> None:
    quantity = np.full((20 * 168, 2), 5.0)
    quantity[-5 * 168 :, 1] = 0.0
    usage = Usage((G5, Line("g5.2xlarge", EAST)), quantity)
    demand = of(book, usage, Future(stop_chance_fraction=0.0))
    assert not demand.scenarios.quantity[:, :, 1].any()
    assert any("g5.2xlarge" in note and "taken as ended" in note for note in demand.notes)


def test_bursts_keep_their_mean(book: PriceBook) -> None:
    hours = np.arange(26 * 168)
    bursts = np.where((hours // 168) % 4 == 0, 8.0, 0.0)
    demand = of(book, Usage((G5,), bursts[:, None]), Future(stop_chance_fraction=0.0))
    middle = demand.scenarios.quantity[demand.middle, :, 0]
    assert middle.mean() == pytest.approx(2.0, rel=0.25)
    assert 0.2 < (middle > 0).mean() < 0.3


def test_a_move_shifts_units_at_its_ratio(book: PriceBook) -> None:
    move = Migration("g5.xlarge", "g6.xlarge", 0.5, from_month=3, over_months=2, chance_fraction=0.25)
    demand = of(book, flat(), Future(growth=FLAT, stop_chance_fraction=0.0, migrations=(move,)))
    lines = demand.scenarios.lines
    assert [line.instance_type for line in lines] == ["g5.xlarge", "g6.xlarge"]
    assert demand.exchanges == {0: (1,)}
    moved = demand.scenarios.names.index("p50, g5.xlarge to g6.xlarge")
    stayed = demand.scenarios.names.index("p50")
    assert demand.scenarios.chance[moved] == pytest.approx(0.4 * 0.25)
    assert demand.scenarios.quantity[moved, -1].tolist() == [0.0, 1.5]
    assert demand.scenarios.quantity[moved, 3 * MONTH - 1].tolist() == [3.0, 0.0]
    assert demand.scenarios.quantity[stayed, -1].tolist() == [3.0, 0.0]
    # What is more likely than not stands in the middle.
    assert demand.middle == stayed


def test_a_price_cut_moves_on_demand_from_its_month_on(book: PriceBook) -> None:
    cut = PriceCut(("g5",), 0.4, from_month=6, chance_fraction=0.5)
    demand = of(book, flat(), Future(growth=FLAT, stop_chance_fraction=0.0, price_cuts=(cut,)))
    cheaper = demand.scenarios.names.index("p50, g5 40% cheaper")
    assert demand.scenarios.factor[cheaper, 6 * MONTH - 1, 0] == 1.0
    assert demand.scenarios.factor[cheaper, 6 * MONTH, 0] == pytest.approx(0.6)
    assert (demand.scenarios.factor[demand.scenarios.names.index("p50")] == 1.0).all()


def test_all_faults_come_together(book: PriceBook, usage: Usage) -> None:
    future = Future(
        months=6,
        growth=(0.2, 0.1, 0.3),
        stop_chance_fraction=1.0,
        migrations=(Migration("g5.xlarge", "g5.xlarge", 0.0, from_month=40, over_months=0, chance_fraction=0.0),),
        price_cuts=(PriceCut(("p4", "g5"), 1.5, from_month=-1, chance_fraction=2.0),),
    )
    with pytest.raises(InvalidInput) as caught:
        demand_of(usage, rates_of(book, usage.lines), future)
    fields = [fault.field for fault in caught.value.faults]
    assert fields == [
        "months", "growth", "stop_chance_fraction", "migrations[0].ratio", "migrations[0].from_month",
        "migrations[0].over_months", "migrations[0].chance_fraction", "migrations[0].target",
        "price_cuts[0].cut_fraction", "price_cuts[0].from_month", "price_cuts[0].chance_fraction",
        "price_cuts[0].families",
    ]  # fmt: skip
    assert "p4d" in caught.value.faults[-1].nearest


def test_a_move_from_what_does_not_run_names_what_does(usage: Usage) -> None:
    with pytest.raises(InvalidInput) as caught:
        lines_with_targets(usage, Future(migrations=(Migration("p4de.24xlarge", "p5.48xlarge", 0.5),)))
    assert caught.value.faults[0].nearest == ("p4d.24xlarge",) or "p4d.24xlarge" in caught.value.faults[0].nearest


def test_less_than_a_week_is_refused(book: PriceBook) -> None:
    with pytest.raises(InvalidInput, match="shorter than a week"):
        of(book, Usage((G5,), np.ones((100, 1))), Future())


def test_too_many_futures_are_refused_before_they_are_made(book: PriceBook) -> None:
    cuts = tuple(PriceCut(("g5",), 0.1 + 0.01 * at, chance_fraction=0.5) for at in range(4))
    with pytest.raises(InvalidInput, match="more than can be worked on"):
        of(book, flat(), Future(price_cuts=cuts))
