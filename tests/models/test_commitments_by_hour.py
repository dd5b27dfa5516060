"""Given purchases over demand, hour by hour: sums worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from costlib.models.commitments import Line, Rates, Scenarios
from costlib.models.commitments_by_hour import Dated, by_hour, cost_usd, dated_of
from costlib.models.commitments_inputs import Commitment

P4D = Line("p4d.24xlarge", "us-east-1")
RATES = Rates(
    pd.DataFrame(
        [
            {"plan_type": plan, "term_years": years, "payment": payment, "instance_type": P4D.instance_type,
             "region": P4D.region, "service": "ec2", "usd_per_hour": usd}
            for plan, years, payment, usd in (
                ("on_demand", 0, "", 10.0), ("spot", 0, "", 4.0), ("capacity_block", 0, "", 6.0),
                ("compute", 1, "no_upfront", 7.0),
            )
        ]
    )
)  # fmt: skip
#: Four instances for two hours, then one for two.
DEMAND = Scenarios((P4D,), np.array([[[4.0], [4.0], [1.0], [1.0]]]))
PLAN = Dated(Commitment("compute", 14.0, 1, "no_upfront"), 0, 4)
BLOCK = Dated(
    Commitment("capacity_block", 2.0, 1, "all_upfront", instance_type=P4D.instance_type, region=P4D.region), 0, 2
)


def test_a_plan_serves_what_it_can_and_loses_the_rest() -> None:
    found = by_hour(DEMAND, 0, [PLAN], RATES)
    assert found.committed_usd.tolist() == [14, 14, 14, 14]
    # Two of four are covered; then one, and half of the plan is lost.
    assert found.covered[:, 0].tolist() == [2, 2, 1, 1]
    assert found.unused_usd == pytest.approx([0, 0, 7, 7])
    assert found.on_demand_usd.tolist() == [20, 20, 0, 0]
    assert cost_usd(DEMAND, [PLAN], RATES)[0] == found.total_usd.sum() == 4 * 14 + 40


def test_a_capacity_block_goes_first_and_only_while_it_lasts() -> None:
    found = by_hour(DEMAND, 0, [PLAN, BLOCK], RATES)
    # Two in the block, the plan's two beside it, none on demand; after it as before.
    assert found.covered[:, 0].tolist() == [4, 4, 1, 1]
    assert found.committed_usd.tolist() == [14 + 12, 14 + 12, 14, 14]
    assert found.unused_usd == pytest.approx([0, 0, 7, 7]) and not found.on_demand_usd.any()


def test_a_plan_sees_only_what_a_block_leaves() -> None:
    found = by_hour(Scenarios((P4D,), np.full((1, 2, 1), 3.0)), 0, [PLAN, BLOCK], RATES)
    # Two of three run in the block: the plan serves one, and half of it is lost.
    assert found.covered[:, 0].tolist() == [3, 3] and found.unused_usd == pytest.approx([7, 7])


def test_a_block_that_is_too_large_loses_the_rest() -> None:
    found = by_hour(Scenarios((P4D,), np.ones((1, 2, 1))), 0, [BLOCK], RATES)
    assert found.unused_usd.tolist() == [6, 6] and found.committed_usd.tolist() == [12, 12]


def test_spot_serves_its_share_of_what_is_left() -> None:
    found = by_hour(DEMAND, 0, [PLAN], RATES, {0: 0.25})
    assert found.on_spot[:, 0].tolist() == [1, 1, 0, 0] and found.spot_usd.tolist() == [4, 4, 0, 0]
    assert found.on_demand_usd.tolist() == [10, 10, 0, 0]


def test_a_price_cut_below_spot_leaves_nothing_dearer_than_on_demand() -> None:
    cheap = Scenarios((P4D,), DEMAND.quantity, on_demand_factor=0.3)
    found = by_hour(cheap, 0, [], RATES, {0: 1.0})
    assert found.total_usd.tolist() == [12, 12, 3, 3]


def test_purchases_read_back_as_commitments() -> None:
    rows = pd.DataFrame(
        [{"plan_type": "ec2_instance", "amount": 3.5, "term_years": 1.0, "payment": "no_upfront",
          "instance_type": np.nan, "family": "p4d", "region": "us-east-1", "start_hour": 10, "end_hour": 20}]
    )  # fmt: skip
    (one,) = dated_of(rows)
    assert one == Dated(Commitment("ec2_instance", 3.5, 1, "no_upfront", family="p4d", region="us-east-1"), 10, 20)
