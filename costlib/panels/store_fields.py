"""The controls of the storage page as plain data, and the way between what they say and a pattern."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from costlib.errors import Fault
from costlib.panels.precision_fields import text_of
from costlib.panels.workload_fields import Control
from costlib.planner.store.pattern import StoragePattern

#: Controls that are no keys of a pattern.
DATASET = "dataset"
NO, YES = "no", "yes"
WHOLE = (
    Control("region", "Region", "Where the bucket is; prices are its own", "choice"),
    Control("horizon_days", "Horizon (days)", "How long it is looked at"),
    Control("uploads", "Uploads go to", "STANDARD, moved later by rules; or to the class that costs least", "choice",
            ("standard", "any_class")),
    Control(DATASET, "Look closely at", "The dataset that the controls below describe", "choice"),
)  # fmt: skip
DATA = (
    Control("gib", "Stored at first (GiB)", "A GiB is 2**30 bytes, AWS's GB"),
    Control("objects", "Objects (count)", "The mean size decides about fees and minimums"),
    Control("added_gib_per_month", "Added (GiB a month)", "In even daily parts"),
    Control("lifetime_days", "Deleted after (days)", "Empty: never"),
    Control("age_days", "Age at the start (days)", "Of what is there already: it lies in STANDARD"),
    Control("can_be_remade", "Can be made again", "If one zone is lost; for One Zone-IA", "choice", (NO, YES)),
    Control("force_class", "Keep all in one class", "Empty: the cheapest way", "choice"),
)
_READS = (
    ("from_day", "from day", "of an object's age"),
    ("to_day", "to day", "of an object's age"),
    ("per_month", "full reads a month", "empty: none"),
    ("fraction", "share of the bytes (%)", "that each of them reads"),
    ("wait_hours", "may wait (hours)", "0: archives will not do"),
)
READS = tuple(
    Control(f"reads.{number}.{key}", f"{which} reads: {label}", tip)
    for number, which in enumerate(("First", "Later"))
    for key, label, tip in _READS
)
FORMAT = (
    Control("format.csv_gib", "Table as CSV (GiB)", "Its size as plain text"),
    Control("format.columns_fraction", "Columns read (%)", "Share of the bytes that a read wants"),
    Control("format.reads_per_month", "Reads (a month)", "Of those columns, all rows"),
    Control("format.months", "Kept (months)", ""),
    Control("format.read_mb_per_second", "Bandwidth (MB/s)", "From S3 to the reader"),
    Control("format.cores", "Cores (count)", "That decode"),
    Control("format.reader_usd_per_hour", "What waits (USD an hour)", "For a read, besides the cores"),
    Control("format.core_usd_per_hour", "Core (USD an hour)", "For decoding, and for converting once"),
    Control("format.athena", "Reads by Athena", "It bills what it scans", "choice", (NO, YES)),
)
PREPROCESS = (
    Control("preprocess.epochs", "Epochs (count)", "Passes over the data"),
    Control("preprocess.core_hours_per_pass", "Preprocessing (core-hours)", "Of one pass over all data"),
    Control("preprocess.core_hours_after", "Still in each epoch (core-hours)", "Over the prepared data"),
    Control("preprocess.core_usd_per_hour", "A core (USD an hour)", "Your own number"),
    Control("preprocess.result_gib", "Result (GiB)", "Kept in STANDARD"),
    Control("preprocess.result_objects", "Result (objects)", "Each is written once"),
    Control("preprocess.hours_per_epoch", "Epoch (hours)", "The result is kept while epochs run"),
    Control("preprocess.kept_months", "Kept besides (months)", "Before and after the run"),
)
CACHE = (
    Control("cache.dataset_gib", "Data of an epoch (GiB)", ""),
    Control("cache.objects", "Objects (count)", "Read once in each epoch"),
    Control("cache.instance_type", "Instance type", "Its network and its disks are looked up", "text"),
    Control("cache.instances", "Instances (count)", ""),
    Control("cache.usd_per_hour", "An instance (USD an hour)", "Empty: on demand"),
    Control("cache.epochs", "Epochs (count)", ""),
    Control("cache.epoch_compute_hours", "Epoch computes (hours)", "With its data at hand"),
    Control("cache.s3_connections", "S3 connections", "Of one instance, 85 to 90 MB/s each; empty: line rate"),
    Control("cache.s3_mb_per_second", "S3, measured (MB/s)", "Of one instance; before the connections"),
    Control("cache.ebs_mib_per_second", "EBS volume (MiB/s)", "125 are included, up to 2,000"),
    Control("cache.local_mb_per_second", "Own disks, measured (MB/s)", "Empty: where a measurement was found"),
    Control("cache.kept_months", "Cache kept besides (months)", "Beyond the run"),
)
NETWORK = (
    Control("network.gib_per_month", "VPC to S3 (GiB a month)", "Both ways together"),
    Control("network.zones", "Zones (count)", "Each with a gateway or an endpoint's address"),
    Control("network.between_zones_gib_per_month", "Between zones (GiB a month)", ""),
    Control("network.internet_gib_per_month", "Out to the internet (GiB a month)", ""),
    Control("network.transfer_acceleration", "Transfer Acceleration", "For what goes out", "choice", (NO, YES)),
)
CONTROLS = {control.key: control for control in (*WHOLE, *DATA, *READS, *FORMAT, *PREPROCESS, *CACHE, *NETWORK)}
PLACEHOLDERS = {
    "lifetime_days": "never", "cache.usd_per_hour": "on demand", "cache.s3_connections": "line rate",
    "cache.s3_mb_per_second": "not measured", "cache.local_mb_per_second": "if found",
}  # fmt: skip
#: Shares that the controls write in percent.
PERCENT = ("fraction", "columns_fraction")
SECTIONS = ("format", "preprocess", "cache", "network")
OF_DATA = tuple(control.key for control in (*DATA, *READS))


def pattern_values(pattern: StoragePattern, dataset: int) -> dict[str, str]:
    """What every control says of a pattern and one of its datasets."""
    content = pattern.to_mapping()
    data = content["datasets"][dataset]
    values = {DATASET: pattern.datasets[dataset].name}
    for key in CONTROLS:
        if key == DATASET:
            continue
        values[key] = _text(key, _at(data if key in OF_DATA else content, key))
    return values


def pattern_of(base: StoragePattern, dataset: int, values: Mapping[str, str], faults: list[Fault]) -> dict[str, Any]:
    """The content of the pattern that the controls say, from ``base``; reads beyond the second stay as they are."""
    content = base.to_mapping()
    data = content["datasets"][dataset]
    for key in CONTROLS:
        if key == DATASET or key.startswith("reads."):
            continue
        _put(data if key in OF_DATA else content, key, _value(key, values[key], faults))
    reads = []
    for number in range(2):
        if values[f"reads.{number}.per_month"].strip():
            before = data.get("reads", [])
            one: dict[str, Any] = dict(before[number]) if number < len(before) else {}
            for key, _, _ in _READS:
                _put(one, key, _value(f"reads.{number}.{key}", values[f"reads.{number}.{key}"], faults))
            # A band of the pattern goes with its expected rate only.
            if number < len(before) and text_of(before[number]["per_month"]) != values[f"reads.{number}.per_month"]:
                one.pop("per_month_low", None)
                one.pop("per_month_high", None)
            reads.append(one)
    data["reads"] = reads + data.get("reads", [])[2:]
    return content


def control_of(fault: Fault, dataset: int) -> str | None:
    """The key of the control that a fault stands beside; None if it concerns the whole, or another dataset."""
    field = fault.field.removeprefix(f"datasets.{dataset}.")
    if field.startswith("datasets."):
        return None
    field = {"instance_type": "cache.instance_type", "price": "cache.instance_type"}.get(field, field)
    fits = [key for key in CONTROLS if field == key or field.startswith(key + ".")]
    return max(fits, key=len) if fits else None


def _text(key: str, value: object) -> str:
    if isinstance(value, bool):
        return YES if value else NO
    if value is not None and key.rpartition(".")[2] in PERCENT:
        return text_of(round(100.0 * float(value), 6))  # type: ignore[arg-type]
    return text_of(value)


def _value(key: str, text: str, faults: list[Fault]) -> object:
    control, plain = CONTROLS[key], text.replace(" ", "")
    if control.options == (NO, YES):
        return plain == YES
    if control.kind in ("choice", "text"):
        return text.strip() or None
    plain = plain.removesuffix("%")
    if key.rpartition(".")[2] in PERCENT and plain:
        try:
            return float(plain) / 100.0
        except ValueError:
            faults.append(Fault(key, text, "is not a number"))
            return None
    return plain or None


def _at(content: Mapping[str, Any], key: str) -> Any:
    value: Any = content
    for part in key.split("."):
        if isinstance(value, list):
            value = value[int(part)] if int(part) < len(value) else None
        else:
            value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _put(content: dict[str, Any], key: str, value: object) -> None:
    *parents, last = key.split(".")
    for parent in parents:
        content = content.setdefault(parent, {})
    if value is None:
        content.pop(last, None)
    else:
        content[last] = value
