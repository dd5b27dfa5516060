"""Reads the snapshot's tables, each checked against the checksum in PROVENANCE.json."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pandas as pd
import pyarrow as pa
from pyarrow import csv as arrow_csv

from costlib.errors import DataCorrupt, NotKnown, unknown
from costlib.paths import data_dir


@dataclass(frozen=True)
class Snapshot:
    """One dated set of tables on disk.

    ``snapshot_id`` names the content; ``as_of`` is the newest date in it; ``tables`` maps
    ``"prices/ec2_on_demand"`` and its like to ``{file, rows, sha256, as_of_oldest, as_of_newest}``.
    """

    root: Path
    snapshot_id: str
    as_of: str
    tables: Mapping[str, Mapping[str, object]]

    @classmethod
    def open(cls, root: str | os.PathLike[str] | None = None) -> Snapshot:
        """The snapshot in ``root`` (default: the embedded one). Raises DataCorrupt if it is not whole.

        Its description must be complete, name files inside ``root`` only, and have the id of its checksums; the tables
        themselves are read, and held to their checksums, when they are first used.
        """
        folder = Path(root) if root is not None else data_dir()
        manifest = folder / "PROVENANCE.json"
        try:
            content = json.loads(manifest.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise DataCorrupt(f"{manifest} is missing: {folder} holds no snapshot") from None
        except OSError as error:
            raise DataCorrupt(f"{manifest} cannot be read: {error.strerror}") from None
        except ValueError as error:
            raise DataCorrupt(f"{manifest} is not a snapshot's description: {error!r}") from None
        problems = description_problems(content, folder)
        if problems:
            raise DataCorrupt(f"{manifest} is not a snapshot's description: {'; '.join(problems)}")
        return cls(folder, content["snapshot_id"], content["as_of"], MappingProxyType(content["tables"]))

    def read(self, name: str) -> pd.DataFrame:
        """One table as a frame of its CSV's columns; empty text cells are missing values."""
        if name not in self.tables:
            raise NotKnown([unknown("table", name, self.tables, "table of the snapshot")])
        entry = self.tables[name]
        path = self.root / str(entry["file"])
        try:
            content = path.read_bytes()
        except OSError as error:
            raise DataCorrupt(f"{path} cannot be read: {error.strerror}") from None
        digest = hashlib.sha256(content).hexdigest()
        if digest != entry["sha256"]:
            raise DataCorrupt(
                f"{path} has checksum {digest[:12]}, PROVENANCE.json says {str(entry['sha256'])[:12]}:"
                " restore the file, or rebuild the snapshot"
            )
        options = arrow_csv.ConvertOptions(strings_can_be_null=True, null_values=[""], column_types=dict(TEXT_COLUMNS))
        try:
            frame = arrow_csv.read_csv(io.BytesIO(content), convert_options=options).to_pandas()
        except pa.ArrowException as error:
            raise DataCorrupt(f"{path} is not a table: {error}") from None
        if len(frame) != entry["rows"]:
            raise DataCorrupt(f"{path} has {len(frame):,} rows, PROVENANCE.json says {entry['rows']}")
        return frame


#: What PROVENANCE.json says of each table, and of which kind it is.
ENTRY: Mapping[str, type | tuple[type, ...]] = MappingProxyType(
    {
        "file": str,
        "rows": int,
        "sha256": str,
        "as_of_oldest": (str, type(None)),
        "as_of_newest": (str, type(None)),
    }
)


def description_problems(content: object, folder: Path) -> list[str]:
    """What is wrong with the content of a PROVENANCE.json in ``folder``; an empty list means nothing is."""
    if not isinstance(content, dict):
        return ["it is no object"]
    problems = [f"{name} is missing" for name in ("snapshot_id", "as_of") if not isinstance(content.get(name), str)]
    tables = content.get("tables")
    if not isinstance(tables, dict) or not tables:
        return [*problems, "tables is missing"]
    root = folder.resolve()
    for table, entry in tables.items():
        if not isinstance(entry, dict):
            problems.append(f"{table} is no object")
            continue
        wrong = [name for name, kind in ENTRY.items() if name not in entry or not isinstance(entry[name], kind)]
        problems += [f"{table} has no {name}" for name in wrong]
        if "file" not in wrong and not (root / entry["file"]).resolve().is_relative_to(root):
            problems.append(f"the file of {table}, {entry['file']}, is outside {root}")
    if problems:
        return problems
    newest = max((entry["as_of_newest"] or "" for entry in tables.values()), default="")
    if content["as_of"] != newest:
        problems.append(f"as_of is {content['as_of']}, the newest table is of {newest}")
    expected = snapshot_id_of(content["as_of"], {name: entry["sha256"] for name, entry in tables.items()})
    if content["snapshot_id"] != expected:
        problems.append(f"snapshot_id is {content['snapshot_id']}, its checksums make {expected}")
    return problems


def snapshot_id_of(as_of: str, checksums: Mapping[str, str]) -> str:
    """The name of a content: its newest date, and a digest of its tables' checksums in the order of their names."""
    digest = hashlib.sha256("".join(checksums[name] for name in sorted(checksums)).encode()).hexdigest()
    return f"{as_of}-{digest[:8]}"


#: Columns that look like numbers or dates in some rows and are text in all tables.
TEXT_COLUMNS = MappingProxyType({name: "string" for name in ("as_of", "az", "source", "rule", "note", "tier")})
