"""What is promised, and what may be assumed of the fleet: every choice of a plan for serving, checked at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from costlib.errors import Fault
from costlib.models.commitments_inputs import refuse

ROUTINGS = ("random", "least_outstanding")


@dataclass(frozen=True)
class Asked:
    """The promise: ``share`` of requests within ``promise_ms``. ``routing``: SageMaker's default is random.

    ``size_variation``: the squared coefficient of variation of the size of requests, where the load test sent all alike
    and a request takes as long as it is large. ``burst_factor``: the load within an interval is up to so many times its
    mean. ``allowed_late_fraction``: the share of requests that may come in minutes of too few instances, under
    autoscaling. ``zones_to_survive``: zones that the fleet is spread over, if the rest must carry the load when one is
    lost (0: not asked). ``patience_minutes``: how long an answer may take where it need not come at once; None where it
    must. ``models``: that share the traffic by Zipf's law with ``zipf_exponent``; ``model_gib`` and ``load_seconds`` of
    each. ``variants`` of one model share it evenly.
    """

    promise_ms: float
    share: float = 0.95
    region: str = "us-east-1"
    least: int = 2
    most: int = 1000
    zones_to_survive: int = 0
    routing: str = "random"
    burst_factor: float = 1.0
    size_variation: float = 0.0
    allowed_late_fraction: float = 0.01
    start_minutes: int | None = None
    delay_minutes: int = 1
    deployments_per_month: float = 0.0
    deployment_hours: float = 1.0
    surge_fraction: float = 1.0
    cold_seconds: float | None = None
    kept_idle_seconds: float | None = None
    patience_minutes: float | None = None
    idle_minutes: float = 15.0
    models: int = 1
    zipf_exponent: float = 1.0
    model_gib: float | None = None
    load_seconds: float = 5.0
    memory_fraction: float = 0.8
    variants: int = 1

    def __post_init__(self) -> None:
        refuse(self._faults())

    def _faults(self) -> Iterator[Fault]:
        for name, low, high in (
            ("size_variation", 0.0, 100.0), ("promise_ms", 0.0, 3.6e6),
            ("burst_factor", 1.0, 100.0), ("deployments_per_month", 0.0, 10_000.0),
            ("deployment_hours", 0.0, 100.0), ("surge_fraction", 0.0, 1.0), ("allowed_late_fraction", 0.0, 1.0),
            ("idle_minutes", 0.0, 1e5), ("zipf_exponent", 0.0, 5.0), ("load_seconds", 0.0, 3600.0),
            ("memory_fraction", 0.0, 1.0),
        ):  # fmt: skip
            value = getattr(self, name)
            above = name == "promise_ms"
            if not low <= value <= high or (above and value == 0):
                yield Fault(name, value, f"must be from {low:g} to {high:g}" + (", above 0" if above else ""))
        if not 0.5 <= self.share <= 0.999:
            yield Fault("share", self.share, "must be from 0.5 to 0.999: p50 to p99.9")
        for name, least, most in (("least", 0, 10_000), ("most", 1, 100_000), ("models", 1, 10_000),
                                  ("variants", 1, 100), ("delay_minutes", 0, 60)):  # fmt: skip
            value = getattr(self, name)
            if value != int(value) or not least <= value <= most:
                yield Fault(name, value, f"must be a whole number from {least} to {most:,}")
        if self.least > self.most:
            yield Fault("least", self.least, f"is above the most, {self.most}")
        if self.zones_to_survive not in (0, 2, 3, 4, 5, 6):
            yield Fault("zones_to_survive", self.zones_to_survive, "must be 0 (not asked), or 2 to 6 zones")
        if self.routing not in ROUTINGS:
            yield Fault("routing", self.routing, f"must be {' or '.join(ROUTINGS)}")
        for name in ("cold_seconds", "kept_idle_seconds", "patience_minutes", "start_minutes", "model_gib"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < 1e6:
                yield Fault(name, value, "must be 0 or above")
        if self.models > 1 and self.model_gib is None:
            yield Fault(
                "model_gib", None, "must be given where several models share an endpoint: what one takes in memory"
            )
