"""Usage in layers, valued at on-demand prices: the duration curve with its committed base, spot and on-demand rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.models.commitments import Rates, Scenarios
from costlib.models.commitments_by_hour import Dated, by_hour

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class DollarLayers:
    """``curve``: a row an hour, the highest first: ``usage_usd, committed_usd, spot_usd, on_demand_usd`` at on-demand
    prices, and ``unused_usd``, what of the commitment was lost. Totals say what it really costs.

    ``blended_usd_per_hour`` is what an instance-hour costs over everything; ``saved_fraction`` the effective savings
    rate, against all of it on demand.
    """

    curve: pd.DataFrame
    committed_usd: float
    unused_usd: float
    spot_usd: float
    on_demand_usd: float
    listed_usd: float
    instance_hours: float

    @property
    def total_usd(self) -> float:
        """What all of it costs."""
        return self.committed_usd + self.spot_usd + self.on_demand_usd

    @property
    def blended_usd_per_hour(self) -> float:
        """USD of one instance-hour, of whatever type; nan where nothing ran."""
        return self.total_usd / self.instance_hours if self.instance_hours else np.nan

    @property
    def saved_fraction(self) -> float:
        """Effective savings rate."""
        return 1.0 - self.total_usd / self.listed_usd if self.listed_usd else np.nan

    def as_dict(self) -> dict[str, float]:
        """The totals."""
        return {
            "committed_usd": self.committed_usd,
            "unused_usd": self.unused_usd,
            "spot_usd": self.spot_usd,
            "on_demand_usd": self.on_demand_usd,
            "total_usd": self.total_usd,
            "all_on_demand_usd": self.listed_usd,
            "instance_hours": self.instance_hours,
            "blended_usd_per_hour": self.blended_usd_per_hour,
            "effective_savings_rate": self.saved_fraction,
        }


def in_layers(
    scenarios: Scenarios, at: int, dated: Sequence[Dated], rates: Rates, spot_fraction: Mapping[int, float] | None
) -> DollarLayers:
    """Scenario ``at`` in layers; arguments as in models.commitments_by_hour."""
    found = by_hour(scenarios, at, dated, rates, spot_fraction)
    factor = scenarios.factor[at if len(scenarios.factor) > 1 else 0]
    price = np.broadcast_to(rates.on_demand_usd(scenarios.lines) * factor, found.rest.shape)
    usage, covered, spot, rest = (
        (part * price).sum(axis=1) for part in (scenarios.quantity[at], found.covered, found.on_spot, found.rest)
    )
    order = np.argsort(-usage, kind="stable")
    curve = pd.DataFrame(
        {
            "usage_usd": usage[order],
            "committed_usd": covered[order],
            "spot_usd": spot[order],
            "on_demand_usd": rest[order],
            "unused_usd": found.unused_usd[order],
        }
    )
    return DollarLayers(
        curve,
        float(found.committed_usd.sum()),
        float(found.unused_usd.sum()),
        float(found.spot_usd.sum()),
        float(found.on_demand_usd.sum()),
        float(usage.sum()),
        float(scenarios.quantity[at].sum()),
    )
