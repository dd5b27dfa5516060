"""Everything a search looks up, opened once and laid out as columns: prices, hardware, interruptions, places."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.benchmarks.sheet import Benchmark
from costlib.errors import NotKnown, unknown
from costlib.facts.class_rates import ClassRates
from costlib.facts.hardware import Hardware
from costlib.facts.interruptions import Interruptions
from costlib.facts.region_places import RegionPlaces
from costlib.facts.regions import Regions
from costlib.facts.small_jobs import SmallJobs
from costlib.planner.achieved_share import TrainingJob
from costlib.planner.rates import RateGrid
from costlib.planner.spot.hazards import SpotHazards
from costlib.planner.step_tokens import StepTokens
from costlib.planner.training_rate import JOBS_KEPT, TrainingRates
from costlib.prices.book import PriceBook
from costlib.prices.places import EgressTiers, egress_tiers, put_prices, storage_prices, transfer_prices
from costlib.prices.price import Price
from costlib.workload import PURCHASES, SERVICES, Spot, SpotHistory, Vocabulary, Workload

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

BANDS = ("low", "expected", "high")


@dataclass(frozen=True)
class Offers:
    """The offers of a price book as codes and numbers, one entry an offer; ``frame`` has the words."""

    frame: pd.DataFrame
    service: Ints
    purchase: Ints
    instance_types: tuple[str, ...]
    instance_type: Ints
    regions: tuple[str, ...]
    region: Ints
    usd_per_hour: tuple[Floats, Floats, Floats]
    term_years: Ints

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Offers:
        """Codes for the book's offers; raises KeyError if the frame lacks a column."""
        frame = frame.reset_index(drop=True)
        types = pd.Categorical(frame["instance_type"])
        regions = pd.Categorical(frame["region"])
        return cls(
            frame=frame,
            service=pd.Categorical(frame["service"], categories=list(SERVICES)).codes.astype(np.int64),
            purchase=pd.Categorical(frame["purchase"], categories=list(PURCHASES)).codes.astype(np.int64),
            instance_types=tuple(map(str, types.categories)),
            instance_type=types.codes.astype(np.int64),
            regions=tuple(map(str, regions.categories)),
            region=regions.codes.astype(np.int64),
            usd_per_hour=(
                frame["usd_low"].to_numpy(float),
                frame["usd_expected"].to_numpy(float),
                frame["usd_high"].to_numpy(float),
            ),
            term_years=frame["term_years"].to_numpy(np.int64),
        )

    @cached_property
    def words(self) -> dict[str, npt.NDArray[np.object_]]:
        """The text columns of the offers as plain objects; missing words are empty."""
        names = ("az", "option", "basis", "rule", "source", "as_of")
        return {name: self.frame[name].astype(object).where(self.frame[name].notna(), "").to_numpy() for name in names}

    @cached_property
    def families(self) -> tuple[str, ...]:
        """The family of each instance type: the part before the dot."""
        return tuple(name.split(".")[0] for name in self.instance_types)

    @cached_property
    def ec2_on_demand_usd_per_hour(self) -> Floats:
        """For each offer the EC2 on-demand price of the same type and region; NaN where none is held."""
        rows = self.ec2_on_demand_row
        return np.where(rows >= 0, self.usd_per_hour[1][rows], np.nan)

    @cached_property
    def ec2_on_demand_row(self) -> Ints:
        """For each offer the row of EC2's on-demand offer of the same type and region; -1 where none is held."""
        table = np.full((len(self.instance_types), len(self.regions)), -1, dtype=np.int64)
        is_held = (self.service == SERVICES.index("ec2")) & (self.purchase == PURCHASES.index("on_demand"))
        rows = np.nonzero(is_held)[0]
        table[self.instance_type[rows], self.region[rows]] = rows
        return table[self.instance_type, self.region]


