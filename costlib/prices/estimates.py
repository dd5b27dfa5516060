"""Prices that nobody publishes whole, with rule and band: spot over time, Savings Plans, managed spot.

Frames in, frames out; nothing is looked up here. Every row says in ``rule`` what was done, and ``basis`` is
``derived`` where the expected price is as published and only the band is ours, else ``estimate``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

PAIR = ["instance_type", "region"]


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


def spot_by_region(spots: pd.DataFrame) -> pd.DataFrame:
    """One row a type and region: minimum, mean and maximum over zones, from the newest source that has them.

    ``known`` says what the expected price is: a key of SPOT_RULES.
    """
    zones = spots[spots["statistic"] == "zone"].groupby(PAIR, as_index=False)
    from_zones = zones.agg(
        usd_low=("usd", "min"), usd_expected=("usd", "mean"), usd_high=("usd", "max"),
        source=("source", "first"), as_of=("as_of", "min"),
    ).assign(known="zones")  # fmt: skip
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


def spot_band(
    rows: pd.DataFrame, observed: pd.DataFrame, spread: pd.DataFrame, on_demand: pd.DataFrame
) -> pd.DataFrame:
    """Widens low and high to all that was observed and by how much prices move, and holds high at on-demand.

    ``observed`` (prices/ec2_spot) has every zone, statistic and date held of a type and region: spot prices drift
    by more in a year than within a month, so the band goes from the least to the most of them at the least.

    A request without a maximum price is capped at on-demand (EC2 User Guide, "Spot Instance requests"), so
    that is the most that an hour costs; where spot was observed above it, high is the observed price.
    """
    own = rows["instance_type"].isin(spread.index)
    whose = rows["instance_type"].where(own, "")
    of_pair = observed.groupby(PAIR, as_index=False).agg(least=("usd", "min"), most=("usd", "max"))
    least, most = (column_at(of_pair, PAIR, name, rows) for name in ("least", "most"))
    low = np.fmin(rows["usd_low"], least) * spread["low"].reindex(whose).to_numpy()
    high = np.fmax(rows["usd_high"], most) * spread["high"].reindex(whose).to_numpy()
    listed = column_at(on_demand, PAIR, "usd_expected", rows)
    high = np.where(np.isnan(listed), high, np.minimum(high, np.maximum(listed, rows["usd_expected"])))
    first = rows["known"].map(SPOT_RULES)
    band = pd.Series(np.where(own, BAND_RULE.format(whose="its own"), BAND_RULE.format(whose="all types'")))
    result = rows.assign(
        usd_low=low,
        usd_high=high,
        basis=np.where(rows["known"] == "min", "estimate", "derived"),
        rule=first + "; " + band.to_numpy(),
    )
    # Without the on-demand price nothing bounds a region of which only the cheapest zone is known.
    return result[np.isfinite(result["usd_high"])]


def column_at(source: pd.DataFrame, keys: list[str], column: str, rows: pd.DataFrame) -> np.ndarray:
    """``column`` of ``source`` (one row a key) at the key of each row; NaN where there is none.

    Done in Arrow, where the text is: a merge takes ten times as long, and this runs while a page opens.
    """
    found = pc.index_in(_joined(rows, keys), value_set=_joined(source, keys))
    at = found.fill_null(-1).to_numpy(zero_copy_only=False)
    return np.append(source[column].to_numpy(dtype=float), np.nan)[at]


def _joined(frame: pd.DataFrame, keys: list[str]) -> pa.Array:
    """The keys of each row as one text."""
    parts = [pc.cast(pa.array(frame[key]), pa.large_string()) for key in keys]
    joined = pc.binary_join_element_wise(*parts, pa.scalar("|", pa.large_string()))
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


COMPUTE_RULE = (
    "not published offline: taken as the convertible Reserved Instance of the same type, region, term and"
    " payment; low is the standard one, high is on-demand"
)
EC2_INSTANCE_RULE = (
    "not published offline: taken as the standard Reserved Instance of the same type, region, term and"
    " payment; high is the convertible one"
)


def ec2_savings_plans(known: pd.DataFrame, reserved: pd.DataFrame, on_demand: pd.DataFrame) -> pd.DataFrame:
    """Compute and EC2 Instance Savings Plans, per instance-hour: what is known as it is, the rest estimated.

    AWS publishes up to 66 % off for Compute and up to 72 % for EC2 Instance Savings Plans (Savings Plans User
    Guide); among Reserved Instances the convertible, too, costs more than the standard (median 1.20 times for
    one year). Single rates differ from these. The one Compute rate that is known, m6a.xlarge in us-east-1, is
    1.22 times the standard Reserved Instance: inside the band that a Compute estimate has.
    """
    keys = [*PAIR, "term_years", "payment"]
    columns = [*keys, "usd", "source", "as_of"]
    standard = reserved.loc[reserved["offering_class"] == "standard", columns]
    convertible = reserved.loc[reserved["offering_class"] == "convertible", columns]
    compute = convertible.assign(
        plan="compute",
        usd_low=np.minimum(column_at(standard, keys, "usd", convertible), convertible["usd"]),
        usd_expected=convertible["usd"],
        usd_high=column_at(on_demand, PAIR, "usd_expected", convertible),
        rule=COMPUTE_RULE,
    )
    instance = standard.assign(
        plan="ec2_instance",
        usd_low=standard["usd"],
        usd_expected=standard["usd"],
        usd_high=np.maximum(column_at(convertible, keys, "usd", standard), standard["usd"]),
        rule=EC2_INSTANCE_RULE,
    )
    estimated = pd.concat([compute, instance], ignore_index=True).assign(basis="estimate")
    # Without a price on either side there is no band, and no estimate.
    estimated = estimated[estimated["usd_low"].notna() & estimated["usd_high"].notna()]
    exact = known.assign(
        plan=known["plan_type"], usd_low=known["usd"], usd_expected=known["usd"], usd_high=known["usd"]
    )
    for row in exact.to_dict("records"):
        same = [estimated[key] == row[key] for key in (*keys, "plan")]
        estimated = estimated[~np.logical_and.reduce(same)]
    rows = pd.concat([exact, estimated], ignore_index=True)
    rows["option"] = rows["plan"] + " " + rows["term_years"].astype(str) + "y " + rows["payment"]
    return rows


def sagemaker_savings_plans(known: pd.DataFrame, maxima: pd.DataFrame, training: pd.DataFrame) -> pd.DataFrame:
    """SageMaker Savings Plans: each known rate as it is, and its discount carried to every training price.

    Only terms and payments with a known rate are estimated; low is the largest discount that AWS publishes,
    high is no discount at all.
    """
    exact = known.assign(usd_low=known["usd"], usd_expected=known["usd"], usd_high=known["usd"])
    most = float(maxima.loc[maxima["plan_type"] == "sagemaker", "discount_fraction"].iloc[0])
    frames = [exact]
    for row in known.to_dict("records"):
        discount = 1.0 - row["usd"] / row["on_demand_usd"]
        listed = training["usd_expected"]
        frames.append(
            pd.DataFrame(
                {
                    "instance_type": training["billed_type"],
                    "region": training["region"],
                    "term_years": row["term_years"],
                    "payment": row["payment"],
                    "usd_low": listed * (1.0 - most),
                    "usd_expected": listed * (1.0 - discount),
                    "usd_high": listed,
                    "basis": "estimate",
                    "rule": f"the one known discount ({discount:.2%}, {row['instance_type']} in"
                    f" {row['region']}) on the on-demand price; low is the published maximum of {most:.0%},"
                    " high is no discount",
                    "source": training["source"] + ", " + row["source"],
                    "as_of": np.minimum(training["as_of"].to_numpy(object), row["as_of"]),
                }
            )
        )
    rows = pd.concat(frames, ignore_index=True).drop_duplicates([*PAIR, "term_years", "payment"])
    rows["option"] = "sagemaker " + rows["term_years"].astype(str) + "y " + rows["payment"]
    return rows


MANAGED_SPOT_RULE = (
    "training price x EC2's spot / on-demand ratio of the same type and region, as AWS bills fewer seconds at"
    " the on-demand rate (at most 90 % fewer); band widened x{low:.2f} to x{high:.2f}, by how far reported"
    " jobs were from this ratio"
)


def managed_spot(
    training: pd.DataFrame, spot: pd.DataFrame, on_demand: pd.DataFrame, savings: pd.DataFrame
) -> pd.DataFrame:
    """SageMaker managed spot training as if per instance-hour, where EC2's regional spot price is known.

    The ratio's low and high come from the spot band, widened by the worst misses of the ratio on reported
    jobs (prices/managed_spot_savings), and held within the published limits, a saving of 0 to 90 %.
    """
    regional = spot[spot["az"].isna()]
    billed = savings.assign(instance_type=savings["instance_type"].str.removeprefix("ml."))
    ratio = column_at(regional, PAIR, "usd_expected", billed) / column_at(on_demand, PAIR, "usd_expected", billed)
    low_miss = min(1.0, float(np.nanmin((1.0 - billed["saving_high_fraction"]) / ratio)))
    high_miss = max(1.0, float(np.nanmax((1.0 - billed["saving_low_fraction"]) / ratio)))
    listed = column_at(on_demand, PAIR, "usd_expected", training)
    factors = {}
    for side, miss in (("usd_low", low_miss), ("usd_expected", 1.0), ("usd_high", high_miss)):
        fraction = np.clip(column_at(regional, PAIR, side, training) / listed * miss, 0.10, 1.0)
        factors[side] = training["usd_expected"] * fraction
    rows = training.assign(**factors, basis="estimate").drop(columns=["option"])
    rows["rule"] = MANAGED_SPOT_RULE.format(low=low_miss, high=high_miss)
    rows = rows[rows["usd_expected"].notna()]
    origin = regional.set_index(PAIR).loc[list(zip(rows["instance_type"], rows["region"], strict=True))]
    return rows.assign(
        instance_type=rows["billed_type"],
        source=rows["source"] + ", " + origin["source"].to_numpy(),
        as_of=np.minimum(rows["as_of"].to_numpy(object), origin["as_of"].to_numpy(object)),
    )
