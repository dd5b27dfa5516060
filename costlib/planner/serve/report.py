"""The whole answer of how to serve a traffic under a promise: fleet, autoscaling, modes, commitments."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault, InvalidInput
from costlib.facts.serving_facts import ServingFacts
from costlib.models.autoscaling import Policy, Terms
from costlib.models.serving_fleet import instances_for, surge_hours
from costlib.planner.serve.asked import Asked
from costlib.planner.serve.base_plan import base_plans
from costlib.planner.serve.candidates import Candidates, Loads, candidates, fleet_table, loads_of
from costlib.planner.serve.capacity_file import LoadTests
from costlib.planner.serve.functions import Functions, functions
from costlib.planner.serve.instance_facts import instance_facts
from costlib.planner.serve.modes import Modes, modes_of
from costlib.planner.serve.prices import ServingPrices, serving_prices
from costlib.planner.serve.scaling import Scaling, scaling_of
from costlib.planner.serve.shared_models import SharedModels, shared_models
from costlib.planner.serve.traffic_file import Traffic
from costlib.planner.spot.plain_rows import plain, plain_rows
from costlib.prices.book import PriceBook
from costlib.units import HOURS_PER_MONTH

Floats = npt.NDArray[np.float64]

_HOURS_OF_WEEK = 168
NOT_COSTED = (
    "not costed: load balancers, storage of models and of endpoint volumes, logs and metrics, NAT, data that crosses"
    " zones or leaves AWS, and SageMaker serverless endpoints' provisioned concurrency, whose price is not held"
)


@dataclass(frozen=True)
class ServeReport:
    """How to serve: ``instances`` is the table of types (planner.serve.candidates), ``best`` its first row, None where
    no type keeps the promise and only functions may."""

    book: PriceBook
    traffic: Traffic
    tests: LoadTests
    asked: Asked
    prices: ServingPrices
    found: Candidates
    loads: Loads
    instances: pd.DataFrame
    serverless: Functions
    lambdas: Functions
    shared: SharedModels | None
    terms: Terms
    defaults: Policy
    notes: tuple[str, ...]
    given: LoadTests
    _parts: dict[str, object] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def best(self) -> pd.Series | None:
        """The cheapest type with its count set by the hour; None where none keeps the promise."""
        first = self.instances.iloc[0] if len(self.instances) else None
        return None if first is None or first["problem"] else first

    @cached_property
    def by_hour(self) -> Floats:
        """Instances of the best type in each hour (hours,); empty where there is none."""
        if self.best is None:
            return np.zeros(0)
        return instances_for(
            self.loads.hourly, self.best["kept_per_second"], self.asked.least, self.asked.zones_to_survive
        )

    @cached_property
    def by_hour_of_week(self) -> pd.DataFrame:
        """``hour_of_week`` from Monday midnight (UTC), ``mean_instances`` and ``most_instances`` of the best type."""
        begins = self.traffic.start.day_of_week * 24 + self.traffic.start.hour
        hour = (begins + np.arange(len(self.by_hour))) % _HOURS_OF_WEEK
        groups = pd.Series(self.by_hour).groupby(hour)
        return pd.DataFrame({"mean_instances": groups.mean(), "most_instances": groups.max()}).rename_axis(
            "hour_of_week"
        ).reset_index()  # fmt: skip

    @cached_property
    def scaling(self) -> Scaling | None:
        """Autoscaling of the best type; None where there is none."""
        if self.best is None:
            return None
        return scaling_of(
            self.traffic, float(self.best["kept_per_second"]), float(self.best["usd_per_hour"]), self.asked, self.terms,
            self.defaults,
        )  # fmt: skip

    @cached_property
    def modes(self) -> Modes:
        """Every way to serve."""
        return modes_of(
            self.found, self.loads, self.serverless, self.lambdas, self.shared, self.asked, self.terms.start_minutes
        )

    @cached_property
    def mode_table(self) -> pd.DataFrame:
        """What each way costs at this traffic, the cheapest first."""
        table = self.modes.table()
        return table.assign(usd_per_1000_requests=table["usd_per_month"] / self.requests_per_month * 1000.0)

    @cached_property
    def thresholds(self) -> pd.DataFrame:
        """Where the cheapest way changes with traffic."""
        return self.modes.thresholds(self.loads.interval.mean())

    @cached_property
    def base_plans(self) -> pd.DataFrame:
        """Savings Plans for the best type's fleet."""
        if self.best is None:
            return base_plans(self.book, "", self.asked.region, np.zeros(1), 1.0)
        name = "ml." + str(self.best["instance_type"]).removeprefix("ml.")
        return base_plans(self.book, name, self.asked.region, self.by_hour, float(self.best["usd_per_hour"]))

    @property
    def requests_per_month(self) -> float:
        """Of 730 hours like the series."""
        return float(self.loads.interval.mean() * 3600.0 * HOURS_PER_MONTH)

    @property
    def surge_usd_per_month(self) -> float:
        """What deployments add to the best type's fleet."""
        if self.best is None:
            return float("nan")
        hours = surge_hours(self.by_hour.mean(), self.asked.deployments_per_month, self.asked.deployment_hours,
                            self.asked.surge_fraction)  # fmt: skip
        return float(hours) * float(self.best["usd_per_hour"])

    @cached_property
    def per_model(self) -> pd.DataFrame:
        """``model`` by popularity, ``request_fraction``, ``usd_per_month``: the cheapest way's cost by requests."""
        best = self.mode_table.iloc[0]["usd_per_month"] if len(self.mode_table) else float("nan")
        share = self.serverless.parts
        return pd.DataFrame(
            {"model": np.arange(1, len(share) + 1), "request_fraction": share, "usd_per_month": share * best}
        )

    @property
    def data_usd_per_month(self) -> float | None:
        """What an endpoint's data in and out cost; None where the size of requests is not said."""
        if self.traffic.payload_kib is None:
            return None
        return self.requests_per_month * self.traffic.payload_kib / 2**20 * self.prices.data_usd_per_gib

    def as_dict(self) -> dict[str, object]:
        """JSON-ready: what is not known is null."""
        scaling = self.scaling
        return {
            "banner": self.book.banner,
            "traffic": {
                "name": self.traffic.name,
                "start": self.traffic.start.isoformat(),
                "hours": self.traffic.hours,
                "interval_seconds": self.traffic.interval_seconds,
                "requests": self.traffic.requests,
                "mean_per_second": plain(self.loads.interval.mean()),
                "peak_per_second": self.loads.peak,
                "requests_per_month": self.requests_per_month,
            },
            "assumptions": {**vars(self.asked), **self.terms._asdict(),
                            "cold_seconds": self.serverless.cold_seconds,
                            "kept_idle_seconds": self.serverless.kept_idle_seconds},
            "instances": plain_rows(self.instances.drop(columns=["candidate"])),
            "fleet": None if self.best is None else {
                "instance_type": self.best["instance_type"],
                "batch": plain(self.best["batch"]),
                "instances_at_peak": plain(self.best["instances_at_peak"]),
                "mean_instances": plain(self.by_hour.mean()),
                "usd_per_month": plain(self.best["usd_per_month_by_hour"]),
                "surge_usd_per_month": self.surge_usd_per_month,
                "by_hour_of_week": plain_rows(self.by_hour_of_week),
            },
            "autoscaling": None if scaling is None else {
                "policy": scaling.policy._asdict(),
                "usd_per_month": scaling.usd_per_month,
                **{name: plain(value) for name, value in scaling.chosen.items() if name not in Policy._fields},
                "default": {"usd_per_month": scaling.default_usd_per_month,
                            **{name: plain(value) for name, value in scaling.default.items()}},
                "tried": plain_rows(scaling.tried),
                "requests": scaling.request.as_dict(),
            },
            "modes": plain_rows(self.mode_table),
            "thresholds": plain_rows(self.thresholds),
            "shared_models": None if self.shared is None else plain_rows(self.shared.table()),
            "per_model": plain_rows(self.per_model),
            "data_usd_per_month": plain(self.data_usd_per_month),
            "savings_plans": plain_rows(self.base_plans),
            "prices": plain_rows(self.prices.rows),
            "notes": [*self.traffic.notes, *self.tests.notes, *self.notes, NOT_COSTED],
        }  # fmt: skip


