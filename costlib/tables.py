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
        """The snapshot in ``root`` (default: the embedded one). Raises DataCorrupt if it is not whole."""
        folder = Path(root) if root is not None else data_dir()
        manifest = folder / "PROVENANCE.json"
        try:
            content = json.loads(manifest.read_text(encoding="utf-8"))
            return cls(
                folder,
                content["snapshot_id"],
                content["as_of"],
                MappingProxyType(content["tables"]),
            )
        except FileNotFoundError:
            raise DataCorrupt(f"{manifest} is missing: {folder} holds no snapshot") from None
        except (ValueError, KeyError, TypeError) as error:
            raise DataCorrupt(f"{manifest} is not a snapshot's description: {error!r}") from None

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
        return arrow_csv.read_csv(io.BytesIO(content), convert_options=options).to_pandas()


#: Columns that look like numbers or dates in some rows and are text in all tables.
TEXT_COLUMNS = MappingProxyType({name: "string" for name in ("as_of", "az", "source", "rule", "note", "tier")})
