"""The share of its dense peak that an accelerator reaches in training, from measured runs."""

from __future__ import annotations

from functools import cache, partial

import numpy as np
import pandas as pd

from costlib.basis import weakest
from costlib.errors import NotKnown, unknown
from costlib.facts.measured_band import FEWEST_ROWS, MeasuredBand, band_of, newest, short_source
from costlib.tables import Snapshot

#: fp16 and bf16 run at one rate on tensor cores, so their rows are one pool.
PRECISION_CLASSES = {"fp16": ("fp16", "bf16"), "bf16": ("fp16", "bf16"), "fp8": ("fp8",)}
#: Upper ends of the scales, in accelerators: one node, one rack or so, beyond.
SCALES = (8, 64)
SCALE_NAMES = ("1-8", "9-64", "65 or more")
#: What the FLOPs of a run are counted as: with attention where the model's shape is known, else 6 N T.
NUMERATORS = {"model_flops": "achieved_fraction", "6n": "achieved_fraction_6n"}
#: Shares fall with the sequence (and counted as 6 N T they fall by the attention that is left out), so pools
#: are of sequences up to the first length; only where no pool is large enough, up to the second (most fp8
#: runs).
SEQUENCE_LIMITS = (4096, 8192)

#: What achieved_fraction_band reads of facts/achieved_flops.
POOL_TYPES = {
    "accelerator": object,
    "vendor_architecture": object,
    "precision": object,
    "basis": object,
    "source": object,
    "as_of": object,
}
POOL_COLUMNS = [*POOL_TYPES, "accelerator_count", "sequence_length", *NUMERATORS.values()]


def scale_of(accelerator_count: float | np.ndarray) -> np.ndarray:
    """0, 1 or 2: the index of the scale in SCALE_NAMES; scalars or arrays."""
    return np.searchsorted(SCALES, accelerator_count, side="left")


def achieved_fraction_band(
    table: pd.DataFrame,
    accelerator: str,
    vendor_architecture: str,
    scale: int,
    precision: str,
    numerator: str = "model_flops",
) -> MeasuredBand:
    """P10, median and P90 of the measured share of dense peak for one accelerator, scale and precision.

    ``table`` is facts/achieved_flops; ``scale`` is scale_of(accelerators). With fewer than 5 rows the pool
    widens: all scales, then the same architecture, then the same vendor, then everything; a widened pool
    makes an estimate, the first has its rows' weakest basis. Raises NotKnown for a precision without measured rows.
    """
    if precision not in PRECISION_CLASSES:
        raise NotKnown([unknown("precision", precision, PRECISION_CLASSES, "precision with measured runs")])
    column = NUMERATORS[numerator]
    rows = table[table["precision"].isin(PRECISION_CLASSES[precision]) & table[column].notna()]
    name = "fp8" if precision == "fp8" else "16-bit"
    vendor_name = vendor_architecture.split(" ")[0]
    same_scale = scale_of(rows["accelerator_count"].to_numpy()) == scale
    same = (rows["accelerator"] == accelerator).to_numpy()
    architecture = (rows["vendor_architecture"] == vendor_architecture).to_numpy()
    vendor = rows["vendor_architecture"].str.startswith(f"{vendor_name} ").to_numpy()
    pools = (
        (same & same_scale, "", f"{accelerator}, {SCALE_NAMES[scale]} accelerators"),
        (same, "estimate", f"{accelerator} at other scales"),
        (architecture, "estimate", f"all {vendor_architecture} accelerators, any scale"),
        (vendor, "estimate", f"all {vendor_name} accelerators, any scale"),
        (np.ones(len(rows), bool), "estimate", "all accelerators, any scale"),
    )
    sequences = rows["sequence_length"].to_numpy(float)
    for limit in SEQUENCE_LIMITS:
        for chosen, basis, words in pools:
            pool = chosen & (sequences <= limit)
            count = int(pool.sum())
            if count >= FEWEST_ROWS:
                rule = f"P10, median, P90 of {count} measured {name} runs: {words}, sequences to {limit:,} tokens"
                return band_of(rows[pool], column, basis or weakest(rows.loc[pool, "basis"]), rule)
    raise NotKnown([unknown("precision", precision, (), f"precision with {FEWEST_ROWS} measured runs")])


