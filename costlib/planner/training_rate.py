"""The share of peak that each instance type, count and precision reaches in training: what hours are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costlib.errors import NotKnown
from costlib.facts.efficiency import Efficiency, scale_of
from costlib.facts.hardware import Hardware
from costlib.facts.measured_band import MeasuredBand
from costlib.facts.speedups import Speedups
from costlib.planner.achieved_share import AchievedShares, TrainingJob
from costlib.planner.network_loss import GRADIENT_BYTES, RULE, Cells, over_network
from costlib.planner.step_tokens import StepTokens, usual_step
from costlib.tables import Snapshot
from costlib.units import gbps_to_bytes_per_second, gib_to_bytes

#: Of the chips held, the one whose fp32 and mixed-precision training are both measured without TF32.
FP32_WITNESS = "V100 SXM2 32GB"
#: The chip that cards without measured training runs were timed against (facts/relative_throughput).
RELATIVE_TO = "A100 80GB SXM4"
LARGER = " (of this and what large runs lose the larger counts)"
#: The number of accelerators that stands for each scale of facts.efficiency: shares move little with it.
SCALE_DEVICES = (8.0, 32.0, 256.0)
#: Grids and bands of the jobs asked for last are kept: a slider makes a new job at every step.
JOBS_KEPT = 16


class TrainingRates:
    """Shares of peak over whole grids of instances; bands and grids are kept once computed."""

    def __init__(self, hardware: Hardware, shares: AchievedShares, efficiency: Efficiency, speedups: Speedups):
        self.hardware = hardware
        self.shares = shares
        self.efficiency = efficiency
        self.speedups = speedups
        self._parts = hardware.accelerators.to_dict("index")
        self._grid = lru_cache(JOBS_KEPT)(self._build_grid)
        self.band = lru_cache(JOBS_KEPT * 1024)(self._band)
        self._mixed = lru_cache(JOBS_KEPT * 256)(self._mixed_precision)

    @classmethod
    def open(cls, snapshot: Snapshot) -> TrainingRates:
        """Reads every facts table that shares of peak come from."""
        hardware, shares = Hardware.open(snapshot), AchievedShares.open(snapshot)
        return cls(hardware, shares, Efficiency.open(snapshot), Speedups.open(snapshot))

    def hours_inputs(
        self,
        counts: Sequence[int],
        precisions: Sequence[str],
        job: TrainingJob,
        instance_types: Sequence[str] | None = None,
        step: StepTokens | None = None,
    ) -> pd.DataFrame:
        """One row per instance type x count x precision, in that order; all types unless some are named.

        Columns: instance_type, count, precision, accelerator, accelerators (in all instances), peak_tflops
        (of one accelerator), fraction_low, fraction_expected, fraction_high (share of that peak), basis,
        rule, source, as_of, n_rows, supported, reason (why not, where not supported; then the numbers are
        missing). ``job.numerator`` says what FLOPs the shares are of: ``model_flops`` (6 N T + 12 L h s T, needs
        the model's shape) or ``6n`` (6 N T); pass the matching ``training_flops``. ``step``: the global batch, by
        which several instances lose to their network; None: the usual one of the size. Raises NotKnown for
        unknown names.
        """
        chosen = None if instance_types is None else tuple(instance_types)
        # The caller's copy shares memory until it is written to, so that no one spoils the kept grid.
        step = step or usual_step(job.parameters, job.sequence_length)
        return self._grid(tuple(counts), tuple(precisions), job, chosen, step).copy(deep=False)

    def _build_grid(
        self,
        counts: tuple[int, ...],
        precisions: tuple[str, ...],
        job: TrainingJob,
        chosen: tuple[str, ...] | None,
        step: StepTokens,
    ) -> pd.DataFrame:
        instances = self.hardware.instances
        if chosen is not None:
            for name in chosen:
                self.hardware.require(name)
            instances = instances.loc[list(chosen)]
        types, numbers, kinds = len(instances), len(counts), len(precisions)
        # (type, count, precision) as one long column each; the last varies fastest.
        row = np.repeat(np.arange(types), numbers * kinds)
        count = np.tile(np.repeat(np.asarray(counts, int), kinds), types)
        kind = np.tile(np.arange(kinds), types * numbers)
        peaks = [self.hardware.peak_tflops(precision).loc[instances.index] for precision in precisions]
        peak = np.column_stack([column.to_numpy(float) for column in peaks])[row, kind]
        total = instances["accelerator_count"].to_numpy(float)[row] * count

        bands, index = self._bands(instances, precisions, job, row, kind)
        known = np.array([isinstance(band, MeasuredBand) for band in bands])[index]
        reason = np.array(["" if isinstance(band, MeasuredBand) else band for band in bands], object)[index]

        gbps = instances["network_gbps"].to_numpy(float)[row]
        slow = known & (count > 1)
        no_network = slow & np.isnan(gbps)
        reason[no_network] = "the sustained network between its instances is not known"
        known &= ~no_network
        slow &= ~no_network

        def column(name: str, missing: object, dtype: type = object, of: list[MeasuredBand | str] = bands) -> NDArray:
            values = np.array([getattr(band, name, missing) for band in of], dtype)[index]
            values[~known] = missing
            return values

        low, expected, high = (column(name, np.nan, float) for name in ("low", "expected", "high"))
        cells = Cells(
            np.maximum(instances["accelerator_count"].to_numpy(float)[row], 1.0)[slow],
            count[slow].astype(float),
            peak[slow],
            np.array([GRADIENT_BYTES[precision] for precision in precisions])[kind][slow],
            self.hardware.link_bytes_per_second.loc[instances.index].to_numpy(float)[row][slow],
            gbps_to_bytes_per_second(gbps[slow]),
            gib_to_bytes(instances["usable_gib"].to_numpy(float)[row][slow]),
        )
        # What large runs lose holds what their networks lost: of both the larger counts, not one on top of the other.
        short = bands
        if job.whole_run:
            short, _ = self._bands(instances, precisions, replace(job, whole_run=0.0), row, kind)
        alone_low, alone, alone_high = (
            column(name, np.nan, float, short)[slow] for name in ("low", "expected", "high")
        )
        slowed = over_network(alone_low, alone, alone_high, cells, job, step.tokens)
        low[slow], expected[slow], high[slow] = (
            np.fmin(share[slow], other) for share, other in zip((low, expected, high), slowed, strict=True)
        )
        basis, rule = column("basis", ""), column("rule", "")
        basis[slow] = "estimate"
        # The runs measured at larger scales are of larger models: that is no reason why more of the same
        # accelerators should each do more.
        shape = (types, numbers, kinds)
        held = [no_faster_with_more(values.reshape(shape)).ravel() for values in (low, expected, high)]
        lowered = known & (held[1] < expected)
        low, expected, high = held
        basis[lowered] = "estimate"
        rule[lowered] += "; held at the share that fewer of them reach"
        rule[slow] += RULE.format(batch=step.said) + (LARGER if job.whole_run else "")
        return pd.DataFrame(
            {
                "instance_type": instances.index.to_numpy(object)[row],
                "count": count,
                "precision": np.asarray(precisions, object)[kind],
                "accelerator": instances["accelerator"].to_numpy(object)[row],
                "accelerators": total,
                "peak_tflops": np.where(known, peak, np.nan),
                "fraction_low": low,
                "fraction_expected": expected,
                "fraction_high": high,
                "basis": basis,
                "rule": rule,
                "source": column("source", ""),
                "as_of": column("as_of", ""),
                "n_rows": column("n_rows", 0, int),
                "supported": known,
                "reason": reason,
            }
        )

    def _bands(
        self,
        instances: pd.DataFrame,
        precisions: Sequence[str],
        job: TrainingJob,
        row: NDArray,
        kind: NDArray,
    ) -> tuple[list[MeasuredBand | str], NDArray]:
        """The distinct bands (or reasons why there is none), and which of them each row has."""
        part_code, parts = pd.factorize(instances["accelerator"].fillna(""))
        in_box_code, in_box = pd.factorize(instances["accelerator_count"].fillna(0))
        # The scale of one instance: what more of them lose to their network is added apart, and counted once.
        scale_in_box = scale_of(instances["accelerator_count"].fillna(0).to_numpy(float))
        code = (part_code[row] * len(in_box) + in_box_code[row]) * 3 + scale_in_box[row]
        code = code * len(precisions) + kind
        distinct, index = np.unique(code, return_inverse=True)
        bands = []
        for value in distinct.tolist():
            rest, kind_code = divmod(value, len(precisions))
            rest, scale = divmod(rest, 3)
            part, box = divmod(rest, len(in_box))
            cards = max(1, int(in_box[box]))
            bands.append(self.band(str(parts[part]), cards, scale, precisions[kind_code], job))
        return bands, index

    def _band(self, accelerator: str, cards: int, scale: int, precision: str, job: TrainingJob) -> MeasuredBand | str:
        """The share of peak of one accelerator of ``cards`` in each instance, or the reason why it is not known."""
        if not accelerator:
            return "has no accelerator: training on CPU is not modelled"
        if accelerator not in self._parts:
            return f"no dense peak of {accelerator} is held"
        part = self._parts[accelerator]
        nvidia = part["vendor_architecture"].startswith("NVIDIA ")
        if accelerator.startswith("Inferentia"):
            return "Inferentia is an inference part: training is not its supported use"
        if pd.isna(part[f"{precision}_tflops"]):
            return f"{accelerator} does not support {precision}, or no source gives its {precision} peak"
        if not nvidia and precision not in ("bf16", "fp16"):
            return f"fewer than 5 measured {precision} training runs of {accelerator} are held"
        try:
            if precision in ("fp32", "tf32"):
                band = self._full_precision(accelerator, scale, precision, job)
            else:
                band = self._mixed(accelerator, scale, precision, job)
        except NotKnown:
            return f"fewer than 5 measured {precision} training runs of {accelerator} or its like are held"
        if nvidia and not part["nvlink_gb_s"] and cards > 1:
            band = band.times(*self.efficiency.pcie_scaling(cards))
        return band.at_most(1.0, 1.0, 1.0)

    def _mixed_precision(self, accelerator: str, scale: int, precision: str, job: TrainingJob) -> MeasuredBand:
        """16-bit or fp8: as fitted; NVIDIA's cards whose architecture has no rows by what they reach of an A100's."""
        architecture = self._parts[accelerator]["vendor_architecture"]
        devices = SCALE_DEVICES[scale]
        if self.shares.has_architecture(architecture) or not architecture.startswith("NVIDIA "):
            return self.shares.band(accelerator, architecture, precision, devices, job)
        witness = self._parts[RELATIVE_TO]["vendor_architecture"]
        band = self.shares.band(RELATIVE_TO, witness, precision, devices, job)
        return band.times(*self.efficiency.relative_efficiency(accelerator))

    def _full_precision(self, accelerator: str, scale: int, precision: str, job: TrainingJob) -> MeasuredBand:
        """fp32 and tf32 from mixed precision and measured speed-ups, never from the ratio of peaks.

        share = share in 16 bit x (16-bit peak / this peak) / measured speed-up. fp32 was measured on Volta
        only; for other chips the share of the fp32 peak that V100 reaches so is applied to their fp32 peak,
        and they are taken to be no faster than in the next lower precision.
        """
        part = self._parts[accelerator]
        borrowed = precision == "fp32" and part["vendor_architecture"] != "NVIDIA Volta"
        witness = FP32_WITNESS if borrowed else accelerator
        band = self._by_speedup(witness, scale, precision, job)
        if not borrowed:
            return band
        faster = "fp16" if pd.isna(part["tf32_tflops"]) else "tf32"
        if faster == "tf32":
            bound = self._by_speedup(accelerator, scale, "tf32", job)
        else:
            bound = self._mixed(accelerator, scale, "fp16", job)
        factor = float(part[f"{faster}_tflops"] / part["fp32_tflops"])
        rule = (
            f"the share of its fp32 peak that {witness} reaches, applied to the fp32 peak of {accelerator};"
            f" at most as fast as its {faster}"
        )
        return band.times(1.0, 1.0, 1.0, rule).at_most(factor * bound.low, factor * bound.expected, factor * bound.high)

    def _by_speedup(self, accelerator: str, scale: int, precision: str, job: TrainingJob) -> MeasuredBand:
        part = self._parts[accelerator]
        mixed = self._mixed(accelerator, scale, "fp16", job)
        speedup = self.speedups.band(accelerator, part["vendor_architecture"], precision)
        factor = float(part["fp16_tflops"] / part[f"{precision}_tflops"])
        return mixed.over(speedup, factor, f"over {speedup.rule}")


def no_faster_with_more(shares: NDArray) -> NDArray:
    """Shares (type, count, precision) that do not rise with the count; missing ones stay missing."""
    return np.where(np.isnan(shares), np.nan, np.fmin.accumulate(shares, axis=1))
