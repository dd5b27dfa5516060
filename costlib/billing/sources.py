"""Finds the files of an export (a file, a folder, partitions, S3), their formats and versions; nothing is read yet."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costlib.billing.notes import Note, listed
from costlib.billing.versions import not_a_bill, version_of
from costlib.errors import Fault, InvalidInput

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

SUFFIXES = (".parquet", ".csv", ".gz", ".zip")
#: The folders that exports give to a month: FOCUS and CUR 2.0, and the legacy CUR.
_PERIOD = re.compile(r"^(?:(?i:billing_period)=.+|\d{8}-\d{8})$")
_MAGIC = {b"PAR1": "parquet", b"PK\x03\x04": "zip"}


@dataclass(frozen=True)
class BillFile:
    """One file: its format and compression, its columns with their types, and its rows where the file says them."""

    path: str
    size: int
    modified: float
    format: str
    compression: str | None
    version: str
    columns: tuple[tuple[str, str], ...]
    rows: int | None
    remote: bool


@dataclass(frozen=True)
class FileGroup:
    """Files of one format, version and schema, which an engine reads as one table; ``root``: their export's folder."""

    paths: tuple[str, ...]
    format: str
    compression: str | None
    version: str
    columns: tuple[tuple[str, str], ...]
    remote: bool = False
    root: str = ""


def find_files(path: str) -> tuple[list[BillFile], list[Note]]:
    """The files of the export at ``path`` (a file, a folder, ``s3://bucket/prefix``), and what was left aside.

    Raises InvalidInput with every file that is not readable, not whole, or not a bill.
    """
    from pyarrow.fs import FileSelector, FileType

    system, base = _filesystem(path)
    info = system.get_file_info(base)
    if info.type == FileType.NotFound:
        raise InvalidInput([Fault("bill", path, "is not there")])
    single = info.type == FileType.File
    infos = [info] if single else [i for i in system.get_file_info(FileSelector(base, recursive=True)) if i.is_file]
    named = [one for one in sorted(infos, key=lambda one: one.path) if single or _looks_like_data(one.path)]
    notes: list[Note] = []
    if aside := [one.path for one in infos if one not in named]:
        text = f"{len(aside)} other files are left aside: {listed([Path(one).name for one in sorted(aside)])}"
        notes.append(Note("other_files", path, text))
    files: list[BillFile] = []
    faults: list[Fault] = []
    for one in named:
        try:
            files.append(_open(system, one, remote=path.startswith("s3://")))
        except InvalidInput as error:
            faults += error.faults
    if faults:
        raise InvalidInput(faults)
    if not files:
        raise InvalidInput([Fault("bill", path, "holds no Parquet or CSV file")])
    return files, notes


def _filesystem(path: str) -> tuple[FileSystem, str]:
    from pyarrow.fs import FileSystem, LocalFileSystem

    if path.startswith("s3://"):
        try:
            return FileSystem.from_uri(path.rstrip("/"))
        except OSError as error:
            raise InvalidInput([Fault("bill", path, f"cannot be reached: {error}")]) from error
    if re.match(r"^[a-z][a-z0-9]+://", path):
        raise InvalidInput([Fault("bill", path, "is neither a path nor an s3:// address")])
    return LocalFileSystem(), str(Path(path).expanduser().absolute())


def _looks_like_data(path: str) -> bool:
    name = Path(path).name.lower()
    return name.endswith(SUFFIXES) and not name.startswith((".", "_"))


def _open(system: FileSystem, info: Any, remote: bool) -> BillFile:
    """One file, by its first bytes and its header. Raises InvalidInput if it is not a whole bill."""
    try:
        with system.open_input_stream(info.path, compression=None) as stream:
            magic = stream.read(4)
        kind = _MAGIC.get(magic, "csv")
        compression = "gzip" if magic[:2] == b"\x1f\x8b" else None
        if not magic:
            raise InvalidInput([Fault("bill", info.path, "is empty")])
        if kind == "zip":
            raise InvalidInput([Fault("bill", info.path, "is a zip archive: unpack it, and read the folder")])
        if kind == "parquet" or info.path.lower().endswith(".parquet"):
            kind, (columns, rows) = "parquet", _parquet(system, info.path)
        else:
            columns, rows = _csv_header(system, info.path, compression), None
    except (OSError, UnicodeDecodeError, EOFError, ValueError) as error:
        if isinstance(error, InvalidInput):
            raise
        problem = f"is truncated or damaged: {str(error).splitlines()[0][:200]}"
        raise InvalidInput([Fault("bill", info.path, problem)]) from error
    version = version_of(name for name, _ in columns)
    if version is None:
        raise InvalidInput([Fault("bill", info.path, not_a_bill(name for name, _ in columns))])
    modified = info.mtime_ns / 1e9 if info.mtime_ns else 0.0
    where = f"s3://{info.path}" if remote else info.path
    return BillFile(where, info.size, modified, kind, compression, version, columns, rows, remote)


