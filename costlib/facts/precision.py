"""What each number format brings on each accelerator: measured speed-ups by model class, and what to look after."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from costlib.basis import weakest
from costlib.errors import Fault, InvalidInput, NotKnown, unknown
from costlib.facts.hardware import PRECISIONS, Hardware
from costlib.facts.measured_band import FEWEST_ROWS, MeasuredBand, band_of
from costlib.tables import Snapshot

MODEL_CLASSES = ("language", "vision", "speech", "recommendation", "other")
#: Words in a benchmark's name that tell its class; ``domain`` of the table decides where none is found.
_CLASS_WORDS = (
    ("recommendation", ("recommendation", "ncf")),
    ("speech", ("speech", "tacotron", "waveglow", "hifigan")),
    ("other", ("drugdiscovery", "forecasting")),
)

#: Rows of fewer models tell how those models scatter between runs, not how models differ.
FEWEST_MODELS = 3

#: Peng et al. 2023 (FP8-LM, arXiv 2310.18313), abstract: GPT-175B on H100 is 75 % faster in their fp8 than Megatron-LM
#: in bf16, and 37 % faster than NVIDIA's Transformer Engine in fp8, which so is 1.75 / 1.37 times as fast as bf16.
FP8_OVER_16_BIT = 1.75 / 1.37
_FP8_SOURCE = "arXiv 2310.18313 abstract"


@dataclass(frozen=True)
class PrecisionNote:
    """What training in a precision needs and risks; ``source`` says who found so."""

    precision: str
    exponent_bits: int
    significand_bits: int
    needs: str
    risk: str
    source: str


NOTES = {
    note.precision: note
    for note in (
        PrecisionNote("fp32", 8, 23, "nothing", "none of its own: the reference for the others", "IEEE 754-2019"),
        PrecisionNote(
            "tf32", 8, 10, "one switch of the framework; weights and activations stay in fp32 in memory",
            "small: only the inputs of matrix products are rounded",
            "NVIDIA A100 Tensor Core GPU Architecture, whitepaper 2020",
        ),
        PrecisionNote(
            "fp16", 5, 10, "fp32 master weights and loss scaling",
            "gradients below 2^-24 become zero without loss scaling, and sums overflow above 65,504",
            "Micikevicius et al. 2018, arXiv 1710.03740, section 3",
        ),
        PrecisionNote(
            "bf16", 8, 7, "fp32 master weights; no loss scaling, for its range is that of fp32",
            "small updates are lost where weights are kept in bf16 alone",
            "Kalamkar et al. 2019, arXiv 1905.12322",
        ),
        PrecisionNote(
            "fp8", 4, 3, "a scale for each tensor (E4M3 for weights and activations, E5M2 for gradients), sums and"
            " master weights in higher precision",
            "scales that lag behind the values overflow; sensitive layers stay in 16 bit",
            "Micikevicius et al. 2022, arXiv 2209.05433",
        ),
    )
}  # fmt: skip


def model_class(model: str, domain: str) -> str:
    """One of MODEL_CLASSES for a benchmark of facts/precision_speedups, from its name and its ``domain``."""
    lowered = model.lower()
    for name, words in _CLASS_WORDS:
        if any(word in lowered for word in words):
            return name
    return domain


class PrecisionFacts:
    """Speed-ups by accelerator, model class and precision; bands are kept once computed."""

    def __init__(self, speedups: pd.DataFrame, hardware: Hardware):
        classes = [model_class(*row) for row in zip(speedups["model"], speedups["domain"], strict=True)]
        self.speedups = speedups.assign(model_class=classes)
        self.hardware = hardware
        self.band = cache(self._band)

    @classmethod
    def open(cls, snapshot: Snapshot) -> PrecisionFacts:
        """Reads facts/precision_speedups and the hardware."""
        return cls(snapshot.read("facts/precision_speedups"), Hardware.open(snapshot))

    def base_precision(self, accelerator: str) -> str:
        """What speed-ups on an accelerator are over: tf32 where it has it, else fp32. Raises NotKnown."""
        return "fp32" if np.isnan(self._peak(accelerator, "tf32")) else "tf32"

    def table(self, accelerator: str, model_class: str = "language") -> pd.DataFrame:
        """One row a precision: is it supported, and how much faster is it than the accelerator's base precision.

        Columns: precision, base_precision, supported, speedup_low, speedup_expected, speedup_high (P10, median,
        P90 of measured pairs unless ``rule`` says otherwise), n_rows, n_models, basis, rule, source, as_of, reason
        (why there is no number). Raises InvalidInput for unknown names, both at once.
        """
        faults = []
        if accelerator not in self.hardware.accelerators.index:
            faults.append(unknown("accelerator", accelerator, self.hardware.accelerators.index, "accelerator"))
        if model_class not in MODEL_CLASSES:
            faults.append(unknown("model_class", model_class, MODEL_CLASSES, "model class"))
        if faults:
            raise InvalidInput(faults)
        return pd.DataFrame([self._row(accelerator, model_class, precision) for precision in PRECISIONS])

    def across(self, model_class: str = "language") -> pd.DataFrame:
        """``table`` of every accelerator that AWS has and whose peaks are known, one under the other.

        Columns: accelerator, vendor_architecture, ``table``'s, peak_tflops (dense). Raises InvalidInput.
        """
        held = self.hardware.accelerators
        peaks = held[[f"{precision}_tflops" for precision in PRECISIONS]]
        parts = [
            self.table(str(name), model_class).assign(
                accelerator=name,
                vendor_architecture=str(held.at[name, "vendor_architecture"]),
                peak_tflops=peaks.loc[name].to_numpy(float),
            )
            for name in held.index[held["on_aws"].to_numpy(bool) & peaks.notna().any(axis=1).to_numpy()]
        ]
        return pd.concat(parts, ignore_index=True)

    def _row(self, accelerator: str, model_class: str, precision: str) -> dict[str, object]:
        row: dict[str, object] = {
            "precision": precision,
            "base_precision": self.base_precision(accelerator),
            "supported": not np.isnan(self._peak(accelerator, precision)),
            **dict.fromkeys(("speedup_low", "speedup_expected", "speedup_high"), np.nan),
            **{"n_rows": 0, "n_models": 0, "basis": "", "rule": "", "source": "", "as_of": "", "reason": ""},
        }
        try:
            band, models = self.band(accelerator, model_class, precision)
        except NotKnown as error:
            return {**row, "reason": error.faults[0].problem}
        ends = {"speedup_low": band.low, "speedup_expected": band.expected, "speedup_high": band.high}
        words = {"basis": band.basis, "rule": band.rule, "source": band.source, "as_of": band.as_of}
        return {**row, **ends, **words, "n_rows": band.n_rows, "n_models": models}

    def _peak(self, accelerator: str, precision: str) -> float:
        table = self.hardware.accelerators
        if accelerator not in table.index:
            raise NotKnown([unknown("accelerator", accelerator, table.index, "accelerator")])
        return float(table[f"{precision}_tflops"][accelerator])

    def _band(self, accelerator: str, model_class: str, precision: str) -> tuple[MeasuredBand, int]:
        """Throughput in a precision over the base, and from how many models. Raises NotKnown with the reason."""
        base = self.base_precision(accelerator)
        if np.isnan(self._peak(accelerator, precision)):
            raise _not_known(accelerator, precision, "is not supported, or no source gives its peak")
        if precision == base:
            return MeasuredBand(1.0, 1.0, 1.0, "derived", "what the others are over", 0, "", ""), 0
        if precision == "fp32":
            problem = f"was not measured beside {base} on one machine; it is no faster than {base}"
            raise _not_known(accelerator, precision, problem)
        mixed, models = self._mixed_over(base, accelerator, model_class)
        if precision == "fp16":
            return mixed, models
        if precision == "bf16":
            rule = "pairs in fp16, or of no stated kind, stand for bf16, whose peak is the same"
            return mixed.times(1.0, 1.0, 1.0, rule), models
        return self._fp8(accelerator, mixed), models

    def _mixed_over(self, base: str, accelerator: str, model_class: str) -> tuple[MeasuredBand, int]:
        """16-bit mixed precision over ``base``; the pool widens while it has too few rows or models."""
        architecture = str(self.hardware.accelerators.at[accelerator, "vendor_architecture"])
        if not architecture.startswith("NVIDIA "):
            raise _not_known(accelerator, "16-bit precision", "was not measured over a wider one")
        rows = self.speedups[self.speedups["base_precision"] == base]
        mine = (rows["accelerator"].fillna("") == accelerator).to_numpy(bool)
        alike = (rows["vendor_architecture"] == architecture).to_numpy(bool)
        of_class = (rows["model_class"] == model_class).to_numpy(bool)
        pools = (
            (mine & of_class, "", f"{model_class} on {accelerator}"),
            (alike & of_class, "estimate", f"{model_class} on all {architecture} accelerators"),
            (of_class, "estimate", f"{model_class} on all accelerators"),
            (mine, "estimate", f"all models on {accelerator}"),
        )
        for chosen, basis, words in pools:
            pool = rows[chosen]
            count, models = len(pool), int(pool["model"].nunique())
            if count >= FEWEST_ROWS and models >= FEWEST_MODELS:
                rule = f"P10, median, P90 of {count} measured pairs of mixed over {base}: {models} models, {words}"
                return band_of(pool, "speedup", basis or weakest(pool["basis"]), rule), models
        few = f"has fewer than {FEWEST_ROWS} measured pairs over {base}, or fewer than {FEWEST_MODELS} models"
        raise _not_known(accelerator, "16-bit precision", few)

    def _fp8(self, accelerator: str, mixed: MeasuredBand) -> MeasuredBand:
        facts = self.hardware.accelerators.loc[[accelerator]]
        ratio = (facts["matmul_achieved_fp8_tflops"] / facts["matmul_achieved_bf16_tflops"]).item()
        measured = "of its best measured matrix products"
        if np.isnan(ratio):
            ratio, measured = (facts["fp8_tflops"] / facts["bf16_tflops"]).item(), "of its dense peaks"
        rule = (
            "times fp8 over 16 bit: low 1 (nothing gained), expected what Transformer Engine reached on GPT-175B and"
            f" H100 (1.75 / 1.37), high the ratio {measured}"
        )
        band = mixed.times(1.0, min(FP8_OVER_16_BIT, max(ratio, 1.0)), max(ratio, 1.0), rule)
        both = f"{band.source}; {_FP8_SOURCE}"
        return MeasuredBand(band.low, band.expected, band.high, "estimate", band.rule, band.n_rows, both, band.as_of)


def _not_known(accelerator: str, precision: str, problem: str) -> NotKnown:
    return NotKnown([Fault(f"{precision} on {accelerator}", None, problem)])
