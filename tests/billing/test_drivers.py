"""Price, volume and mix: by hand, and always adding up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.billing.bill import open_bill
from costlib.billing.drivers import DRIVERS, drivers, drivers_by_service, explained
from costlib.errors import InvalidInput
from tests.billing.conftest import focus, written


def items(*rows: tuple[str, float, float], service: str = "EC2", counted: bool = True) -> pd.DataFrame:
    """A frame of items, each with its quantity and cost."""
    names = {"service": service, "unit": "Hours", "region": "r", "purchase_option": "on_demand", "counted": counted}
    made = [{**names, "item": item, "quantity": quantity, "cost": cost} for item, quantity, cost in rows]
    return pd.DataFrame(made, columns=[*names, "item", "quantity", "cost"])


def of(before: pd.DataFrame, after: pd.DataFrame) -> dict[str, float]:
    return explained(before, after)[list(DRIVERS)].sum().to_dict()


def test_by_hand() -> None:
    # 10 h at 1 and 10 h at 3; then 10 h at 1.10 and 20 h at 3: half as much again at the mean price of 2 is 20;
    # the mix moved to the dear one: 10 + 60 - 30 x 2 = 10; the price rose by 10 x 0.10 = 1.
    before, after = items(("a", 10, 10), ("b", 10, 30)), items(("a", 10, 11), ("b", 20, 60))
    assert of(before, after) == pytest.approx({"volume": 20, "mix": 10, "price": 1, "new": 0, "gone": 0, "other": 0})


def test_one_driver_alone() -> None:
    before = items(("a", 10, 10), ("b", 10, 30))
    zero = dict.fromkeys(DRIVERS, 0.0)
    assert of(before, before) == pytest.approx(zero)
    assert of(before, items(("a", 20, 20), ("b", 20, 60))) == pytest.approx({**zero, "volume": 40})
    assert of(before, items(("a", 10, 12), ("b", 10, 36))) == pytest.approx({**zero, "price": 8})
    assert of(before, items(("a", 5, 5), ("b", 15, 45))) == pytest.approx({**zero, "mix": 10})
    assert of(before, items(("c", 20, 60))) == pytest.approx({**zero, "mix": 20})
    assert of(before, items()) == pytest.approx({**zero, "gone": -40})
    assert of(items(), before) == pytest.approx({**zero, "new": 40})
    fees = items(("Tax", 0, 5), counted=False)
    assert of(before, pd.concat([before, fees])) == pytest.approx({**zero, "other": 5})


amounts = st.lists(st.tuples(st.sampled_from("abcd"), st.floats(0, 1e4), st.floats(-1e3, 1e6)), max_size=8)


@given(amounts, amounts, st.booleans())
def test_drivers_add_up(before: list, after: list, counted: bool) -> None:
    frames = items(*before), items(*after, service="EC2" if counted else "S3", counted=counted)
    found = explained(*frames)
    scale = 1.0 + sum(abs(cost) for _, _, cost in [*before, *after])
    parts = found[list(DRIVERS)]
    # Volume and mix may be huge and cancel (a hair of use before, much after): floats lose the digits of the largest.
    lost = 1e-12 * (scale + parts.abs().sum(axis=1).to_numpy(float))
    assert (np.abs(parts.sum(axis=1) - found["change"]).to_numpy(float) <= lost).all()
    assert found["change"].sum() == pytest.approx(frames[1]["cost"].sum() - frames[0]["cost"].sum(), abs=1e-9 * scale)


def test_of_a_bill(tmp_path: Path) -> None:
    after = {"BillingPeriodStart": "2026-09-01T00:00:00Z", "ChargePeriodStart": "2026-09-02T00:00:00Z"}
    twice = {**after, "PricingQuantity": 2.0, "EffectiveCost": 3.0}
    tax = {**after, "ChargeCategory": "Tax", "EffectiveCost": 0.5, "PricingQuantity": None}
    bill = open_bill(written(focus({}, twice, tax), tmp_path / "b.parquet"))
    (row,) = drivers(bill).to_dict("records")
    assert row["cost_before"] == 1.0 and row["cost"] == 3.5 and row["change"] == 2.5
    assert (row["volume"], row["price"], row["mix"], row["other"]) == pytest.approx((1.0, 1.0, 0.0, 0.5))
    by_service = drivers_by_service(bill)
    assert by_service["change"].sum() == 2.5 and by_service["change"].abs().is_monotonic_decreasing
    with pytest.raises(InvalidInput, match="single month"):
        drivers(open_bill(written(focus({}), tmp_path / "one.parquet")))
