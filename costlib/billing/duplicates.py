"""Finds the same export twice in other bytes: as CSV and as Parquet, packed in two ways, or written anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from costlib.billing import view
from costlib.billing.notes import Note
from costlib.billing.sources import BillFile, grouped

if TYPE_CHECKING:
    from costlib.billing.engine import Engine


def without_twins(engine: Engine, files: list[BillFile]) -> tuple[list[BillFile], list[Note]]:
    """The files without those whose rows another file holds, too: as many, with the same costs, times and resources.

    Only files that may be the same are looked into: Parquet files with as many rows, and files of one version in two
    formats. Chunks of one export hold different rows.
    """
    suspects = [file for file in files if _suspect(file, files)]
    seen: dict[tuple[object, ...], str] = {}
    gone: set[str] = set()
    notes = []
    for file in suspects:
        key = (file.version, *_content(engine, file))
        if key in seen:
            gone.add(file.path)
            notes.append(Note("duplicate", file.path, f"is left out: its rows are those of {seen[key]}"))
        else:
            seen[key] = file.path
    return [file for file in files if file.path not in gone], notes


def _suspect(file: BillFile, files: list[BillFile]) -> bool:
    for other in files:
        if other.path == file.path or other.version != file.version:
            continue
        if file.rows is not None and other.rows is not None:
            if file.rows == other.rows:
                return True
        elif (file.format, file.compression) != (other.format, other.compression):
            return True
    return False


def _content(engine: Engine, file: BillFile) -> tuple[object, ...]:
    """What the file's rows come to, whatever their order and format."""
    (group,) = grouped([file])
    rows = view.part_of(group, view.raw_of(engine, group)).rows
    asked = {"rows": rows.count(), "first": rows.charge_start.min(), "last": rows.charge_end.max()}
    asked |= {cost: rows[cost].sum().round(6) for cost in view.COSTS}
    asked |= {"quantity": rows.quantity.sum().round(6), "resources": rows.resource_id.nunique()}
    asked |= {"least": rows.resource_id.min(), "most": rows.resource_id.max(), "kinds": rows.description.nunique()}
    return tuple(None if value != value else value for value in engine.execute(rows.aggregate(**asked)).iloc[0])
