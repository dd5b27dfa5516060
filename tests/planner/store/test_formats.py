"""Formats of a table: sourced ranges, own measurements before them, dollars that add up; and the sampler."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from costlib.errors import InvalidInput, NotKnown
from costlib.planner.store import sample
from costlib.planner.store.formats import SHOWN, formats, selective, size_bands
from costlib.planner.store.pattern import Format, MeasuredFormat, StoragePattern
from costlib.planner.store.sample import sample_bytes, sample_file
from costlib.planner.store.sources import StoreSources
from costlib.planner.store.tfrecord import tfrecord_bytes

ROWS = 4_000


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {"id": np.arange(ROWS), "score": rng.normal(size=ROWS).round(3), "kind": rng.choice(["cat", "dog"], ROWS)}
    )


@pytest.fixture(scope="module")
def sampled(frame: pd.DataFrame) -> pd.DataFrame:
    return sample_bytes(frame.to_csv(index=False).encode(), "t.csv", 16)


@pytest.fixture
def given(training: StoragePattern) -> Format:
    assert training.format is not None
    return training.format.model_copy(update={"athena": True})


def test_ranges_are_those_of_their_sources(store_sources: StoreSources) -> None:
    bands = size_bands(store_sources)
    snappy = bands["parquet", "snappy"]
    assert (snappy.low, snappy.high, snappy.basis) == (0.13, 0.3208, "measured")
    assert snappy.expected == pytest.approx((0.13 * 0.3208 * 0.2172) ** (1 / 3))
    assert bands["parquet", "zstd"].basis == "estimate" and "another corpus" in bands["parquet", "zstd"].rule
    assert bands["parquet", "zstd"].expected / snappy.expected == pytest.approx(2.091 / 2.877)
    assert ("orc", "snappy") not in bands and ("tfrecord", "none") not in bands


def test_dollars_add_up_and_what_is_not_known_says_so(given: Format, store_sources: StoreSources) -> None:
    rows = formats(given, "us-east-1", store_sources)
    assert list(zip(rows["format"], rows["codec"], strict=True)) == list(SHOWN)
    known = rows[rows["usd"].notna()]
    parts = known[["storage_usd", "reader_usd", "cpu_usd", "athena_usd", "convert_usd"]].sum(axis=1)
    assert parts.to_numpy() == pytest.approx(known["usd"].to_numpy())
    assert (known["usd_low"] <= known["usd"]).all() and (known["usd"] <= known["usd_high"]).all()
    assert rows.loc[rows["usd"].isna(), "rule"].str.contains("measure it on a sample").all()
    csv = known.set_index(["format", "codec"]).loc[("csv", "none")]
    # 500 GiB for 12 months at $0.023; 240 scans of 500 GiB at $5 a TB.
    assert csv["storage_usd"] == pytest.approx(500 * 12 * 0.023)
    assert csv["athena_usd"] == pytest.approx(240 * 500 / 1024 * 5)
    assert csv["reader_usd"] == csv["cpu_usd"] == 0 and np.isnan(csv["read_seconds"]), "the reads are Athena's"
    own = formats(given.model_copy(update={"athena": False}), "us-east-1", store_sources).iloc[0]
    assert own["read_seconds"] == pytest.approx(500 * 2**30 / 1e9) and own["athena_usd"] == 0
    assert own["reader_usd"] == pytest.approx(240 * 500 * 2**30 / 1e9 / 3600)


def test_own_measurements_come_first(given: Format, store_sources: StoreSources) -> None:
    own = MeasuredFormat(
        format="orc", codec="zstd", size_of_csv=0.2, read_mb_per_core_second=10, write_mb_per_core_second=50
    )
    mine = given.model_copy(update={"athena": False})
    rows = formats(mine, "us-east-1", store_sources, [own]).set_index(["format", "codec"])
    mine = rows.loc[("orc", "zstd")]
    assert mine["basis"] == "user" and mine["size_gib"] == pytest.approx(100)
    assert mine["bound_by"] == "decoding"
    assert mine["read_seconds"] == pytest.approx(0.3 * 500 * 2**30 / 10e6 / 16)
    assert mine["cpu_usd"] == pytest.approx(240 * 0.3 * 500 * 2**30 / 10e6 / 3600 * 0.05)
    parts = mine[["storage_usd", "reader_usd", "cpu_usd", "athena_usd", "convert_usd"]].sum()
    assert mine["usd"] == pytest.approx(parts)
    assert mine["convert_usd"] == pytest.approx(500 * 2**30 / 50e6 / 3600 * 0.05)


def test_athena_is_asked_for_where_it_is_sold(given: Format, store_sources: StoreSources) -> None:
    with pytest.raises(NotKnown, match="no price of Athena"):
        formats(given, "ap-southeast-6", store_sources)
    without = given.model_copy(update={"athena": False})
    assert formats(without, "ap-southeast-6", store_sources)["athena_usd"].dropna().eq(0).all()


def test_s3_select_says_that_it_is_closed(given: Format, store_sources: StoreSources) -> None:
    ways = selective(given, "us-east-1", store_sources).set_index("way")
    assert not ways.at["S3 Select on CSV", "open"] and "no longer available" in ways.at["S3 Select on CSV", "note"]
    assert ways.at["S3 Select on CSV", "usd"] == pytest.approx(500 * (0.002 + 0.3 * 0.0007))
    assert ways.at["Athena on CSV", "usd"] == pytest.approx(500 / 1024 * 5)


def test_the_sampler_measures_what_it_writes(frame: pd.DataFrame, sampled: pd.DataFrame) -> None:
    rows = sampled.set_index(["format", "codec"])
    plain = len(frame.to_csv(index=False).encode())
    assert rows.at[("csv", "none"), "bytes"] == plain and rows.at[("csv", "none"), "size_of_csv"] == 1
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), out, compression="zstd")
    # The sampler's table has no pandas metadata, which is a few hundred bytes.
    assert rows.at[("parquet", "zstd"), "bytes"] == pytest.approx(len(out.getvalue()), abs=1500)
    speeds = rows.drop(index=[("tfrecord", "none")])[["read_mb_per_core_second", "write_mb_per_core_second"]]
    assert (speeds > 0).all(axis=None) and set(rows.index) == set(SHOWN)


def test_parquet_is_sampled_as_its_table_as_csv(frame: pd.DataFrame) -> None:
    out = io.BytesIO()
    frame.to_parquet(out)
    rows = sample_bytes(out.getvalue(), "t.parquet", 16).set_index(["format", "codec"])
    assert rows.at[("csv", "none"), "bytes"] == pytest.approx(len(frame.to_csv(index=False)), rel=0.2)  # text is quoted


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"PAR1nonsense", "is not Parquet"),
        (b"a,b\n1\n2,3,4\n", "is not CSV"),
        (b"a,b\n", "has no rows"),
        (b"x" * (sample.MOST_BYTES + 1), "give a smaller part"),
    ],
)
def test_what_is_no_table_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        sample_bytes(content, "upload", 16)


def test_a_small_file_that_unfolds_to_a_large_table_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.BytesIO()
    pq.write_table(pa.table({"a": np.zeros(10_000)}), out)
    monkeypatch.setattr(sample, "MOST_VALUES", 9_999)
    with pytest.raises(InvalidInput, match="holds 10,000 values"):
        sample_bytes(out.getvalue(), "upload", 16)


def test_a_path_is_read_up_to_the_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "1,2\n" * 1000)
    monkeypatch.setattr(sample, "MOST_BYTES", 2002)
    rows = sample_file(path, 16).set_index(["format", "codec"])
    assert rows.at[("csv", "none"), "bytes"] == 2000, "whole lines only"
    with pytest.raises(InvalidInput, match="is not a file"):
        sample_file(tmp_path, 16)
    out = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": np.random.default_rng(0).normal(size=10_000)}), out)
    with pytest.raises(InvalidInput, match="give a smaller part"):
        sample_file(out, 16)


def varint(value: int) -> bytes:
    value %= 2**64
    made = b""
    while value >= 128:
        made, value = made + bytes([value & 127 | 128]), value >> 7
    return made + bytes([value])


def field(number: int, payload: bytes) -> bytes:
    return bytes([number << 3 | 2]) + varint(len(payload)) + payload


def test_tfrecord_bytes_are_those_of_written_examples() -> None:
    """tf.train.Example by hand (tensorflow/core/example: bytes_list 1, float_list 2, int64_list 3)."""
    rows = [(5, 0.5, "cat"), (-1, 2.0, "é" * 200), (300, None, None), (2**62, 1e-3, "")]
    names = ("id", "a_long_name_of_a_column", "kind")
    made = 0
    for number, score, kind in rows:
        features = [
            field(3, field(1, varint(number))),
            b"" if score is None else field(2, field(1, struct.pack("<f", score))),
            b"" if kind is None else field(1, field(1, kind.encode())),
        ]
        entries = b"".join(
            field(1, field(1, name.encode()) + field(2, feature)) for name, feature in zip(names, features, strict=True)
        )
        made += len(field(1, entries)) + 16
    table = pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
    assert tfrecord_bytes(table, 16) == made
