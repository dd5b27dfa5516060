"""Prices that nobody publishes whole, with rule and band: Savings Plans, managed spot.

Frames in, frames out; nothing is looked up here. Every row is an ``estimate`` and says in ``rule`` what was done.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

PAIR = ["instance_type", "region"]
#: AWS: "up to 90 %" off on-demand, of EC2 Spot and of managed spot training alike.
LEAST_SPOT_FRACTION = 0.10


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
    " payment; low is the standard one, high is on-demand; none below the published maximum of {most:.0%} off"
)
EC2_INSTANCE_RULE = (
    "not published offline: taken as the standard Reserved Instance of the same type, region, term and"
    " payment; high is the convertible one; neither below the published maximum of {most:.0%} off"
)


def ec2_savings_plans(
    known: pd.DataFrame, maxima: pd.DataFrame, reserved: pd.DataFrame, on_demand: pd.DataFrame
) -> pd.DataFrame:
    """Compute and EC2 Instance Savings Plans, per instance-hour: what is known as it is, the rest estimated.

    AWS publishes the largest discounts (``maxima``: 66 % for Compute, 72 % for EC2 Instance Savings Plans), and no
    estimate is below them; among Reserved Instances the convertible, too, costs more than the standard (median
    1.20 times for one year). Single rates differ from these. The one Compute rate that is known, m6a.xlarge in
    us-east-1, is 1.22 times the standard Reserved Instance: inside the band that a Compute estimate has.
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
        rule=COMPUTE_RULE.format(most=most_off(maxima, "compute")),
    )
    instance = standard.assign(
        plan="ec2_instance",
        usd_low=standard["usd"],
        usd_expected=standard["usd"],
        usd_high=np.maximum(column_at(convertible, keys, "usd", standard), standard["usd"]),
        rule=EC2_INSTANCE_RULE.format(most=most_off(maxima, "ec2_instance")),
    )
    estimated = pd.concat([compute, instance], ignore_index=True).assign(basis="estimate")
    # Without a price on either side there is no band, and no estimate.
    estimated = estimated[estimated["usd_low"].notna() & estimated["usd_high"].notna()]
    off = estimated["plan"].map({plan: most_off(maxima, plan) for plan in ("compute", "ec2_instance")}).to_numpy()
    least = column_at(on_demand, PAIR, "usd_expected", estimated) * (1.0 - off)
    for side in ("usd_low", "usd_expected", "usd_high"):
        # Without an on-demand price there is nothing to take the maximum of.
        estimated[side] = np.fmax(estimated[side], least)
    exact = known.assign(
        plan=known["plan_type"], usd_low=known["usd"], usd_expected=known["usd"], usd_high=known["usd"]
    )
    for row in exact.to_dict("records"):
        same = [estimated[key] == row[key] for key in (*keys, "plan")]
        estimated = estimated[~np.logical_and.reduce(same)]
    rows = pd.concat([exact, estimated], ignore_index=True)
    rows["option"] = rows["plan"] + " " + rows["term_years"].astype(str) + "y " + rows["payment"]
    return rows.assign(upfront_usd=upfront_of(rows["payment"]))


def most_off(maxima: pd.DataFrame, plan_type: str) -> float:
    """The largest discount that AWS publishes for a plan type, a fraction of on-demand."""
    return float(maxima.loc[maxima["plan_type"] == plan_type, "discount_fraction"].iloc[0])


def upfront_of(payment: pd.Series) -> np.ndarray:
    """USD paid at the start: none with no_upfront; of the other payments it is not known."""
    return np.where(payment == "no_upfront", 0.0, np.nan)


def sagemaker_savings_plans(known: pd.DataFrame, maxima: pd.DataFrame, training: pd.DataFrame) -> pd.DataFrame:
    """SageMaker Savings Plans: each known rate as it is, and its discount carried to every training price.

    Only terms and payments with a known rate are estimated; low is the largest discount that AWS publishes,
    high is no discount at all.
    """
    exact = known.assign(usd_low=known["usd"], usd_expected=known["usd"], usd_high=known["usd"])
    most = most_off(maxima, "sagemaker")
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
                    "usd_expected": listed * (1.0 - min(discount, most)),
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
    return rows.assign(upfront_usd=upfront_of(rows["payment"]))


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
        fraction = np.clip(column_at(regional, PAIR, side, training) / listed * miss, LEAST_SPOT_FRACTION, 1.0)
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
