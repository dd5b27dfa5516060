"""Frames in place of the models' own types: the same answers, and refusals with rows."""

import numpy as np
import pandas as pd
import pytest

from costlib.errors import InvalidInput
from costlib.models.commitments import (
    Commitment,
    Line,
    Scenarios,
    Terms,
    Usage,
    apply_discounts,
    best_portfolio,
    commitments_of,
    scenarios_of,
)

M5, C5 = Line("m5.xlarge", "us-east-1"), Line("c5.xlarge", "us-east-1")
RATES = pd.DataFrame(
    [
        {"plan_type": plan, "term_years": 1, "payment": "no_upfront", "instance_type": line.instance_type,
         "region": line.region, "service": "ec2", "usd_per_hour": usd}
        for line, price in ((M5, 0.2), (C5, 0.1))
        for plan, usd in (("on_demand", price), ("compute", 0.7 * price))
    ]
)  # fmt: skip
QUANTITY = np.array([[3.0, 1.0], [2.0, 0.0], [4.0, 2.0]])


def rows_of(quantity: np.ndarray, lines: tuple[Line, ...] = (M5, C5)) -> pd.DataFrame:
    hours = pd.date_range("2026-01-01", periods=len(quantity), freq="h", tz="UTC")
    return pd.concat(
        [
            pd.DataFrame({"hour": hours, "instance_type": line.instance_type, "region": line.region, "service": "ec2",
                          "quantity": quantity[:, at]})
            for at, line in enumerate(lines)
        ],
        ignore_index=True,
    )  # fmt: skip


def test_tables_are_billed_as_the_types_are() -> None:
    bought = pd.DataFrame([{"plan_type": "compute", "amount": 0.3, "term_years": 1, "payment": "no_upfront"}])
    found = apply_discounts(rows_of(QUANTITY), bought, RATES)
    own = apply_discounts(Usage((M5, C5), QUANTITY), [Commitment("compute", 0.3, 1, "no_upfront")], RATES)
    assert found.total_usd.tolist() == pytest.approx(own.total_usd.tolist())
    assert found.unused_usd.sum() + found.covered_usd.sum() == pytest.approx(3 * 0.3)


def test_empty_cells_of_commitments_are_none() -> None:
    table = pd.DataFrame(
        [
            {"plan_type": "compute", "amount": 1, "term_years": 1, "payment": "no_upfront", "family": None},
            {"plan_type": "ec2_instance", "amount": 2, "term_years": 3, "payment": "all_upfront", "family": "m5",
             "region": "us-east-1"},
        ]
    )  # fmt: skip
    assert commitments_of(table) == [
        Commitment("compute", 1.0, 1, "no_upfront"),
        Commitment("ec2_instance", 2.0, 3, "all_upfront", family="m5", region="us-east-1"),
    ]


def test_wrong_tables_of_commitments_are_refused_with_rows() -> None:
    with pytest.raises(InvalidInput) as caught:
        commitments_of(pd.DataFrame({"plan_typ": ["compute"], "amount": [1]}))
    assert [fault.field for fault in caught.value.faults] == ["commitments"] * 3 + ["commitments columns"]
    assert caught.value.faults[-1].nearest == ("plan_type",)
    table = pd.DataFrame({"plan_type": ["compute"] * 3, "amount": ["1", "x", "2"], "term_years": [1, 1, 1.5],
                          "payment": "no_upfront"})  # fmt: skip
    with pytest.raises(InvalidInput) as caught:
        commitments_of(table)
    assert [fault.field for fault in caught.value.faults] == ["amount", "term_years"]
    assert "rows 1" in caught.value.faults[0].problem and "rows 2" in caught.value.faults[1].problem


def test_a_table_of_scenarios_is_the_scenarios() -> None:
    more = 2 * QUANTITY
    table = pd.concat(
        [rows_of(QUANTITY).assign(scenario="flat", probability=0.75),
         rows_of(more).assign(scenario="double", probability=0.25)]
    )  # fmt: skip
    made = scenarios_of(table)
    order = [made.lines.index(line) for line in (M5, C5)]
    assert made.names == ("flat", "double") and made.chance.tolist() == [0.75, 0.25]
    assert made.quantity[:, :, order].tolist() == np.stack([QUANTITY, more]).tolist()
    terms = Terms(past_horizon="go_on")
    own = best_portfolio(Scenarios((M5, C5), np.stack([QUANTITY, more]), np.array([0.75, 0.25])), RATES, terms=terms)
    assert best_portfolio(table, RATES, terms=terms).expected_usd == pytest.approx(own.expected_usd)


def test_usage_alone_and_several_are_scenarios_of_equal_chance() -> None:
    only = scenarios_of(Usage((M5,), QUANTITY[:, :1]))
    assert only.chance.tolist() == [1.0] and only.quantity.shape == (1, 3, 1)
    both = scenarios_of([Usage((M5,), QUANTITY[:, :1]), rows_of(QUANTITY[:, 1:], (C5,))])
    assert both.lines == (M5, C5) and both.chance.tolist() == [0.5, 0.5]
    assert both.quantity[0, :, 1].tolist() == [0, 0, 0] and both.quantity[1, :, 1].tolist() == QUANTITY[:, 1].tolist()


def test_scenarios_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(InvalidInput, match="all of the same hours"):
        scenarios_of([rows_of(QUANTITY), rows_of(QUANTITY[:2])])
    with pytest.raises(InvalidInput, match="at least one"):
        scenarios_of([])
    table = rows_of(QUANTITY).assign(scenario="flat", probability=[0.5] + [1.0] * 5)
    with pytest.raises(InvalidInput, match="is not one number for scenario flat"):
        scenarios_of(table)
