"""Estimated prices: their rules against every published number there is, and on cases done by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.prices import estimates
from costlib.prices.book import PriceBook


@pytest.fixture(scope="module")
def book() -> PriceBook:
    return PriceBook.open()


def test_the_one_known_compute_rate_is_inside_the_band_of_the_rule(book):
    """Of m6a.xlarge only the standard rate is held; the median convertible rate is 1.20 times that."""
    known = book.savings_plan("compute", "m6a.xlarge", "us-east-1", 1, "no_upfront").amount
    standard = book.reserved("m6a.xlarge", "us-east-1", 1, "standard", "no_upfront").amount
    listed = book.on_demand("m6a.xlarge", "us-east-1").amount
    assert standard < known < listed
    # One rate, so no tighter tolerance than a few percent can be asked of a typical ratio.
    assert known == pytest.approx(1.20 * standard, rel=0.03)


def test_compute_estimates_follow_the_convertible_rate(book):
    plan = book.savings_plan("compute", "p5.48xlarge", "us-east-1", 3, "no_upfront")
    convertible = book.reserved("p5.48xlarge", "us-east-1", 3, "convertible", "no_upfront").amount
    standard = book.reserved("p5.48xlarge", "us-east-1", 3, "standard", "no_upfront").amount
    assert plan.band == (standard, convertible, 55.04)
    assert plan.basis == "estimate" and "convertible" in plan.rule
    instance = book.savings_plan("ec2_instance", "p5.48xlarge", "us-east-1", 3, "no_upfront")
    assert instance.band == (standard, standard, convertible)


def test_no_savings_plan_is_below_the_published_maximum(book):
    most = {"compute": 0.66, "ec2_instance": 0.72, "sagemaker": 0.64}
    maxima = book.table("prices/savings_plan_maxima").set_index("plan_type")["discount_fraction"]
    assert maxima.to_dict() == most
    for service in ("ec2", "sagemaker"):
        listed = book.part(service, "on_demand")[["billed_type", "region", "usd_expected"]]
        rows = book.part(service, "savings_plan").merge(listed, on=["billed_type", "region"], suffixes=("", "_list"))
        plan = rows["option"].str.split(" ").str[0]
        off = 1 - rows[["usd_low", "usd_expected", "usd_high"]].div(rows["usd_expected_list"], axis=0)
        assert (off.max(axis=1) <= plan.map(most) + 1e-9).all()
        assert (off["usd_low"] >= plan.map(most) - 1e-9).any(), f"a maximum of {service} binds somewhere"


def test_nothing_is_paid_at_the_start_without_an_upfront_payment(book):
    rows = book.part("ec2", "savings_plan")
    none = rows["option"].str.endswith(" no_upfront")
    assert (rows.loc[none, "upfront_usd"] == 0).all() and none.sum() > 3000
    assert rows.loc[~none, "upfront_usd"].isna().all()


def test_sagemaker_plan_carries_the_known_discount(book):
    plan = book.savings_plan("sagemaker", "g5.xlarge", "us-east-1", 1, "partial_upfront")
    assert plan.amount == pytest.approx(1.408 * 2.60544 / 3.84)
    assert plan.low == pytest.approx(1.408 * 0.36) and plan.high == 1.408
    assert plan.basis == "estimate"


def test_reported_managed_spot_savings_are_inside_the_bands(book):
    savings = book.table("prices/managed_spot_savings")
    assert len(savings) == 2
    for row in savings.to_dict("records"):
        price = book.spot(row["instance_type"], row["region"], service="sagemaker")
        listed = book.sagemaker("Training", row["instance_type"], row["region"]).amount
        assert price.low / listed <= 1 - row["saving_high_fraction"] + 1e-9
        assert price.high / listed >= 1 - row["saving_low_fraction"] - 1e-9


@given(
    st.dictionaries(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), st.floats(0.1, 10), max_size=9),
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("xyzw")), min_size=1, max_size=20),
)
def test_column_at_is_a_dictionary(held, wanted):
    source = pd.DataFrame({"k": [k for k, _ in held], "j": [j for _, j in held], "v": list(held.values())}).astype(
        {"k": "str", "j": "str", "v": "float"}
    )
    rows = pd.DataFrame(wanted, columns=["k", "j"]).astype("str")
    found = estimates.column_at(source, ["k", "j"], "v", rows)
    np.testing.assert_array_equal(found, [held.get(key, np.nan) for key in wanted])