@dataclass(frozen=True)
class Sources:
    """A price book and the facts that go with it. Frozen: a refresh makes a new one."""

    book: PriceBook
    hardware: Hardware
    #: What the user measured; first in trust for hours.
    benchmarks: tuple[Benchmark, ...] = ()
    _rates: dict[tuple[object, ...], RateGrid] = field(default_factory=dict, repr=False, compare=False)
    _hazards: dict[tuple[SpotHistory, ...], SpotHazards] = field(default_factory=dict, repr=False, compare=False)
    _transfer: dict[str, dict[str, Price]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def open(cls, book: PriceBook | None = None) -> Sources:
        """The given book (default: the embedded snapshot) with the facts of the same snapshot."""
        book = book if book is not None else PriceBook.open()
        return cls(book, Hardware.open(book.snapshot))

    def only(self, offers: Ints) -> Sources:
        """The same prices and facts with some of the offers, by their row."""
        fewer = replace(self, _rates={}, _hazards={})
        # A cached property is what stands under its name: this one is known already, and that one is as good here.
        fewer.__dict__["offers"] = Offers.of(self.offers.frame.iloc[offers])
        fewer.__dict__["_training_rates"] = self._training_rates
        return fewer

    def with_benchmarks(self, benchmarks: Sequence[Benchmark]) -> Sources:
        """The same prices and facts with the user's own measured rows (planner.own_runs says what they must be)."""
        measured = replace(self, benchmarks=tuple(benchmarks))
        measured.__dict__["offers"] = self.offers
        measured.__dict__["_training_rates"] = self._training_rates
        return measured

    @cached_property
    def offers(self) -> Offers:
        """Every hourly way to buy an instance."""
        return Offers.of(self.book.offers)

    @cached_property
    def interruptions(self) -> SpotHazards:
        """How often each offer is interrupted, if it is spot, by the Spot advisor."""
        offers, advisor = self.offers, Interruptions.open(self.book.snapshot).table
        return SpotHazards.of_advisor(
            advisor, offers.instance_types, offers.instance_type, offers.regions, offers.region
        )

    def spot_hazards(self, workload: Workload) -> SpotHazards:
        """The same with the workload's own history of interruptions over it. Raises InvalidInput; the last are kept."""
        history = (workload.spot or Spot()).history
        if history not in self._hazards:
            offers = self.offers
            sold = pd.Series(offers.purchase == PURCHASES.index("spot"))
            names = offers.frame[["instance_type", "region", "az"]].fillna("").where(sold, "")
            while len(self._hazards) >= JOBS_KEPT:
                self._hazards.pop(next(iter(self._hazards)))
            self._hazards[history] = self.interruptions.over(history, names)
        return self._hazards[history]

    @cached_property
    def _training_rates(self) -> TrainingRates:
        return TrainingRates.open(self.book.snapshot)

    def training_rates(
        self, counts: Sequence[int], precisions: Sequence[str], job: TrainingJob, step: StepTokens
    ) -> RateGrid:
        """FLOP/s of every instance type of the offers; arguments as in planner.training_rate. The last are kept."""
        key = (tuple(counts), tuple(precisions), job, step)
        if key not in self._rates:
            inputs = self._training_rates.hours_inputs(counts, precisions, job, step=step)
            while len(self._rates) >= JOBS_KEPT:
                self._rates.pop(next(iter(self._rates)))
            self._rates[key] = RateGrid.of(
                inputs, self.hardware.instances, self.offers.instance_types, counts, precisions
            )
        return self._rates[key]

    @cached_property
    def class_rates(self) -> ClassRates:
        """Measured samples a second of named networks."""
        return ClassRates.open(self.book.snapshot)

    @cached_property
    def cpus(self) -> pd.DataFrame:
        """The CPU types whose clock and cores are held (facts.small_jobs)."""
        return SmallJobs.open(self.book.snapshot).cpus(self.hardware.instances)

    @cached_property
    def storage_prices(self) -> dict[str, Price]:
        """S3 Standard, first tier, by region."""
        return storage_prices(self.book)

    def transfer_prices(self, from_region: str) -> dict[str, Price]:
        """Copying out of one region, by the region that receives. Kept once made."""
        if from_region not in self._transfer:
            self._transfer[from_region] = transfer_prices(self.book, from_region)
        return self._transfer[from_region]

    @cached_property
    def put_prices(self) -> dict[str, Price]:
        """PUT and COPY requests to S3 Standard, USD a thousand, by region."""
        return put_prices(self.book)

    @cached_property
    def egress_tiers(self) -> EgressTiers:
        """What sending data to the internet costs by the volume of a month, by region."""
        return egress_tiers(self.book)

    @cached_property
    def region_places(self) -> RegionPlaces:
        """Country, continent and city of each region."""
        return RegionPlaces.open(self.book.snapshot)

    @cached_property
    def places(self) -> Regions:
        """Name, kind and partition of each region and zone."""
        return Regions.open(self.book.snapshot)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The names a workload may use with this book."""
        types = frozenset(self.offers.instance_types)
        return Vocabulary(
            instance_types=types,
            families=frozenset(name.split(".")[0] for name in types),
            regions=frozenset(self.offers.regions),
            places=frozenset(
                {*self.region_places.countries, *self.region_places.continents, *self.places.table["partition"]}
            ),
        )

    @cached_property
    def network_gbps(self) -> Floats:
        """Network of each instance type of the offers, in gigabits a second; NaN where not known."""
        column = self.hardware.instances["network_gbps"].reindex(list(self.offers.instance_types))
        return column.to_numpy(float)

    def require_type(self, instance_type: str | None) -> None:
        """Raises NotKnown, with close matches, for a type without an offer."""
        if instance_type is not None and instance_type not in self.offers.instance_types:
            raise NotKnown([unknown("instance_type", instance_type, self.offers.instance_types, "instance type")])

    def accelerators_of(self, instance_type: str) -> tuple[str, float]:
        """The accelerator of a type and how many it has; ("", 0) for a CPU type or one without a fact row."""
        return self._accelerators.get(instance_type, ("", 0.0))

    @cached_property
    def _accelerators(self) -> dict[str, tuple[str, float]]:
        held = self.hardware.instances
        held = held[held["accelerator"].notna() & (held["accelerator"] != "")]
        return {
            str(name): (str(accelerator), float(count))
            for name, accelerator, count in zip(held.index, held["accelerator"], held["accelerator_count"], strict=True)
        }

    @cached_property
    def partitions(self) -> tuple[str, ...]:
        """The AWS partition of each region of the offers."""
        return tuple(self.partition_of(region) for region in self.offers.regions)

    def partition_of(self, region: str) -> str:
        """The AWS partition of a region: aws, aws-us-gov or aws-cn. Raises NotKnown."""
        return str(self.places.require(self.parent_region(region))["partition"])

    def parent_region(self, region: str) -> str:
        """The region that a Local or Wavelength Zone belongs to (us-east-1 for us-east-1-atl-1); else itself."""
        match = re.match(r"[a-z]+(-gov)?-[a-z]+-\d+", region)
        return match.group(0) if match else region
