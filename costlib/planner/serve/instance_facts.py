"""What a serving plan needs to know of instance types: memory for models, and how much they do at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from costlib.prices.book import PriceBook

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class InstanceFacts:
    """Of each type (types,), nan where it is not described: ``model_gib``, memory that models may be kept in (the
    accelerators' where there are any), ``host_gib``, ``accelerators`` (nan: none) and ``vcpus``."""

    model_gib: Floats
    host_gib: Floats
    accelerators: Floats
    vcpus: Floats

    @property
    def at_once(self) -> Floats:
        """Requests that it works on at once without slowing any: one an accelerator, else one a vCPU."""
        return np.where(np.isfinite(self.accelerators), self.accelerators, self.vcpus)


def instance_facts(book: PriceBook, names: Sequence[str]) -> InstanceFacts:
    """Facts of types by EC2's or SageMaker's name."""
    table = book.table("facts/instances").set_index("instance_type")
    rows = table.reindex([name.removeprefix("ml.") for name in names])
    numbers = {
        name: rows[name].to_numpy(float)
        for name in ("memory_gib", "accelerator_count", "accelerator_memory_gib", "vcpu")
    }
    held = numbers["accelerator_count"] * numbers["accelerator_memory_gib"]
    return InstanceFacts(
        model_gib=np.where(np.isfinite(held), held, numbers["memory_gib"]),
        host_gib=numbers["memory_gib"],
        accelerators=numbers["accelerator_count"],
        vcpus=numbers["vcpu"],
    )
