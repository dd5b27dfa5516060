"""What a bill pays for and nobody uses: every kind of finding, with its evidence, dollars and what would mend it.

Nothing is changed here. A finding holds a command or JSON for whoever decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from costlib.billing import (
    waste_commitments,
    waste_generations,
    waste_idle,
    waste_jobs,
    waste_on_demand,
    waste_storage,
    waste_volumes,
)
from costlib.billing.waste_finding import CERTAINTIES, KINDS, Finding
from costlib.billing.waste_window import Window, window_of
from costlib.errors import InvalidInput, unknown

if TYPE_CHECKING:
    from costlib.billing.bill import Bill
    from costlib.billing.metrics import Metrics
    from costlib.prices.book import PriceBook


@dataclass(frozen=True)
class Waste:
    """``findings``, the dearest a month first; ``usd_per_month`` sums those of each certainty; ``notes``: what could
    not be told, and why."""

    cost: str
    through: str
    findings: tuple[Finding, ...]
    usd_per_month: dict[str, float]
    notes: tuple[str, ...] = field(default_factory=tuple)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {**asdict(self), "findings": [asdict(one) for one in self.findings], "notes": list(self.notes)}


def find_waste(
    bill: Bill, metrics: Metrics | None = None, book: PriceBook | None = None, kinds: Sequence[str] = ()
) -> Waste:
    """All findings of the bill, or those of ``kinds``; ``metrics`` confirm or clear what the bill cannot show.

    ``book`` gives the prices of newer generations; without it none are looked for. Raises InvalidInput for unknown
    kinds, a bill without usage in rows of a day or shorter, and metrics of resources that cannot be told apart.
    """
    faults = [unknown("kind", kind, KINDS, "kind of waste") for kind in kinds if kind not in KINDS]
    if faults:
        raise InvalidInput(faults)
    window = window_of(bill)
    wanted = set(kinds or KINDS)
    notes = list(window.notes)
    found: list[Finding] = []
    if wanted & _IDLE:
        idle, said = waste_idle.idle(window, metrics)
        found += idle
        notes += said
    for made, look in _looks(window, metrics, book, [one.resource for one in found]):
        if wanted & made:
            found += look()
    return _waste(window, [one for one in found if one.kind in wanted], notes)


#: On-demand use is flat with or without what is idle, so that it must be known first.
_IDLE = {"idle_endpoint", "idle_notebook", "idle_studio_app", "idle_instance", "steady_on_demand"}


def _looks(
    window: Window, metrics: Metrics | None, book: PriceBook | None, idle: Sequence[str]
) -> list[tuple[set[str], Callable[[], list[Finding]]]]:
    """Each look at the bill, and the kinds that it finds."""
    return [
        ({"unattached_volume"}, lambda: waste_volumes.volumes(window, metrics)),
        ({"idle_address"}, lambda: waste_storage.addresses(window)),
        ({"old_snapshot"}, lambda: waste_storage.snapshots(window)),
        ({"old_checkpoints"}, lambda: waste_storage.checkpoints(window)),
        ({"unused_savings_plan", "unused_reservation", "unused_commitment"}, lambda: waste_commitments.unused(window)),
        ({"steady_on_demand"}, lambda: waste_on_demand.steady(window, idle)),
        ({"on_demand_training"}, lambda: waste_on_demand.training(window)),
        ({"warm_pool"}, lambda: waste_jobs.warm_pools(window)),
        ({"runaway_job", "no_time_limit"}, lambda: waste_jobs.jobs(window)),
        ({"previous_generation"}, lambda: waste_generations.older(window, book) if book is not None else []),
    ]


def _waste(window: Window, found: Sequence[Finding], notes: Sequence[str]) -> Waste:
    ordered = sorted(
        found,
        key=lambda one: (-(one.usd_per_month or 0.0), -one.usd, -(one.at_stake_usd or 0.0), one.kind, one.resource),
    )
    sums = {
        certainty: sum(one.usd_per_month or 0.0 for one in ordered if one.certainty == certainty)
        for certainty in CERTAINTIES
    }
    return Waste(window.cost, f"{window.last_day:%Y-%m-%d}", tuple(ordered), sums, tuple(notes))
