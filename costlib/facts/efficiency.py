"""How cards without HBM or NVLink fare against those that training runs were measured on."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from costlib.tables import Snapshot

#: Upper ends of the scales, in accelerators: one node, one rack or so, beyond.
SCALES = (8, 64)


def scale_of(accelerator_count: float | np.ndarray) -> np.ndarray:
    """0, 1 or 2: the index of the scale (to 8, to 64, beyond); scalars or arrays."""
    return np.searchsorted(SCALES, accelerator_count, side="left")


class Efficiency:
    """Bands of facts/relative_throughput and facts/scaling_efficiency, kept once computed."""

    def __init__(self, relative: pd.DataFrame, scaling: pd.DataFrame):
        ratios = relative.groupby("accelerator")["relative_efficiency"].agg(["min", "median", "max", "size"])
        self._relative = {
            str(name): (row[:3].clip(upper=1.0).tolist(), int(row["size"])) for name, row in ratios.iterrows()
        }
        self._scaling = scaling
        self.pcie_scaling = cache(self._pcie_scaling)

    @classmethod
    def open(cls, snapshot: Snapshot) -> Efficiency:
        """Reads facts/relative_throughput and facts/scaling_efficiency."""
        return cls(snapshot.read("facts/relative_throughput"), snapshot.read("facts/scaling_efficiency"))

    def relative_efficiency(self, accelerator: str) -> tuple[float, float, float, str]:
        """Low, expected, high of this card's share of peak over an A100's, and the rule that gives it.

        Runs were measured on data-centre parts with HBM; T4 and A10G were timed against an A100 on the same small
        jobs. More than 1 is not carried over: those jobs left the A100 idle. Other cards without HBM (L4, L40S,
        RTX PRO 6000) lie between the two.
        """
        if accelerator in self._relative:
            (low, expected, high), jobs = self._relative[accelerator]
            rule = f"times its share of peak over an A100's on {jobs} small jobs (least, median, most; at most 1)"
            return low, expected, high, rule
        ends = np.array([ends for ends, _ in self._relative.values()])
        rule = (
            f"no training run of {accelerator} is held: times the range between the cards without HBM that are"
            f" ({', '.join(self._relative)}), expected their geometric mean"
        )
        return float(ends[:, 0].min()), float(np.exp(np.log(ends[:, 1]).mean())), float(ends[:, 2].max()), rule

    def _pcie_scaling(self, accelerator_count: int) -> tuple[float, float, float, str]:
        """Low, expected, high scaling of this many cards on PCIe in one machine (at most 1), and the rule."""
        known = sorted(self._scaling["accelerator_count"].unique())
        count = next((number for number in known if number >= accelerator_count), known[-1])
        values = self._scaling.loc[self._scaling["accelerator_count"] == count, "efficiency"]
        low, expected, high = (float(min(value, 1.0)) for value in np.percentile(values, [10, 50, 90]))
        rule = (
            f"times the scaling of {count} cards without NVLink in one machine"
            f" (P10, median, P90 of {len(values)} measured)"
        )
        return low, expected, high, rule
