"""Finds bare-metal prices of dedicated tenancy: two price files mix it with shared tenancy."""

from __future__ import annotations

import numpy as np
import pandas as pd

#: libcloud's file mixes tenancies; Karpenter's generator prefers the dedicated one for some bare-metal types.
MIXED = frozenset({"libcloud", "karpenter", "karpenter-history"})
#: Shared tenancy charges bare metal as the virtual instance of its size; dedicated tenancy is 6 to 10 % dearer.
TOLERANCE = 0.005


def is_dedicated(frame: pd.DataFrame, listed: pd.DataFrame) -> np.ndarray:
    """True for the bare-metal rows of MIXED sources whose price no shared-tenancy price confirms.

    A price is confirmed when it is within 0.5 % of one in ``listed`` (prices/ec2_on_demand as read) in the same
    region: the virtual instance of the same size, or the same bare-metal type in a source that does not mix
    tenancies. ``metal-24xl`` is of the size of ``24xlarge``, ``metal`` of the family's largest virtual instance.
    """
    family, size = (frame["instance_type"].str.split(".", n=1).str[part] for part in (0, 1))
    is_metal = size.str.startswith("metal") & frame["source"].isin(MIXED)
    names = listed["instance_type"].str.split(".", n=1)
    virtual = listed.assign(family=names.str[0], xlarges=xlarges(names.str[1]))
    largest = virtual.dropna(subset=["xlarges"]).sort_values("xlarges")
    largest = largest.drop_duplicates(["family", "region"], keep="last").set_index(["family", "region"])["usd"]
    prices = listed.set_index(["instance_type", "region"])["usd"]
    apart = listed[~listed["source"].isin(MIXED)].set_index(["instance_type", "region"])["usd"]

    named = size.str.extract(r"^metal-(\d+)xl$")[0]
    twin = family + "." + named + "xlarge"
    of_twin = prices.reindex(pd.MultiIndex.from_arrays([twin, frame["region"]])).to_numpy()
    of_largest = largest.reindex(pd.MultiIndex.from_arrays([family, frame["region"]])).to_numpy()
    same_size = np.where(named.notna(), of_twin, of_largest)
    elsewhere = apart.reindex(pd.MultiIndex.from_frame(frame[["instance_type", "region"]])).to_numpy()
    usd = frame["usd"].to_numpy()
    confirmed = (np.abs(usd / same_size - 1) <= TOLERANCE) | (np.abs(usd / elsewhere - 1) <= TOLERANCE)
    return is_metal.to_numpy() & ~confirmed


def xlarges(size: pd.Series) -> pd.Series:
    """How many times an xlarge a size is: 24 for 24xlarge, 1 for xlarge; missing for smaller ones and bare metal."""
    number = size.str.extract(r"^(\d*)xlarge$")[0]
    return number.replace("", "1").astype(float)
