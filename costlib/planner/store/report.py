"""Everything that ``costlib store`` says of a pattern, as one value and as JSON."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from costlib.planner.store.answer import StorageAnswer, store
from costlib.planner.store.cache import CacheAnswer, caches
from costlib.planner.store.formats import formats, selective
from costlib.planner.store.frequency import Frequency, by_frequency
from costlib.planner.store.network import network
from costlib.planner.store.pattern import StoragePattern
from costlib.planner.store.policies import Billed
from costlib.planner.store.preprocessing import PreprocessAnswer, preprocessing
from costlib.planner.store.sources import StoreSources


@dataclass(frozen=True)
class StoreReport:
    """The answer and the sections that the pattern asks for; None for the others."""

    answer: StorageAnswer
    frequency: tuple[Frequency, ...]
    formats: pd.DataFrame | None
    selective: pd.DataFrame | None
    preprocess: PreprocessAnswer | None
    cache: CacheAnswer | None
    network: pd.DataFrame | None

    def as_dict(self) -> dict[str, object]:
        """JSON-ready; the keys are those of ``costlib store --help``."""
        answer, pattern = self.answer, self.answer.pattern
        standard = answer.standard.usd()
        return {
            "name": pattern.name,
            "region": pattern.region,
            "horizon_days": pattern.horizon_days,
            "policies": [
                {
                    "dataset": row["dataset"],
                    "stretches": answer.stretches(number),
                    "usd": {"low": row["usd_low"], "expected": row["usd"], "high": row["usd_high"]},
                    "standard_usd": row["standard_usd"],
                    "saved_fraction": row["saved_fraction"],
                    "by_class": _records(answer.by_class(number).iloc[1:]),
                    "crossings": _records(self.frequency[number].crossings),
                }
                for number, row in enumerate(answer.policies().to_dict("records"))
            ],
            "lines": [line.as_dict() for line in answer.lines],
            "usd": answer.usd.as_dict(),
            "standard_usd": standard,
            "saved_usd": standard - answer.usd.expected,
            "single_class": [
                {"class": name, "usd": found.usd() if isinstance(found, Billed) else None,
                 "why_not": "" if isinstance(found, Billed) else found}
                for name, found in answer.singles.items()
            ],
            "warnings": list(answer.warnings),
            "lifecycle_configuration": answer.lifecycle,
            "formats": _records(self.formats),
            "selective": _records(self.selective),
            "preprocess": None if self.preprocess is None else self.preprocess.as_dict(),
            "cache": None if self.cache is None else _records(self.cache.table),
            "network": _records(self.network),
            "as_of": answer.as_of,
        }  # fmt: skip


def store_report(pattern: StoragePattern, sources: StoreSources) -> StoreReport:
    """The whole report. Raises InvalidInput for what the pattern asks and nothing can answer."""
    answer = store(pattern, sources)
    region = pattern.region
    return StoreReport(
        answer,
        tuple(by_frequency(one, pattern.horizon_days) for one in answer.held),
        None if pattern.format is None else formats(pattern.format, region, sources),
        None if pattern.format is None else selective(pattern.format, region, sources),
        None if pattern.preprocess is None else preprocessing(pattern.preprocess, region, sources),
        None if pattern.cache is None else caches(pattern.cache, region, sources),
        None if pattern.network is None else network(pattern.network, region, sources),
    )


def _records(table: pd.DataFrame | None) -> list[dict[str, object]] | None:
    """Rows as plain values, None for what is not known."""
    if table is None:
        return None
    return [{str(name): _known(value) for name, value in row.items()} for row in table.to_dict("records")]


def _known(value: object) -> object:
    return None if isinstance(value, float) and not np.isfinite(value) else value
