"""How large a table would be as TFRecord: each row a tf.train.Example, its bytes counted and none written."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]


def tfrecord_bytes(table: pa.Table, overhead_bytes: int) -> int:
    """Bytes of a TFRecord file of the rows, with ``overhead_bytes`` a record (length and two checksums).

    As protocol buffers lay an Example out: a map from column to Feature, a message each; integers as varints, floats
    as 4 bytes, all else as text. A missing value is a Feature without values.
    """
    rows = table.num_rows
    features = np.zeros(rows, np.int64)
    for name, column in zip(table.column_names, table.columns, strict=True):
        feature = _feature_bytes(column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column)
        key = len(name.encode())
        entry = _field(np.full(rows, key)) + _field(feature)
        features += _field(entry)
    return int((_field(features) + overhead_bytes).sum())


def _field(payload: Ints) -> Ints:
    """A length-delimited field with a one-byte tag: tag, length, payload."""
    return 1 + _varint(payload) + payload


def _varint(values: Ints) -> Ints:
    """Bytes of unsigned varints: seven bits a byte."""
    unsigned = values.astype(np.uint64)
    size = np.ones(values.shape, np.int64)
    for bits in range(7, 64, 7):
        size += unsigned >= np.uint64(1 << bits)
    return size


def _feature_bytes(column: pa.Array) -> Ints:
    """Bytes of the Feature of each value: a list in a oneof, packed where it holds numbers."""
    missing = column.is_null().to_numpy(zero_copy_only=False)
    kind = column.type
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        values = pc.fill_null(column.cast(pa.int64(), safe=False), 0).to_numpy(zero_copy_only=False)
        listed = _field(_varint(values))
    elif pa.types.is_floating(kind):
        listed = _field(np.full(len(column), 4))
    else:
        text = pc.fill_null(column if pa.types.is_binary(kind) else column.cast(pa.string()), "")
        listed = _field(pc.binary_length(text).to_numpy(zero_copy_only=False).astype(np.int64))
    return np.where(missing, 0, _field(listed))
