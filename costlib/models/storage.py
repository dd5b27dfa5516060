"""S3 storage classes: what objects of a dataset use of each meter at each day of their age, and what that costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from costlib.errors import Fault, InvalidInput
from costlib.units import HOURS_PER_DAY, HOURS_PER_MONTH

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Use = dict[str, Floats]

KIB_PER_GIB = 2.0**20
DAYS_PER_MONTH = HOURS_PER_MONTH / HOURS_PER_DAY
STANDARD, TIERING = "STANDARD", "INTELLIGENT_TIERING"
#: Down the waterfall; objects never move up (S3 User Guide, "Supported transitions and related constraints").
MOVES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        STANDARD: ("STANDARD_IA", TIERING, "ONEZONE_IA", "GLACIER_IR", "GLACIER_FLEXIBLE", "DEEP_ARCHIVE"),
        "STANDARD_IA": (TIERING, "ONEZONE_IA", "GLACIER_IR", "GLACIER_FLEXIBLE", "DEEP_ARCHIVE"),
        TIERING: ("ONEZONE_IA", "GLACIER_IR", "GLACIER_FLEXIBLE", "DEEP_ARCHIVE"),
        "ONEZONE_IA": ("GLACIER_FLEXIBLE", "DEEP_ARCHIVE"),
        "GLACIER_IR": ("GLACIER_FLEXIBLE", "DEEP_ARCHIVE"),
        "GLACIER_FLEXIBLE": ("DEEP_ARCHIVE",),
        "DEEP_ARCHIVE": (),
    }
)
#: In an order in which every class comes after all that lead to it.
CLASSES = (STANDARD, "STANDARD_IA", TIERING, "ONEZONE_IA", "GLACIER_IR", "GLACIER_FLEXIBLE", "DEEP_ARCHIVE")
#: What is metered, by the unit of its price.
METERS: Mapping[str, str] = MappingProxyType(
    {
        "storage": "GiB-days",
        "storage_infrequent": "GiB-days",
        "storage_archive_instant": "GiB-days",
        "overhead": "GiB-days",
        "monitoring": "object-days",
        "gets": "requests",
        "retrieval": "GiB",
        "retrieval_requests": "requests",
        "restored_copies": "GiB-days",
        "puts": "requests",
        "transitions": "requests",
        "early_deletion": "GiB-days",
    }
)


@dataclass(frozen=True)
class ClassTerms:
    """Prices and rules of one storage class.

    ``usd``: for each of METERS the price of its unit (a GiB-day, a request, ...); ``storage`` may be tiered by the
    GiB-months of a month: ``upto_gib``, ``usd_by_tier`` (a GiB-month), of which ``usd["storage"]`` is the price taken
    while searching. ``unread_days``: Intelligent-Tiering's tiers by days without a read. ``wait_hours``: until a
    read can begin; ``least_age_days``, ``stay_days``: what a lifecycle rule must leave before and after a move into it.
    """

    name: str
    usd: Mapping[str, float]
    upto_gib: tuple[float, ...] = (np.inf,)
    usd_by_tier: tuple[float, ...] = ()
    min_days: int = 0
    min_object_kib: float = 0.0
    overhead_own_kib: float = 0.0
    overhead_standard_kib: float = 0.0
    least_monitored_kib: float = 0.0
    unread_days: tuple[int, int] = (30, 90)
    wait_hours: float = 0.0
    least_age_days: int = 0
    stay_days: int = 0

    def __post_init__(self) -> None:
        faults = [
            Fault(f"{self.name} {name}", usd, "must not be negative") for name, usd in self.usd.items() if usd < 0
        ]
        faults += [Fault(f"{self.name} meter", name, "is not metered") for name in self.usd if name not in METERS]
        if self.name not in CLASSES:
            faults.append(Fault("storage_class", self.name, f"is not one of {', '.join(CLASSES)}"))
        if faults:
            raise InvalidInput(faults)

    def price(self, meter: str) -> float:
        """USD a unit; 0 where the class does not meter it."""
        return self.usd.get(meter, 0.0)


@dataclass(frozen=True)
class Stratum:
    """A share of the bytes that is read alike: full reads a day at each age, and days since the last read (inf)."""

    fraction: float
    reads_per_day: Floats
    days_since_read: Floats


@dataclass(frozen=True)
class Population:
    """Objects of one origin: ``gib`` at each age 0..A, summed over the days of the horizon; the last for those deleted.

    ``start_days``: the age at which the horizon finds them; ``exist``: they lie in STANDARD already. ``amount_gib``:
    what there is at the start or, ``daily``, what is added on each day.
    """

    gib: Floats
    amount_gib: float
    start_days: int = 0
    exist: bool = False
    daily: bool = False


@dataclass(frozen=True)
class Stored:
    """A dataset over the ages that its objects reach within the horizon.

    ``ends``: objects are deleted at the last age. ``wait_hours``: how long a read at each age may wait (inf: none is
    made). ``copy_days``: how long what is restored from an archive stays.
    """

    object_kib: float
    populations: tuple[Population, ...]
    strata: tuple[Stratum, ...]
    wait_hours: Floats
    ends: bool = False
    gets_per_object: float = 1.0
    copy_days: float = 1.0

    @property
    def ages(self) -> int:
        """How many whole days of age there are."""
        return len(self.wait_hours)

    @property
    def objects_per_gib(self) -> float:
        """Objects in a GiB."""
        return KIB_PER_GIB / self.object_kib

    @property
    def reads_per_day(self) -> Floats:
        """Full reads a day at each age, of all bytes on average."""
        return np.sum([one.fraction * one.reads_per_day for one in self.strata], axis=0)


def use_per_gib_day(terms: ClassTerms, stored: Stored) -> Use:
    """For each meter but transitions, puts and early deletion: what a GiB uses at each age (A,), for its whole stay.

    An object smaller than the class's least is billed as that; archives add their index (S3 pricing page). The
    storage of Intelligent-Tiering depends on the entry, and is in ``tiering_shares``.
    """
    size, objects, reads = stored.object_kib, stored.objects_per_gib, stored.reads_per_day
    ones = np.ones(stored.ages)
    use = {
        "storage": ones * billed_gib(terms, stored),
        "overhead": ones * objects * terms.overhead_standard_kib / KIB_PER_GIB,
        "gets": reads * objects * stored.gets_per_object,
        "retrieval": reads,
    }
    if terms.wait_hours > 0:
        use["retrieval_requests"] = reads * objects
        use["restored_copies"] = reads * stored.copy_days
    if terms.name == TIERING and size >= terms.least_monitored_kib:
        use["monitoring"] = ones * objects
    return use


def billed_gib(terms: ClassTerms, stored: Stored) -> float:
    """GiB of storage that a GiB is billed as: small objects as the least, archives with their index."""
    padded = max(stored.object_kib, terms.min_object_kib) + terms.overhead_own_kib
    return padded / stored.object_kib


def tiering_shares(terms: ClassTerms, stored: Stored, entries: Ints) -> tuple[Floats, Floats]:
    """Shares of the bytes in the infrequent and in the archive instant tier, (entries, A).

    An object moves down after so many days without a read since it entered or was last read; small ones never do.
    """
    since_entry = np.maximum(np.arange(stored.ages)[None, :] - entries[:, None], 0)
    infrequent, archived = np.zeros(since_entry.shape), np.zeros(since_entry.shape)
    if stored.object_kib < terms.least_monitored_kib:
        return infrequent, archived
    first, second = terms.unread_days
    for one in stored.strata:
        unread = np.minimum(since_entry, one.days_since_read[None, :])
        infrequent += one.fraction * ((unread >= first) & (unread < second))
        archived += one.fraction * (unread >= second)
    return infrequent, archived


def strata_of(windows: Sequence[tuple[float, float, float, float]], ages: int) -> tuple[Stratum, ...]:
    """Strata for reads given as (from_day, to_day, full reads a month, fraction of the bytes), ``ages`` days long.

    Fractions nest: a window that reads a tenth reads the same tenth that others read too. Within a window reads come
    evenly, the first on its first day.
    """
    cuts = sorted({0.0, 1.0, *(fraction for _, _, _, fraction in windows)})
    days = np.arange(ages, dtype=float)
    made = []
    for low, high in zip(cuts[:-1], cuts[1:], strict=True):
        rate, since = np.zeros(ages), np.full(ages, np.inf)
        for start, stop, per_month, fraction in windows:
            if fraction < high or per_month <= 0:
                continue
            inside = (days >= start) & (days < stop)
            rate[inside] += per_month / DAYS_PER_MONTH
            spacing = DAYS_PER_MONTH / per_month
            last = start + np.floor((np.minimum(days, stop - 1e-9) - start) / spacing) * spacing
            since = np.where(days >= start, np.minimum(since, np.floor(days - last)), since)
        made.append(Stratum(high - low, rate, since))
    return tuple(made)


def populations_of(
    gib: float, added_gib_per_month: float, start_days: int, horizon_days: int, lifetime_days: int | None
) -> tuple[tuple[Population, ...], int, bool]:
    """The populations of a dataset, how many days of age they reach, and whether they end in deletion.

    What is there at first has ``start_days`` of age; what is added comes in even daily parts from the first day on.
    """
    reach = start_days + horizon_days
    ages = reach if lifetime_days is None else max(min(reach, lifetime_days), 1)
    ends = lifetime_days is not None and lifetime_days <= reach
    days = np.arange(ages + 1)
    found = []
    if gib > 0 and start_days < ages:
        first = np.where((days >= start_days) & (days < reach), gib, 0.0)
        first[ages] = gib if ends else 0.0
        found.append(Population(first, gib, start_days, start_days > 0))
    if added_gib_per_month > 0:
        each = added_gib_per_month / DAYS_PER_MONTH
        later = each * np.maximum(horizon_days - days, 0).astype(float)
        # Whoever is deleted on the last day still is; there is one more of them than of those that stay.
        later[ages] = each * max(horizon_days - ages + 1, 0) if ends else 0.0
        found.append(Population(later, each, daily=True))
    return tuple(found), ages, ends
