"""The share of its dense peak that a run reaches: measured rows and whole runs joined with models/achieved_flops."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.basis import weakest
from costlib.errors import NotKnown, unknown
from costlib.facts.measured_band import FEWEST_ROWS, MeasuredBand, newest, short_source
from costlib.models.achieved_flops import (
    ShareFit,
    below_measured,
    fit_shares,
    fit_whole_run_loss,
    log_odds,
    share_band,
    slope_terms,
    spread_of_runs,
    whole_run_weight,
)
from costlib.tables import Snapshot

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: fp16 and bf16 run at one rate on tensor cores, so their rows are one class.
PRECISION_CLASSES = {"fp16": ("fp16", "bf16"), "bf16": ("fp16", "bf16"), "fp8": ("fp8",)}
#: What the FLOPs of a run are counted as: with attention where the model's shape is known, else 6 N T.
NUMERATORS = {"model_flops": "achieved_fraction", "6n": "achieved_fraction_6n"}
#: Counted as 6 N T, shares of long sequences are low by the attention left out: rows up to here tell of usual ones.
LONGEST_6N_SEQUENCE = 4096


@dataclass(frozen=True)
class TrainingJob:
    """What of a run the share of peak depends on; ``sequence_length`` None where it is not known.

    ``numerator`` is a key of NUMERATORS: what the FLOPs that the shares are of are counted as.
    """

    parameters: float
    sequence_length: float | None = None
    numerator: str = "model_flops"
    #: FLOPs of a token by that numerator (6 N where it is not given), the parameters whose gradients an accelerator
    #: exchanges (all where it is not given), and the optimizer: what several instances lose to their network.
    flops_per_token: float | None = None
    exchanged_parameters: float | None = None
    optimizer: str = "adam"
    #: How much of what large whole runs lose this one loses (models.achieved_flops.whole_run_weight).
    whole_run: float = 0.0

    @property
    def flops_of_a_token(self) -> float:
        """Forward and backward of one token."""
        return 6.0 * self.parameters if self.flops_per_token is None else self.flops_per_token

    @property
    def exchanged(self) -> float:
        """Parameters whose gradients each accelerator exchanges in a step."""
        return self.parameters if self.exchanged_parameters is None else self.exchanged_parameters


def family_of(vendor_architecture: str) -> str:
    """The architecture that effects are of: AWS's NeuronCore generations are one, as only one of them has rows."""
    return re.sub(r"-v\d.*$", "", vendor_architecture)


def publication_of(source: str) -> str:
    """The paper, repository or model card that a row is from: rows of one share code, machine and authors."""
    found = re.match(r"arXiv \S+|HF card \S+|[^\s@]+", source)
    return found.group(0) if found else source


@dataclass(frozen=True)
class _Fitted:
    """One numerator's fit, what large whole runs lose beside it, and how far whole runs lie from both."""

    fit: ShareFit
    loss: float
    loss_variance: float
    large_sources: int
    run_sd: float
    quantile: float
    sources: int


