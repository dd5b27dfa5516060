"""Where training data could lie while it is read again and again: S3, or a copy nearer, each with its stalls."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault, InvalidInput
from costlib.facts.input_rates import S3_CONNECTION
from costlib.models.caching import Stall, cache_usd, lustre_capacity_gib, stall
from costlib.planner.store.pattern import Cache
from costlib.planner.store.sources import StoreSources, dates_of
from costlib.prices.price import Price
from costlib.units import (
    BYTES_PER_GB,
    BYTES_PER_GIB,
    BYTES_PER_MB,
    BYTES_PER_MIB,
    SECONDS_PER_HOUR,
    gbps_to_bytes_per_second,
)

Floats = npt.NDArray[np.float64]
LUSTRE_TIERS = (125, 250, 500, 1000)
RULE = (
    "each epoch reads all data once and overlaps with computing; every instance holds its own copy on EBS or its own"
    " disks, and shares S3's and Lustre's; a copy is filled from S3 before the first epoch while the instances wait;"
    " no storage is read faster than the instance's network, but its own disks"
)


@dataclass(frozen=True)
class Place:
    """One place: bytes a second of all instances together (low, expected, high), and what it costs.

    ``source``: of its rate, then of ``prices``: the rows behind its dollars.
    """

    name: str
    bytes_per_second: tuple[float, float, float]
    usd_per_month: float = 0.0
    fill_usd: float = 0.0
    fill_bytes_per_second: float = np.inf
    read_usd_per_epoch: float = 0.0
    basis: str = ""
    source: str = ""
    note: str = ""
    why_not: str = ""
    prices: tuple[Price, ...] = ()


@dataclass(frozen=True)
class CacheAnswer:
    """``table``: a row a place; ``curve``: epochs, and the USD of each place that can be; ``usd_per_hour``: the run."""

    table: pd.DataFrame
    curve: pd.DataFrame
    usd_per_hour: float
    price_basis: str
    price_source: str
    price_as_of: str

    @property
    def best(self) -> dict[str, Any]:
        """The row of the cheapest place over the epochs asked for."""
        return {str(name): value for name, value in self.table.iloc[int(np.nanargmin(self.table["usd"]))].items()}


def caches(given: Cache, region: str, sources: StoreSources) -> CacheAnswer:
    """A row a place: place, bytes_per_second, epoch_hours, accelerator_busy_fraction, stalled_usd_per_hour (low,
    expected, high), fill_hours, usd_low, usd, usd_high, break_even_epochs (against S3; inf: never), basis, source,
    note, why_not. What is not known or not sold has no numbers, and says so.

    Raises NotKnown for types without a fact row or an on-demand price, InvalidInput without accelerators to stall.
    """
    hardware = sources.hardware.require(given.instance_type)
    if given.usd_per_hour is None:
        price = sources.book.on_demand(given.instance_type, region)
        each, basis, source, as_of = price.amount, price.basis, price.source, price.as_of
    else:
        each, basis, source, as_of = given.usd_per_hour, "user", "your own rate", ""
    network = gbps_to_bytes_per_second(float(hardware["network_gbps"]))
    if not np.isfinite(network) and given.s3_mb_per_second is None:
        problem = "has no network bandwidth in the fact sheets: give s3_mb_per_second"
        raise InvalidInput([Fault("cache.instance_type", given.instance_type, problem)])
    # A bandwidth that is not known limits nothing but S3, whose rate is then the user's own.
    network = network if np.isfinite(network) else np.inf
    run = each * given.instances
    places = list(_places(given, region, sources, network, hardware))
    rows = [_row(given, place, run, places[0]) for place in places]
    table = pd.DataFrame(rows)
    most = float(max(2 * given.epochs, 10))
    epochs = np.linspace(0.0, most, 41)
    curve: dict[str, Floats] = {"epochs": epochs}
    for place in places:
        if not place.why_not:
            curve[place.name] = _usd(given, place, run, epochs, 1)
    return CacheAnswer(table, pd.DataFrame(curve), run, basis, source, as_of)


def _row(given: Cache, place: Place, run_usd_per_hour: float, s3: Place) -> dict[str, object]:
    sources = dict.fromkeys(one for one in (place.source, *(price.source for price in place.prices)) if one)
    words = {"place": place.name, "basis": place.basis, "source": "; ".join(sources), "as_of": dates_of(place.prices),
             "note": place.note}  # fmt: skip
    if place.why_not:
        return {**words, "why_not": place.why_not}
    low, expected, high = (_stall(given, rate, run_usd_per_hour) for rate in place.bytes_per_second)
    # The fastest end of the rates is the cheap end of the dollars.
    dear, usual, cheap = (float(_usd(given, place, run_usd_per_hour, given.epochs, end)) for end in range(3))
    return {
        **words,
        "why_not": "",
        "bytes_per_second": place.bytes_per_second[1],
        "epoch_hours": float(expected.epoch_hours),
        "accelerator_busy_fraction": float(expected.busy_fraction),
        "stalled_usd_per_hour_low": float(high.stalled_usd_per_hour),
        "stalled_usd_per_hour": float(expected.stalled_usd_per_hour),
        "stalled_usd_per_hour_high": float(low.stalled_usd_per_hour),
        "fill_hours": _fill_hours(given, place),
        "usd_low": cheap,
        "usd": usual,
        "usd_high": dear,
        "break_even_epochs": _break_even(given, place, s3, run_usd_per_hour),
    }


def _stall(given: Cache, rate: float, run_usd_per_hour: float) -> Stall:
    return stall(given.dataset_gib, given.epoch_compute_hours, rate, run_usd_per_hour)


def _fill_hours(given: Cache, place: Place) -> float:
    return given.dataset_gib * BYTES_PER_GIB / place.fill_bytes_per_second / SECONDS_PER_HOUR


def _usd(given: Cache, place: Place, run_usd_per_hour: float, epochs: npt.ArrayLike, end: int) -> Floats:
    found = _stall(given, place.bytes_per_second[end], run_usd_per_hour)
    return cache_usd(
        epochs, float(found.epoch_hours), run_usd_per_hour, place.fill_usd, _fill_hours(given, place),
        place.read_usd_per_epoch, place.usd_per_month, given.kept_months,
    )  # fmt: skip


def _break_even(given: Cache, place: Place, s3: Place, run_usd_per_hour: float) -> float:
    """Epochs from which a place costs less than S3: both are straight lines."""
    if place is s3:
        return np.nan
    start, one = (float(_usd(given, place, run_usd_per_hour, n, 1)) for n in (0.0, 1.0))
    base, other = (float(_usd(given, s3, run_usd_per_hour, n, 1)) for n in (0.0, 1.0))
    wins = (other - base) - (one - start)
    if start <= base:
        return 0.0 if wins >= 0 else np.inf
    return (start - base) / wins if wins > 0 else np.inf


def _places(given: Cache, region: str, sources: StoreSources, network: float, hardware: pd.Series) -> Iterable[Place]:
    gets = sources.need(sources.s3(region, "STANDARD", "get_select_other"), "S3 requests", region)
    requests = given.objects * given.gets_per_object * gets.amount / 1000.0
    paid = (gets,) if requests else ()
    s3 = _s3_rates(given, network)
    together = (s3[0] * given.instances, s3[1] * given.instances, s3[2] * given.instances)
    said = "your own number" if given.s3_mb_per_second else (
        S3_CONNECTION.source if given.s3_connections else "facts/instances: the instance's network, at line rate"
    )  # fmt: skip
    basis = "user" if given.s3_mb_per_second else S3_CONNECTION.basis if given.s3_connections else "estimate"
    yield Place("S3", together, read_usd_per_epoch=requests, basis=basis, source=said,
                note="read in each epoch; nothing is kept", prices=paid)  # fmt: skip
    yield _express(given, region, sources, together, basis, said)
    yield _ebs(given, region, sources, network, s3[1], requests, paid)
    yield _local(given, sources, s3[1], requests, paid, hardware)
    for tier in LUSTRE_TIERS:
        yield _lustre(given, region, sources, network, together[1], requests, paid, tier)


def _s3_rates(given: Cache, network: float) -> tuple[float, float, float]:
    """Bytes a second of one instance."""
    if given.s3_mb_per_second is not None:
        own = given.s3_mb_per_second * BYTES_PER_MB
        return own, own, own
    if given.s3_connections is not None:
        ends = (S3_CONNECTION.low, S3_CONNECTION.expected, S3_CONNECTION.high)
        low, expected, high = (min(network, given.s3_connections * rate) for rate in ends)
        return low, expected, high
    return network, network, network


def _express(
    given: Cache, region: str, sources: StoreSources, rates: tuple[float, float, float], basis: str, said: str
) -> Place:
    name = "S3 Express One Zone"
    storage, gets, puts, down, up = (
        sources.s3(region, "EXPRESS_ONEZONE", item)
        for item in ("storage", "get_select_other", "put_copy_post_list", "retrieval", "upload")
    )
    if storage is None or gets is None or puts is None or down is None or up is None:
        return Place(name, (np.nan,) * 3, why_not=f"no price of it is held in {region}")
    each = given.objects * given.gets_per_object * gets.amount / 1000.0 + given.dataset_gib * down.amount
    fill = given.objects * puts.amount / 1000.0 + given.dataset_gib * up.amount
    return Place(
        name, rates, storage.amount * given.dataset_gib, fill, rates[1], each, basis, said,
        "as fast as S3 where the network binds; its requests wait less", prices=(storage, gets, puts, down, up),
    )  # fmt: skip


def _ebs(
    given: Cache, region: str, sources: StoreSources, network: float, s3: float, requests: float,
    paid: tuple[Price, ...],
) -> Place:  # fmt: skip
    name = f"EBS gp3, {given.ebs_mib_per_second:g} MiB/s"
    storage = sources.other("EBS", "gp3_storage", region)
    more = sources.other("EBS", "gp3_throughput_over_125", region)
    included = sources.facts.of("ebs_gp3", "included_throughput")
    if storage is None or more is None:
        return Place(name, (np.nan,) * 3, why_not=f"no price of gp3 is held in {region}")
    if given.ebs_mib_per_second < included.value:
        return Place(name, (np.nan,) * 3, why_not=f"a volume has at least {included.value:g} MiB/s")
    extra = (given.ebs_mib_per_second - included.value) / 1024.0 * more.amount
    rate = min(given.ebs_mib_per_second * BYTES_PER_MIB, network) * given.instances
    return Place(
        name, (rate,) * 3, (storage.amount * given.dataset_gib + extra) * given.instances,
        requests * given.instances, min(s3, given.ebs_mib_per_second * BYTES_PER_MIB), 0.0, storage.basis,
        included.source, "a volume with all data on each instance; the instance's EBS bandwidth may be less",
        prices=(storage, *((more,) if extra else ()), *paid),
    )  # fmt: skip


def _local(
    given: Cache, sources: StoreSources, s3: float, requests: float, paid: tuple[Price, ...], hardware: pd.Series
) -> Place:
    name = "instance store (NVMe)"
    size = float(hardware["local_storage_gb"]) * BYTES_PER_GB / BYTES_PER_GIB
    held = sources.facts.topic("instance_store").get(given.instance_type)
    if not size > 0:
        return Place(name, (np.nan,) * 3, why_not=f"{given.instance_type} has no disks of its own")
    if size < given.dataset_gib:
        return Place(name, (np.nan,) * 3, why_not=f"{given.dataset_gib:,.0f} GiB do not fit on its {size:,.0f} GiB")
    if given.local_mb_per_second is not None:
        rate, basis, source = given.local_mb_per_second * BYTES_PER_MB, "user", "your own number"
    elif held is not None:
        rate, basis, source = held.value * BYTES_PER_GB, held.basis, held.source
    else:
        problem = f"how fast {given.instance_type} reads its disks was not found: give local_mb_per_second"
        return Place(name, (np.nan,) * 3, why_not=problem)
    return Place(
        name, (rate * given.instances,) * 3, 0.0, requests * given.instances, min(s3, rate), 0.0, basis, source,
        "comes with the instance; gone when it stops, so each start fills it anew", prices=paid,
    )  # fmt: skip


def _lustre(
    given: Cache, region: str, sources: StoreSources, network: float, s3: float, requests: float,
    paid: tuple[Price, ...], tier: int,
) -> Place:  # fmt: skip
    name = f"FSx for Lustre, {tier} MB/s per TiB"
    price = sources.other("FSx for Lustre", f"lustre_persistent2_ssd_{tier}", region)
    if price is None:
        return Place(name, (np.nan,) * 3, why_not=f"no price of this tier is held in {region}")
    fact = sources.facts.of("fsx_lustre", f"persistent2_ssd_{tier}")
    least, step = (sources.facts.of("fsx_lustre", one).value for one in ("least_capacity", "capacity_step"))
    capacity = float(lustre_capacity_gib(given.dataset_gib, least, step))
    disks = capacity / 1024.0 * fact.value * BYTES_PER_MB
    rate = min(disks, network * given.instances)
    return Place(
        name, (rate,) * 3, price.amount * capacity, requests, min(s3, disks), 0.0, price.basis,
        fact.source, f"{capacity:,.0f} GiB, the least that is sold for it; shared by all instances",
        prices=(price, *paid),
    )  # fmt: skip
