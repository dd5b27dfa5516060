"""Usage in layers: what runs nearly always on commitments, what may be interrupted on spot, the rest on demand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault
from costlib.models.checks import none_negative, not_negative
from costlib.models.commitments_inputs import refuse

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Layers:
    """A duration curve (hours,), highest hour first, and its layers: they add up to ``usage`` but for ``unused``.

    ``blended_usd`` is what a used hour costs over all of them, unused commitment included; nan where nothing ran.
    """

    usage: Floats
    committed: Floats
    spot: Floats
    on_demand: Floats
    unused: Floats
    committed_usd: float
    spot_usd: float
    on_demand_usd: float

    @property
    def total_usd(self) -> float:
        """What all hours cost."""
        return self.committed_usd + self.spot_usd + self.on_demand_usd

    @property
    def blended_usd(self) -> float:
        """USD of one used instance-hour."""
        ran = float(self.usage.sum())
        return self.total_usd / ran if ran else np.nan

    @property
    def coverage(self) -> float:
        """Share of usage that commitments cover."""
        ran = float(self.usage.sum())
        return float(self.committed.sum()) / ran if ran else np.nan

    @property
    def utilisation(self) -> float:
        """Used share of the commitment; nan without one."""
        had = float(self.committed.sum() + self.unused.sum())
        return float(self.committed.sum()) / had if had else np.nan


def layered(
    usage: npt.ArrayLike,
    committed: float,
    rate_usd_per_hour: float,
    on_demand_usd_per_hour: float,
    spot_usd_per_hour: float = np.nan,
    spot_fraction: float = 0.0,
) -> Layers:
    """The duration curve of usage (hours,) with ``committed`` units at its base.

    Of what runs above the base, the part that tolerates interruptions, at most ``spot_fraction`` of all usage in the
    hour, goes to spot, the rest on demand. Raises InvalidInput for negative numbers, a share outside 0 to 1, and spot
    without a price.
    """
    ran = np.sort(np.ravel(not_negative("usage", usage)))[::-1]
    none_negative(
        committed=committed,
        rate_usd_per_hour=rate_usd_per_hour,
        on_demand_usd_per_hour=on_demand_usd_per_hour,
        spot_usd_per_hour=spot_usd_per_hour,
    )
    faults = []
    if not 0 <= spot_fraction <= 1:
        faults.append(Fault("spot_fraction", spot_fraction, "must be from 0 to 1"))
    if spot_fraction and np.isnan(spot_usd_per_hour):
        faults.append(Fault("spot_usd_per_hour", None, "is not known, but spot is to be used"))
    refuse(faults)
    base = np.minimum(ran, committed)
    spot = np.minimum(ran - base, spot_fraction * ran)
    rest = ran - base - spot
    return Layers(
        ran,
        base,
        spot,
        rest,
        committed - base,
        committed * rate_usd_per_hour * len(ran),
        float(spot.sum()) * spot_usd_per_hour if spot_fraction else 0.0,
        float(rest.sum()) * on_demand_usd_per_hour,
    )
