"""A table in each format: its size from the user's own sample or from sourced ranges, its reads, and their dollars."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from costlib.models.formats import format_read, format_usd
from costlib.planner.store.pattern import Format, MeasuredFormat
from costlib.planner.store.sources import StoreSources
from costlib.prices.price import Price
from costlib.units import BYTES_PER_GIB, BYTES_PER_MB, SECONDS_PER_HOUR

#: What is shown, best known first; ORC and TFRecord have no range that was found, and wait for a sample.
SHOWN = (
    ("csv", "none"), ("csv", "gzip"), ("csv", "zstd"), ("parquet", "none"), ("parquet", "snappy"), ("parquet", "zstd"),
    ("parquet", "gzip"), ("orc", "none"), ("orc", "snappy"), ("orc", "zstd"), ("orc", "gzip"), ("tfrecord", "none"),
)  # fmt: skip
COLUMNAR = ("parquet", "orc")
#: Formats that Athena reads.
ATHENA = ("csv", "parquet", "orc")
GIB_PER_TB = 1024.0
UNKNOWN = "no size of it was found: measure it on a sample of your table"


@dataclass(frozen=True)
class SizeBand:
    """Size over that of plain CSV, and how it is known."""

    low: float
    expected: float
    high: float
    basis: str
    rule: str
    source: str


def size_bands(sources: StoreSources) -> dict[tuple[str, str], SizeBand]:
    """The sizes that sources give: a range where several tables were measured, one of a codec by its ratio to another.

    Expected is the geometric mean.
    """
    facts = sources.facts.topic("format_size")
    made: dict[tuple[str, str], SizeBand] = {}
    for name, codec in SHOWN:
        held = [row for fact, row in facts.items() if fact.startswith(f"{name}_{codec}")]
        if held:
            values = [row.value for row in held]
            rule = held[0].rule or f"{len(held)} table{'s' * (len(held) > 1)}: " + ", ".join(row.note for row in held)
            basis = "measured" if held[0].basis == "measured" else held[0].basis
            made[name, codec] = SizeBand(
                min(values), math.prod(values) ** (1 / len(values)), max(values), basis, rule,
                "; ".join(dict.fromkeys(row.source for row in held)),
            )  # fmt: skip
    for name, of in (("parquet", "snappy"), ("csv", "gzip")):
        ratio = sources.facts.of("codec", f"{of}_ratio").value / sources.facts.of("codec", "zstd_ratio").value
        base, zstd = made[name, of], sources.facts.of("codec", "zstd_ratio")
        made[name, "zstd"] = SizeBand(
            base.low * ratio, base.expected * ratio, base.high * ratio, "estimate",
            f"{name} with {of} times {ratio:.2f}, the codecs' ratio on another corpus", f"{base.source}; {zstd.source}",
        )  # fmt: skip
    return made


def formats(given: Format, region: str, sources: StoreSources, sampled: Sequence[MeasuredFormat] = ()) -> pd.DataFrame:
    """A row of SHOWN: format, codec, size_low_gib, size_gib, size_high_gib, read_seconds, bound_by,
    core_hours_per_read, usd_low, usd, usd_high, storage_usd, reader_usd, cpu_usd, athena_usd, convert_usd, basis,
    rule, source.

    USD over ``months``: storage in STANDARD, what waits for the readers, their cores (or, with ``athena``, its scans of
    the formats that it reads) and converting once. ``sampled`` comes before the pattern's own measurements, and both
    before the ranges. Where decoding was not measured, it is not
    counted: seconds are at least those. Raises NotKnown without a price of storage, or of Athena where it is wanted.
    """
    storage = sources.standard_storage(region)
    athena = sources.need(sources.other("Athena", "sql_scanned", region), "Athena", region) if given.athena else None
    own: dict[tuple[str, str], MeasuredFormat] = {(one.format, one.codec): one for one in (*given.measured, *sampled)}
    bands = size_bands(sources)
    rows: list[dict[str, object]] = []
    for name, codec in SHOWN:
        mine, band = own.get((name, codec)), bands.get((name, codec))
        if mine is not None:
            size = mine.size_of_csv
            band = SizeBand(size, size, size, "user", "measured on your own table", "own measurement")
        if band is None:
            rows.append({"format": name, "codec": codec, "bound_by": "", "rule": UNKNOWN, "basis": "", "source": ""})
        else:
            rows.append({"format": name, "codec": codec, **_row(given, name, band, mine, storage.amount, athena)})
    return pd.DataFrame(rows)


def _row(
    given: Format, name: str, band: SizeBand, mine: MeasuredFormat | None, storage_usd: float, athena: Price | None
) -> dict[str, object]:
    rate = None if mine is None else mine.read_mb_per_core_second
    writes = None if mine is None or (name, mine.codec) == ("csv", "none") else mine.write_mb_per_core_second
    sizes = np.array([band.low, band.expected, band.high])
    read = format_read(
        given.csv_gib, sizes, given.columns_fraction, float(name in COLUMNAR), given.read_mb_per_second * BYTES_PER_MB,
        np.inf if rate is None else rate * BYTES_PER_MB, given.cores,
    )  # fmt: skip
    reads = given.reads_per_month * given.months
    by_athena = athena is not None and name in ATHENA
    waiting = 0.0 if by_athena else given.reader_usd_per_hour
    per_gib = athena.amount / GIB_PER_TB if athena is not None and by_athena else 0.0
    decoding = 0.0 if by_athena or rate is None else float(read.core_seconds[1]) / SECONDS_PER_HOUR
    converting = 0.0 if writes is None else given.csv_gib * BYTES_PER_GIB / (writes * BYTES_PER_MB) / SECONDS_PER_HOUR
    usd = format_usd(
        given.csv_gib * sizes, given.months, storage_usd, reads, read.seconds, waiting, read.fetched_gib, per_gib,
        decoding, converting, given.core_usd_per_hour,
    )  # fmt: skip
    known = "" if rate is not None or by_athena else "; decoding is not counted: measure it on a sample"
    return {
        "size_low_gib": given.csv_gib * band.low,
        "size_gib": given.csv_gib * band.expected,
        "size_high_gib": given.csv_gib * band.high,
        "read_seconds": np.nan if by_athena else float(read.seconds[1]),
        "bound_by": "" if by_athena else "decoding" if read.bound_by_cpu[1] else "fetching",
        "core_hours_per_read": np.nan if rate is None or by_athena else decoding,
        "usd_low": float(usd[0]),
        "usd": float(usd[1]),
        "usd_high": float(usd[2]),
        "storage_usd": given.csv_gib * band.expected * given.months * storage_usd,
        "reader_usd": reads * float(read.seconds[1]) / SECONDS_PER_HOUR * waiting,
        "cpu_usd": reads * decoding * given.core_usd_per_hour,
        "athena_usd": reads * float(read.fetched_gib[1]) * per_gib,
        "convert_usd": converting * given.core_usd_per_hour,
        "basis": band.basis,
        "rule": band.rule + known,
        "source": band.source,
    }


def selective(given: Format, region: str, sources: StoreSources) -> pd.DataFrame:
    """Ways to read a share of the columns once: way, usd, open (to new customers), note; none without its price.

    The whole object over S3's GET costs nothing a GiB within the region; Athena bills what it scans; S3 Select, which
    only some accounts still have, what it scans and what it returns.
    """
    bands = size_bands(sources)
    parquet = given.csv_gib * bands["parquet", "snappy"].expected
    wanted = given.columns_fraction
    rows: list[tuple[str, float, bool, str]] = [
        ("GET the whole CSV", 0.0, True, "no charge a GiB within the region; requests and the readers' time remain")
    ]
    athena = sources.other("Athena", "sql_scanned", region)
    if athena is not None:
        each = athena.amount / GIB_PER_TB
        rows.append(("Athena on CSV", given.csv_gib * each, True, "scans every column"))
        rows.append(("Athena on Parquet (snappy)", parquet * wanted * each, True, "scans the wanted columns"))
    scanned = sources.s3(region, "STANDARD", "s3_select_scanned")
    returned = sources.s3(region, "STANDARD", "s3_select_returned")
    if scanned is not None and returned is not None:
        usd = given.csv_gib * (scanned.amount + wanted * returned.amount)
        rows.append(("S3 Select on CSV", usd, False, sources.facts.of("s3_select", "open_to_new_customers").note))
    return pd.DataFrame(rows, columns=["way", "usd", "open", "note"])
