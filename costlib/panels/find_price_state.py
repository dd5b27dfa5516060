"""What the price page knows, without widgets: what was typed, which type and region are chosen, and their prices."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd
import traitlets

from costlib.errors import Fault, unknown
from costlib.planner.sources import Sources
from costlib.workload import PURCHASES, SERVICES

MOST_MATCHES = 60


@dataclass(frozen=True)
class TypePrices:
    """Everything held about one instance type. ``offers``: all regions; columns as in prices.offers.COLUMNS."""

    instance_type: str
    hardware: dict[str, Any]
    offers: pd.DataFrame
    on_demand_history: pd.DataFrame
    spot_history: pd.DataFrame

    @cached_property
    def regions(self) -> tuple[str, ...]:
        """Where it is sold in any way."""
        return tuple(sorted(set(self.offers["region"])))

    def bought(self, service: str, purchase: str) -> pd.DataFrame:
        """Whole-region offers of one way to buy it; empty if there is none."""
        rows = self.offers
        return rows[(rows["service"] == service) & (rows["purchase"] == purchase) & rows["az"].isna()]

    def ways(self) -> tuple[tuple[str, str], ...]:
        """The services and purchase options that have a price in any region, in the usual order."""
        held = set(zip(self.offers["service"], self.offers["purchase"], strict=True))
        return tuple((s, p) for s in SERVICES for p in PURCHASES if (s, p) in held)


class FindPriceState(traitlets.HasTraits):
    """Type into ``query``, read ``matches``; a whole name, or ``choose``, puts the type's prices in ``found``.

    What cannot be found puts a fault in ``faults`` and leaves the last good ``found``.
    """

    query = traitlets.Unicode()
    matches = traitlets.Tuple()
    found = traitlets.Instance(TypePrices)
    region = traitlets.Unicode()
    service = traitlets.Unicode("ec2")
    purchase = traitlets.Unicode("spot")
    faults = traitlets.Tuple()
    note = traitlets.Unicode()

    def __init__(
        self, sources: Sources | None = None, instance_type: str = "p5.48xlarge", region: str = "us-east-1"
    ) -> None:
        super().__init__()
        self.sources = sources if sources is not None else Sources.open()
        self.region = region
        self.query = instance_type
        if self.faults:
            raise ValueError(str(self.faults[0]))

    @cached_property
    def _accelerators(self) -> dict[str, str]:
        """Words that a type is also found by: its accelerator."""
        return {name: self.sources.accelerators_of(name)[0].lower() for name in self.sources.offers.instance_types}

    @traitlets.observe("query")
    def _search(self, _change: object) -> None:
        text = self.query.strip().lower().removeprefix("ml.")
        names = self.sources.offers.instance_types
        words = text.split()
        self.matches = tuple(
            name for name in names if all(word in name or word in self._accelerators[name] for word in words)
        )[:MOST_MATCHES]
        if text in names:
            self.choose(text)
        elif self.matches:
            self.faults = ()
        else:
            self.faults = (unknown("query", self.query.strip(), names, "instance type or accelerator"),)

    def choose(self, instance_type: str) -> None:
        """Shows a type's prices. An unknown type becomes a fault."""
        names = self.sources.offers.instance_types
        if instance_type not in names:
            self.faults = (unknown("query", instance_type, names, "instance type"),)
            return
        self.faults, self.note = (), ""
        found = self._look_up(instance_type)
        with self.hold_trait_notifications():
            if self.region not in found.regions:
                before, self.region = self.region, _cheapest_region(found)
                self.note = f"{instance_type} has no price in {before}; {self.region}, its cheapest region, is shown."
            if (self.service, self.purchase) not in found.ways():
                self.service, self.purchase = found.ways()[0]
            self.found = found

    def choose_region(self, region: str) -> None:
        """Shows a region of the type. One that does not sell it becomes a fault that names those that do."""
        if region not in self.found.regions:
            problem = f"has no price for {self.found.instance_type}; held in: {', '.join(self.found.regions)}"
            self.faults = (Fault("region", region, problem),)
            return
        self.faults, self.note, self.region = (), "", region

    @property
    def in_region(self) -> pd.DataFrame:
        """Every way to buy the type in the chosen region."""
        return self.found.offers[self.found.offers["region"] == self.region]

    @property
    def by_region(self) -> pd.DataFrame:
        """The chosen way to buy the type in every region, and on-demand of the same service beside it."""
        parts = [self.found.bought(self.service, purchase) for purchase in dict.fromkeys((self.purchase, "on_demand"))]
        return pd.concat(parts, ignore_index=True)

    def _look_up(self, instance_type: str) -> TypePrices:
        book, hardware = self.sources.book, self.sources.hardware.instances
        offers = book.offers
        return TypePrices(
            instance_type,
            dict(hardware.loc[instance_type]) if instance_type in hardware.index else {},
            offers[offers["instance_type"] == instance_type].reset_index(drop=True),
            book.on_demand_history(instance_type),
            book.spot_history(instance_type),
        )


def _cheapest_region(found: TypePrices) -> str:
    """Where on-demand costs least; for a type that is not sold on-demand, where anything does."""
    on_demand = found.offers[found.offers["purchase"] == "on_demand"]
    rows = found.offers if on_demand.empty else on_demand
    return str(rows.sort_values("usd_expected", kind="stable")["region"].iloc[0])
