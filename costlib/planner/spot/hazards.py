"""How often each offer is interrupted, if it is spot: the user's own history first, else the Spot advisor's bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault, InvalidInput, unknown
from costlib.models.interruption import hazard_from_history, hazard_range_per_hour
from costlib.workload import SpotHistory

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Words = npt.NDArray[np.object_]

#: The Spot advisor's top band has no upper end ("more than 20 %"). It is read as 20 % to 63 %: from its edge
#: to a rate of one interruption a month for each instance; expected is the middle of the two rates.
OPEN_BAND_HIGH_FRACTION = float(-np.expm1(-1.0))
ADVISOR_RULE = "the Spot advisor's monthly band, read as the chance that an instance kept for a month is interrupted"
OPEN_BAND_RULE = "the advisor's open top band (over 20 %) is read as 20 % to one interruption a month"
OWN_SOURCE = "your own history"
#: A row that names more counts before one that names less; the type says most, then the zone, then the region.
_WEIGHTS = {"instance_type": 4, "az": 2, "region": 1}


@dataclass(frozen=True)
class SpotHazards:
    """Interruptions per instance-hour of each offer: low, expected, high (NaN where not known), and their origin.

    ``rule`` says how they were read; ``basis`` is empty where nothing is known; ``open_band``: where the advisor's
    band has no upper end.
    """

    hazard: tuple[Floats, Floats, Floats]
    open_band: Bools
    rule: Words
    basis: Words
    source: Words
    as_of: Words

    @classmethod
    def of_advisor(
        cls,
        advisor: pd.DataFrame,
        instance_types: Sequence[str],
        instance_type: Ints,
        regions: Sequence[str],
        region: Ints,
    ) -> SpotHazards:
        """Joins the Spot advisor's monthly bands (facts.interruptions) to offers, coded by type and region."""
        high = advisor["monthly_interruption_high_fraction"].to_numpy(float)
        low = advisor["monthly_interruption_low_fraction"].to_numpy(float)
        bands = hazard_range_per_hour(low, high, OPEN_BAND_HIGH_FRACTION)
        rules = np.where(high >= 1.0, f"{ADVISOR_RULE}; {OPEN_BAND_RULE}", ADVISOR_RULE).astype(object)
        type_code = {name: code for code, name in enumerate(instance_types)}
        region_code = {name: code for code, name in enumerate(regions)}
        rows = advisor["instance_type"].map(type_code).to_numpy(float)
        columns = advisor["region"].map(region_code).to_numpy(float)
        held = ~np.isnan(rows) & ~np.isnan(columns)
        position = np.full((len(instance_types), len(regions)), -1)
        position[rows[held].astype(int), columns[held].astype(int)] = np.nonzero(held)[0]
        where = position[instance_type, region]

        def gather(values: npt.NDArray, missing: float | str) -> npt.NDArray:
            return np.where(where >= 0, values[where], np.array(missing, dtype=values.dtype))

        return cls(
            hazard=(gather(bands.low, np.nan), gather(bands.expected, np.nan), gather(bands.high, np.nan)),
            open_band=np.where(where >= 0, (high >= 1.0)[where], False),
            rule=gather(rules, ""),
            basis=gather(np.full(len(advisor), "estimate", dtype=object), ""),
            source=gather(advisor["source"].to_numpy(object), ""),
            as_of=gather(advisor["as_of"].to_numpy(object), ""),
        )

    def over(self, history: Sequence[SpotHistory], names: pd.DataFrame) -> SpotHazards:
        """The same with the user's own history over it, by the row that names most of each offer.

        ``names`` has a row an offer: instance_type, region, az (of spot offers; empty for others). Raises InvalidInput
        for rows that no spot offer matches.
        """
        if not history:
            return self
        best = np.full(len(names), -1)
        weight = np.full(len(names), -1)
        faults: list[Fault] = []
        for number, row in enumerate(history):
            fits = np.ones(len(names), dtype=bool)
            weighs = 0
            for name, points in _WEIGHTS.items():
                wanted = getattr(row, name)
                if wanted is not None:
                    fits &= (names[name] == wanted).to_numpy()
                    weighs += points
            if not fits.any():
                faults.append(_nowhere(number, row, names))
            takes = fits & (weighs > weight)
            best[takes], weight[takes] = number, weighs
        if faults:
            raise InvalidInput(faults)
        hazard = [end.copy() for end in self.hazard]
        words = [column.copy() for column in (self.rule, self.basis, self.source, self.as_of)]
        for number, row in enumerate(history):
            own = best == number
            found = hazard_from_history(row.interruptions, row.instance_hours)
            for end, value in zip(hazard, found, strict=True):
                end[own] = float(value)
            rule = (
                f"{row.interruptions:,} interruptions in {row.instance_hours:,.6g} instance-hours of your own; range:"
                " the 80 % interval of a count at a constant rate (Garwood 1936)"
            )
            for column, word in zip(words, (rule, "user", OWN_SOURCE, ""), strict=True):
                column[own] = word
        return replace(
            self, hazard=(hazard[0], hazard[1], hazard[2]), open_band=self.open_band & (best < 0), rule=words[0],
            basis=words[1], source=words[2], as_of=words[3],
        )  # fmt: skip


def _nowhere(number: int, row: SpotHistory, names: pd.DataFrame) -> Fault:
    """The fault of a row that matches nothing, at the first of its names that is not sold as spot, with near names."""
    field = f"spot.history.{number}"
    for name in ("instance_type", "region", "az"):
        wanted = getattr(row, name)
        if wanted is not None and not (names[name] == wanted).any():
            return unknown(f"{field}.{name}", wanted, set(names[name]) - {""}, f"{name} with a spot price")
    return Fault(field, None, "names a type that has no spot price in that region or zone")
