"""The share of its dense peak that an accelerator reaches in training: few effects on the log-odds, each held back.

logit(share) = intercept + slopes . (size, devices, sequence, fp8) + architecture effect + accelerator effect. Every
effect but the intercept is shrunk towards 0 (a ridge, or normal priors: Hoerl and Kennard 1970, Technometrics
12:55-67), so that an accelerator with few rows leans on its architecture and one without any on all of them; outlying
rows weigh less (Huber 1964, Annals of Mathematical Statistics 35:73-101). The log-odds keep every share within 0 and 1.

Large whole runs fall short of the benchmarks that the share is fitted to, by one loss more: it is fitted to whole runs,
every publication counted once. How far a whole run lies from the share with that loss is a spread of its own, and the
noise of the fit too, so that coefficients are never taken as better known than runs are. Far from the rows the variance
of the coefficients widens the band by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from costlib.errors import Fault, InvalidInput
from costlib.models.checks import (
    code,
    finite,
    fraction,
    none_negative,
    not_negative,
    numeric,
    one,
    positive,
    same_length,
)

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
#: The weight goes in so many steps, each below 1 % of the hours: runs of nearly one size share what is worked out once.
WHOLE_RUN_STEPS = 20
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


@numeric()
def slope_terms(
    parameters: ArrayLike, devices: ArrayLike, sequence_length: ArrayLike, is_fp8: ArrayLike
) -> tuple[Floats, Floats, Floats, Floats]:
    """What the slopes multiply; arrays broadcast, nan (not known) counts as the reference.

    Decades below 1e9 parameters (0 or less; larger models have no slope), decades of devices over 8, doublings of the
    sequence over 4,096 tokens, and 1 for fp8. Raises InvalidInput unless sizes are positive.
    """
    size, count = positive("parameters", parameters, bounded=True), positive("devices", devices, bounded=True)
    length = positive("sequence_length", sequence_length, bounded=True)
    decades = np.minimum(np.log10(size / REFERENCE_PARAMETERS), 0.0)
    spread = np.log10(count / REFERENCE_DEVICES)
    doublings = np.maximum(np.log2(length / LONG_SEQUENCE), 0.0)
    terms = (decades, spread, doublings, fraction("is_fp8", is_fp8))
    return tuple(np.where(np.isnan(term), 0.0, term) for term in terms)  # type: ignore[return-value]


@numeric()
def log_odds(share: ArrayLike) -> Floats:
    """log(share / (1 - share)). Raises InvalidInput unless shares lie within 0 and 1; nan (not known) stays."""
    values = np.asarray(share, float)
    wrong = (values <= 0) | (values >= 1)
    if np.any(wrong):
        raise InvalidInput([Fault("share", float(values[wrong].flat[0]), "must be above 0 and below 1")])
    return np.log(values / (1.0 - values))


@numeric()
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
        for row, slope in enumerate(slopes):
            mean = mean + coefficients[row] * slope
            variance = variance + 2.0 * slope * (covariance[row][at_arch] + covariance[row][at_part])
            for column, other in enumerate(slopes):
                variance = variance + covariance[row, column] * slope * other
        return mean, np.maximum(variance, 0.0)


@numeric("share", "terms", "architecture", "accelerator")
def fit_shares(
    share: ArrayLike,
    terms: tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike],
    architecture: ArrayLike,
    accelerator: ArrayLike,
) -> ShareFit:
    """Fits the shares of measured rows (one-dimensional arrays; codes from 0, every code used).

    Weighted ridge regression, repeated with Huber's weights until they settle. Raises InvalidInput for shares outside 0
    to 1, for no rows, and for numbers that are not known.
    """
    same_length(share=share, architecture=architecture, accelerator=accelerator)
    odds = log_odds(finite("share", share))
    if odds.size == 0:
        raise InvalidInput([Fault("share", None, "holds no rows to fit")])
    if not isinstance(terms, tuple) or len(terms) != _SLOPES:
        raise InvalidInput([Fault("terms", None, f"must be the {_SLOPES} of slope_terms")])
    for term in terms:
        if finite("terms", term).shape not in ((), odds.shape):
            raise InvalidInput([Fault("terms", np.shape(term), f"is the shape given; there are {odds.size} shares")])
    arch, part = (code("architecture", architecture), code("accelerator", accelerator))
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


@numeric()
def whole_run_weight(parameters: ArrayLike, tokens: ArrayLike) -> Floats:
    """How much of what large runs lose a run of 6 ``parameters`` x ``tokens`` FLOPs loses, 0 to 1; arrays broadcast.

    nan (not known) counts as a small run. Raises InvalidInput for sizes that are not above 0.
    """
    flops = 6.0 * positive("parameters", parameters, bounded=True) * positive("tokens", tokens, bounded=True)
    first, full = np.log(WHOLE_RUN_FLOPS)
    weight = np.clip((np.log(flops) - first) / (full - first), 0.0, 1.0)
    return np.nan_to_num(np.round(weight * WHOLE_RUN_STEPS) / WHOLE_RUN_STEPS, nan=0.0)


@numeric("away", "weight", "publication")
def fit_whole_run_loss(away: ArrayLike, weight: ArrayLike, publication: ArrayLike) -> tuple[float, float]:
    """What large runs lose, in log-odds of the share (above 0: they take longer), and its variance.

    ``away``: log-odds of whole runs less those predicted from benchmarks; ``weight`` as whole_run_weight gives;
    ``publication``: codes. away = -loss x weight: every publication counts once, by the mean of its runs, and a normal
    prior about 0 holds the loss back, as with the other effects. Raises InvalidInput for arrays of different lengths.
    """
    same_length(away=away, weight=weight, publication=publication)
    each = finite("away", away), fraction("weight", finite("weight", weight))
    codes, index = np.unique(code("publication", publication), return_inverse=True)
    count = np.bincount(index, minlength=len(codes))
    far, large = (np.bincount(index, column, minlength=len(codes)) / count for column in each)
    precision = WHOLE_RUN_PRIOR_SD**-2 + float(large @ large) / PUBLICATION_SD**2
    return float(-(large @ far) / PUBLICATION_SD**2 / precision), 1.0 / precision


@numeric()
def spread_of_runs(share: ArrayLike, predicted_log_odds: ArrayLike, sources: int) -> tuple[float, float]:
    """How far whole runs lie from their prediction: standard deviation in log-odds about 0, and the t quantile.

    The mean square about the prediction itself, so that a bias counts as spread. Runs of one source share their code
    and their luck: the quantile is Student's with ``sources`` - 1 degrees of freedom. Raises InvalidInput for fewer
    than 2 sources, no runs, and numbers that are not known.
    """
    if one("sources", sources) < 2 or sources != int(sources):
        raise InvalidInput([Fault("sources", sources, "must be a whole number of at least 2")])
    away = log_odds(finite("share", share)) - finite("predicted_log_odds", predicted_log_odds)
    if away.size == 0:
        raise InvalidInput([Fault("share", None, "holds no runs")])
    quantile = _T_90[sources - 2] if sources - 2 < len(_T_90) else _NORMAL_90
    return float(np.sqrt(np.mean(away**2))), quantile


@numeric()
def share_band(mean: ArrayLike, variance: ArrayLike, run_sd: float, quantile: float) -> tuple[Floats, Floats, Floats]:
    """Low, expected and high share of one run: the 80 % band about the mean log-odds; arrays broadcast."""
    centre = np.asarray(mean, float)
    spread = not_negative("run_sd", run_sd) ** 2 + not_negative("variance", variance)
    reach = not_negative("quantile", quantile) * np.sqrt(spread)
    return share_of(centre - reach), share_of(centre), share_of(centre + reach)


@numeric()
def below_measured(
    low: ArrayLike, expected: ArrayLike, high: ArrayLike, parameters: ArrayLike, smallest_parameters: float
) -> tuple[Floats, Floats, Floats]:
    """The band of models smaller than any measured; others keep theirs. Arrays broadcast.

    A smaller model has less work a kernel: at worst its step takes as long as that of the smallest measured model
    (time is all launches, as below the roofline's ridge), and its share falls with its size; at best the share stays.
    The low end takes the first, the high end the second, and expected lies in the geometric middle.
    """
    low, expected, high = none_negative(low=low, expected=expected, high=high)
    size = positive("parameters", parameters) / positive("smallest_parameters", smallest_parameters)
    ratio = np.minimum(size, 1.0)
    return low * ratio, expected * np.sqrt(ratio), high * np.ones_like(ratio)
