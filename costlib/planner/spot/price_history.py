"""How steady the spot price of each type was, from the samples that are held: us-east-1, January 2024, and no others.

A ranking by stable prices over months needs a history of months. One month of one region is held, so that is what these
figures are of; elsewhere, and of types without samples, stability is not known.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from costlib.models.price_stability import LEAST_SAMPLES, stability
from costlib.prices.book import PriceBook

#: Said where figures of stability are shown.
HISTORY_RULE = (
    "scatter of the samples held of us-east-1 spot prices about the mean of each zone, zones pooled; samples came at"
    " irregular times and weigh alike; one month, so it says nothing of trends, and nothing of other regions"
)
NOT_HELD = "not known: no history of spot prices is held of the region"
NO_SAMPLES = f"not known: no zone of the type has {LEAST_SAMPLES} samples"
#: The columns of ``price_stability`` that the pools show.
FIGURES = ("price_cv_fraction", "price_range_fraction", "price_samples", "price_history_from", "price_history_to")


def price_stability(book: PriceBook) -> pd.DataFrame:
    """One row a type and region with samples: how steady the price was, and between which days.

    Columns: instance_type, region, price_cv_fraction (coefficient of variation), price_range_fraction (largest max -
    min of a zone, of its mean), price_samples and price_zones (counted), price_history_from, price_history_to,
    price_source; models.price_stability has the arithmetic.
    """
    history = book.table("prices/ec2_spot_history")
    keys = ["instance_type", "region"]
    zones = history[[*keys, "az"]].drop_duplicates().reset_index(drop=True)
    groups = zones[keys].drop_duplicates().reset_index(drop=True)
    group_of_zone = pd.MultiIndex.from_frame(groups).get_indexer(pd.MultiIndex.from_frame(zones[keys]))
    zone_of_sample = pd.MultiIndex.from_frame(zones).get_indexer(pd.MultiIndex.from_frame(history[[*keys, "az"]]))
    found = stability(history["usd"].to_numpy(float), zone_of_sample, group_of_zone)
    day = history.assign(day=history["timestamp_utc"].astype(str).str[:10]).groupby(keys)
    span = day.agg(first=("day", "min"), last=("day", "max"), source=("source", "first")).loc[
        list(groups.itertuples(index=False, name=None))
    ]
    return groups.assign(
        price_cv_fraction=found.cv_fraction,
        price_range_fraction=found.range_fraction,
        price_samples=found.samples,
        price_zones=found.series,
        price_history_from=span["first"].to_numpy(object),
        price_history_to=span["last"].to_numpy(object),
        price_source=span["source"].to_numpy(object),
    )


def with_stability(pools: pd.DataFrame, book: PriceBook) -> pd.DataFrame:
    """The pools (instance_type, region) with FIGURES, and ``price_stability`` in words; nan and "" where not known."""
    held = price_stability(book)
    keys = ["instance_type", "region"]
    joined = pools.merge(held[[*keys, *FIGURES]], how="left", on=keys)
    joined["price_samples"] = joined["price_samples"].fillna(0).astype(np.int64)
    for name in ("price_history_from", "price_history_to"):
        joined[name] = joined[name].astype(object).where(joined[name].notna(), "")
    known = np.isfinite(joined["price_cv_fraction"].to_numpy(float))
    in_region = joined["region"].isin(held["region"]).to_numpy()
    words = np.where(in_region, NO_SAMPLES, NOT_HELD).astype(object)
    span = joined["price_history_from"] + " to " + joined["price_history_to"]
    joined["price_stability"] = np.where(known, "measured " + span.astype(object), words)
    return joined
