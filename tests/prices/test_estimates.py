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


def spots(*rows):
    frame = pd.DataFrame(rows, columns=["az", "statistic", "usd", "source", "as_of"])
    return frame.astype({"az": "str"}).assign(instance_type="x.large", region="r")


def test_region_prefers_newer_then_a_mean_over_a_lone_minimum():
    old = [(None, "min", 1.0, "a", "2025-01-01"), (None, "mean", 2.0, "a", "2025-01-01"),
           (None, "max", 3.0, "a", "2025-01-01")]  # fmt: skip
    new = [("z1", "zone", 4.0, "b", "2026-01-01"), ("z2", "zone", 6.0, "b", "2026-01-01")]
    row = estimates.spot_by_region(spots(*old)).iloc[0]
    assert (row["usd_low"], row["usd_expected"], row["usd_high"], row["known"]) == (1.0, 2.0, 3.0, "mean")
    row = estimates.spot_by_region(spots(*old, *new)).iloc[0]
    assert (row["usd_low"], row["usd_expected"], row["usd_high"], row["known"]) == (4.0, 5.0, 6.0, "zones")


def test_a_lone_minimum_reaches_up_to_on_demand():
    seen = spots((None, "min", 1.0, "a", "2025-01-01"))
    lone = estimates.spot_by_region(seen)
    spread = pd.DataFrame({"low": [0.9], "high": [1.2]}, index=pd.Index([""], name="instance_type"))
    listed = pd.DataFrame({"instance_type": ["x.large"], "region": ["r"], "usd_expected": [5.0]})
    row = estimates.spot_band(lone, seen, spread, listed).iloc[0]
    assert (row["usd_low"], row["usd_expected"], row["usd_high"], row["basis"]) == (0.9, 1.0, 5.0, "estimate")
    assert estimates.spot_band(lone, seen, spread, listed.assign(region="elsewhere")).empty


def test_spread_by_hand():
    history = pd.DataFrame(
        {"instance_type": ["a"] * 3 + ["b"] * 3, "az": "z", "usd": [1.0, 2.0, 3.0, 10.0, 10.0, 10.0]}
    ).astype({"instance_type": "str", "az": "str"})
    spread = estimates.spot_spread(history)
    assert spread.loc["a"].tolist() == pytest.approx([0.6, 1.4])
    assert spread.loc["b"].tolist() == [1.0, 1.0]
    assert spread.loc[""].tolist() == pytest.approx([0.75, 1.25])


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


def test_the_band_of_a_zone_reaches_to_all_that_was_observed_of_the_type_in_the_region():
    seen = spots(("r-az1", "zone", 2.0, "a", "2026-01-20"), (None, "max", 3.5, "b", "2025-11-30"))
    listed = pd.DataFrame({"instance_type": ["x.large"], "region": ["r"], "usd_expected": [5.0]})
    still = pd.DataFrame({"low": [1.0], "high": [1.0]}, index=pd.Index([""], name="instance_type"))
    row = estimates.spot_band(estimates.spot_by_zone(seen), seen, still, listed).iloc[0]
    assert (row["usd_low"], row["usd_expected"], row["usd_high"]) == (2.0, 2.0, 3.5)
