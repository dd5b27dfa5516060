"""Where a run may be: residency of its data, and how far it may be from a user, region by region, with the reason."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.models.distance import LEAST_TIME_RULE, great_circle_km, least_round_trip_ms
from costlib.planner.residency import may_hold_data
from costlib.planner.sources import Sources
from costlib.workload import Workload

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

NEAR_RULE = f"{LEAST_TIME_RULE}. A region that is let pass could still be too slow: measure it"


@dataclass(frozen=True)
class Near:
    """A user's place in degrees, and the round trip that may be taken to it, in milliseconds."""

    latitude: float
    longitude: float
    within_ms: float

    def __post_init__(self) -> None:
        faults = []
        if not self.within_ms > 0:
            faults.append(Fault("within_ms", self.within_ms, "must be above 0"))
        try:
            great_circle_km(self.latitude, self.longitude, 0.0, 0.0)
        except InvalidInput as refused:
            faults += refused.faults
        if faults:
            raise InvalidInput(faults)

    @classmethod
    def of_text(cls, near: str, within_ms: float) -> Near:
        """From ``latitude,longitude``. Raises InvalidInput."""
        parts = near.split(",")
        try:
            latitude, longitude = (float(part) for part in parts)
        except ValueError:
            raise InvalidInput([Fault("near", near, "must be latitude,longitude in degrees: 52.52,13.40")]) from None
        return cls(latitude, longitude, within_ms)


@dataclass(frozen=True)
class Constraints:
    """By region of the offers: whether a run may be there and why not, and the least round trip (nan: not known)."""

    allowed: Bools
    reasons: tuple[tuple[str, ...], ...]
    least_round_trip_ms: Floats

    @classmethod
    def of(cls, workload: Workload, sources: Sources, near: Near | None) -> Constraints:
        """What ``dataset.residency`` and ``near`` let pass."""
        regions = sources.offers.regions
        resident = may_hold_data(workload, sources)
        least_ms = _least_ms(sources, near)
        close = np.ones(len(regions), dtype=bool) if near is None else least_ms <= near.within_ms
        reasons = []
        for number, region in enumerate(regions):
            said = []
            if not resident[number]:
                said.append(f"dataset.residency does not name it: {_where(region, sources)}")
            if near is not None and not close[number]:
                said.append(_too_far(float(least_ms[number]), near))
            reasons.append(tuple(said))
        return cls(resident & close, tuple(reasons), least_ms)


def _least_ms(sources: Sources, near: Near | None) -> Floats:
    regions = sources.offers.regions
    if near is None:
        return np.full(len(regions), np.nan)
    places = sources.region_places.table.reindex(list(regions))
    to = (places["latitude"].to_numpy(float), places["longitude"].to_numpy(float))
    return least_round_trip_ms(great_circle_km(near.latitude, near.longitude, *to))


def _where(region: str, sources: Sources) -> str:
    places = place_of(region, sources)
    if places is None:
        return "in which country the zone is, is not held"
    return f"{places['country']}, {places['continent']}, partition {sources.partition_of(region)}"


def place_of(region: str, sources: Sources) -> dict[str, object] | None:
    """Country, continent and city of a region; None of a zone, whose place is not held."""
    held = sources.region_places.by_region.get(region)
    return None if held is None else {name: held[name] for name in ("city", "country", "continent")}


def _too_far(least_ms: float, near: Near) -> str:
    if np.isnan(least_ms):
        return "where it is, is not held, so its distance is not known"
    return f"even light takes {least_ms:.0f} ms there and back, and {near.within_ms:g} ms are allowed"
