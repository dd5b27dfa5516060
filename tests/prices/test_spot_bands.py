"""Spot bands: by hand, against the tables, and never a point."""

import numpy as np
import pandas as pd
import pytest

from costlib.errors import DataCorrupt
from costlib.prices import spot_bands
from costlib.prices.book import PriceBook

#: A drift that moves nothing.
STILL = (1.0, 1.0, 1)


@pytest.fixture(scope="module")
def book() -> PriceBook:
    return PriceBook.open()


def spots(*rows):
    frame = pd.DataFrame(rows, columns=["az", "statistic", "usd", "source", "as_of"])
    return frame.astype({"az": "str"}).assign(instance_type="x.large", region="r")


def test_region_prefers_newer_then_a_mean_over_a_lone_minimum():
    old = [(None, "min", 1.0, "a", "2025-01-01"), (None, "mean", 2.0, "a", "2025-01-01"),
           (None, "max", 3.0, "a", "2025-01-01")]  # fmt: skip
    new = [("z1", "zone", 4.0, "b", "2026-01-01"), ("z2", "zone", 6.0, "b", "2026-01-01")]
    row = spot_bands.spot_by_region(spots(*old)).iloc[0]
    assert (row["usd_low"], row["usd_expected"], row["usd_high"], row["known"]) == (1.0, 2.0, 3.0, "mean")
    row = spot_bands.spot_by_region(spots(*old, *new)).iloc[0]
    assert (row["usd_low"], row["usd_expected"], row["usd_high"], row["known"]) == (4.0, 5.0, 6.0, "zones")


def test_a_lone_minimum_reaches_up_to_on_demand():
    seen = spots((None, "min", 1.0, "a", "2025-01-01"))
    lone = spot_bands.spot_by_region(seen)
    spread = pd.DataFrame({"low": [0.9], "high": [1.2]}, index=pd.Index([""], name="instance_type"))
    listed = pd.DataFrame({"instance_type": ["x.large"], "region": ["r"], "usd_expected": [5.0]})
    row = spot_bands.spot_band(lone, seen, spread, STILL, listed).iloc[0]
    assert (row["usd_low"], row["usd_expected"], row["usd_high"], row["basis"]) == (0.9, 1.0, 5.0, "estimate")
    assert spot_bands.spot_band(lone, seen, spread, STILL, listed.assign(region="elsewhere")).empty


def test_spread_by_hand():
    history = pd.DataFrame(
        {"instance_type": ["a"] * 3 + ["b"] * 3, "az": "z", "usd": [1.0, 2.0, 3.0, 10.0, 10.0, 10.0]}
    ).astype({"instance_type": "str", "az": "str"})
    spread = spot_bands.spot_spread(history)
    assert spread.loc["a"].tolist() == pytest.approx([0.6, 1.4])
    assert spread.loc["b"].tolist() == [1.0, 1.0]
    assert spread.loc[""].tolist() == pytest.approx([0.75, 1.25])


def test_the_band_of_a_zone_reaches_to_all_that_was_observed_of_the_type_in_the_region():
    seen = spots(("r-az1", "zone", 2.0, "a", "2026-01-20"), (None, "max", 3.5, "b", "2025-11-30"))
    listed = pd.DataFrame({"instance_type": ["x.large"], "region": ["r"], "usd_expected": [5.0]})
    still = pd.DataFrame({"low": [1.0], "high": [1.0]}, index=pd.Index([""], name="instance_type"))
    row = spot_bands.spot_band(spot_bands.spot_by_zone(seen), seen, still, STILL, listed).iloc[0]
    assert (row["usd_low"], row["usd_expected"], row["usd_high"]) == (2.0, 2.0, 3.5)


