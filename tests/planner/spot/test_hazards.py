"""Whose interruption rates count: the advisor's bands, and the user's own history where it says more."""

import numpy as np
import pandas as pd
import pytest

from costlib.errors import InvalidInput
from costlib.models.interruption import hazard_from_history
from costlib.planner.search import search
from costlib.planner.sources import Sources
from costlib.planner.spot.hazards import OPEN_BAND_RULE, SpotHazards
from costlib.planner.spot.run import choose
from costlib.workload import PURCHASES, SpotHistory, Workload


def names_and_rates(sources: Sources, *history: SpotHistory) -> tuple[SpotHazards, np.ndarray]:
    offers = sources.offers
    spot = offers.purchase == PURCHASES.index("spot")
    names = offers.frame[["instance_type", "region", "az"]].fillna("").where(pd.Series(spot), "")
    return sources.interruptions.over(history, names), spot


def test_the_advisors_band_gives_back_its_shares(sources: Sources) -> None:
    hazards = sources.interruptions
    frame = sources.offers.frame
    row = int(np.nonzero((frame["instance_type"] == "p4d.24xlarge") & (frame["region"] == "us-east-1"))[0][0])
    # p4d in us-east-1 stands in the open band: over 20 %, read up to one interruption a month.
    assert 1 - np.exp(-730 * hazards.hazard[0][row]) == pytest.approx(0.20)
    assert 730 * hazards.hazard[2][row] == pytest.approx(1.0)
    assert hazards.hazard[1][row] == pytest.approx((hazards.hazard[0][row] + hazards.hazard[2][row]) / 2)
    assert OPEN_BAND_RULE in hazards.rule[row] and hazards.basis[row] == "estimate"


def test_the_row_that_names_most_decides(sources: Sources) -> None:
    everywhere = SpotHistory(interruptions=1, instance_hours=1000)
    region = SpotHistory(interruptions=2, instance_hours=1000, region="us-east-1")
    of_type = SpotHistory(interruptions=30, instance_hours=1000, instance_type="p4d.24xlarge")
    found, spot = names_and_rates(sources, everywhere, region, of_type)
    frame = sources.offers.frame
    types, regions = frame["instance_type"].to_numpy(), frame["region"].to_numpy()
    p4d = spot & (types == "p4d.24xlarge")
    there = spot & ~p4d & (regions == "us-east-1")
    rest = spot & ~p4d & (regions != "us-east-1")
    for rows, count in ((p4d, 30), (there, 2), (rest, 1)):
        assert rows.any()
        for end, value in zip(found.hazard, hazard_from_history(count, 1000), strict=True):
            assert end[rows] == pytest.approx(float(value))
        assert set(found.basis[rows]) == {"user"}


def test_rows_that_match_no_spot_price_are_refused_together_with_near_names(
    workload: Workload, sources: Sources
) -> None:
    changed = workload.changed(
        {
            "spot.history": [
                {"interruptions": 1, "instance_hours": 10, "az": "use1-az99"},
                {"interruptions": 1, "instance_hours": 10, "instance_type": "a1.medium", "region": "us-gov-west-1"},
            ]
        }
    )
    with pytest.raises(InvalidInput) as refused:
        search(changed, sources)
    fields = [fault.field for fault in refused.value.faults]
    assert fields[0] == "spot.history.0.az" and fields[1].startswith("spot.history.1")
    assert any("use1-az" in name for name in refused.value.faults[0].nearest)


def test_an_own_history_moves_the_plan_and_says_so(workload: Workload, sources: Sources) -> None:
    """An interruption an hour costs rework; the line names the history."""
    often = {"interruptions": 500, "instance_hours": 500, "instance_type": "p4d.24xlarge"}
    plain = choose(search(workload, sources), instance_type="p4d.24xlarge", count=2, region="us-east-1")
    own = choose(
        search(workload.changed({"spot.history": [often]}), sources), instance_type="p4d.24xlarge", count=2,
        region="us-east-1",
    )  # fmt: skip
    assert own.hazard_per_hour.expected == pytest.approx(1.0)
    assert own.plan.cost_usd.expected > plain.plan.cost_usd.expected
    line = next(line for line in own.plan.lines if line.item == "spot_rework")
    assert "500 interruptions in 500 instance-hours of your own" in line.rule and "your own history" in line.source
    assert own.hazard_origin["basis"] == "user"


def test_the_same_place_twice_is_refused(workload: Workload) -> None:
    row = {"interruptions": 1, "instance_hours": 10}
    with pytest.raises(InvalidInput, match="two rows of the same"):
        workload.changed({"spot.history": [row, row]})
    with pytest.raises(InvalidInput) as refused:
        workload.changed({"spot.history": [{"interruptions": -1, "instance_hours": 0, "regoin": "x"}]})
    assert len(refused.value.faults) == 3


def test_waits_for_capacity_take_time_and_no_money(workload: Workload, sources: Sources) -> None:
    one = choose(
        search(workload.changed({"spot.requeue_minutes": 600}), sources), instance_type="p4d.24xlarge", count=2
    )
    none = choose(search(workload.changed({"spot.requeue_minutes": 0}), sources), instance_type="p4d.24xlarge", count=2)
    assert one.plan.cost_usd.expected == pytest.approx(none.plan.cost_usd.expected, rel=1e-4)
    # Ten hours for each expected interruption: the run's hours over the hours between interruptions.
    waited = one.plan.hours.expected - none.plan.hours.expected
    assert waited == pytest.approx(10 * none.plan.hours.expected / none.mtbi_hours.expected, rel=0.01)
