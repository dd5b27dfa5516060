"""Instances and the accelerators in them, with the dense peak of every precision."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
import pandas as pd

from costlib.errors import NotKnown, unknown
from costlib.tables import Snapshot
from costlib.units import BYTES_PER_GB

PRECISIONS = ("fp32", "tf32", "fp16", "bf16", "fp8")
#: Gigatransfers a second and lane of each PCI Express generation; 16 lanes, 128 bits of 130 carry data (PCI-SIG).
PCIE_GIGATRANSFERS = {"3": 8.0, "4": 16.0, "5": 32.0}


@dataclass(frozen=True)
class Hardware:
    """Instance types and accelerators of one snapshot.

    ``accelerators`` is indexed by accelerator. ``instances`` is indexed by instance_type, and carries its
    accelerator's columns (peaks, vendor_architecture, nvlink_gb_s); those are missing for CPU types and for
    accelerators without a published dense peak. ``processes``: how many train on an instance, one for each accelerator
    or for each core of it with memory of its own; ``usable_gib``: what each of them sees of its memory, the instance's
    ``accelerator_memory_gib`` where no more is held.
    """

    instances: pd.DataFrame
    accelerators: pd.DataFrame

    @classmethod
    def open(cls, snapshot: Snapshot) -> Hardware:
        """Reads facts/instances and facts/accelerators."""
        accelerators = snapshot.read("facts/accelerators").set_index("accelerator")
        instances = snapshot.read("facts/instances").set_index("instance_type")
        peaks = [f"{precision}_tflops" for precision in PRECISIONS]
        carried = accelerators[[*peaks, "vendor_architecture", "nvlink_gb_s"]]
        joined = instances.join(carried, on="accelerator")
        parts = instances["accelerator"].map(accelerators["processes"]).astype(float).fillna(1.0)
        seen = instances["accelerator"].map(accelerators["usable_gib"]).astype(float)
        # Parts of a GPU are as much of what a process sees of the whole.
        count = instances["accelerator_count"]
        joined["processes"] = count * parts
        joined["usable_gib"] = (seen * count.clip(upper=1.0)).fillna(instances["accelerator_memory_gib"] / parts)
        return cls(joined, accelerators)

    @cached_property
    def link_bytes_per_second(self) -> pd.Series[float]:
        """One way between the accelerators of each instance type; missing where not known.

        NVLink and NeuronLink: half of the data sheet's figure, which counts both ways; else PCI Express, 16 lanes of
        the generation that facts/accelerators names.
        """
        both_ways = self.instances["nvlink_gb_s"].to_numpy(float)
        interconnect = self.instances["accelerator"].map(self.accelerators["interconnect"])
        generation = interconnect.astype(object).str.extract(r"PCIe(\d)")[0]
        pcie = generation.map(PCIE_GIGATRANSFERS).to_numpy(float) * 16.0 * (128.0 / 130.0) / 8.0
        known = np.where(both_ways > 0, both_ways / 2.0, np.where(both_ways == 0, pcie, np.nan))
        return pd.Series(known * BYTES_PER_GB, index=self.instances.index)

    def require(self, instance_type: str) -> pd.Series[Any]:
        """One instance's row. Raises NotKnown with close matches."""
        if instance_type not in self.instances.index:
            raise NotKnown(
                [unknown("instance_type", instance_type, self.instances.index, "instance type with known hardware")]
            )
        return cast("pd.Series[Any]", self.instances.loc[instance_type, :])

    def peak_tflops(self, precision: str) -> pd.Series[Any]:
        """Dense peak TFLOP/s of one accelerator of each instance type; missing where there is none."""
        if precision not in PRECISIONS:
            raise NotKnown([unknown("precision", precision, PRECISIONS, "precision")])
        return self.instances[f"{precision}_tflops"]