def _parquet(system: FileSystem, path: str) -> tuple[tuple[tuple[str, str], ...], int]:
    from pyarrow import parquet

    # pyarrow's own errors derive from ValueError and OSError.
    with parquet.ParquetFile(path, filesystem=system) as file:
        columns = tuple((field.name, str(field.type)) for field in file.schema_arrow)
        return columns, int(file.metadata.num_rows)


def _csv_header(system: FileSystem, path: str, compression: str | None) -> tuple[tuple[str, str], ...]:
    with system.open_input_stream(path, compression=compression) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        header = next(csv.reader(text), [])
    return tuple((name, "string") for name in header)


def grouped(files: Iterable[BillFile]) -> list[FileGroup]:
    """The files by export, format, version and schema, in the order of their paths."""
    groups: dict[tuple[object, ...], FileGroup] = {}
    for file in files:
        root = _root(file.path)
        key = (root, file.format, file.compression, file.version, file.columns)
        if key in groups:
            groups[key] = replace(groups[key], paths=(*groups[key].paths, file.path))
        else:
            made = FileGroup((file.path,), file.format, file.compression, file.version, file.columns, file.remote, root)
            groups[key] = made
    return list(groups.values())


def _root(path: str) -> str:
    """The folder of the export that a file is of: the one above its month's folder, or the file's own."""
    parts = Path(path).parts[:-1]
    at = [number for number, part in enumerate(parts) if _PERIOD.match(part)]
    return str(Path(*(parts[: at[0]] if at else parts)))


def without_old_editions(files: list[BillFile]) -> tuple[list[BillFile], list[Note]]:
    """Of a month's folder that holds several executions of the export, the newest only.

    An export that keeps its history writes each delivery of a month whole, into a folder of its own: they add up to
    several times the cost. The newest is the one with the newest file; of equals the last by name.
    """
    editions: dict[str, dict[str, list[BillFile]]] = {}
    for file in files:
        parts = Path(file.path).parts[:-1]
        at = [number for number, part in enumerate(parts) if _PERIOD.match(part)]
        if at and at[-1] + 1 < len(parts):
            period, edition = "/".join(parts[: at[-1] + 1]), parts[at[-1] + 1]
            editions.setdefault(period, {}).setdefault(edition, []).append(file)
    old: set[str] = set()
    notes = []
    for period, by_edition in editions.items():
        newest = max(by_edition, key=lambda name: (max(file.modified for file in by_edition[name]), name))
        gone = [name for name in sorted(by_edition) if name != newest]
        if gone:
            old |= {file.path for name in gone for file in by_edition[name]}
            text = f"holds {len(by_edition)} deliveries of one month; {newest} is read, {listed(gone)} left out"
            notes.append(Note("old_edition", period, text))
    return [file for file in files if file.path not in old], notes


def without_copies(files: list[BillFile]) -> tuple[list[BillFile], list[Note]]:
    """The files without those that are another one's bytes over again."""
    by_size: dict[int, list[BillFile]] = {}
    for file in files:
        by_size.setdefault(file.size, []).append(file)
    seen: dict[str, str] = {}
    copies: set[str] = set()
    notes = []
    for file in files:
        if len(by_size[file.size]) == 1:
            continue
        digest = _digest(file.path)
        if digest in seen:
            copies.add(file.path)
            notes.append(Note("duplicate", file.path, f"is left out: it is a copy of {seen[digest]}"))
        else:
            seen[digest] = file.path
    return [file for file in files if file.path not in copies], notes


def _digest(path: str) -> str:
    system, inner = _filesystem(path)
    made = hashlib.sha256()
    with system.open_input_stream(inner, compression=None) as stream:
        while block := stream.read(1 << 20):
            made.update(block)
    return made.hexdigest()
