"""A user's table (CSV, gzipped CSV, Parquet) as text cells, each row under the number that a spreadsheet shows."""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as parquet
from pyarrow import csv as arrow_csv

from costlib.errors import Fault, InvalidInput, nearest
from costlib.models.commitments_inputs import MOST_ROWS, refuse

Ints = npt.NDArray[np.int64]

#: The most text, and the most rows, that are read: ten times a year of fifty types. A small compressed file may unfold
#: to any size.
MOST_BYTES = 256 << 20
MOST_TABLE_ROWS = 5_000_000
#: The header is row 1, as in a spreadsheet; a Parquet table is numbered as if it had one.
FIRST_ROW = 2
_OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs"}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SIMPLE = "text, numbers or times"


def read_bytes(path: str | os.PathLike[str], field: str) -> bytes:
    """What a file holds. Raises InvalidInput where it cannot be read."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InvalidInput([Fault(field, str(path), f"cannot be read: {error.strerror}")]) from None


def table_of(content: bytes, name: str, field: str) -> pd.DataFrame:
    """The cells as stripped text, categories, "" where empty; the index is the row, the header being row 1.

    What a file is, is told by how it begins, not by its name. Rows without any text are left out. Raises InvalidInput
    for what is no such table, and for rows that are longer or shorter than the header, all of them at once.
    """
    if content[:4] == b"PAR1":
        frame = _parquet(content, name, field)
    elif Path(name).suffix == ".parquet":
        raise InvalidInput([Fault(field, name, "is not a Parquet file, though its name says so")])
    else:
        frame = _csv(_text(content, name, field), name, field)
    if frame.empty:
        raise InvalidInput([Fault(field, name, "holds no rows")])
    return frame


def column_faults(
    columns: Sequence[str], required: Iterable[str], known: Sequence[str], field: str
) -> tuple[list[Fault], list[str]]:
    """Faults for required columns that are not there, each with unknown ones that look alike; and the unknown ones."""
    strange = [column for column in columns if column not in known]
    faults = [
        Fault(f"{field} columns", column, "is missing", nearest(column, strange))
        for column in required
        if column not in columns
    ]
    return faults, strange


def not_read(strange: Iterable[str], known: Sequence[str]) -> Iterator[str]:
    """A note for each unknown column, with known ones that look alike."""
    for column in strange:
        close = nearest(column, known)
        yield f"column {column!r} is not read" + (f" (did you mean {', '.join(close)}?)" if close else "")


def named_rows(index: pd.Index, at: npt.ArrayLike) -> str:
    """The numbers of some rows, at most MOST_ROWS of them, in brackets: ``(rows 2, 3, ...)``."""
    rows = index[np.asarray(at)]
    return f"(rows {', '.join(map(str, rows[:MOST_ROWS]))}{', ...' if len(rows) > MOST_ROWS else ''})"


def _text(content: bytes, name: str, field: str) -> str:
    if content[:2] == b"\x1f\x8b":
        try:
            with gzip.open(io.BytesIO(content)) as unfolded:
                content = unfolded.read(MOST_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise InvalidInput([Fault(field, name, f"is broken: it does not decompress ({error})")]) from None
    if content[:2] == b"PK":
        raise InvalidInput([Fault(field, name, "is a workbook or an archive: save the sheet as a CSV")])
    if len(content) > MOST_BYTES:
        raise InvalidInput([Fault(field, name, f"holds more than {MOST_BYTES >> 20} MiB of text")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise InvalidInput([Fault(field, name, f"is not UTF-8 text: byte {error.start}, line {row}")]) from None
    control = sorted({repr(sign) for sign in _CONTROL.findall(text)})
    if control:
        raise InvalidInput([Fault(field, name, f"holds control characters: {', '.join(control[:MOST_ROWS])}")])
    return text


def _csv(text: str, name: str, field: str) -> pd.DataFrame:
    try:
        header = [column.strip() for column in next(csv.reader(io.StringIO(text, newline=""), strict=True), [])]
    except csv.Error as error:
        raise InvalidInput([Fault(field, name, f"is not a CSV: {error} (row 1)")]) from None
    if not any(header):
        raise InvalidInput([Fault(field, name, "is empty: its first row must name the columns")])
    if len(header) == 1:
        for separator, words in _OTHER_SEPARATORS.items():
            if separator in header[0]:
                problem = f"has its columns separated by {words}: save it with commas between them"
                raise InvalidInput([Fault(field, name, problem)])
    faults = _header_faults(header, field)
    if not faults and '"' not in text:
        frame = _csv_at_once(text, header)
        if frame is not None:
            return frame
    return _csv_by_rows(text, header, faults, name, field)


def _csv_at_once(text: str, header: Sequence[str]) -> pd.DataFrame | None:
    """The cells of a CSV without quotes; None where its rows are not even, which the other reader tells apart."""
    try:
        table = arrow_csv.read_csv(
            io.BytesIO(text.encode()),
            arrow_csv.ReadOptions(column_names=list(header), skip_rows=1),
            arrow_csv.ParseOptions(quote_char=False, ignore_empty_lines=False),
            arrow_csv.ConvertOptions(column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False),
        )
    except pa.ArrowInvalid:
        return None
    columns = {column: _coded(values) for column, values in zip(header, table.columns, strict=True)}
    return _without_blank_rows(columns, pd.RangeIndex(FIRST_ROW, FIRST_ROW + table.num_rows))


def _csv_by_rows(text: str, header: Sequence[str], faults: list[Fault], name: str, field: str) -> pd.DataFrame:
    """The cells of any CSV, or InvalidInput with ``faults`` and those of its rows."""
    rows: list[list[str]] = []
    try:
        rows.extend(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        problem = f"is not a CSV: {error} (row {len(rows) + 1})"
        raise InvalidInput([*faults, Fault(field, name, problem)]) from None
    widths = np.fromiter(map(len, rows[1:]), np.int64, len(rows) - 1)
    index = pd.RangeIndex(FIRST_ROW, FIRST_ROW + len(widths))
    wrong = np.flatnonzero((widths > 0) & (widths != len(header)))
    if len(wrong):
        cells = f"{widths[wrong[0]]} cells"
        problem = f"in a row where the header has {len(header)} {named_rows(index, wrong)}"
        faults = [*faults, Fault(field, cells, problem)]
    refuse(faults)
    there = np.flatnonzero(widths)
    columns = zip(*(rows[at + 1] for at in there.tolist()), strict=True)
    cells_by_column = [_category(*pd.factorize(np.array(column, dtype=object))) for column in columns]
    return _without_blank_rows(dict(zip(header, cells_by_column, strict=bool(len(there)))), index[there])


def _parquet(content: bytes, name: str, field: str) -> pd.DataFrame:
    try:
        file = parquet.ParquetFile(io.BytesIO(content))
        if file.metadata.num_rows > MOST_TABLE_ROWS:
            raise InvalidInput([Fault(field, name, f"holds more than {MOST_TABLE_ROWS:,} rows")])
        table = file.read()
    except (pa.ArrowException, OSError, EOFError, UnicodeDecodeError) as error:
        told = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InvalidInput([Fault(field, name, f"is broken Parquet: {told}")]) from None
    header = [column.strip() for column in table.column_names]
    faults = _header_faults(header, field)
    columns = {}
    for column, values in zip(header, table.columns, strict=True):
        try:
            columns[column] = _coded(values)
        except (pa.ArrowException, UnicodeDecodeError):
            faults.append(Fault(f"{field} columns", column, f"holds {values.type}, not {_SIMPLE}"))
    refuse(faults)
    return _without_blank_rows(columns, pd.RangeIndex(FIRST_ROW, FIRST_ROW + table.num_rows))


def _header_faults(header: Sequence[str], field: str) -> list[Fault]:
    where = f"{field} columns"
    faults = [Fault(where, name, "is given twice") for name in sorted({*header} - {""}) if header.count(name) > 1]
    return faults + [Fault(where, at + 1, "has no name") for at, name in enumerate(header) if not name]


def _coded(values: pa.ChunkedArray) -> pd.Categorical:
    coded = values.combine_chunks().dictionary_encode()
    words = coded.dictionary.cast(pa.string()).to_numpy(zero_copy_only=False)
    codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return _category(codes.astype(np.int64), words)


def _category(codes: Ints, words: npt.NDArray[np.object_]) -> pd.Categorical:
    """Text by code, -1 being none; stripping may make two words one."""
    stripped = np.array([*(str(word).strip() if word is not None else "" for word in words), ""], dtype=object)
    merged, distinct = pd.factorize(stripped)
    return pd.Categorical.from_codes(merged[codes], categories=pd.Index(distinct, dtype=object))


def _without_blank_rows(columns: dict[str, pd.Categorical], index: pd.Index) -> pd.DataFrame:
    frame = pd.DataFrame(columns, index=index)
    blank = np.ones(len(frame), bool)
    for name in frame:
        blank &= (frame[name] == "").to_numpy()
    return frame[~blank] if blank.any() else frame
