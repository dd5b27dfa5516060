"""Round prices of a few classes, for the tests of the storage models."""

from __future__ import annotations

import numpy as np

from costlib.models.storage import DAYS_PER_MONTH, ClassTerms, Stored, populations_of, strata_of


def per_day(usd_per_month: float) -> float:
    return usd_per_month / DAYS_PER_MONTH


TERMS = {
    one.name: one
    for one in (
        ClassTerms("STANDARD", {"storage": per_day(0.023), "puts": 5e-6, "gets": 4e-7}),
        ClassTerms(
            "STANDARD_IA",
            {"storage": per_day(0.0125), "puts": 1e-5, "gets": 1e-6, "retrieval": 0.01, "transitions": 1e-5},
            min_days=30, min_object_kib=128, least_age_days=30, stay_days=30,
        ),
        ClassTerms(
            "INTELLIGENT_TIERING",
            {"storage": per_day(0.023), "storage_infrequent": per_day(0.0125), "monitoring": per_day(2.5e-6),
             "storage_archive_instant": per_day(0.004), "puts": 5e-6, "gets": 4e-7, "transitions": 1e-5},
            least_monitored_kib=128,
        ),
        ClassTerms(
            "GLACIER_IR",
            {"storage": per_day(0.004), "puts": 2e-5, "gets": 1e-5, "retrieval": 0.03, "transitions": 2e-5},
            min_days=90, min_object_kib=128,
        ),
        ClassTerms(
            "DEEP_ARCHIVE",
            {"storage": per_day(0.00099), "puts": 5e-5, "retrieval": 0.02, "retrieval_requests": 1e-4,
             "transitions": 5e-5},
            min_days=180, overhead_own_kib=32, overhead_standard_kib=8, wait_hours=12,
        ),
    )
}  # fmt: skip


def stored(
    gib: float = 1000.0,
    object_kib: float = 1024.0,
    horizon_days: int = 400,
    added: float = 0.0,
    age_days: int = 0,
    lifetime_days: int | None = None,
    windows: tuple[tuple[float, float, float, float], ...] = (),
    wait_hours: float = 0.0,
) -> Stored:
    """A dataset in the words of a pattern."""
    populations, ages, ends = populations_of(gib, added, age_days, horizon_days, lifetime_days)
    return Stored(object_kib, populations, strata_of(windows, ages), np.full(ages, wait_hours), ends)
