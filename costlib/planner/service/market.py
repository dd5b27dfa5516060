"""What every instance type of one region costs on EC2 and in SageMaker training jobs, beside what it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from costlib.facts.service_facts import ServiceFacts
from costlib.planner.service.known import ServiceNumbers
from costlib.planner.sources import Sources

ORIGIN = ("basis", "rule", "source", "as_of")


@dataclass(frozen=True)
class Market:
    """Rows of one region and way to buy, by instance type.

    ``table`` (indexed by instance_type): vcpu, memory_gib, accelerator, gpus, efa_interfaces, local_storage_gb (missing
    where not known); ec2_usd_low, _expected, _high and sagemaker_usd_low, _expected, _high an instance-hour (missing
    where no price is held); ec2_basis, ec2_rule, ec2_source, ec2_as_of, and sagemaker_ likewise; ec2_row: EC2's row of
    Sources.offers, -1 where there is none.
    """

    region: str
    purchase: str
    table: pd.DataFrame


@dataclass(frozen=True)
class ServiceSources:
    """The sources of a search and the facts of services; markets are kept once made."""

    sources: Sources
    _markets: dict[tuple[str, str], Market] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def open(cls, sources: Sources | None = None) -> ServiceSources:
        """The given sources (default: the embedded snapshot)."""
        return cls(Sources.open() if sources is None else sources)

    @cached_property
    def numbers(self) -> ServiceNumbers:
        """Start-up times, limits and billing of the services."""
        return ServiceNumbers(ServiceFacts.open(self.sources.book.snapshot))

    def market(self, region: str, purchase: str = "on_demand") -> Market:
        """Prices of both services in one region."""
        key = (region, purchase)
        if key not in self._markets:
            self._markets[key] = self._made(region, purchase)
        return self._markets[key]

    def _made(self, region: str, purchase: str) -> Market:
        sides = {side: self._side(*side, region) for side in (("ec2", purchase), ("sagemaker", purchase))}
        table = sides[("ec2", purchase)].join(sides[("sagemaker", purchase)], how="outer")
        hardware = self.sources.hardware.instances.reindex(table.index)
        for name in ("vcpu", "memory_gib", "accelerator", "efa_interfaces", "local_storage_gb"):
            table[name] = hardware[name]
        # A type with a row of facts and no accelerator has none; without a row nothing is known.
        gpus = hardware["accelerator_count"]
        table["gpus"] = gpus.where(hardware["vcpu"].isna(), gpus.fillna(0.0))
        table["ec2_row"] = self._rows(region, purchase).reindex(table.index).fillna(-1).astype(int)
        return Market(region, purchase, table)

    def _side(self, service: str, purchase: str, region: str) -> pd.DataFrame:
        """The prices of one service, of the region as a whole, by instance type."""
        rows = self.sources.book.part(service, purchase)
        rows = rows[(rows["region"] == region) & rows["az"].isna()].drop_duplicates("instance_type")
        columns = {f"usd_{end}": f"{service}_usd_{end}" for end in ("low", "expected", "high")}
        columns |= {name: f"{service}_{name}" for name in ORIGIN}
        return rows.set_index("instance_type")[list(columns)].rename(columns=columns)

    def _rows(self, region: str, purchase: str) -> pd.Series[int]:
        """EC2's row of Sources.offers by instance type."""
        frame = self.sources.offers.frame
        own = (frame["service"] == "ec2") & (frame["purchase"] == purchase)
        rows = frame[own & (frame["region"] == region) & frame["az"].isna()].drop_duplicates("instance_type")
        return pd.Series(rows.index, index=rows["instance_type"])
