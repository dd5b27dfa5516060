"""Serving beside a simulation of every request: percentiles, and the choice of type and count."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from costlib.tables import Snapshot
from costlib.validation import serving
from costlib.validation.evidence_rows import Demand, Evidence, rows_of

NOTEBOOK = "10_size_inference"
#: How many, how long, and a seed that nothing was chosen on.
WORKLOADS, QUESTIONS, REQUESTS, SEED = 200, 100, 60_000, 20
#: Kinds of service with one kind of request; short and long ones in one hide between a load test's percentiles.
ONE_KIND = tuple(kind for kind in serving.KINDS if kind != "short_and_long")
WITHIN = f"within {100 * serving.WITHIN_FRACTION:g} % in"
ONE_WITHIN = f"with one kind of request {WITHIN}"
RIGHT = "type and count right in"


@lru_cache(maxsize=1)
def simulated() -> pd.DataFrame:
    """The workloads that are shown; some 4 s, once."""
    return serving.percentile_check(WORKLOADS, REQUESTS, SEED)


@lru_cache(maxsize=1)
def asked() -> pd.DataFrame:
    """The questions that are shown; some 20 s, once."""
    return serving.choice_check(QUESTIONS, REQUESTS, SEED, kinds=ONE_KIND)


def percentiles(_snapshot: Snapshot) -> Evidence:
    """p95 of random stable workloads against the simulation."""
    frame = simulated()
    kind = frame["kind"].str.replace("_", " ")
    frame = frame.assign(kind=kind, label=kind + " " + (np.arange(len(frame)) + 1).astype(str))
    within = frame["error_fraction"].abs() <= serving.WITHIN_FRACTION
    one = frame["kind"] != "short and long"
    return Evidence(
        "serving",
        "p95 against a simulation of requests",
        NOTEBOOK,
        "seconds",
        f"{len(frame)} random stable workloads of 1 to 32 workers, 10 to 92 % busy, {REQUESTS:,} requests each; the"
        " model sees the mean, p50, p95 and p99 of one request at a time. At the highest loads so short a simulation is"
        " itself off by some percent",
        rows_of(frame, label="label", group="kind", reference="simulated_seconds", predicted="model_seconds"),
        (Demand(WITHIN, at_least=0.95), Demand(ONE_WITHIN, at_least=0.97)),
        {WITHIN: float(within.mean()), ONE_WITHIN: float(within[one].mean())},
    )


def choices(_snapshot: Snapshot) -> Evidence:
    """The cheapest type and count for one load and promise, as the simulation has it."""
    frame = asked()
    frame = frame.assign(label="question " + (np.arange(len(frame)) + 1).astype(str), group="five types each")
    return Evidence(
        "serving",
        "the least fleet against a simulation of requests",
        NOTEBOOK,
        "USD an hour",
        f"{len(frame)} questions with five instance types each; right: the choice keeps its promise in the simulation,"
        " and nothing that does costs less. The judge is itself unsure of an instance among many",
        rows_of(frame, label="label", group="group", reference="best_usd", predicted="model_usd"),
        (Demand(RIGHT, at_least=0.9),),
        {RIGHT: float(frame["right"].mean())},
    )
