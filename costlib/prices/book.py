"""The price book: one frozen, dated set of prices, with the user's own rates laid over it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from costlib.errors import Fault, InvalidInput, NotKnown, unknown
from costlib.prices.dates import AsOf, as_of_span, dates_of
from costlib.prices.look_up import check_choices, one_row, price_of
from costlib.prices.offers import MANAGED_SPOT, PARTS, TRAINING_PLAN
from costlib.prices.overlay import Rates
from costlib.prices.price import Price
from costlib.tables import Snapshot
from costlib.workload import Vocabulary

TERMS = (1, 3)
PAYMENTS = ("no_upfront", "partial_upfront", "all_upfront")
OFFERING_CLASSES = ("standard", "convertible")
EC2_PLANS = ("compute", "ec2_instance")
#: SageMaker components that are parts of the offers: their purchase option and their offers' ``option``.
COMPONENT_PARTS = {"Training": ("on_demand", ""), "TrainingPlan": ("capacity_block", TRAINING_PLAN)}


@dataclass(frozen=True)
class PriceBook:
    """Prices of one snapshot. Nothing in it changes; own rates or a refresh make a new one.

    Every look-up answers with a Price, or raises NotKnown and says what is held instead; it never answers
    with another region's price.
    """

    snapshot: Snapshot
    rates: Rates | None = None
    mode: str = "snapshot"
    _tables: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False, compare=False)
    _parts: dict[tuple[str, str], pd.DataFrame] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def open(cls, root: str | os.PathLike[str] | None = None, rates: Rates | None = None) -> PriceBook:
        """The snapshot in ``root`` (default: the embedded one), with ``rates`` laid over it.

        Tables are read when first used. Raises DataCorrupt if the snapshot is not whole, InvalidInput if
        ``rates`` name what it does not know.
        """
        book = cls(Snapshot.open(root))
        return book.with_rates(rates) if rates is not None else book

    def with_rates(self, rates: Rates | None) -> PriceBook:
        """The same prices with the user's own rates over them. Raises InvalidInput with all faults."""
        plain = PriceBook(self.snapshot, None, self.mode, self._tables)
        if rates is None:
            return plain
        faults = rates.faults(plain)
        if faults:
            raise InvalidInput(faults)
        return PriceBook(self.snapshot, rates, self.mode, self._tables)

    @property
    def snapshot_id(self) -> str:
        """Names the snapshot's content."""
        return self.snapshot.snapshot_id

    @property
    def as_of(self) -> str:
        """The newest date among all prices; most are older: ``dates`` says of which days."""
        dates = (t["as_of_newest"] for name, t in self.snapshot.tables.items() if name.startswith("prices/"))
        return max(str(date) for date in dates if date)

    def dates(
        self, purchase: str, region: str | None = None, instance_type: str | None = None, service: str = "ec2"
    ) -> AsOf:
        """Of which days the prices of a way to buy are: of all, or of one region or type. Raises NotKnown."""
        return dates_of(self.part(service, purchase), f"{service} {purchase}", region, instance_type)

    def banner_of(self, rows: pd.DataFrame) -> str:
        """The banner of a view that shows these offers: with the dates of their prices."""
        span = as_of_span(rows)
        return self.banner if span is None else self._banner(f"prices {span}")

    @property
    def overlays(self) -> tuple[str, ...]:
        """What lies over the snapshot, in words."""
        return () if self.rates is None else self.rates.described

    @property
    def banner(self) -> str:
        """One line for the head of every view."""
        return self._banner(f"prices as of {self.as_of} or earlier")

    def _banner(self, prices: str) -> str:
        return "; ".join([f"{self.mode} {self.snapshot_id}, {prices}", *self.overlays])

    def table(self, name: str) -> pd.DataFrame:
        """One table of the snapshot; the caller may change what it gets without changing the book."""
        if name not in self._tables:
            self._tables[name] = self.snapshot.read(name)
        return self._tables[name].copy(deep=False)

    def part(self, service: str, purchase: str) -> pd.DataFrame:
        """The offers of one service and purchase option, own rates included (columns: offers.COLUMNS)."""
        key = (service, purchase)
        if key not in PARTS:
            raise NotKnown([unknown("purchase", f"{service} {purchase}", map(" ".join, PARTS), "way to buy")])
        if key not in self._parts:
            plain = self if self.rates is None else PriceBook(self.snapshot, None, self.mode, self._tables)
            rows = PARTS[key](self.table, plain.part)
            self._parts[key] = rows if self.rates is None else self.rates.laid_over(rows, service, purchase)
        return self._parts[key].copy(deep=False)

    @cached_property
    def _offers(self) -> pd.DataFrame:
        return pd.concat([self.part(*key) for key in PARTS], ignore_index=True)

    @property
    def offers(self) -> pd.DataFrame:
        """Every hourly way to buy an instance, one row each (columns: offers.COLUMNS)."""
        return self._offers.copy(deep=False)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The instance types (EC2's names), families and regions that the book holds any price for."""
        names = (
            "prices/ec2_on_demand",
            "prices/ec2_spot",
            "prices/ec2_reserved",
            "prices/ec2_capacity_blocks",
            "prices/sagemaker_instances",
        )
        types: set[str] = set()
        regions: set[str] = set()
        for name in names:
            frame = self.table(name)
            types.update(frame["instance_type"].str.removeprefix("ml.").unique())
            regions.update(frame["region"].unique())
        return Vocabulary(frozenset(types), frozenset(name.split(".")[0] for name in types), frozenset(regions))

    def on_demand(self, instance_type: str, region: str, service: str = "ec2") -> Price:
        """USD an instance-hour, without commitment."""
        return self._offer(service, "on_demand", "", instance_type, region)

    def spot(self, instance_type: str, region: str, az: str | None = None, service: str = "ec2") -> Price:
        """USD an instance-hour of spot capacity: the zone's, or without ``az`` the region's.

        For ``service="sagemaker"`` managed spot training, as if per instance-hour.
        """
        return self._offer(service, "spot", MANAGED_SPOT if service == "sagemaker" else "", instance_type, region, az)

    def reserved(self, instance_type: str, region: str, term_years: int, offering_class: str, payment: str) -> Price:
        """Effective USD an instance-hour of a Reserved Instance over its whole term."""
        check_choices(term_years=(term_years, TERMS), payment=(payment, PAYMENTS),
                       offering_class=(offering_class, OFFERING_CLASSES))  # fmt: skip
        option = f"{offering_class} {term_years}y {payment}"
        return self._offer("ec2", "reserved", option, instance_type, region)

    def savings_plan(self, plan_type: str, instance_type: str, region: str, term_years: int, payment: str) -> Price:
        """USD an instance-hour under a Savings Plan: ``compute``, ``ec2_instance`` or ``sagemaker``."""
        check_choices(plan_type=(plan_type, (*EC2_PLANS, "sagemaker")), term_years=(term_years, TERMS),
                       payment=(payment, PAYMENTS))  # fmt: skip
        service = "sagemaker" if plan_type == "sagemaker" else "ec2"
        option = f"{plan_type} {term_years}y {payment}"
        return self._offer(service, "savings_plan", option, instance_type, region)

    def capacity_block(self, instance_type: str, region: str) -> Price:
        """USD an instance-hour of an EC2 Capacity Block."""
        return self._offer("ec2", "capacity_block", "", instance_type, region)

    def sagemaker(self, component: str, instance_type: str, region: str) -> Price:
        """USD an instance-hour of a SageMaker component: Training, Hosting, Processing, Notebook, ..."""
        table = self.table("prices/sagemaker_instances")
        components = table["component"].unique()
        if component not in components:
            raise NotKnown([unknown("component", component, components, "SageMaker component")])
        if component in COMPONENT_PARTS:
            purchase, option = COMPONENT_PARTS[component]
            return self._offer("sagemaker", purchase, option, instance_type, region)
        rows = table[table["component"] == component]
        rows = rows.assign(billed_type=rows["instance_type"])
        rows["instance_type"] = rows["instance_type"].str.removeprefix("ml.")
        row = one_row(rows, f"SageMaker {component}", self.vocabulary, instance_type, region)
        return self._discounted(price_of(row, f"sagemaker {component} {instance_type} {region}"), "sagemaker")

    def s3_storage(self, region: str, storage_class: str = "STANDARD") -> Price:
        """USD a GB-month of S3 storage, first tier (AWS's GB is a GiB)."""
        table = self.table("prices/s3").query("item == 'storage' and unit == 'usd_per_gb_month'")
        faults = []
        if storage_class not in set(table["storage_class"]):
            faults.append(unknown("storage_class", storage_class, table["storage_class"].unique(), "storage class"))
        if region not in set(table["region"]):
            faults.append(unknown("region", region, table["region"].unique(), "region with S3 prices"))
        if faults:
            raise NotKnown(faults)
        rows = table[(table["storage_class"] == storage_class) & (table["region"] == region)]
        rows = rows[rows["tier"].isna() | rows["tier"].str.endswith("first 50 TB")]
        if rows.empty:
            raise NotKnown([Fault("region", region, f"has no {storage_class} price in the snapshot")])
        return self._discounted(price_of(rows.iloc[0].to_dict(), f"s3 {storage_class} {region}"), "s3")

    def transfer(self, from_region: str, to_region: str) -> Price:
        """USD a GB moved between two regions (AWS's GB is a GiB)."""
        table = self.table("prices/transfer").query("kind == 'inter_region'")
        faults = []
        for name, value in (("from_region", from_region), ("to_region", to_region)):
            if value not in set(table[name]):
                faults.append(unknown(name, value, table[name].unique(), "region with transfer prices"))
        if faults:
            raise NotKnown(faults)
        rows = table[(table["from_region"] == from_region) & (table["to_region"] == to_region)]
        if rows.empty:
            pair = f"{from_region} to {to_region}"
            raise NotKnown([Fault("transfer", pair, "has no transfer price between regions in the snapshot")])
        return self._discounted(price_of(rows.iloc[0].to_dict(), f"transfer {from_region} {to_region}"), "transfer")

    def on_demand_history(self, instance_type: str) -> pd.DataFrame:
        """us-east-1 on-demand prices of a type: usd, first_seen, last_seen, source; empty if it has no history.

        Raises NotKnown for a name that no table has.
        """
        return self._history("prices/ec2_on_demand_history", instance_type)

    def spot_history(self, instance_type: str) -> pd.DataFrame:
        """Samples of us-east-1 spot prices in January 2024: az, timestamp_utc, usd, source; empty if there are none.

        Raises NotKnown for a name that no table has.
        """
        return self._history("prices/ec2_spot_history", instance_type)

    def _history(self, name: str, instance_type: str) -> pd.DataFrame:
        table = self.table(name)
        rows = table[table["instance_type"] == instance_type].reset_index(drop=True)
        if rows.empty and instance_type not in self.vocabulary.instance_types:
            raise NotKnown([unknown("instance_type", instance_type, self.vocabulary.instance_types, "instance type")])
        return rows

    def _offer(
        self, service: str, purchase: str, option: str, instance_type: str, region: str, az: str | None = None
    ) -> Price:
        rows = self.part(service, purchase)
        if option:
            rows = rows[rows["option"] == option]
        # With a zone asked for, only zones answer; without, only whole regions.
        rows = rows[rows["az"].isna()] if az is None else rows[rows["az"].notna()]
        what = " ".join(text for text in (service, purchase.replace("_", " "), option) if text)
        row = one_row(rows, what, self.vocabulary, instance_type, region, az)
        place = az or region
        return price_of(row, f"{what} {instance_type} {place}")

    def _discounted(self, price: Price, service: str) -> Price:
        return price if self.rates is None else self.rates.discounted(price, service)
