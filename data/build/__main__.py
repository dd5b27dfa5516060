"""Builds the snapshot's tables from raw files: ``python -m data.build RAW_DIR REFERENCE_DIR``.

Each builder returns ``{table name: frame}``. All tables are written beside the old ones and swapped in
together at the end, with a PROVENANCE.json that describes them; the same input gives the same bytes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

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
from data.build.writing import DATA_DIR, write_snapshot


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
    write_snapshot(frames, out, currency="USD")


def main() -> None:
    """Reads the folders from the command line."""
    parser = argparse.ArgumentParser(prog="python -m data.build", description=__doc__)
    parser.add_argument("raw", type=Path, help="folder with prices/ and hardware/")
    parser.add_argument("reference", type=Path, help="folder with mfu.csv, published_runs.csv and memory_*.csv")
    arguments = parser.parse_args()
    build(arguments.raw, arguments.reference, DATA_DIR)


if __name__ == "__main__":
    main()
