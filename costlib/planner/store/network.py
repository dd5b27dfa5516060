"""Ways from a VPC to S3 and out of AWS: a month's traffic of the pattern at the region's prices, side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from costlib.models.network_paths import between_zones_usd, gateway_usd, out_to_internet_usd
from costlib.planner.store.pattern import Network
from costlib.planner.store.sources import StoreSources
from costlib.prices.price import Price
from costlib.units import HOURS_PER_MONTH

COLUMNS = ["path", "purpose", "usd_per_month", "formula", "basis", "source", "as_of", "note"]
TO_S3, ELSEWHERE = "to S3", "elsewhere"
FOLKLORE = (
    "S3 in the same region costs nothing a GiB, with a VPC endpoint and without: what costs is a NAT gateway on the way"
)
#: Volume tiers of a month (GiB): words of the price table, and where each ends.
PB = 2.0**20
_ENDPOINT = (("first 1 PB", PB), ("next 4 PB", 5 * PB), ("over 5 PB", np.inf))


def network(given: Network, region: str, sources: StoreSources) -> pd.DataFrame:
    """A row a path (COLUMNS): USD a month of the pattern's traffic; nan and a note where its price is not held.

    ``purpose``: one of the ways to S3, of which one is enough, or traffic elsewhere, which adds to any of them.
    """
    rows: list[dict[str, object]] = []
    gib, zones = given.gib_per_month, float(given.zones)
    free = sources.transfer("gateway_endpoint_s3", region, unit="usd_per_gb")
    _add(rows, "gateway endpoint", TO_S3, 0.0, "0", [free], FOLKLORE)
    same = sources.transfer("s3_to_same_region_service", region)
    note = "addresses of the instances are not in it; " + FOLKLORE
    _add(rows, "public subnet, internet gateway", TO_S3, 0.0, "0", [same], note)
    hour, data = sources.transfer("nat_gateway_hour", region), sources.transfer("nat_gateway_data", region)
    usd = _gateway(gib, zones, hour, [data], (np.inf,))
    words = f"{given.zones} gateways * {HOURS_PER_MONTH:g} h * usd_per_hour + gib * usd_per_gib"
    _add(rows, "NAT gateway", TO_S3, usd, words, [hour, data], "one in each zone; every GiB that goes through it")
    hour = sources.transfer("interface_endpoint_hour", region)
    tiers = [sources.transfer("interface_endpoint_data", region, words) for words, _ in _ENDPOINT]
    usd = _gateway(gib, zones, hour, tiers, tuple(end for _, end in _ENDPOINT))
    words = f"{given.zones} zones * {HOURS_PER_MONTH:g} h * usd_per_hour + tiered gib * usd_per_gib"
    _add(rows, "interface endpoint", TO_S3, usd, words, [hour, *tiers], "an address in each zone")
    if given.between_zones_gib_per_month:
        price = sources.transfer("inter_az", region)
        usd = np.nan if price is None else float(between_zones_usd(given.between_zones_gib_per_month, price.amount))
        _add(rows, "between zones", ELSEWHERE, usd, "gib * 2 * usd_per_gib", [price], "metered in each direction")
    if given.internet_gib_per_month:
        _internet(rows, given, region, sources)
    return pd.DataFrame(rows, columns=COLUMNS)


def _internet(rows: list[dict[str, object]], given: Network, region: str, sources: StoreSources) -> None:
    tiers, volume = sources.egress_tiers, given.internet_gib_per_month
    prices, free = tiers.usd_per_gib.get(region), tiers.free_gib.get(region, 0.0)
    usd = np.nan if prices is None else float(out_to_internet_usd(volume, free, tiers.upto_gib, prices))
    words = f"tiered (gib - {free:g} free) * usd_per_gib"
    said = "the free GiB are of the whole account, once" if free else "GovCloud has no free GiB"
    _add(rows, "out to the internet", ELSEWHERE, usd, words, [tiers.prices.get(region)], said)
    if given.transfer_acceleration:
        extra = sources.s3(region, "STANDARD", "transfer_acceleration", "OUT to internet")
        usd = np.nan if extra is None else volume * extra.amount
        said = "on top of transfer out; not charged where it is not faster"
        _add(rows, "Transfer Acceleration", ELSEWHERE, usd, "gib * usd_per_gib", [extra], said)


def _gateway(
    gib: float, count: float, hour: Price | None, data: Sequence[Price | None], ends: tuple[float, ...]
) -> float:
    prices = [price.amount for price in data if price is not None]
    if hour is None or len(prices) < len(ends):
        return np.nan
    return float(gateway_usd(gib, HOURS_PER_MONTH, count, hour.amount, ends, prices))


def _add(
    rows: list[dict[str, object]], path: str, purpose: str, usd: float, formula: str, prices: Sequence[Price | None],
    note: str,
) -> None:  # fmt: skip
    held = [price for price in prices if price is not None]
    missing = len(held) < len(prices) or not np.isfinite(usd)
    rows.append(
        {
            "path": path,
            "purpose": purpose,
            "usd_per_month": np.nan if missing else usd,
            "formula": formula,
            "basis": held[0].basis if held else "",
            "source": "; ".join(dict.fromkeys(price.source for price in held)),
            "as_of": min((price.as_of for price in held), default=""),
            "note": "its price is not held for this region" if missing else note,
        }
    )
