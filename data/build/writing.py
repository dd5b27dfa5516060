"""Writes a snapshot: its tables, and the PROVENANCE.json that describes them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from costlib.tables import snapshot_id_of

DATA_DIR = Path(__file__).resolve().parent.parent


def describe(name: str, frame: pd.DataFrame, content: bytes) -> dict[str, object]:
    """What PROVENANCE.json says of one table."""
    dates = frame["as_of"].dropna().astype(str).str[:10] if "as_of" in frame else pd.Series([], dtype=str)
    # Some rows are dated by month or year only; as text they sort before the days in them.
    dated = dates[dates.str.match(r"\d{4}(-\d{2}){0,2}$")]
    entry: dict[str, object] = {
        "file": f"{name}.csv",
        "rows": len(frame),
        "sha256": hashlib.sha256(content).hexdigest(),
        "as_of_oldest": dated.min() if len(dated) else None,
        "as_of_newest": dated.max() if len(dated) else None,
    }
    left_out = frame.attrs.get("left_out")
    return {**entry, "left_out": left_out} if left_out else entry


def write_snapshot(frames: Mapping[str, pd.DataFrame], out: Path, **more: str) -> None:
    """All tables beside the old ones, then swapped in, and PROVENANCE.json last; ``more`` stands in it, too.

    The same frames give the same bytes.
    """
    with tempfile.TemporaryDirectory(dir=out.parent) as staging_name:
        staging = Path(staging_name)
        tables = {}
        for name, frame in sorted(frames.items()):
            content = frame.to_csv(index=False, lineterminator="\n").encode()
            path = staging / f"{name}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            tables[name] = describe(name, frame, content)
        as_of = max(str(entry["as_of_newest"]) for entry in tables.values() if entry["as_of_newest"])
        identity = snapshot_id_of(as_of, {name: str(entry["sha256"]) for name, entry in tables.items()})
        manifest = {"snapshot_id": identity, "as_of": as_of, **more, "tables": tables}
        for name in tables:
            target = out / f"{name}.csv"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(staging / f"{name}.csv", target)
        beside = out / "PROVENANCE.json.new"
        beside.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        os.replace(beside, out / "PROVENANCE.json")
