"""Instances and the accelerators in them, with the dense peak of every precision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import pandas as pd

from costlib.errors import NotKnown, unknown
from costlib.tables import Snapshot

PRECISIONS = ("fp32", "tf32", "fp16", "bf16", "fp8")


@dataclass(frozen=True)
class Hardware:
    """Instance types and accelerators of one snapshot.

    ``accelerators`` is indexed by accelerator. ``instances`` is indexed by instance_type, and carries its
    accelerator's columns (peaks, vendor_architecture, nvlink_gb_s); those are missing for CPU types and for
    accelerators without a published dense peak.
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
        return cls(instances.join(carried, on="accelerator"), accelerators)

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
