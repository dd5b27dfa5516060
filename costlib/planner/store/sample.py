"""The user's own table in each format: sizes and speeds measured on a bounded sample. Content is parsed, never run."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.orc as pa_orc
import pyarrow.parquet as pq

from costlib.errors import Fault, InvalidInput
from costlib.planner.store.tfrecord import tfrecord_bytes
from costlib.units import BYTES_PER_MB

#: What is read of a file; more tells no more, and takes longer than a page may.
MOST_BYTES = 4 * 2**20
#: A small Parquet file may unfold to a large table.
MOST_VALUES = 20_000_000
TOO_LARGE = f"is above {MOST_BYTES >> 20} MiB: give a smaller part of it"
#: A first call also pays for what it sets up.
REPEATS = 3
CODECS = {
    "parquet": ("none", "snappy", "zstd", "gzip"),
    "orc": ("none", "snappy", "zstd", "gzip"),
    "csv": ("gzip", "zstd"),
}
_ORC = {"none": "uncompressed", "gzip": "zlib"}


def sample_file(path: str | os.PathLike[str], record_overhead_bytes: int) -> pd.DataFrame:
    """``sample_bytes`` of a CSV or Parquet file, of a larger CSV its first MOST_BYTES. Raises InvalidInput."""
    place = Path(path)
    try:
        if not place.is_file():
            raise InvalidInput([Fault("sample", str(path), "is not a file")])
        with place.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InvalidInput([Fault("sample", str(path), f"cannot be read: {error.strerror}")]) from None
    if len(content) > MOST_BYTES:
        if content[:4] == b"PAR1":
            raise InvalidInput(
                [Fault("sample", str(path), f"is above {MOST_BYTES >> 20} MiB: give a smaller part of it")]
            )
        content = content[: content.rfind(b"\n", 0, MOST_BYTES) + 1]
    return sample_bytes(content, place.name, record_overhead_bytes)


def sample_bytes(content: bytes, name: str, record_overhead_bytes: int) -> pd.DataFrame:
    """A row a format and codec: format, codec, bytes, size_of_csv, read_mb_per_core_second, write_mb_per_core_second.

    Speeds count the bytes of the plain CSV, on one core, the best of REPEATS (nan for TFRecord, whose size is counted
    only).
    Raises InvalidInput for what is empty, too large, or neither CSV nor Parquet.
    """
    if len(content) > MOST_BYTES:
        raise InvalidInput([Fault("sample", name, TOO_LARGE)])
    if not content:
        raise InvalidInput([Fault("sample", name, "is empty")])
    parquet = content[:4] == b"PAR1"
    try:
        table = _parquet(content, name) if parquet else _csv(content)
        plain = content if not parquet else _written(lambda out: pa_csv.write_csv(table, out))[0]
    except InvalidInput:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        kind = "Parquet" if parquet else "CSV"
        raise InvalidInput([Fault("sample", name, f"is not {kind}: {str(error).splitlines()[0][:200]}")]) from None
    if not table.num_rows or not table.num_columns:
        raise InvalidInput([Fault("sample", name, "has no rows")])
    mb = len(plain) / BYTES_PER_MB
    _, csv_seconds = _written(lambda out: pa_csv.write_csv(table, out)) if not parquet else (b"", np.nan)
    rows = [("csv", "none", len(plain), mb / _timed(lambda: _csv(plain)), mb / csv_seconds)]
    for kind, codecs in CODECS.items():
        for codec in codecs:
            rows.append(_measured(table, plain, kind, codec, mb))
    rows.append(("tfrecord", "none", tfrecord_bytes(table, record_overhead_bytes), np.nan, np.nan))
    made = pd.DataFrame(
        rows, columns=["format", "codec", "bytes", "read_mb_per_core_second", "write_mb_per_core_second"]
    )
    made.insert(3, "size_of_csv", made["bytes"] / len(plain))
    return made


def _measured(table: pa.Table, plain: bytes, kind: str, codec: str, mb: float) -> tuple[str, str, int, float, float]:
    if kind == "parquet":
        data, seconds = _written(lambda out: pq.write_table(table, out, compression=codec))
        reading = _timed(lambda: pq.read_table(io.BytesIO(data), use_threads=False))
    elif kind == "orc":
        data, seconds = _written(lambda out: pa_orc.write_table(table, out, compression=_ORC.get(codec, codec)))
        reading = _timed(lambda: pa_orc.ORCFile(io.BytesIO(data)).read())
    else:
        # gzip takes long: once will do.
        began = time.perf_counter()
        # gzip's own default is level 6.
        packer = pa.Codec(codec, compression_level=6) if codec == "gzip" else pa.Codec(codec)
        data = squeezed = packer.compress(plain, asbytes=True)
        seconds = time.perf_counter() - began
        reading = _timed(lambda: _csv(pa.Codec(codec).decompress(squeezed, len(plain), asbytes=True)))
    return kind, codec, len(data), mb / reading, mb / max(seconds, 1e-9)


def _parquet(content: bytes, name: str) -> pa.Table:
    file = pq.ParquetFile(io.BytesIO(content))
    values = file.metadata.num_rows * file.metadata.num_columns
    if values > MOST_VALUES:
        raise InvalidInput([Fault("sample", name, f"holds {values:,} values, more than {MOST_VALUES:,}: give a part")])
    return file.read(use_threads=False)


def _csv(content: bytes) -> pa.Table:
    return pa_csv.read_csv(io.BytesIO(content), read_options=pa_csv.ReadOptions(use_threads=False))


def _written(write: Callable[[pa.NativeFile], object]) -> tuple[bytes, float]:
    made = []

    def once() -> None:
        out = pa.BufferOutputStream()
        write(out)
        made.append(out)

    seconds = _timed(once)
    return made[-1].getvalue().to_pybytes(), seconds


def _timed(read: Callable[[], object]) -> float:
    spent = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        read()
        spent.append(time.perf_counter() - began)
    return max(min(spent), 1e-9)
