"""Serverless endpoints and Lambda at any traffic: what requests cost, how many are cold, what is provisioned."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from costlib.facts.serving_facts import ServingFacts
from costlib.models.multi_model import zipf_popularity
from costlib.models.serverless import cold_fraction, environments, usd_per_request
from costlib.models.service_time import ServiceTimes
from costlib.planner.serve.asked import Asked
from costlib.planner.serve.candidates import Loads
from costlib.planner.serve.capacity_file import FUNCTION, LoadTests
from costlib.planner.serve.prices import ServingPrices
from costlib.units import HOURS_PER_MONTH, SECONDS_PER_HOUR

Floats = npt.NDArray[np.float64]

_MB_PER_GIB = 1024.0
#: Above so many at work on average cold starts are too few to matter; and how finely their share is looked at by rate.
_FEW_COLD_ABOVE, _RATES, _LEVELS = 20.0, 160, 64
SECONDS_PER_MONTH = HOURS_PER_MONTH * SECONDS_PER_HOUR


@dataclass(frozen=True)
class Functions:
    """The tested functions of one kind (rows,): memory, service times, and the assumptions on cold starts.

    ``parts``: shares of the traffic of functions of their own, one a model; their sum is 1.
    """

    kind: str
    names: tuple[str, ...]
    memory_gib: Floats
    times: ServiceTimes
    usd_per_gib_second: float
    usd_per_request: float
    most_at_once: float
    cold_seconds: float
    least_cold_seconds: float
    kept_idle_seconds: float
    provisioned_usd_per_gib_second: float
    provisioned_duration_usd_per_gib_second: float
    parts: Floats

    def costs(self, scales: Floats, loads: Loads, asked: Asked) -> Floats:
        """USD a month by the request (rows, scales); infinite where the promise or the limit is not kept."""
        found = np.full((len(self.names), len(scales)), np.inf)
        mean, rate = self.times.mean_seconds, loads.interval.mean()
        for row in range(len(self.names)):
            cold = self.cold(row, scales, loads)
            each = usd_per_request(
                mean[row], self.memory_gib[row], self.usd_per_gib_second, self.usd_per_request, cold, self.cold_seconds
            )
            ok = self.within(row, asked, cold) & (self.at_once(row, scales * loads.peak) <= self.most_at_once)
            found[row] = np.where(ok, each * rate * scales * SECONDS_PER_MONTH, np.inf)
        return found

    def provisioned_costs(self, scales: Floats, loads: Loads, asked: Asked) -> Floats:
        """USD a month with enough provisioned, all the time, for the peak (rows, scales)."""
        found = np.full((len(self.names), len(scales)), np.inf)
        mean, rate = self.times.mean_seconds, loads.interval.mean()
        for row in range(len(self.names)):
            held = np.maximum(self.at_once(row, scales[:, None] * self.parts * loads.peak), 1.0).sum(axis=1)
            idle = held * self.memory_gib[row] * self.provisioned_usd_per_gib_second * SECONDS_PER_MONTH
            each = usd_per_request(
                mean[row], self.memory_gib[row], self.provisioned_duration_usd_per_gib_second, self.usd_per_request
            )
            ok = self.within(row, asked, np.zeros(len(scales))) & (held <= self.most_at_once)
            found[row] = np.where(ok, idle + each * rate * scales * SECONDS_PER_MONTH, np.inf)
        return found

    def within(self, row: int, asked: Asked, cold: Floats) -> npt.NDArray[np.bool_]:
        """Whether the promise holds with a share of cold starts (scales,): each takes their least time longer."""
        promise = asked.promise_ms / 1000.0
        own = self.times.rows(np.array([row]))
        warm = float(own.share_below(np.array([[promise]]))[0, 0])
        left = promise - self.least_cold_seconds
        chilled = float(own.share_below(np.array([[left]]))[0, 0]) if left > 0 else 0.0
        return np.asarray(warm * (1 - cold) + chilled * cold >= asked.share)

    def at_once(self, row: int, per_second: Floats) -> Floats:
        """Requests at work at once, but for a thousandth of the time."""
        return environments(per_second, self.times.mean_seconds[row])

    def cold(self, row: int, scales: Floats, loads: Loads) -> Floats:
        """The share of cold requests (scales,), over all levels of the traffic, weighted by their requests."""
        groups = np.array_split(np.arange(len(loads.levels)), min(_LEVELS, len(loads.levels)))
        share = np.array([loads.level_fraction[own].sum() for own in groups])
        level = np.array([(loads.levels[own] @ loads.level_fraction[own]) / loads.level_fraction[own].sum()
                          for own in groups])  # fmt: skip
        weight = level * share / (level @ share)
        log_rates, known = self._cold_by_rate[row]
        total = np.zeros(len(scales))
        for part in self.parts:
            with np.errstate(divide="ignore"):
                wanted = np.log(scales[:, None] * part * level)
            total += part * (np.interp(wanted, log_rates, known, left=1.0, right=0.0) @ weight)
        return total

    @cached_property
    def _cold_by_rate(self) -> list[tuple[Floats, Floats]]:
        """Of each function the logarithm of rates, and the share of cold requests at them."""
        found = []
        for mean in self.times.mean_seconds:
            most = _FEW_COLD_ABOVE / mean
            rates = np.geomspace(most * 1e-9, most, _RATES)
            found.append((np.log(rates), cold_fraction(rates, mean, self.kept_idle_seconds)))
        return found


def functions(
    kind: str, tests: LoadTests, prices: ServingPrices, facts: ServingFacts, asked: Asked
) -> tuple[Functions, tuple[str, ...]]:
    """The tested functions of a kind, ``serverless`` or ``lambda``, and notes on those that are left out."""
    topic = "sagemaker_serverless" if kind == "serverless" else "lambda"
    least, most = facts.number(topic, "least_memory_mb"), facts.number(topic, "most_memory_mb")
    longest = facts.number(topic, "most_seconds")
    at, notes = [], []
    for row, name in enumerate(tests.names):
        match = FUNCTION.fullmatch(name)
        if match is None or match[1] != kind:
            continue
        memory = float(match[2])
        if not least <= memory <= most or (kind == "serverless" and memory % _MB_PER_GIB):
            step = ", in steps of 1,024" if kind == "serverless" else ""
            notes.append(f"{name} is left out: {kind} has {least:,.0f} to {most:,.0f} MB{step}")
        elif tests.capacity.times.quantile(0.999)[row] > longest:
            notes.append(f"{name} is left out: one in a thousand requests takes longer than its limit of {longest:g} s")
        else:
            at.append(row)
    names = tuple(tests.names[row] for row in at)
    memory_gib = np.array([float(name.split("-")[1]) / _MB_PER_GIB for name in names])
    is_lambda = kind == "lambda"
    nan = float("nan")
    cold = facts.number("cold_start", "usual_seconds") if asked.cold_seconds is None else asked.cold_seconds
    least_cold = facts.number("cold_start", "low_seconds") if asked.cold_seconds is None else asked.cold_seconds
    kept = asked.kept_idle_seconds
    return Functions(
        kind=kind,
        names=names,
        memory_gib=memory_gib,
        times=tests.capacity.times.rows(np.array(at, np.int64)),
        usd_per_gib_second=prices.lambda_usd_per_gib_second if is_lambda else prices.serverless_usd_per_gib_second,
        usd_per_request=prices.lambda_usd_per_request if is_lambda else 0.0,
        most_at_once=facts.number(topic, "most_concurrency"),
        cold_seconds=cold,
        least_cold_seconds=least_cold,
        kept_idle_seconds=facts.number("cold_start", "kept_idle_seconds") if kept is None else kept,
        provisioned_usd_per_gib_second=prices.lambda_provisioned_usd_per_gib_second if is_lambda else nan,
        provisioned_duration_usd_per_gib_second=(
            prices.lambda_provisioned_duration_usd_per_gib_second if is_lambda else nan
        ),
        parts=zipf_popularity(asked.models, asked.zipf_exponent),
    ), tuple(notes)  # fmt: skip
