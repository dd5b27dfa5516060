"""Trees and small networks as they were timed on CPU and GPU instances, and what the CPUs can do at most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from costlib.errors import NotKnown, unknown
from costlib.tables import Snapshot


@dataclass(frozen=True)
class SmallJobs:
    """facts/small_jobs and facts/cpu_families; ``families`` is indexed by family."""

    jobs: pd.DataFrame
    families: pd.DataFrame

    @classmethod
    def open(cls, snapshot: Snapshot) -> SmallJobs:
        """Reads both tables."""
        jobs = snapshot.read("facts/small_jobs")
        return cls(jobs, snapshot.read("facts/cpu_families").set_index("family"))

    def trees(self, library: str | None = None) -> pd.DataFrame:
        """The rows of boosted trees on one machine, of one library or all. Raises NotKnown."""
        rows = self.jobs[(self.jobs["kind"] == "trees") & (self.jobs["instances"] == 1)]
        libraries = sorted(rows["library"].unique())
        if library is None:
            return rows
        if library not in libraries:
            raise NotKnown([unknown("library", library, libraries, "library of boosted trees")])
        return rows[rows["library"] == library]

    def cpus(self, instances: pd.DataFrame) -> pd.DataFrame:
        """The CPU instance types (``instances`` is Hardware.instances) whose family's processor is known.

        Indexed by instance_type; columns vcpus, vcpus_per_core, ghz, flops_per_cycle, memory_gib, source, as_of.
        """
        plain = instances[instances["accelerator"].isna() & instances["family"].isin(self.families.index)]
        of = self.families.loc[plain["family"]]
        return pd.DataFrame(
            {
                "vcpus": plain["vcpu"].to_numpy(float),
                "vcpus_per_core": of["vcpus_per_core"].to_numpy(float),
                "ghz": of["all_core_ghz"].to_numpy(float),
                "flops_per_cycle": of["fp32_flops_per_cycle"].to_numpy(float),
                "memory_gib": plain["memory_gib"].to_numpy(float),
                "source": of["source"].to_numpy(object),
                "as_of": of["as_of"].fillna("").to_numpy(object),
            },
            index=plain.index,
        )

    @property
    def timed_networks(self) -> pd.DataFrame:
        """Networks trained in fp32 on one CPU machine, with their FLOPs: what CPUs reach is read off them."""
        rows = self.jobs
        on_cpu = rows["accelerator"].isna() & (rows["instances"] == 1) & (rows["precision"] == "fp32")
        return rows[on_cpu & np.isfinite(rows["training_flops"].to_numpy(float))]
