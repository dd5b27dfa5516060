"""What each region costs a workload apart from instances: keeping its data there, bringing it there, results back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from costlib.models.tiers import tiered_usd
from costlib.planner.sources import Sources
from costlib.prices.price import Price
from costlib.workload import Workload

Floats = npt.NDArray[np.float64]

#: Said of the price of results that go to the internet.
INTERNET_RULE = (
    "mean over the tiers of the month's results; nothing else of the account is taken to leave AWS, and the 100 GB"
    " that are free each month over all regions are used by them"
)
Prices = tuple[Price | None, ...]


@dataclass(frozen=True)
class Places:
    """Prices by region code of Sources.offers; NaN where none is held. ``storage`` and its like have the rows.

    ``home_storage_usd_per_gib_month`` is where the dataset lives, ``is_home`` the regions that need no copy of it.
    ``result_usd_per_gib``: of results back to the home region or to the internet; ``put_usd_per_1000_requests``: of the
    requests that make a copy, none at home.
    """

    home_storage_usd_per_gib_month: float
    is_home: npt.NDArray[np.bool_]
    storage_usd_per_gib_month: Floats
    transfer_usd_per_gib: Floats
    result_usd_per_gib: Floats
    put_usd_per_1000_requests: Floats
    home_storage: Price | None
    storage: Prices
    transfer: Prices
    results: Prices
    requests: Prices

    @property
    def needed(self) -> tuple[tuple[str, Floats, str], ...]:
        """What a candidate falls out for where it is not held: in words, the prices, and which."""
        return (
            ("no storage price is known in the region", self.storage_usd_per_gib_month, "S3 Standard"),
            ("no transfer price is known to the region", self.transfer_usd_per_gib, "from the dataset's home region"),
            ("no transfer price is known from the region", self.result_usd_per_gib, "for the results"),
            ("no price of requests is known in the region", self.put_usd_per_1000_requests, "PUT to S3 Standard"),
        )

    @classmethod
    def of(cls, workload: Workload, sources: Sources) -> Places:
        """S3 Standard in each region, and the copy from the dataset's home region (nothing within it).

        A Local or Wavelength Zone uses its parent region's storage. Without data to move or keep, a missing
        price is no obstacle and counts as zero.
        """
        dataset = workload.dataset
        home = sources.parent_region(dataset.home_region)
        regions = [sources.parent_region(region) for region in sources.offers.regions]
        is_home = np.array([region == home for region in regions])
        needs_storage = dataset.gib > 0 or workload.checkpoint.gib > 0
        needs_transfer = dataset.gib > 0 or bool(dataset.changed_gib_per_month)
        storage = tuple(sources.storage_prices.get(region) for region in regions)
        by_region = sources.transfer_prices(home)
        transfer = tuple(None if region == home else by_region.get(region) for region in regions)
        requests = tuple(None if region == home else sources.put_prices.get(region) for region in regions)
        results, result_usd = _results(workload, sources, regions, home)
        home_storage = sources.storage_prices.get(home)
        return cls(
            float(_amounts((home_storage,), dataset.gib > 0)[0]),
            is_home,
            _amounts(storage, needs_storage),
            np.where(is_home, 0.0, _amounts(transfer, needs_transfer)),
            result_usd,
            np.where(is_home, 0.0, _amounts(requests, bool(dataset.objects))),
            home_storage,
            storage,
            transfer,
            results,
            requests,
        )


def _results(workload: Workload, sources: Sources, regions: Sequence[str], home: str) -> tuple[Prices, Floats]:
    """The price rows of sending results from each region, and USD a GiB of them; nothing where none are sent."""
    dataset = workload.dataset
    if not dataset.result_gib_per_run:
        return (None,) * len(regions), np.zeros(len(regions))
    if dataset.results_to == "internet":
        month_gib = dataset.result_gib_per_run * workload.runs_per_month
        usd = _internet_usd_per_gib(month_gib, sources, regions)
        return tuple(sources.egress_tiers.prices.get(region) for region in regions), np.array(
            [usd.get(region, np.nan) for region in regions]
        )
    back = {region: sources.transfer_prices(region).get(home) for region in dict.fromkeys(regions) if region != home}
    prices = tuple(back.get(region) for region in regions)
    return prices, np.where([region == home for region in regions], 0.0, _amounts(prices, needed=True))


def _internet_usd_per_gib(month_gib: float, sources: Sources, wanted: Sequence[str]) -> Mapping[str, float]:
    """Mean USD a GiB of a month's results sent to the internet, by region (INTERNET_RULE)."""
    tiers = sources.egress_tiers
    regions = [region for region in dict.fromkeys(wanted) if region in tiers.usd_per_gib]
    free = np.array([tiers.free_gib[region] for region in regions])
    prices = np.array([tiers.usd_per_gib[region] for region in regions])
    total = tiered_usd(month_gib, tiers.upto_gib, prices, free)
    return dict(zip(regions, (total / month_gib).tolist(), strict=True))


def _amounts(prices: Prices, needed: bool) -> Floats:
    missing = np.nan if needed else 0.0
    return np.array([missing if price is None else price.amount for price in prices])
