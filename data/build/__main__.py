"""Builds the snapshot's tables from raw files: ``python -m data.build RAW_DIR REFERENCE_DIR``.

Each builder returns ``{table name: frame}``. All tables are written beside the old ones and swapped in
together at the end, with a PROVENANCE.json that describes them; the same input gives the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path

import pandas as pd

from costlib.tables import snapshot_id_of
from data.build import (
    facts_tables,
    later_runs,
    prices_tables,
    reference_memory,
    reference_runs,
    region_places,
    storage_facts,
    successors,
    throughput_tables,
)
from data.build.common import in_public_words

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


def build(raw: Path, reference: Path, out: Path) -> None:
    """Writes every table and PROVENANCE.json under ``out``."""
    built = {**prices_tables.build(raw), **facts_tables.build(raw, reference)}
    built["prices/sources"] = prices_tables.sources(raw, built)
    built["facts/region_places"] = region_places.region_places()
    built["facts/successors"] = successors.successors()
    built["facts/training_throughput"] = throughput_tables.training_throughput(raw)
    built["facts/storage_facts"] = storage_facts.storage_facts()
    built |= reference_memory.memory_tables(reference)
    built["reference/published_runs"] = reference_runs.published_runs(reference / "published_runs.csv")
    built["reference/later_runs"] = later_runs.later_runs()
    frames = {name: in_public_words(frame) for name, frame in built.items()}
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
        manifest = {
            "snapshot_id": snapshot_id_of(as_of, {name: str(entry["sha256"]) for name, entry in tables.items()}),
            "as_of": as_of,
            "currency": "USD",
            "tables": tables,
        }
        for name in tables:
            target = out / f"{name}.csv"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(staging / f"{name}.csv", target)
        beside = out / "PROVENANCE.json.new"
        beside.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        os.replace(beside, out / "PROVENANCE.json")


def main() -> None:
    """Reads the folders from the command line."""
    parser = argparse.ArgumentParser(prog="python -m data.build", description=__doc__)
    parser.add_argument("raw", type=Path, help="folder with prices/ and hardware/")
    parser.add_argument("reference", type=Path, help="folder with mfu.csv, published_runs.csv and memory_*.csv")
    arguments = parser.parse_args()
    build(arguments.raw, arguments.reference, DATA_DIR)


if __name__ == "__main__":
    main()