def whole_run_band(whole_runs: pd.DataFrame) -> MeasuredBand:
    """How many times longer whole training runs took than benchmarks of their chip say: least, 1, most.

    ``whole_runs`` is facts/whole_runs. The median lies near 1, on one side if runs are counted and on the
    other if projects are (one author's runs share their code), so it moves nothing; only the spread is used.
    """
    ratios = whole_runs["benchmark_over_run"]
    low, high = min(float(ratios.min()), 1.0), max(float(ratios.max()), 1.0)
    rule = (
        f"widened by the {len(ratios)} published whole runs, which took {low:.2f} to {high:.2f} times as long as"
        " benchmarks of their chip say"
    )
    source = short_source(whole_runs["source"])
    return MeasuredBand(
        low, 1.0, high, weakest(whole_runs["basis"]), rule, len(ratios), source, newest(whole_runs["as_of"])
    )


class Efficiency:
    """Bands of facts/achieved_flops and its companions, kept once computed."""

    def __init__(self, achieved: pd.DataFrame, whole_runs: pd.DataFrame, relative: pd.DataFrame, scaling: pd.DataFrame):
        self.achieved = achieved
        # Plain objects: masks over Arrow text cost most of the time of a first search.
        self._benchmark = cache(partial(achieved_fraction_band, achieved[POOL_COLUMNS].astype(POOL_TYPES)))
        ratios = relative.groupby("accelerator")["relative_efficiency"].agg(["min", "median", "max", "size"])
        self._relative = {
            str(name): (row[:3].clip(upper=1.0).tolist(), int(row["size"])) for name, row in ratios.iterrows()
        }
        self._scaling = scaling
        self.band = cache(self._band)
        self.pcie_scaling = cache(self._pcie_scaling)
        self._architectures = frozenset(achieved["vendor_architecture"])
        self.benchmark_over_run = whole_run_band(whole_runs)

    @classmethod
    def open(cls, snapshot: Snapshot) -> Efficiency:
        """Reads facts/achieved_flops, whole_runs, relative_throughput and scaling_efficiency."""
        names = ("achieved_flops", "whole_runs", "relative_throughput", "scaling_efficiency")
        return cls(*(snapshot.read(f"facts/{name}") for name in names))

    def _band(
        self, accelerator: str, vendor_architecture: str, scale: int, precision: str, numerator: str
    ) -> MeasuredBand:
        """The share of peak that a whole run reaches: benchmarks of the chip, and how whole runs differ from them.

        Benchmarks are tuned and short; whole runs evaluate, restart, and are tuned less or more: that widens.
        """
        pooled = "bf16" if precision == "fp16" else precision
        benchmark = self._benchmark(accelerator, vendor_architecture, scale, pooled, numerator)
        band = benchmark.over(
            self.benchmark_over_run,
            1.0,
            self.benchmark_over_run.rule,
            basis=benchmark.basis,
        )
        if vendor_architecture in self._architectures or not vendor_architecture.startswith("NVIDIA "):
            return band
        return band.times(*self.relative_efficiency(accelerator))

    def relative_efficiency(self, accelerator: str) -> tuple[float, float, float, str]:
        """Low, expected, high of this card's share of peak over an A100's, and the rule that gives it.

        The pool of measured runs is of data-centre parts with HBM; T4 and A10G were timed against an A100 on
        the same small jobs. More than 1 is not carried over: those jobs left the A100 idle. Other cards
        without HBM (L4, L40S, RTX PRO 6000) lie between the two.
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
