"""Many models of one size: a fleet for each, or all on shared instances that load what is asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.models.multi_model import cold_load_fraction, work_seconds_with_loads, zipf_popularity
from costlib.models.serving_capacity import response_curves
from costlib.models.serving_fleet import mean_instances
from costlib.planner.serve.asked import Asked
from costlib.planner.serve.candidates import Candidates, Loads
from costlib.planner.serve.capacity_file import LoadTests
from costlib.units import HOURS_PER_MONTH

Floats = npt.NDArray[np.float64]

#: Models of like popularity are looked at together, by the mean of their group.
_GROUPS = 24


@dataclass(frozen=True)
class SharedModels:
    """Instance types (rows,) with room for at least one model: ``slots`` in memory, ``cold`` loads as a share of
    requests, ``kept_together`` (rows,) requests a second with the loads, 0 where the promise does not allow them."""

    names: tuple[str, ...]
    usd: Floats
    slots: Floats
    cold: Floats
    kept_alone: Floats
    kept_together: Floats
    popularity: Floats
    loads: Loads
    asked: Asked

    def together(self, scales: Floats) -> Floats:
        """USD a month of one shared fleet (rows, scales), its count by the hour."""
        many = mean_instances(
            scales, self.loads.hourly_levels, self.loads.hourly_fraction, self.kept_together, self.asked.least,
            self.asked.zones_to_survive,
        )  # fmt: skip
        return self.usd[:, None] * HOURS_PER_MONTH * many

    def apart(self, scales: Floats) -> Floats:
        """USD a month of a fleet for each model (rows, scales)."""
        groups = np.array_split(self.popularity, min(_GROUPS, len(self.popularity)))
        total = np.zeros((len(self.usd), len(scales)))
        for group in groups:
            total += len(group) * mean_instances(
                scales * group.mean(), self.loads.hourly_levels, self.loads.hourly_fraction, self.kept_alone,
                self.asked.least, self.asked.zones_to_survive,
            )  # fmt: skip
        return self.usd[:, None] * HOURS_PER_MONTH * total

    def table(self) -> pd.DataFrame:
        """``instance_type, models_in_memory, cold_load_fraction, kept_per_second``."""
        return pd.DataFrame(
            {
                "instance_type": self.names,
                "models_in_memory": self.slots,
                "cold_load_fraction": self.cold,
                "kept_per_second": self.kept_together,
            }
        )


def shared_models(
    found: Candidates, tests: LoadTests, loads: Loads, memory_gib: Floats, asked: Asked
) -> tuple[SharedModels, tuple[str, ...]]:
    """What sharing does on each candidate; ``memory_gib`` (rows,) is that of an instance, nan where not known.

    A cold request waits for the load and breaks the promise, so the share that is left for slow warm ones is smaller;
    the load takes a worker. Each instance keeps its own models, as requests are spread at random.
    """
    assert asked.model_gib is not None
    slots = np.floor(memory_gib * asked.memory_fraction / asked.model_gib)
    usable = np.flatnonzero(np.nan_to_num(slots) >= 1)
    notes = [
        f"{found.names[row]} cannot share: " + ("its memory is not known" if np.isnan(slots[row]) else
                                                "one model does not fit")
        for row in range(len(slots)) if row not in usable
    ]  # fmt: skip
    popularity = zipf_popularity(asked.models, asked.zipf_exponent)
    cold = np.array([cold_load_fraction(popularity, slots[row]) for row in usable])
    kept = np.zeros(len(usable))
    slow = 1.0 - asked.share
    for at, row in enumerate(usable):
        if cold[at] >= slow:
            continue
        # Of warm requests no more may be slow than what the cold ones leave.
        share = asked.share / (1.0 - cold[at])
        capacity = tests.capacity
        own = found.at[row]
        work = capacity.times.mean_seconds[own]
        longer = float(work_seconds_with_loads(work, asked.load_seconds, cold[at]) / work)
        one = capacity.rows(np.array([own]))
        one = replace(one, most_per_second=one.most_per_second / longer)
        kept[at] = response_curves(one, share).kept_per_second(asked.promise_ms / 1000.0)[0]
    return SharedModels(
        tuple(found.names[row] for row in usable), found.usd("hosting")[usable], slots[usable], cold,
        found.kept_per_second[usable], kept, popularity, loads, asked,
    ), tuple(notes)  # fmt: skip