class AchievedShares:
    """facts/achieved_flops and facts/whole_runs as a fitted share of peak with an 80 % band."""

    def __init__(self, achieved: pd.DataFrame, whole_runs: pd.DataFrame):
        # A benchmark by the authors of a whole run is that run over again.
        runs_of = set(whole_runs["source"].map(publication_of))
        held = achieved["precision"].isin(["fp16", "bf16", "fp8"]) & ~achieved["source"].map(publication_of).isin(
            runs_of
        )
        self.rows = achieved[held].reset_index(drop=True)
        self.runs = whole_runs.reset_index(drop=True)
        families = self.rows["vendor_architecture"].map(family_of)
        self._families = {str(name): code for code, name in enumerate(sorted(families.unique()))}
        self._parts = {str(name): code for code, name in enumerate(sorted(self.rows["accelerator"].unique()))}
        self._fits: dict[str, _Fitted] = {}

    @classmethod
    def open(cls, snapshot: Snapshot) -> AchievedShares:
        """Reads facts/achieved_flops and facts/whole_runs."""
        return cls(snapshot.read("facts/achieved_flops"), snapshot.read("facts/whole_runs"))

    def without(self, publication: str) -> AchievedShares:
        """The same with every row and run of one publication left out."""
        kept = [frame[frame["source"].map(publication_of) != publication] for frame in (self.rows, self.runs)]
        return AchievedShares(*kept)

    @cached_property
    def smallest_parameters(self) -> float:
        """Parameters of the smallest measured model."""
        return float(self.rows["parameters"].min())

    def has_architecture(self, vendor_architecture: str) -> bool:
        """Whether rows of the architecture are held."""
        return family_of(vendor_architecture) in self._families

    def shares(
        self,
        accelerator: npt.ArrayLike,
        vendor_architecture: npt.ArrayLike,
        is_fp8: npt.ArrayLike,
        parameters: npt.ArrayLike,
        devices: npt.ArrayLike,
        sequence_length: npt.ArrayLike = np.nan,
        numerator: str = "model_flops",
        whole_run: npt.ArrayLike = 0.0,
    ) -> tuple[Floats, Floats, Floats]:
        """Low, expected and high share of dense peak of whole runs; arrays broadcast, nan where not known.

        ``devices`` is the number of accelerators; ``whole_run`` as in TrainingJob. Raises
        NotKnown for an unknown numerator.
        """
        fitted = self._fitted(numerator)
        mean, variance = self._predict(
            fitted.fit, accelerator, vendor_architecture, is_fp8, parameters, devices, sequence_length
        )
        large = np.asarray(whole_run, float)
        mean, variance = mean - fitted.loss * large, variance + fitted.loss_variance * large**2
        band = share_band(mean, variance, fitted.run_sd, fitted.quantile)
        return below_measured(*band, parameters, self.smallest_parameters)

    def band(
        self, accelerator: str, vendor_architecture: str, precision: str, devices: float, job: TrainingJob
    ) -> MeasuredBand:
        """The same for one accelerator and precision, with how it is known.

        ``derived`` where the accelerator has 5 rows in the precision's class and the model is not smaller than any
        measured; else an estimate, and the rule says why. Raises NotKnown for a precision without 5 rows anywhere.
        """
        if precision not in PRECISION_CLASSES:
            raise NotKnown([unknown("precision", precision, PRECISION_CLASSES, "precision with measured runs")])
        of_class = self.rows[self.rows["precision"].isin(PRECISION_CLASSES[precision])]
        if len(of_class) < FEWEST_ROWS:
            raise NotKnown([unknown("precision", precision, (), f"precision with {FEWEST_ROWS} measured runs")])
        is_fp8 = precision == "fp8"
        sequence = np.nan if job.sequence_length is None else job.sequence_length
        asked = (accelerator, vendor_architecture, is_fp8, job.parameters, devices, sequence, job.numerator)
        low, expected, high = (float(end) for end in self.shares(*asked, whole_run=job.whole_run))
        own = of_class[of_class["accelerator"] == accelerator]
        like = of_class[of_class["vendor_architecture"].map(family_of) == family_of(vendor_architecture)]
        near = own if len(own) else like if len(like) else of_class
        name = "fp8" if is_fp8 else "16-bit"
        if len(own):
            whose = f"{len(own)} of {accelerator}"
        elif len(like):
            whose = f"none of {accelerator}, {len(like)} of its architecture"
        else:
            whose = f"none of {accelerator} or its architecture: all architectures"
        is_small = job.parameters < self.smallest_parameters
        fitted = self._fitted(job.numerator)
        rule = (
            f"share fitted to {len(of_class)} measured {name} runs by architecture, accelerator, size, scale, sequence"
            f" ({whose}); 80 % band from {len(self.runs)} whole runs of {fitted.sources} sources"
        )
        if job.whole_run:
            longer = float(self.shares(*asked)[1]) / expected
            rule += (
                f"; {longer:.2f} times as long as benchmarks: so much longer large whole runs of"
                f" {fitted.large_sources} sources took"
            )
        if is_small:
            rule += (
                f"; smaller than any measured model ({self.smallest_parameters:.3g} parameters): at worst a step takes"
                " as long as that model's"
            )
        is_derived = len(own) >= FEWEST_ROWS and not is_small
        return MeasuredBand(
            low,
            expected,
            high,
            weakest(own["basis"]) if is_derived else "estimate",
            rule,
            len(of_class),
            short_source(near["source"]),
            newest(near["as_of"]),
        )

    def _fitted(self, numerator: str) -> _Fitted:
        if numerator not in NUMERATORS:
            raise NotKnown([unknown("numerator", numerator, NUMERATORS, "way to count FLOPs")])
        if numerator not in self._fits:
            self._fits[numerator] = self._fit(numerator)
        return self._fits[numerator]

    def _fit(self, numerator: str) -> _Fitted:
        column = NUMERATORS[numerator]
        usable = self.rows[column].notna()
        if numerator == "6n":
            usable &= self.rows["sequence_length"] <= LONGEST_6N_SEQUENCE
            # An accelerator or architecture that only ran longer ones keeps its rows: low, but known.
            usable |= self.rows[column].notna() & ~self.rows["accelerator"].isin(self.rows.loc[usable, "accelerator"])
        rows = self.rows[usable]
        terms = slope_terms(
            rows["parameters"],
            rows["accelerator_count"],
            rows["sequence_length"],
            (rows["precision"] == "fp8").to_numpy(),
        )
        fit = fit_shares(rows[column].to_numpy(float), terms, *self._codes(rows))
        runs = self.runs
        mean, _ = self._predict(
            fit,
            runs["accelerator"],
            runs["vendor_architecture"],
            (runs["precision"] == "fp8").to_numpy(),
            runs["parameters"].to_numpy(float),
            runs["accelerator_count"].to_numpy(float),
            runs["sequence_length"].to_numpy(float) if numerator == "model_flops" else np.nan,
        )
        publication, names = pd.factorize(runs["source"].map(publication_of))
        measured = runs[column].to_numpy(float)
        large = whole_run_weight(runs["parameters"].to_numpy(float), runs["tokens"].to_numpy(float))
        loss, loss_variance = fit_whole_run_loss(log_odds(measured) - mean, large, publication)
        run_sd, quantile = spread_of_runs(measured, mean - loss * large, len(names))
        return _Fitted(fit, loss, loss_variance, len(set(publication[large > 0])), run_sd, quantile, len(names))

    def _codes(self, rows: pd.DataFrame) -> tuple[Ints, Ints]:
        return self._code_of(rows["vendor_architecture"], rows["accelerator"])

    def _code_of(self, vendor_architecture: npt.ArrayLike, accelerator: npt.ArrayLike) -> tuple[Ints, Ints]:
        return _looked_up(vendor_architecture, lambda name: self._families.get(family_of(name), -1)), _looked_up(
            accelerator, lambda name: self._parts.get(name, -1)
        )

    def _predict(
        self,
        fit: ShareFit,
        accelerator: npt.ArrayLike,
        vendor_architecture: npt.ArrayLike,
        is_fp8: npt.ArrayLike,
        parameters: npt.ArrayLike,
        devices: npt.ArrayLike,
        sequence_length: npt.ArrayLike,
    ) -> tuple[Floats, Floats]:
        families, parts = self._code_of(vendor_architecture, accelerator)
        return fit.predict(slope_terms(parameters, devices, sequence_length, is_fp8), families, parts)


def _looked_up(names: npt.ArrayLike, code: Callable[[str], int]) -> Ints:
    """The code of every name: each is looked up once, as columns repeat few of them."""
    array = np.asarray(names, object)
    index, distinct = pd.factorize(array.ravel())
    return np.array([code(str(name)) for name in distinct], np.int64)[index].reshape(array.shape)
