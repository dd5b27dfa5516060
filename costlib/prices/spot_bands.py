"""Spot prices as a band: what was observed, and how far prices stray from it within a month and over months.

Frames in, frames out; nothing is looked up here. Every row says in ``rule`` what was done. ``basis`` is ``derived``
where the expected price and both ends of the band go back to observations of the type in its region, else ``estimate``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from costlib.errors import DataCorrupt
from costlib.prices.estimates import LEAST_SPOT_FRACTION, PAIR, column_at


def spot_spread(history: pd.DataFrame) -> pd.DataFrame:
    """How far spot prices of a zone stray from their median, by instance type; row ``""`` pools all types.

    P10 and P90 over the samples of (price / median of the type in that zone): columns ``low`` and ``high``.
    """
    median = history.groupby(["instance_type", "az"])["usd"].transform("median")
    relative = (history["usd"] / median).to_numpy()
    pooled = pd.DataFrame(
        {"instance_type": pd.concat([history["instance_type"], pd.Series([""] * len(history), dtype="str")])}
    ).assign(relative=np.concatenate([relative, relative]))
    by_type = pooled.groupby("instance_type")["relative"]
    return pd.DataFrame({"low": by_type.quantile(0.10), "high": by_type.quantile(0.90)})


def spot_by_zone(spots: pd.DataFrame) -> pd.DataFrame:
    """The rows of single zones: one price, which is its own minimum and maximum."""
    zones = spots[spots["statistic"] == "zone"]
    return zones.assign(usd_low=zones["usd"], usd_expected=zones["usd"], usd_high=zones["usd"], known="zone")


def _over_zones(spots: pd.DataFrame) -> pd.DataFrame:
    zones = spots[spots["statistic"] == "zone"].groupby(PAIR, as_index=False)
    return zones.agg(
        usd_low=("usd", "min"), usd_expected=("usd", "mean"), usd_high=("usd", "max"),
        source=("source", "first"), as_of=("as_of", "min"),
    ).assign(known="zones")  # fmt: skip


def spot_drift(spots: pd.DataFrame) -> tuple[float, float, int]:
    """How far spot prices drift between two dates: P10 and P90 of later over earlier, and of how many pairs.

    A pair is a type and region with a published mean over its zones and, of a later date, the prices of zones: the
    mean of these over the published mean. The two are two to six months apart, about as long as a snapshot is used.
    The samples of January 2024 are no part: over two years it is a trend, not a drift. Raises DataCorrupt without a
    pair: there is no drift to assume.
    """
    later = _over_zones(spots)
    mean = spots[spots["statistic"] == "mean"]
    earlier = column_at(mean, PAIR, "usd", later)
    day_of_mean = later[PAIR].merge(mean[[*PAIR, "as_of"]], how="left", on=PAIR)["as_of"].fillna("9999")
    is_later = later["as_of"].to_numpy(object) > day_of_mean.to_numpy(object)
    ratio = (later["usd_expected"].to_numpy() / earlier)[is_later]
    if not len(ratio):
        raise DataCorrupt(
            "prices/ec2_spot has no type and region with prices of two dates: how they drift is not known"
        )
    low, high = np.percentile(ratio, [10, 90])
    return float(low), float(high), len(ratio)


def spot_by_region(spots: pd.DataFrame) -> pd.DataFrame:
    """One row a type and region: minimum, mean and maximum over zones, from the newest source that has them.

    ``known`` says what the expected price is: a key of SPOT_RULES.
    """
    from_zones = _over_zones(spots)
    of_region = spots[spots["statistic"] != "zone"]
    least = of_region[of_region["statistic"] == "min"].rename(columns={"usd": "usd_low"})
    stated = least.assign(
        usd_expected=column_at(of_region[of_region["statistic"] == "mean"], PAIR, "usd", least),
        usd_high=column_at(of_region[of_region["statistic"] == "max"], PAIR, "usd", least),
    )
    stated["known"] = np.where(stated["usd_expected"].isna(), "min", "mean")
    stated["usd_expected"] = stated["usd_expected"].fillna(stated["usd_low"])
    stated["usd_high"] = stated["usd_high"].fillna(np.inf)
    both = pd.concat([from_zones, stated], ignore_index=True)
    # A mean beats a lone minimum, whatever their dates; then the newer one wins.
    both["lone"] = both["known"] == "min"
    both = both.sort_values(["lone", "as_of"], ascending=[True, False], kind="stable")
    return both.drop_duplicates(PAIR)


#: What the expected price is, by how much of the region is known.
SPOT_RULES = {
    "zone": "the zone's price as observed",
    "zones": "mean of the observed prices of the region's listed zones",
    "mean": "mean over the region's zones as published",
    "min": "only the cheapest zone's price is known and stands for the region; high is on-demand",
}
BAND_RULE = (
    "band: least to most observed of the type in the region (any zone, date and source), widened by P10-P90 of {whose}"
    " January 2024 us-east-1 spot prices about their median"
)
DRIFT_RULE = (
    "; observed on one day only: at least x{low:.2f} to x{high:.2f} of it, P10-P90 of how {count} types' prices in a"
    " region moved between two dates"
)


def spot_band(
    rows: pd.DataFrame,
    observed: pd.DataFrame,
    spread: pd.DataFrame,
    drift: tuple[float, float, int],
    on_demand: pd.DataFrame,
) -> pd.DataFrame:
    """Widens low and high to all that was observed and by how much prices move, and holds high at on-demand.

    ``observed`` (prices/ec2_spot) has every zone, statistic and date held of a type and region: spot prices drift
    by more in a year than within a month, so the band goes from the least to the most of them at the least.
    Where they are of one day, that says nothing of drift: the band is then at least as wide as ``drift`` (of
    spot_drift), an estimate.

    A request without a maximum price is capped at on-demand (EC2 User Guide, "Spot Instance requests"), so
    that is the most that an hour costs; where spot was observed above it, high is the observed price. Low is
    held at the 90 % that AWS says spot saves at most: the least ever observed is 10 % of on-demand.
    """
    own = rows["instance_type"].isin(spread.index)
    whose = rows["instance_type"].where(own, "")
    of_pair = observed.groupby(PAIR, as_index=False).agg(
        least=("usd", "min"), most=("usd", "max"), days=("as_of", "nunique")
    )
    least, most, days = (column_at(of_pair, PAIR, name, rows) for name in ("least", "most", "days"))
    low = np.fmin(rows["usd_low"], least) * spread["low"].reindex(whose).to_numpy()
    high = np.fmax(rows["usd_high"], most) * spread["high"].reindex(whose).to_numpy()
    one_day = days == 1
    drift_low, drift_high, count = drift
    low = np.where(one_day, np.minimum(low, rows["usd_expected"] * drift_low), low)
    high = np.where(one_day, np.maximum(high, rows["usd_expected"] * drift_high), high)
    listed = column_at(on_demand, PAIR, "usd_expected", rows)
    # fmin and fmax pass over what is not known: without a list price there is no floor.
    low = np.fmax(low, np.fmin(LEAST_SPOT_FRACTION * listed, np.fmin(rows["usd_low"], least)))
    high = np.where(np.isnan(listed), high, np.minimum(high, np.maximum(listed, rows["usd_expected"])))
    first = rows["known"].map(SPOT_RULES)
    band = pd.Series(np.where(own, BAND_RULE.format(whose="its own"), BAND_RULE.format(whose="all types'")))
    moved = pd.Series(np.where(one_day, DRIFT_RULE.format(low=drift_low, high=drift_high, count=count), ""))
    result = rows.assign(
        usd_low=low,
        usd_high=high,
        basis=np.where((rows["known"] == "min") | one_day, "estimate", "derived"),
        rule=first + "; " + band.to_numpy() + moved.to_numpy(),
    )
    # Without the on-demand price nothing bounds a region of which only the cheapest zone is known.
    return result[np.isfinite(result["usd_high"])]