def serve_report(
    book: PriceBook, traffic: Traffic, tests: LoadTests, asked: Asked, earlier: ServeReport | None = None
) -> ServeReport:
    """Joins traffic, load tests, prices and facts. Raises InvalidInput where nothing at all keeps the promise, with
    why each does not, and NotKnown for regions that are none.

    ``earlier``: a report of the same book, traffic and tests, whose parts are used again where the question allows.
    """
    facts = ServingFacts.open(book.snapshot)
    given = tests
    had = None if earlier is None or earlier.given is not given or earlier.book is not book else earlier
    if had is not None and had.asked.size_variation == asked.size_variation:
        tests = had.tests
    elif asked.size_variation:
        # The work is spread more; how much of it an instance can do is not.
        capacity = replace(tests.capacity, times=tests.capacity.times.widened(asked.size_variation))
        tests = replace(tests, capacity=capacity)
    same_region = had is not None and had.asked.region == asked.region
    prices = had.prices if had is not None and same_region else serving_prices(book, tests.names, asked.region)
    same_tests = had is not None and had.tests is tests
    found = candidates(tests, prices, asked, had.found if had is not None and same_tests else None)
    alike = had is not None and had.traffic is traffic and had.asked.burst_factor == asked.burst_factor
    loads = had.loads if had is not None and alike else loads_of(traffic, asked.burst_factor)
    table = fleet_table(found, loads, asked)
    serverless, left_out = functions("serverless", tests, prices, facts, asked)
    lambdas, also = functions("lambda", tests, prices, facts, asked)
    notes = [*left_out, *also]
    shared = None
    if asked.models > 1:
        shared, own = shared_models(found, tests, loads, instance_facts(book, found.names).model_gib, asked)
        notes += own
    start = facts.number("sagemaker_endpoint", "start_minutes") if asked.start_minutes is None else asked.start_minutes
    alarms = {name: facts.number("application_auto_scaling", name) for name in ("high_minutes", "low_minutes")}
    terms = Terms(int(start), asked.delay_minutes, int(alarms["high_minutes"]), int(alarms["low_minutes"]),
                  facts.number("application_auto_scaling", "low_fraction"))  # fmt: skip
    defaults = Policy(
        facts.number("sagemaker_endpoint", "first_safety_fraction"),
        facts.number("application_auto_scaling", "scale_out_cooldown_seconds"),
        facts.number("application_auto_scaling", "scale_in_cooldown_seconds"), 1, 1,
    )  # fmt: skip
    report = ServeReport(book, traffic, tests, asked, prices, found, loads, table, serverless, lambdas, shared, terms,
                         defaults, tuple(notes), given)  # fmt: skip
    if not report.mode_table["usd_per_month"].notna().any():
        faults = [Fault("capacity", row["instance_type"], row["problem"]) for row in table.to_dict("records")]
        faults += [Fault("capacity", name, "keeps the promise at no memory size that was tested, or is above its limit")
                   for name in (*serverless.names, *lambdas.names)]  # fmt: skip
        promise = f"p{100 * asked.share:g} within {asked.promise_ms:g} ms"
        raise InvalidInput([Fault("promise_ms", asked.promise_ms, f"is kept by nothing that was tested ({promise})"),
                            *[fault for fault in faults if fault.problem]])  # fmt: skip
    return report
