"""Discounts as AWS applies them: the worked examples of its guides, and what must hold of any hour."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.errors import InvalidInput
from costlib.models.commitments_apply import Applied, apply_discounts
from costlib.models.commitments_inputs import Commitment, Line, Usage
from costlib.models.normalization import is_size_flexible, normalization_factor
from costlib.validation.commitments_guide import EARLIER, GUIDE, PARTIAL, compute, guide_check, hour_of, rate_row


def guide(*commitments: Commitment) -> Applied:
    return hour_of(GUIDE, *commitments)


# The guide rounds to cents, half a cent up (47.125 is its 47.13): half a cent, and the rounding of the sum.
CENT = 0.005 + 1e-9


def test_every_number_that_the_guides_work_by_hand() -> None:
    found = guide_check()
    assert len(found) == 21 and found["exact"].all(), found


def test_guide_without_plans() -> None:
    assert guide().on_demand_usd[0] == pytest.approx(59.10, abs=CENT)


def test_guide_scenario_1_a_plan_for_all_usage() -> None:
    found = guide(compute(50.0))
    assert found.covered_usd[0] == pytest.approx(47.13, abs=CENT)
    assert found.on_demand_usd[0] == pytest.approx(0, abs=1e-9)
    assert found.unused_usd[0] == pytest.approx(50 - 47.13, abs=CENT), "lost with its hour"


def test_guide_scenario_2_a_plan_for_some_usage() -> None:
    found = guide(compute(2.0))
    # "approximately 2.9 units", $1.14 for r5 and $56.24 in all.
    assert found.covered_quantity[0, 0] == pytest.approx(2.9, abs=0.05)
    assert (4 - found.covered_quantity[0, 0]) * 1.0 == pytest.approx(1.14, abs=CENT)
    assert found.on_demand_usd[0] == pytest.approx(56.24, abs=CENT)
    assert found.unused_usd[0] == pytest.approx(0, abs=1e-9)


def test_guide_scenario_3_a_plan_across_products() -> None:
    found = guide(compute(19.60))
    assert found.on_demand_usd[0] == pytest.approx(32.70, abs=CENT)
    assert found.covered_quantity[0] == pytest.approx([4, 400, 1600, 0, 0, 0], abs=1e-6)
    # Memory is served before vCPUs, at the same saving and the lower rate.
    partly = guide(compute(2.80 + 4.80))
    assert partly.covered_quantity[0] == pytest.approx([4, 0, 1600, 0, 0, 0], abs=1e-6)


def test_guide_scenario_4_reserved_instances_first() -> None:
    reserved = Commitment("standard", 2, instance_type="r5.4xlarge", region="us-east-1", **PARTIAL)
    found = guide(compute(18.20), reserved)
    assert found.on_demand_usd[0] == pytest.approx(32.70, abs=CENT)
    assert found.used_fraction[0] == pytest.approx([1, 1])
    assert found.covered_usd[0] == pytest.approx(18.20 + 2 * 0.60)


def test_guide_scenario_5_two_plans() -> None:
    instance = Commitment("ec2_instance", 3.0, family="r5", region="us-east-1", **PARTIAL)
    found = guide(compute(16.80), instance)
    assert found.used_fraction[0] == pytest.approx([1.0, 2.40 / 3.0]), "$2.40 of $3.00 are needed"
    assert found.on_demand_usd[0] == pytest.approx(32.70, abs=CENT)


def earlier(*commitments: Commitment) -> Applied:
    return hour_of(EARLIER, *commitments)


def test_earlier_guide_scenario_1_all_usage_for_25_dollars() -> None:
    found = earlier(compute(25.0))
    assert (found.covered_usd[0], found.unused_usd[0], found.on_demand_usd[0]) == pytest.approx((25, 0, 0))


def test_earlier_guide_order_of_savings() -> None:
    # 50 %: the GB (rate 1.00) before c5.9xlarge (2.00); then the vCPU at 33 %; the Windows instance at 20 % last.
    assert earlier(compute(6.0)).covered_quantity[0] == pytest.approx([0.5, 0, 0, 5])
    assert earlier(compute(16.0)).covered_quantity[0] == pytest.approx([1, 0, 9, 5])
    instance = Commitment("ec2_instance", 4.0, family="c5", region="us-east-1", **PARTIAL)
    assert earlier(instance).covered_quantity[0] == pytest.approx([1, 0.5, 0, 0]), "75 % before 40 %, in any size"


def reserved_case(usage: dict[Line, float], commitments: list[Commitment]) -> Applied:
    rows = [rate_row(line, "on_demand", 0.1 * normalization_factor(line.instance_type)) for line in usage]
    rows += [
        rate_row(Line(commitment.instance_type or "", "us-east-1"), "standard", 0.05, 1, "no_upfront")
        for commitment in commitments
    ]
    frame = pd.DataFrame(rows).drop_duplicates(["plan_type", "instance_type"])
    return apply_discounts(Usage(tuple(usage), np.array([list(usage.values())])), commitments, frame)


def reserve(count: float, instance_type: str, zone: str | None = None, account: str = "A") -> Commitment:
    return Commitment("standard", count, 1, "no_upfront", instance_type, None, "us-east-1", zone, account=account)


def linux(instance_type: str, zone: str = "us-east-1a", account: str = "A") -> Line:
    return Line(instance_type, "us-east-1", zone=zone, account=account)


def test_ec2_guide_scenario_1_zonal_and_regional() -> None:
    usage = {linux("m3.large"): 4, linux("m4.xlarge", "us-east-1b"): 2, linux("c4.xlarge", "us-east-1c"): 1}
    bought = [reserve(4, "m3.large", "us-east-1a"), reserve(4, "m4.large"), reserve(1, "c4.large")]
    found = reserved_case(usage, bought)
    assert found.covered_quantity[0] == pytest.approx([4, 2, 0.5])
    assert found.used_fraction[0] == pytest.approx([1, 1, 1])


def test_ec2_guide_scenario_2_from_the_smallest_size_up() -> None:
    found = reserved_case({linux("m3.xlarge"): 2, linux("m3.large", "us-east-1b"): 2}, [reserve(1, "m3.2xlarge")])
    assert found.covered_quantity[0] == pytest.approx([1, 2])


def test_ec2_guide_scenario_3_the_own_account_first() -> None:
    usage = {
        linux("m4.xlarge"): 2, linux("m4.2xlarge", "us-east-1b"): 1, linux("c4.xlarge"): 2,
        linux("c4.2xlarge", "us-east-1b"): 1, linux("m4.xlarge", account="B"): 2,
    }  # fmt: skip
    found = reserved_case(usage, [reserve(4, "m4.xlarge"), reserve(2, "c4.xlarge")])
    assert found.covered_quantity[0] == pytest.approx([2, 1, 2, 0, 0])


def test_ec2_guide_scenario_4_a_strangers_zonal_before_the_own_regional() -> None:
    usage = {linux("m4.xlarge"): 1, linux("m4.xlarge", "us-east-1b", "B"): 1}
    found = reserved_case(usage, [reserve(1, "m4.xlarge"), reserve(1, "m4.xlarge", "us-east-1a", "C")])
    assert found.covered_quantity[0] == pytest.approx([1, 1])
    assert found.used_fraction[0] == pytest.approx([1, 1])


@pytest.mark.parametrize(
    ("bought", "running", "covered"),
    [
        # t2.medium and two small, or half of one large; i3.metal counts as i3.16xlarge, either way round.
        ((1, "t2.medium"), ("t2.small", 2), 2),
        ((1, "t2.medium"), ("t2.large", 1), 0.5),
        ((1, "i3.metal"), ("i3.16xlarge", 1), 1),
        ((1, "i3.metal"), ("i3.8xlarge", 2), 2),
        ((1, "i3.metal"), ("i3.4xlarge", 4), 4),
        ((2, "i3.8xlarge"), ("i3.metal", 1), 1),
        # Zonal, or of a family without size flexibility: its own size only.
        ((2, "g5.xlarge"), ("g5.2xlarge", 1), 0),
        ((2, "g5.xlarge"), ("g5.xlarge", 3), 2),
    ],
)
def test_size_flexibility(bought: tuple[float, str], running: tuple[str, float], covered: float) -> None:
    found = reserved_case({linux(running[0]): running[1]}, [reserve(*bought)])
    assert found.covered_quantity[0, 0] == pytest.approx(covered)


def test_factors() -> None:
    sizes = {"t2.nano": 0.25, "m5.xlarge": 8, "p5.48xlarge": 384, "c5.metal": 192, "m7i.metal-24xl": 192}
    assert {name: normalization_factor(name) for name in sizes} == sizes
    assert not is_size_flexible("m5.large", "windows") and not is_size_flexible("m5.large", tenancy="dedicated")
    with pytest.raises(InvalidInput, match="x9.metal"):
        normalization_factor("x9.metal")
    # A size without a factor keeps to itself.
    assert not is_size_flexible("x9.metal") and is_size_flexible("m5.large")


def test_compute_plans_leave_sagemaker_alone_and_sagemaker_plans_the_rest() -> None:
    ec2, sagemaker = Line("g5.xlarge", "us-east-1"), Line("ml.g5.xlarge", "us-east-1", "sagemaker")
    rows = [rate_row(ec2, "on_demand", 1.0), rate_row(sagemaker, "on_demand", 1.4)]
    # A rate in the table does not make a plan cover what it does not: both lines have both.
    rows += [
        rate_row(line, plan, 0.7, 1, "no_upfront") for line in (ec2, sagemaker) for plan in ("compute", "sagemaker")
    ]
    usage = Usage((ec2, sagemaker), np.array([[1.0, 1.0]]))
    for plan, covered in (("compute", [1, 0]), ("sagemaker", [0, 1])):
        found = apply_discounts(usage, [Commitment(plan, 5.0, 1, "no_upfront")], pd.DataFrame(rows))
        assert found.covered_quantity[0] == pytest.approx(covered)
        assert found.unused_usd[0] == pytest.approx(4.3)


amounts = st.floats(0, 30)


@given(st.lists(st.lists(st.floats(0, 9), min_size=4, max_size=4), min_size=1, max_size=6), amounts, amounts)
def test_what_holds_of_any_hour(quantity: list[list[float]], compute_usd: float, instance_usd: float) -> None:
    rows = []
    for line, on_demand, compute_rate, instance, _ in EARLIER:
        rows += [rate_row(line, "on_demand", on_demand), rate_row(line, "compute", compute_rate, 1, "partial_upfront")]
        rows += [rate_row(line, "ec2_instance", instance, 1, "partial_upfront")] if instance else []
    lines, rates = tuple(line for line, *_ in EARLIER), pd.DataFrame(rows)
    bought = [
        compute(compute_usd),
        Commitment("ec2_instance", instance_usd, family="c5", region="us-east-1", **PARTIAL),
    ]
    usage = np.array(quantity)
    found = apply_discounts(Usage(lines, usage), bought, rates)
    # The commitment is paid whole in every hour, and nothing is covered that did not run.
    assert found.covered_usd + found.unused_usd == pytest.approx(np.full(len(usage), compute_usd + instance_usd))
    assert (found.covered_quantity <= usage + 1e-9).all() and (found.covered_quantity >= -1e-9).all()
    on_demand = np.array([case[1] for case in EARLIER])
    assert found.on_demand_usd == pytest.approx((usage - found.covered_quantity) @ on_demand, abs=1e-9)
    # Hours know nothing of each other: all at once is each alone.
    alone = [apply_discounts(Usage(lines, usage[[at]]), bought, rates).total_usd[0] for at in range(len(usage))]
    assert found.total_usd == pytest.approx(alone)
    # Twice the usage under twice the commitment is twice the bill.
    twice = [Commitment(**{**vars(each), "amount": 2 * each.amount}) for each in bought]
    assert apply_discounts(Usage(lines, 2 * usage), twice, rates).total_usd == pytest.approx(2 * found.total_usd)


def test_bad_commitments_are_named_with_what_is_sold() -> None:
    line = Line("p5.48xlarge", "us-east-1")
    frame = pd.DataFrame([rate_row(line, "on_demand", 55.04), rate_row(line, "convertible", 31.0, 3, "all_upfront")])
    usage = Usage((line,), np.ones((1, 1)))
    wrong = Commitment("standard", -1, 1, "no_upfront", "p5.48xlarge", region="us-east-1")
    with pytest.raises(InvalidInput, match="standard 1 year no_upfront p5.48xlarge") as caught:
        apply_discounts(usage, [wrong, Commitment("computed", 1, 1, "no_upfront")], frame)
    assert "sold: convertible 3 year all_upfront" in str(caught.value)
    assert [fault.field for fault in caught.value.faults] == [
        "commitments[0].amount", "commitments[0]", "commitments[1].plan_type",
    ]  # fmt: skip
    with pytest.raises(InvalidInput, match="p5.48xlarge"):
        apply_discounts(Usage((Line("p5.48xlarg", "us-east-1"),), np.ones((1, 1))), [], frame)
    with pytest.raises(InvalidInput, match="known: us-east-1/ec2/linux/shared"):
        apply_discounts(Usage((Line("p5.48xlarge", "eu-west-9"),), np.ones((1, 1))), [], frame)


def test_bad_numbers_and_rates_are_named() -> None:
    with pytest.raises(InvalidInput, match="2 values, first at hour 0, a.large; hour 1, b.large"):
        Usage((Line("a.large", "r"), Line("b.large", "r")), np.array([[-1.0, 0], [0, -2]]))
    with pytest.raises(InvalidInput, match="comes twice"):
        Usage((Line("a.large", "r"), Line("a.large", "r")), np.ones((1, 2)))
    line = Line("g5.xlarge", "us-east-1")
    bad = [
        rate_row(line, "on_demand", 0.0),
        rate_row(line, "compute", 1.0, 2, "no_upfront"),
        rate_row(line, "compute", 1, 1, "later"),
    ]
    with pytest.raises(InvalidInput) as caught:
        apply_discounts(Usage((line,), np.ones((1, 1))), [], pd.DataFrame(bad))
    assert [fault.field for fault in caught.value.faults] == ["term_years", "payment", "usd_per_hour"]
    with pytest.raises(InvalidInput, match=r"has two rates \(rows 0, 1\)"):
        apply_discounts(Usage((line,), np.ones((1, 1))), [], pd.DataFrame([rate_row(line, "on_demand", 1.0)] * 2))
