"""In which regions a workload's data may be."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from costlib.planner.sources import Sources
from costlib.workload import Workload

Bools = npt.NDArray[np.bool_]


def may_hold_data(workload: Workload, sources: Sources) -> Bools:
    """(regions of the offers,): where ``dataset.residency`` lets the data be; everywhere without one."""
    allowed = workload.dataset.residency
    regions = sources.offers.regions
    if allowed is None:
        return np.ones(len(regions), dtype=bool)
    return np.array([bool(set(allowed) & _names_of(region, sources)) for region in regions])


def _names_of(region: str, sources: Sources) -> set[str]:
    """What a residency may call a region: itself, its country, continent and partition, as far as they are known.

    A Local or Wavelength Zone may be in another country than its region (Taipei's belongs to Tokyo), and its name
    does not say where: only its own name and its partition let data be in it.
    """
    names = {region, sources.partition_of(region)}
    place = sources.region_places.by_region.get(region)
    return names if place is None else {*names, str(place["country"]), str(place["continent"])}
