"""Every tested instance type under the promise: what it may get, how many it takes, what that costs a month."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.models.serving_capacity import ResponseCurves, response_curves
from costlib.models.serving_fleet import by_hour, instances_for, load_levels
from costlib.planner.serve.asked import Asked
from costlib.planner.serve.capacity_file import LoadTests
from costlib.planner.serve.prices import ServingPrices
from costlib.planner.serve.traffic_file import Traffic
from costlib.units import HOURS_PER_MONTH

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Candidates:
    """Instance types (rows of the load tests that are no functions) with prices and capacity under the promise.

    ``at`` (rows,) says which rows of the load tests they are; ``kept_per_second`` (rows,) is what one may get.
    """

    names: tuple[str, ...]
    at: npt.NDArray[np.int64]
    batch: npt.NDArray[np.int64]
    basis: tuple[str, ...]
    curves: ResponseCurves
    kept_per_second: Floats
    hourly: pd.DataFrame

    def usd(self, way: str) -> Floats:
        """USD an hour (rows,), nan where no price is held."""
        return self.hourly[way].to_numpy(float)


def candidates(tests: LoadTests, prices: ServingPrices, asked: Asked, earlier: Candidates | None = None) -> Candidates:
    """What the promise leaves of each tested instance type.

    How response times rise with load does not depend on the promise: ``earlier`` candidates of the same tests have it.
    """
    at = np.flatnonzero(~tests.is_function)
    names = tuple(tests.names[row] for row in at)
    pooled = float(max(asked.least, 1)) if asked.routing == "least_outstanding" else 1.0
    if earlier is not None and (earlier.curves.share, earlier.curves.pooled) == (asked.share, pooled):
        curves = earlier.curves
    else:
        curves = response_curves(tests.capacity.rows(at), asked.share, pooled)
    kept = curves.kept_per_second(asked.promise_ms / 1000.0)
    hourly = prices.hourly.loc[list(names)].reset_index(drop=True)
    basis = tuple(tests.basis[row] for row in at)
    return Candidates(names, at, tests.batch[at], basis, curves, kept, hourly)


@dataclass(frozen=True)
class Loads:
    """A traffic as the fleets see it: of each interval, of each hour's fullest interval, and levels of both."""

    interval: Floats
    hourly: Floats
    levels: Floats
    level_fraction: Floats
    hourly_levels: Floats
    hourly_fraction: Floats

    @property
    def peak(self) -> float:
        """The most requests a second."""
        return float(self.hourly.max())


def loads_of(traffic: Traffic, burst_factor: float) -> Loads:
    """Requests a second as they come within the intervals, bursts among them."""
    burst = traffic.per_second * burst_factor
    hourly = by_hour(burst, round(3600 / traffic.interval_seconds))
    return Loads(traffic.per_second, hourly, *load_levels(traffic.per_second), *load_levels(hourly))


def fleet_table(found: Candidates, loads: Loads, asked: Asked) -> pd.DataFrame:
    """A row a candidate, the cheapest first: ``instance_type, batch, capacity_basis, kept_per_second, alone_ms,
    instances_at_peak, mean_instances, usd_per_hour, usd_per_month_fixed, usd_per_month_by_hour,
    usd_per_1000_requests, problem``.

    ``problem`` says why one cannot serve; its dollars are missing then.
    """
    promise = asked.promise_ms / 1000.0
    at_peak = instances_for(loads.peak, found.kept_per_second, asked.least, asked.zones_to_survive)
    mean = np.array(
        [
            instances_for(loads.hourly, kept, asked.least, asked.zones_to_survive).mean()
            for kept in found.kept_per_second
        ]
    )
    usd = found.usd("hosting")
    frame = pd.DataFrame(
        {
            "instance_type": found.names,
            "batch": found.batch,
            "capacity_basis": found.basis,
            "kept_per_second": found.kept_per_second,
            "alone_ms": found.curves.alone_seconds * 1000.0,
            "instances_at_peak": at_peak,
            "mean_instances": mean,
            "usd_per_hour": usd,
            "usd_per_month_fixed": usd * at_peak * HOURS_PER_MONTH,
            "usd_per_month_by_hour": usd * mean * HOURS_PER_MONTH,
        }
    )
    requests = loads.interval.mean() * 3600.0 * HOURS_PER_MONTH
    frame["usd_per_1000_requests"] = frame["usd_per_month_by_hour"] / requests * 1000.0
    frame["problem"] = ""
    percentile = f"p{100 * asked.share:g}"
    for at, row in enumerate(frame.to_dict("records")):
        if row["kept_per_second"] <= 0:
            alone = found.curves.alone_seconds[at]
            told = f"a request alone takes {alone * 1000:.0f} ms at {percentile}"
            frame.at[at, "problem"] = told if alone > promise else f"keeps {percentile} at no load that was looked at"
        elif row["instances_at_peak"] > asked.most:
            frame.at[at, "problem"] = f"needs {row['instances_at_peak']:,.0f} instances, more than {asked.most:,}"
        elif not np.isfinite(row["usd_per_hour"]):
            frame.at[at, "problem"] = "no Hosting price is held in the region"
    cannot = (frame["problem"] != "").to_numpy()
    frame.loc[cannot, ["usd_per_month_fixed", "usd_per_month_by_hour", "usd_per_1000_requests"]] = np.nan
    frame["candidate"] = np.arange(len(frame))
    return frame.sort_values(["usd_per_month_by_hour", "kept_per_second"], ascending=[True, False], na_position="last",
                             kind="stable", ignore_index=True)  # fmt: skip
