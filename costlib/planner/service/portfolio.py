"""Several workloads at once: each on its cheapest service, against one service for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.planner.service.compare import Comparison
from costlib.planner.service.known import SERVICES

Floats = npt.NDArray[np.float64]
RULE = "people's time is of each set of jobs and adds up; a service beyond the first costs what you say keeping it does"


@dataclass(frozen=True)
class Portfolio:
    """``usd``: (workloads, services) expected costs, nan where a service is out.

    ``chosen``: for each workload the service of the cheapest mix; ``mix_usd``: with ``extra_service_usd`` for each
    service beyond the first; ``one_for_all_usd``: by service, nan where it cannot run all.
    """

    names: tuple[str, ...]
    usd: Floats
    chosen: tuple[str, ...]
    mix_usd: float
    one_for_all_usd: dict[str, float]
    extra_service_usd: float

    @property
    def best_single(self) -> str | None:
        """The cheapest service that can run all; None where none can."""
        able = {name: cost for name, cost in self.one_for_all_usd.items() if np.isfinite(cost)}
        return min(able, key=lambda name: able[name]) if able else None

    @property
    def saved_usd(self) -> float:
        """What the mix saves over the best single service; nan where none can run all."""
        single = self.best_single
        return float("nan") if single is None else self.one_for_all_usd[single] - self.mix_usd

    def as_dict(self) -> dict[str, object]:
        """JSON-ready."""
        return {
            "workloads": [
                {"name": name, "usd": dict(zip(SERVICES, row.tolist(), strict=True)), "service": service}
                for name, row, service in zip(self.names, self.usd, self.chosen, strict=True)
            ],
            "mix_usd": self.mix_usd,
            "one_for_all_usd": self.one_for_all_usd,
            "best_single": self.best_single,
            "saved_usd": self.saved_usd,
            "extra_service_usd": self.extra_service_usd,
            "rule": RULE,
        }


def portfolio(found: Sequence[tuple[str, Comparison]], extra_service_usd: float = 0.0) -> Portfolio:
    """The cheapest mix of services over all sets of services. Raises InvalidInput for no workloads or negative USD."""
    if not found:
        raise InvalidInput([Fault("workloads", 0, "are given; at least one is needed")])
    if not (np.isfinite(extra_service_usd) and extra_service_usd >= 0):
        raise InvalidInput([Fault("extra_service_usd", extra_service_usd, "must be a number from 0 up")])
    usd = np.array([[_cost(comparison, service) for service in SERVICES] for _, comparison in found])
    filled = np.where(np.isnan(usd), np.inf, usd)
    best: tuple[int, ...] = ()
    best_usd = np.inf
    for size in range(1, len(SERVICES) + 1):
        for held in combinations(range(len(SERVICES)), size):
            total = filled[:, list(held)].min(axis=1).sum() + extra_service_usd * (size - 1)
            if total < best_usd - 1e-9:
                best, best_usd = held, float(total)
    chosen = tuple(SERVICES[best[int(np.argmin(row[list(best)]))]] for row in filled)
    alone = dict(zip(SERVICES, usd.sum(axis=0).tolist(), strict=True))
    return Portfolio(tuple(name for name, _ in found), usd, chosen, best_usd, alone, extra_service_usd)


def _cost(comparison: Comparison, service: str) -> float:
    way = comparison.ways.get(service)
    return float("nan") if way is None or comparison.out[service] else way.usd.expected