def test_drift_by_hand():
    pairs = [
        spots((None, "mean", 2.0, "a", "2025-01-01"), ("z1", "zone", later - 1, "b", "2026-01-01"),
              ("z2", "zone", later + 1, "b", "2026-01-01")).assign(instance_type=name)
        for name, later in (("x.large", 2.0), ("y.large", 3.0), ("z.large", 4.0))
    ]  # fmt: skip
    # Ratios 1, 1.5 and 2: their P10 and P90 lie a fifth of a step inside the ends.
    assert spot_bands.spot_drift(pd.concat(pairs)) == pytest.approx((1.1, 1.9, 3))
    older = [frame.assign(as_of=frame["as_of"].replace("2026-01-01", "2024-01-01")) for frame in pairs]
    with pytest.raises(DataCorrupt, match="two dates"):
        spot_bands.spot_drift(pd.concat(older))


def test_drift_of_the_tables_is_recomputed_without_the_module(book):
    table = book.table("prices/ec2_spot").set_index(["instance_type", "region"])
    means = table[table["statistic"] == "mean"]["usd"]
    zones = table[table["statistic"] == "zone"].groupby(level=[0, 1])["usd"].mean()
    ratio = (zones / means).dropna()
    low, high, count = spot_bands.spot_drift(book.table("prices/ec2_spot"))
    assert (low, high) == pytest.approx(tuple(np.quantile(ratio, [0.1, 0.9])))
    assert count == len(ratio) == 167
    assert 0.5 < low < 0.7 and 1.2 < high < 1.5, "look again at the words of data/README.md"


def test_what_was_observed_on_one_day_only_is_no_point(book):
    drift_low, drift_high, _ = spot_bands.spot_drift(book.table("prices/ec2_spot"))
    place = ["instance_type", "region"]
    days = book.table("prices/ec2_spot").groupby(place)["as_of"].nunique()
    rows = book.part("ec2", "spot")
    rows = rows[(days[pd.MultiIndex.from_frame(rows[place])] == 1).to_numpy()]
    listed = book.table("prices/ec2_on_demand").set_index(place)["usd"]
    listed = listed.reindex(pd.MultiIndex.from_frame(rows[place])).to_numpy()
    expected = rows["usd_expected"].to_numpy()
    assert len(rows) > 1400
    assert (rows["basis"] == "estimate").all() and rows["rule"].str.contains("one day only").all()
    floor, cap = np.fmin(0.1 * listed, expected), np.fmax(listed, expected)
    assert (rows["usd_low"] <= np.fmax(expected * drift_low, floor) + 1e-9).all()
    assert (rows["usd_high"] >= np.fmin(expected * drift_high, cap) - 1e-9).all()
    assert (rows["usd_high"] / rows["usd_low"] > 1.15).mean() > 0.99


def test_observed_on_two_days_the_envelope_stays():
    seen = spots(("z1", "zone", 2.0, "a", "2026-01-20"), ("z2", "zone", 2.5, "b", "2025-11-30"))
    listed = pd.DataFrame({"instance_type": ["x.large"], "region": ["r"], "usd_expected": [50.0]})
    still = pd.DataFrame({"low": [1.0], "high": [1.0]}, index=pd.Index([""], name="instance_type"))
    rows = spot_bands.spot_by_zone(seen)
    two = spot_bands.spot_band(rows, seen, still, (0.5, 2.0, 9), listed)
    assert two["usd_low"].tolist() == [2.0, 2.0] and two["usd_high"].tolist() == [2.5, 2.5]
    assert (two["basis"] == "derived").all()
    same = seen.assign(as_of="2026-01-20")
    one = spot_bands.spot_band(rows, same, still, (0.5, 2.0, 9), listed)
    assert one["usd_low"].tolist() == [2.0, 2.0], "10 % of on-demand is 5: the least observed is the floor"
    assert one["usd_high"].tolist() == [4.0, 5.0]
    cheap = spot_bands.spot_band(rows, same, still, (0.5, 2.0, 9), listed.assign(usd_expected=10.0))
    assert cheap["usd_low"].tolist() == [1.0, 1.25]
