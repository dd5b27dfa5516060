"""How data are stored, read and moved: one validated, frozen description, read from YAML or from widgets."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, field_validator, model_validator

from costlib.errors import Fault, InvalidInput
from costlib.planner.store.pattern_faults import pattern_faults
from costlib.workload.fields import (
    Amount,
    Count,
    InstanceType,
    Quantity,
    Vocabulary,
    number,
    one_or_many,
    without_repeats,
)
from costlib.workload.parts import AtKeys, Part
from costlib.workload.yaml_loader import careful_loader

Name = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]*$")]
StorageClass = Literal[
    "STANDARD", "STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER_FLEXIBLE", "DEEP_ARCHIVE"
]
Days = Annotated[int, BeforeValidator(number), Field(ge=0, le=36_500)]
LifeDays = Annotated[int, BeforeValidator(number), Field(ge=1, le=36_500)]
Share = Annotated[float, BeforeValidator(number), Field(gt=0, le=1)]
Gib = Annotated[Amount, Field(le=1e10)]
UsdPerHour = Annotated[Amount, Field(le=1e6)]


class Reads(Part):
    """Reads of objects from one age to another, in days; ``fraction``: what share of the bytes each of them reads.

    ``wait_hours``: how long a read may wait until it begins (0: archives will not do).
    """

    from_day: Days = 0
    to_day: LifeDays
    per_month: Annotated[Amount, Field(le=1e6)]
    per_month_low: Annotated[Amount, Field(le=1e6)] | None = None
    per_month_high: Annotated[Amount, Field(le=1e6)] | None = None
    fraction: Share = 1.0
    wait_hours: Annotated[Amount, Field(le=10_000)] = 0.0

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        problems: list[tuple[str, Any, str]] = []
        if self.to_day <= self.from_day:
            problems.append(("to_day", self.to_day, f"must be after from_day ({self.from_day})"))
        low, high = self.per_month_low, self.per_month_high
        if low is not None and low > self.per_month:
            problems.append(("per_month_low", low, f"is above per_month ({self.per_month:g})"))
        if high is not None and high < self.per_month:
            problems.append(("per_month_high", high, f"is below per_month ({self.per_month:g})"))
        if problems:
            raise AtKeys(problems)
        return self


class StoredData(Part):
    """Objects of one prefix that age alike. All have the mean size, gib over objects."""

    name: Name
    gib: Gib
    objects: Annotated[Quantity, Field(le=1e13)]
    prefix: Annotated[str, Field(max_length=1024)] | None = None
    added_gib_per_month: Gib = 0.0
    #: Of what is there at the start; it then lies in STANDARD, and its upload is paid.
    age_days: Days = 0
    lifetime_days: LifeDays | None = None
    #: What is lost with one zone can be made again: One Zone-IA may hold it.
    can_be_remade: bool = False
    classes: (
        Annotated[tuple[StorageClass, ...], BeforeValidator(one_or_many), AfterValidator(without_repeats)] | None
    ) = None
    force_class: StorageClass | None = None
    gets_per_object: Annotated[Quantity, Field(le=1e9)] = 1.0
    restored_copy_days: LifeDays = 1
    reads: Annotated[tuple[Reads, ...], BeforeValidator(one_or_many)] = ()

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        problems: list[tuple[str, Any, str]] = []
        if not self.gib and not self.added_gib_per_month:
            problems.append(("gib", self.gib, "is nothing, and nothing is added: there is nothing to store"))
        if self.gib and self.gib * 2**30 < self.objects:
            problems.append(("objects", self.objects, f"have less than a byte each in {self.gib:g} GiB"))
        if self.lifetime_days is not None and self.age_days >= self.lifetime_days:
            problems.append(("age_days", self.age_days, f"is past lifetime_days ({self.lifetime_days})"))
        for number_, one in enumerate(self.reads):
            if self.lifetime_days is not None and one.from_day >= self.lifetime_days:
                wrong = f"is after the objects are deleted (lifetime_days {self.lifetime_days})"
                problems.append((f"reads.{number_}.from_day", one.from_day, wrong))
        if self.force_class and self.classes and self.force_class not in self.classes:
            problems.append(("force_class", self.force_class, f"is not among classes ({', '.join(self.classes)})"))
        if problems:
            raise AtKeys(problems)
        return self

    @property
    def object_kib(self) -> float:
        """The mean size of an object; of what is added where nothing is there at first."""
        return (self.gib or self.added_gib_per_month) * 2**20 / self.objects

    @property
    def key_prefix(self) -> str:
        """The prefix of its keys: as given, else its name as a folder."""
        return f"{self.name}/" if self.prefix is None else self.prefix


class Network(Part):
    """What goes between a VPC and S3 in a month, and what leaves a zone or AWS."""

    gib_per_month: Gib
    zones: Annotated[Count, Field(le=10)] = 1
    between_zones_gib_per_month: Gib = 0.0
    internet_gib_per_month: Gib = 0.0
    transfer_acceleration: bool = False


class MeasuredFormat(Part):
    """What the user measured of a format on the own table; rates count bytes as CSV."""

    format: Literal["csv", "parquet", "orc", "tfrecord"]
    codec: Literal["none", "snappy", "zstd", "gzip"] = "none"
    size_of_csv: Annotated[Quantity, Field(le=100)]
    read_mb_per_core_second: Annotated[Quantity, Field(le=1e6)] | None = None
    write_mb_per_core_second: Annotated[Quantity, Field(le=1e6)] | None = None


class Format(Part):
    """A table and its readers. ``reader_usd_per_hour``: what waits for a read, besides the cores that decode.

    ``athena``: the reads are Athena's, which bills what it scans; formats that it cannot read stay with the readers.
    """

    csv_gib: Annotated[Quantity, Field(le=1e9)]
    months: Annotated[Quantity, Field(le=1_200)] = 1.0
    reads_per_month: Annotated[Amount, Field(le=1e6)]
    columns_fraction: Share = 1.0
    read_mb_per_second: Annotated[Quantity, Field(le=1e7)]
    cores: Annotated[Quantity, Field(le=1e6)]
    reader_usd_per_hour: UsdPerHour = 0.0
    core_usd_per_hour: UsdPerHour
    athena: bool = False
    measured: Annotated[tuple[MeasuredFormat, ...], BeforeValidator(one_or_many)] = ()


class Preprocess(Part):
    """Preparing the data once or in each epoch. Core-hours are of one pass over all data."""

    epochs: Annotated[Quantity, Field(le=1e6)]
    core_hours_per_pass: Annotated[Amount, Field(le=1e9)]
    core_usd_per_hour: UsdPerHour
    #: What an epoch over the prepared data still takes.
    core_hours_after: Annotated[Amount, Field(le=1e9)] = 0.0
    result_gib: Gib
    result_objects: Annotated[Quantity, Field(le=1e13)]
    hours_per_epoch: Annotated[Quantity, Field(le=1e5)]
    kept_months: Annotated[Amount, Field(le=1_200)] = 0.0


class Cache(Part):
    """A training run that reads its data in each epoch, and where the data could lie. One instance reads all of it."""

    dataset_gib: Annotated[Quantity, Field(le=1e8)]
    objects: Annotated[Quantity, Field(le=1e13)]
    instance_type: InstanceType
    instances: Annotated[Count, Field(le=10_000)] = 1
    usd_per_hour: Annotated[Quantity, Field(le=1e6)] | None = None
    epochs: Annotated[Count, Field(le=1_000_000)]
    epoch_compute_hours: Annotated[Quantity, Field(le=1e5)]
    kept_months: Annotated[Amount, Field(le=1_200)] = 0.0
    #: Of one instance; without it the network, or as many connections as are given.
    s3_mb_per_second: Annotated[Quantity, Field(le=1e6)] | None = None
    s3_connections: Annotated[Count, Field(le=100_000)] | None = None
    gets_per_object: Annotated[Quantity, Field(le=1e9)] = 1.0
    ebs_mib_per_second: Annotated[Quantity, Field(le=2_000)] = 125.0
    local_mb_per_second: Annotated[Quantity, Field(le=1e6)] | None = None


class StoragePattern(Part):
    """Everything that a page or a file says of the data; the keys are those of the YAML file."""

    kind: Literal["storage"]
    name: Name
    region: str
    horizon_days: Annotated[int, BeforeValidator(number), Field(ge=1, le=3_650)]
    #: ``any_class``: whoever uploads sets the class of the object; else all go to STANDARD, and rules move them.
    uploads: Literal["standard", "any_class"] = "standard"
    datasets: Annotated[tuple[StoredData, ...], BeforeValidator(one_or_many), Field(min_length=1, max_length=50)]
    network: Network | None = None
    format: Format | None = None
    preprocess: Preprocess | None = None
    cache: Cache | None = None

    @field_validator("datasets", mode="after")
    @classmethod
    def _apart(cls, datasets: tuple[StoredData, ...]) -> tuple[StoredData, ...]:
        problems = []
        for index, one in enumerate(datasets):
            for other in datasets[:index]:
                if one.name == other.name:
                    problems.append(f"{one.name} stands twice")
                elif one.key_prefix.startswith(other.key_prefix) or other.key_prefix.startswith(one.key_prefix):
                    problems.append(f"the prefixes of {other.name} and {one.name} overlap: one rule would move both")
        if problems:
            raise ValueError("; ".join(problems))
        return datasets

    @classmethod
    def from_mapping(cls, content: Any, vocabulary: Vocabulary | None = None) -> StoragePattern:
        """A pattern from plain values. Raises InvalidInput with every fault at once."""
        try:
            return cls.model_validate(content, context={"vocabulary": vocabulary})
        except ValidationError as error:
            raise InvalidInput(pattern_faults(error, cls)) from None

    @classmethod
    def from_yaml(cls, path: str | os.PathLike[str], vocabulary: Vocabulary | None = None) -> StoragePattern:
        """A pattern from a YAML file. Raises InvalidInput for what cannot be read, broken YAML, and its content."""
        import yaml

        try:
            content = yaml.load(Path(path).read_text(encoding="utf-8"), Loader=careful_loader())
        except OSError as error:
            raise InvalidInput([Fault("pattern", str(path), f"cannot be read: {error.strerror}")]) from None
        except UnicodeDecodeError:
            raise InvalidInput([Fault("pattern", str(path), "is not UTF-8 text")]) from None
        except (yaml.YAMLError, ValueError, TypeError) as error:
            mark = getattr(error, "problem_mark", None)
            where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "the text"
            problem = getattr(error, "problem", None) or str(error)
            raise InvalidInput([Fault(str(path), where, f"is not valid YAML: {problem}")]) from None
        return cls.from_mapping(content, vocabulary)

    def to_mapping(self) -> dict[str, Any]:
        """Plain values for YAML or JSON; what was not given is left out."""
        return self.model_dump(mode="json", exclude_none=True)

    def changed(self, changes: Mapping[str, Any], vocabulary: Vocabulary | None = None) -> StoragePattern:
        """A copy with values replaced by dotted key (``{"datasets.0.gib": 10}``); None takes one away. Checked anew."""
        content = self.to_mapping()
        for dotted, value in changes.items():
            *parents, last = dotted.split(".")
            target: Any = content
            for parent in parents:
                target = target[int(parent)] if isinstance(target, list) else target.setdefault(parent, {})
            if value is None:
                target.pop(last, None)
            else:
                target[last] = value
        return StoragePattern.from_mapping(content, vocabulary)
