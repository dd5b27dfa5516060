"""What each region costs a workload apart from instances: keeping its data there, and bringing it there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from costlib.planner.sources import Sources
from costlib.prices.price import Price
from costlib.workload import Workload

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Places:
    """Prices by region code of Sources.offers; NaN where none is held. ``storage`` and ``transfer`` have the rows.

    ``home_storage_usd_per_gib_month`` is where the dataset lives, ``is_home`` the regions that need no copy of it.
    """

    home_storage_usd_per_gib_month: float
    is_home: npt.NDArray[np.bool_]
    storage_usd_per_gib_month: Floats
    transfer_usd_per_gib: Floats
    home_storage: Price | None
    storage: tuple[Price | None, ...]
    transfer: tuple[Price | None, ...]

    @classmethod
    def of(cls, workload: Workload, sources: Sources) -> Places:
        """S3 Standard in each region, and the copy from the dataset's home region (nothing within it).

        A Local or Wavelength Zone uses its parent region's storage. Without data to move or keep, a missing
        price is no obstacle and counts as zero.
        """
        home = sources.parent_region(workload.dataset.home_region)
        needs_storage = workload.dataset.gib > 0 or workload.checkpoint.gib > 0
        needs_transfer = workload.dataset.gib > 0
        regions = [sources.parent_region(region) for region in sources.offers.regions]
        storage = tuple(sources.storage_prices.get(region) for region in regions)
        by_region = sources.transfer_prices(home)
        transfer = tuple(None if region == home else by_region.get(region) for region in regions)
        is_home = np.array([region == home for region in regions])
        home_storage = sources.storage_prices.get(home)
        return cls(
            float(_amounts((home_storage,), needs_transfer)[0]),
            is_home,
            _amounts(storage, needs_storage),
            np.where(is_home, 0.0, _amounts(transfer, needs_transfer)),
            home_storage,
            storage,
            transfer,
        )


def _amounts(prices: tuple[Price | None, ...], needed: bool) -> Floats:
    missing = np.nan if needed else 0.0
    return np.array([missing if price is None else price.amount for price in prices])
