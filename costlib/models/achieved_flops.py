"""The share of its dense peak that an accelerator reaches in training: few effects on the log-odds, each held back.

logit(share) = intercept + slopes . (size, devices, sequence, fp8) + architecture effect + accelerator effect. Every
effect but the intercept is shrunk towards 0 (a ridge, or normal priors: Hoerl and Kennard 1970, Technometrics
12:55-67), so that an accelerator with few rows leans on its architecture and one without any on all of them; outlying
rows weigh less (Huber 1964, Annals of Mathematical Statistics 35:73-101). The log-odds keep every share within 0 and 1.

How far a whole run lies from the fitted share is a spread of its own, measured on whole runs: it is the noise of the
fit too, so that coefficients are never taken as better known than runs are. Far from the rows the variance of the
coefficients widens the band by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from costlib.models.checks import positive, same_length

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Where the slopes count from: a model of 1e9 parameters on 8 devices.
REFERENCE_PARAMETERS = 1e9
REFERENCE_DEVICES = 8.0
#: Sequences up to this length reach one share: beyond it attention, which runs below the weights' rate, tells.
LONG_SEQUENCE = 4096.0
#: Standard deviations of the effects before any row is seen, in log-odds: the slopes per decade (size, devices), per
#: doubling (sequence) and for fp8; an architecture; an accelerator within its architecture. Of the values 0.02, 0.1,
#: 0.3 (slopes), 0.3, 0.6 (architecture) and 0.05, 0.15, 0.3 (accelerator) the errors of benchmarks that were left out
#: source by source differ by less than their own spread; these are in the middle, the slopes at the smaller end.
SLOPE_PRIOR_SD = 0.1
ARCHITECTURE_PRIOR_SD = 0.6
ACCELERATOR_PRIOR_SD = 0.2
#: Large runs lose time that no benchmark shows (restarts, evaluation, checkpoints, slow machines): not at all up to the
#: first of these FLOPs (6 N T), in full from the second on, in between by the logarithm. Smaller whole runs were mostly
#: published as time a step times steps, on one machine. Left out source by source, 11 runs cannot tell where it
#: sets in: half within 17 % from 3e20 to 6e20 as from 3e20 to 3e21, against 18 % without the loss.
WHOLE_RUN_FLOPS = (5e20, 2e21)
#: Standard deviations in log-odds: of that loss before any run is seen, and of one publication's runs about it.
WHOLE_RUN_PRIOR_SD = 0.5
PUBLICATION_SD = 0.7
#: The noise of one row before whole runs are compared, and Huber's bound in robust standard deviations of the rows.
ROW_SD = 0.5
HUBER_BOUND = 0.7
_SLOPES = 4
_ITERATIONS = 40
#: 0.9 quantiles of Student's t for 1, 2, ... degrees of freedom (the two ends of an 80 % band), then the normal's.
_T_90 = (3.078, 1.886, 1.638, 1.533, 1.476, 1.440, 1.415, 1.397, 1.383, 1.372, 1.363, 1.356, 1.350, 1.345, 1.341)
_NORMAL_90 = 1.2816


def slope_terms(
    parameters: ArrayLike, devices: ArrayLike, sequence_length: ArrayLike, is_fp8: ArrayLike
) -> tuple[Floats, Floats, Floats, Floats]:
    """What the slopes multiply; arrays broadcast, nan (not known) counts as the reference.

    Decades below 1e9 parameters (0 or less; larger models have no slope), decades of devices over 8, doublings of the
    sequence over 4,096 tokens, and 1 for fp8. Raises ValueError unless sizes are positive.
    """
    size, count = np.asarray(parameters, float), np.asarray(devices, float)
    length = np.asarray(sequence_length, float)
    if np.any(size <= 0) or np.any(count <= 0) or np.any(length <= 0):
        raise ValueError("parameters, devices and sequence_length must be positive")
    decades = np.minimum(np.log10(size / REFERENCE_PARAMETERS), 0.0)
    spread = np.log10(count / REFERENCE_DEVICES)
    doublings = np.maximum(np.log2(length / LONG_SEQUENCE), 0.0)
    terms = (decades, spread, doublings, np.asarray(is_fp8, float))
    return tuple(np.where(np.isnan(term), 0.0, term) for term in terms)  # type: ignore[return-value]


def log_odds(share: ArrayLike) -> Floats:
    """log(share / (1 - share)). Raises ValueError unless shares lie within 0 and 1."""
    values = np.asarray(share, float)
    if np.any(values <= 0) or np.any(values >= 1):
        raise ValueError("shares must lie between 0 and 1")
    return np.log(values / (1.0 - values))


def share_of(odds: ArrayLike) -> Floats:
    """The share of given log-odds."""
    return 1.0 / (1.0 + np.exp(-np.asarray(odds, float)))


@dataclass(frozen=True)
class ShareFit:
    """Coefficients (intercept, slopes, architectures, accelerators) in log-odds, with their covariance."""

    coefficients: Floats
    covariance: Floats
    architectures: int
    accelerators: int

    def predict(
        self, terms: tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike], architecture: ArrayLike, accelerator: ArrayLike
    ) -> tuple[Floats, Floats]:
        """Mean log-odds and its variance from the coefficients alone; arrays broadcast.

        ``terms`` as slope_terms gives; ``architecture`` and ``accelerator`` are the codes of the fit, or -1 for one
        without rows: its effect is then 0 give or take the prior.
        """
        given = [np.asarray(term, float) for term in terms]
        arch, part = np.asarray(architecture, np.int64), np.asarray(accelerator, np.int64)
        first, second = 1 + _SLOPES, 1 + _SLOPES + self.architectures
        # A row's few entries instead of its whole design row: columns of 0 and 1 would cost most of the time. One
        # coefficient of 0 and no variance stands at the end for what has no rows.
        last = len(self.coefficients)
        coefficients = np.append(self.coefficients, 0.0)
        covariance = np.pad(self.covariance, ((0, 1), (0, 1)))
        at_arch = np.where(arch >= 0, first + arch, last)
        at_part = np.where(part >= 0, second + part, last)
        slopes = [np.ones(()), *given]
        mean: Floats = coefficients[at_arch] + coefficients[at_part]
        variance: Floats = (
            covariance[at_arch, at_arch] + covariance[at_part, at_part] + 2.0 * covariance[at_arch, at_part]
        )
        variance = variance + np.where(arch >= 0, 0.0, ARCHITECTURE_PRIOR_SD**2)
        variance = variance + np.where(part >= 0, 0.0, ACCELERATOR_PRIOR_SD**2)
        for row, one in enumerate(slopes):
            mean = mean + coefficients[row] * one
            variance = variance + 2.0 * one * (covariance[row][at_arch] + covariance[row][at_part])
            for column, other in enumerate(slopes):
                variance = variance + covariance[row, column] * one * other
        return mean, np.maximum(variance, 0.0)


def fit_shares(
    share: ArrayLike,
    terms: tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike],
    architecture: ArrayLike,
    accelerator: ArrayLike,
) -> ShareFit:
    """Fits the shares of measured rows (one-dimensional arrays; codes from 0, every code used).

    Weighted ridge regression, repeated with Huber's weights until they settle. Raises ValueError for shares outside 0
    to 1 and for no rows.
    """
    odds = log_odds(share)
    if odds.size == 0:
        raise ValueError("no rows to fit")
    arch, part = np.asarray(architecture, np.int64), np.asarray(accelerator, np.int64)
    groups, parts = int(arch.max()) + 1, int(part.max()) + 1
    slopes = [np.broadcast_to(np.asarray(term, float), odds.shape) for term in (1.0, *terms)]
    design = np.hstack([np.column_stack(slopes), np.eye(groups)[arch], np.eye(parts)[part]])
    prior = np.concatenate(
        [
            [1e-6],
            np.full(_SLOPES, SLOPE_PRIOR_SD**-2),
            np.full(groups, ARCHITECTURE_PRIOR_SD**-2),
            np.full(parts, ACCELERATOR_PRIOR_SD**-2),
        ]
    )
    weight = np.ones(len(odds))
    for _ in range(_ITERATIONS):
        weighted = design * (weight / ROW_SD**2)[:, None]
        covariance = np.linalg.inv(weighted.T @ design + np.diag(prior))
        coefficients = covariance @ (weighted.T @ odds)
        away = np.abs(odds - design @ coefficients)
        scale = 1.4826 * float(np.median(away))
        weight = np.minimum(1.0, HUBER_BOUND * scale / np.maximum(away, 1e-9))
    return ShareFit(coefficients, covariance, groups, parts)


def whole_run_weight(parameters: ArrayLike, tokens: ArrayLike) -> Floats:
    """How much of what large runs lose a run of 6 ``parameters`` x ``tokens`` FLOPs loses, 0 to 1; arrays broadcast.

    nan (not known) counts as a small run. Raises InvalidInput for sizes that are not above 0.
    """
    flops = 6.0 * positive("parameters", parameters) * positive("tokens", tokens)
    first, full = np.log(WHOLE_RUN_FLOPS)
    return np.nan_to_num(np.clip((np.log(flops) - first) / (full - first), 0.0, 1.0), nan=0.0)


def fit_whole_run_loss(away: ArrayLike, weight: ArrayLike, publication: ArrayLike) -> tuple[float, float]:
    """What large runs lose, in log-odds of the share (above 0: they take longer), and its variance.

    ``away``: log-odds of whole runs less those predicted from benchmarks; ``weight`` as whole_run_weight gives;
    ``publication``: codes. away = -loss x weight: every publication counts once, by the mean of its runs, and a normal
    prior about 0 holds the loss back, as with the other effects. Raises InvalidInput for arrays of different lengths.
    """
    table = np.column_stack(same_length(away=away, weight=weight, publication=publication))
    codes, index = np.unique(table[:, 2], return_inverse=True)
    count = np.bincount(index, minlength=len(codes))
    far, large = (np.bincount(index, column, minlength=len(codes)) / count for column in table[:, :2].T)
    precision = WHOLE_RUN_PRIOR_SD**-2 + float(large @ large) / PUBLICATION_SD**2
    return float(-(large @ far) / PUBLICATION_SD**2 / precision), 1.0 / precision


def spread_of_runs(share: ArrayLike, predicted_log_odds: ArrayLike, sources: int) -> tuple[float, float]:
    """How far whole runs lie from their prediction: standard deviation in log-odds about 0, and the t quantile.

    The mean square about the prediction itself, so that a bias counts as spread. Runs of one source share their code
    and their luck: the quantile is Student's with ``sources`` - 1 degrees of freedom. Raises ValueError for fewer than
    2 sources.
    """
    if sources < 2:
        raise ValueError("a spread needs runs of at least 2 sources")
    away = log_odds(share) - np.asarray(predicted_log_odds, float)
    quantile = _T_90[sources - 2] if sources - 2 < len(_T_90) else _NORMAL_90
    return float(np.sqrt(np.mean(away**2))), quantile


def share_band(mean: ArrayLike, variance: ArrayLike, run_sd: float, quantile: float) -> tuple[Floats, Floats, Floats]:
    """Low, expected and high share of one run: the 80 % band about the mean log-odds; arrays broadcast."""
    centre = np.asarray(mean, float)
    reach = quantile * np.sqrt(run_sd**2 + np.asarray(variance, float))
    return share_of(centre - reach), share_of(centre), share_of(centre + reach)


def below_measured(
    low: ArrayLike, expected: ArrayLike, high: ArrayLike, parameters: ArrayLike, smallest_parameters: float
) -> tuple[Floats, Floats, Floats]:
    """The band of models smaller than any measured; others keep theirs. Arrays broadcast.

    A smaller model has less work a kernel: at worst its step takes as long as that of the smallest measured model
    (time is all launches, as below the roofline's ridge), and its share falls with its size; at best the share stays.
    The low end takes the first, the high end the second, and expected lies in the geometric middle.
    """
    ratio = np.minimum(np.asarray(parameters, float) / smallest_parameters, 1.0)
    return np.asarray(low) * ratio, np.asarray(expected) * np.sqrt(ratio), np.asarray(high) * np.ones_like(ratio)
