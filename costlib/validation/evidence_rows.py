"""A model against its references, row by row, and what must hold of them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

#: What ``Evidence.rows`` holds: ``low`` and ``high`` are missing where the model gives no band.
COLUMNS = ("label", "group", "reference", "predicted", "low", "high", "source")


@dataclass(frozen=True)
class Demand:
    """One statistic of the rows that must stay within its limits (fractions), the nearest to them included."""

    statistic: str
    at_least: float = 0.0
    at_most: float = float("inf")

    def holds(self, value: float) -> bool:
        """Whether ``value`` is within the limits; a value that is not known is not."""
        return self.at_least <= value <= self.at_most

    @property
    def words(self) -> str:
        """Such as "median error at most 15 %"."""
        parts = [f"at least {100 * self.at_least:g} %"] if self.at_least > 0 else []
        parts += [f"at most {100 * self.at_most:g} %"] if self.at_most < float("inf") else []
        return f"{self.statistic} {' and '.join(parts)}"


@dataclass(frozen=True)
class Evidence:
    """A model against its references. ``how``: what was left out of what, and what a row is."""

    topic: str
    what: str
    notebook: str
    unit: str
    how: str
    rows: pd.DataFrame
    demands: tuple[Demand, ...]
    extra: dict[str, float]

    @property
    def statistics(self) -> dict[str, float]:
        """``rows``, ``median error``, ``worst error`` (absolute, as fractions), ``inside the band``, and the extra."""
        known = self.rows.dropna(subset=["reference", "predicted"])
        error = (known["predicted"] / known["reference"] - 1.0).abs()
        banded = known.dropna(subset=["low", "high"])
        inside = (banded["reference"] >= banded["low"]) & (banded["reference"] <= banded["high"])
        return {
            "rows": float(len(known)),
            "median error": float(error.median()),
            "worst error": float(error.max()),
            "inside the band": float(inside.mean()) if len(banded) else float("nan"),
            **self.extra,
        }

    @property
    def holds(self) -> bool:
        """Whether every demand is met."""
        found = self.statistics
        return all(demand.holds(found[demand.statistic]) for demand in self.demands)


def rows_of(frame: pd.DataFrame, **columns: str) -> pd.DataFrame:
    """``frame`` in COLUMNS, from its own names; those that are not named are missing."""
    texts = ("label", "group", "source")
    missing = {name: "" if name in texts else float("nan") for name in COLUMNS}
    made = {name: frame[columns[name]] if name in columns else missing[name] for name in COLUMNS}
    return pd.DataFrame(made, index=frame.index).reset_index(drop=True)
