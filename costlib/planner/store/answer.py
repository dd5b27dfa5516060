"""What a pattern's data cost in S3: the cheapest policies, their bill, and what they are held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.models.storage import CLASSES, STANDARD
from costlib.planner.plan import Band
from costlib.planner.store.lifecycle import lifecycle_configuration, stretches
from costlib.planner.store.lines import StoreLine, lines_of
from costlib.planner.store.pattern import StoragePattern
from costlib.planner.store.policies import Billed, Held, choose, held_of, in_one_class
from costlib.planner.store.sources import StoreSources, dates_of
from costlib.planner.store.warnings import warnings_of

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class StorageAnswer:
    """The chosen policies and their bill; ``singles``: everything in one class, or why it cannot be."""

    pattern: StoragePattern
    held: tuple[Held, ...]
    chosen: Billed
    singles: Mapping[str, Billed | str]
    lines: tuple[StoreLine, ...]
    warnings: tuple[str, ...]
    least_kib: float

    @property
    def usd(self) -> Band:
        """The sum of the lines over the horizon."""
        total = Band(0.0, 0.0, 0.0)
        for one in self.lines:
            total = total + one.line.usd
        return total

    @property
    def standard(self) -> Billed:
        """The bill with everything in STANDARD."""
        found = self.singles[STANDARD]
        assert isinstance(found, Billed), "STANDARD serves any read"
        return found

    @cached_property
    def lifecycle(self) -> dict[str, list[dict[str, object]]] | None:
        """The rules to paste; None where none is needed."""
        return lifecycle_configuration(self.held, self.chosen.policies, self.least_kib)

    @property
    def as_of(self) -> str:
        """The dates of the prices behind the lines."""
        return dates_of([price for one in self.held for price in one.classes.prices.values()])

    def stretches(self, dataset: int) -> list[dict[str, object]]:
        """Classes of one dataset by days of age."""
        return stretches(self.held[dataset], self.chosen.policies[dataset])

    def by_class(self, dataset: int | None = None) -> pd.DataFrame:
        """A row a class and the chosen policy: name, usd over the horizon (nan where it cannot be), why_not."""
        rows: list[tuple[str, float, str]] = [("cheapest policy", self.chosen.usd(dataset), "")]
        for name, found in self.singles.items():
            rows.append((name, np.nan, found) if isinstance(found, str) else (name, found.usd(dataset), ""))
        return pd.DataFrame(rows, columns=["name", "usd", "why_not"])

    def over_time(self, dataset: int | None = None) -> pd.DataFrame:
        """USD spent up to the end of each month: months, the chosen policy, and each class that can be."""
        columns = {"cheapest policy": self.chosen.monthly_usd(dataset)}
        columns |= {
            name: found.monthly_usd(dataset) for name, found in self.singles.items() if isinstance(found, Billed)
        }
        table = pd.DataFrame({name: np.cumsum(usd) for name, usd in columns.items()})
        table.insert(0, "month", np.arange(1, len(table) + 1))
        return table

    def policies(self) -> pd.DataFrame:
        """A row a dataset: dataset, policy, usd_low, usd, usd_high, standard_usd, saved_fraction."""
        rows = []
        for number, one in enumerate(self.held):
            low, expected, high = (self.chosen.usd(number, end) for end in range(3))
            standard = self.standard.usd(number)
            saved = 1.0 - expected / standard if standard else 0.0
            rows.append((one.data.name, self.chosen.policies[number].name, low, expected, high, standard, saved))
        columns = ["dataset", "policy", "usd_low", "usd", "usd_high", "standard_usd", "saved_fraction"]
        return pd.DataFrame(rows, columns=columns)


def store(pattern: StoragePattern, sources: StoreSources) -> StorageAnswer:
    """The answer to a pattern. Raises InvalidInput for regions without prices and classes that cannot serve."""
    held = held_of(pattern, sources)
    chosen = choose(held, pattern.horizon_days, pattern.uploads)
    singles = {name: in_one_class(held, name, pattern.horizon_days) for name in CLASSES}
    least = sources.facts.of("lifecycle", "least_object_to_move").value
    return StorageAnswer(pattern, held, chosen, singles, lines_of(held, chosen), warnings_of(held, chosen), least)
