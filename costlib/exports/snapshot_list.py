"""The tables of a snapshot as rows: how many rows, of which dates, and whether the file is the one described."""

from __future__ import annotations

import hashlib
from typing import Any

from costlib.tables import Snapshot


def snapshot_rows(snapshot: Snapshot) -> list[dict[str, Any]]:
    """One row a table; ``verified`` is False where the file is missing or its checksum differs."""
    rows = []
    for name, entry in sorted(snapshot.tables.items()):
        try:
            digest = hashlib.sha256((snapshot.root / str(entry["file"])).read_bytes()).hexdigest()
        except OSError:
            digest = ""
        rows.append(
            {
                "table": name,
                "rows": entry["rows"],
                "as_of_oldest": entry["as_of_oldest"],
                "as_of_newest": entry["as_of_newest"],
                "sha256": entry["sha256"],
                "verified": digest == entry["sha256"],
            }
        )
    return rows
