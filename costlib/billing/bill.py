"""Opens a bill: files to one view, reconciled, with notes. Everything else in this room asks a Bill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from costlib.billing import cur_legacy, duplicates, focus, overlaps, sources, view
from costlib.billing.engine import Engine, open_engine
from costlib.billing.notes import Note, listed
from costlib.billing.reconcile import Reconciliation, by_month, month_of, notes_of, reconciled
from costlib.billing.survey import survey
from costlib.billing.versions import CUR_LEGACY, VERSIONS, version_of
from costlib.errors import Fault, InvalidInput, unknown

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from costlib.billing.view import Part


@dataclass(frozen=True)
class Bill:
    """A bill of one currency: ``rows`` is the view (view.COLUMNS) as an Ibis table, nothing of it in memory.

    ``months`` has rows and costs by month, kind of charge and payer; ``reconciliation`` holds the view against the raw
    files of all currencies; ``notes`` say what was odd.
    """

    engine: Engine
    rows: ir.Table
    parts: tuple[Part, ...]
    source: str
    versions: tuple[str, ...]
    currency: str | None
    months: pd.DataFrame
    reconciliation: Reconciliation
    notes: tuple[Note, ...]

    def ask(self, expression: Any) -> pd.DataFrame:
        """The answer to an expression on ``rows``, as a small frame."""
        return self.engine.execute(expression)

    @cached_property
    def tag_keys(self) -> tuple[str, ...]:
        """The export's own keys of all tags that some row carries, in alphabetical order."""
        found: set[str] = set()
        for part in self.parts:
            if part.group.version == CUR_LEGACY:
                columns = cur_legacy.tag_columns(part.raw.table.columns)
                if columns:
                    tags = part.rows.tags
                    asked = {f"t{n}": tags.get(key).count() for n, key in enumerate(columns)}
                    counts = self.ask(part.rows.aggregate(**asked)).iloc[0]
                    found |= {key for n, key in enumerate(columns) if counts[f"t{n}"]}
                continue
            keys = self.ask(part.rows.filter(part.rows.has_tags).select(keys=part.rows.tags.keys()).distinct())
            found |= {str(key) for some in keys["keys"] if some is not None for key in some}
        return tuple(sorted(found))

    def spellings(self, key: str) -> tuple[str, ...]:
        """How the export writes a tag's key: ``team`` may stand as ``user:team`` or ``user_team``."""
        return tuple(raw for raw in (key, f"user:{key}", f"user_{key}") if raw in self.tag_keys)

    def tag(self, key: str) -> Any:
        """The value of a tag, as an expression on ``rows``; missing where a row has none, or an empty one.

        Raises InvalidInput, with close matches, for a key that no row of the bill carries.
        """
        import ibis

        spellings = self.spellings(key)
        if not spellings:
            keys = sorted({plain_key(raw) for raw in self.tag_keys})
            raise InvalidInput([unknown("tag", key, keys, "tag of this bill")])
        values = [self.engine.entry(self.rows.tags, raw).nullif("") for raw in spellings]
        return values[0] if len(values) == 1 else ibis.coalesce(*values)


def plain_key(raw: str) -> str:
    """A tag's key without the mark that AWS puts before the user's own."""
    return raw.removeprefix("user:").removeprefix("user_")


def open_bill(
    path: str, engine: Engine | None = None, *, currency: str | None = None, version: str | None = None
) -> Bill:
    """The bill at ``path``: a file, a folder, ``s3://bucket/prefix``, or with Athena the name of a table.

    ``version`` (one of versions.VERSIONS) reads only the files of one kind, ``currency`` only its rows. Raises
    InvalidInput for what is no bill or damaged, for two currencies, and for a month that is there in two kinds.
    """
    if version is not None and version not in VERSIONS:
        raise InvalidInput([unknown("version", version, VERSIONS, "kind of export")])
    engine = engine if engine is not None else open_engine()
    groups, notes = _groups(path, engine, version)
    parts, surveys, months = [], [], []
    for group in groups:
        raw = view.raw_of(engine, group)
        seen = survey(engine, group, raw)
        part = view.part_of(group, raw, seen.cleaned)
        parts.append(part)
        surveys.append(seen)
        months.append(engine.execute(by_month(part.rows)).assign(version=group.version))
        notes += seen.notes
    notes += overlaps.checked(parts, months)
    all_months = pd.concat(months, ignore_index=True)
    if not len(all_months):
        raise InvalidInput([Fault("bill", path, "holds no rows")])
    money, rows = _currency(all_months, currency, _union(parts))
    mine = all_months if money is None else all_months[all_months["currency"].isin([money]) | _unsaid(all_months)]
    versions = tuple(dict.fromkeys(part.group.version for part in parts))
    if len(versions) > 1:
        notes.append(Note("mixed_versions", path, f"holds {' and '.join(versions)}, of different months"))
    notes += notes_of(mine, focus.CATEGORIES)
    comparison = reconciled(surveys, all_months)
    if not comparison.whole:
        lost = ", ".join(f"{cost} {amount:,.2f}" for cost, amount in comparison.difference.items() if round(amount, 2))
        lost = lost or ", ".join(f"{cost} of {rows:,} rows is no number" for cost, rows in comparison.unread.items())
        notes.append(Note("not_reconciled", path, f"the view does not hold all of the raw files: {lost}"))
    return Bill(engine, engine.keep(rows), tuple(parts), path, versions, money, mine, comparison, tuple(notes))


def _groups(path: str, engine: Engine, version: str | None) -> tuple[list[sources.FileGroup], list[Note]]:
    if engine.name == "athena":
        columns = tuple(engine.columns(path).items())  # type: ignore[attr-defined]
        found = version_of(name for name, _ in columns)
        if found is None:
            raise InvalidInput([Fault("table", path, sources.not_a_bill(name for name, _ in columns))])
        return [sources.FileGroup((path,), "athena", None, found, columns)], []
    files, notes = sources.find_files(path)
    if version is not None:
        held = sorted({file.version for file in files})
        files = [file for file in files if file.version == version]
        if not files:
            raise InvalidInput([Fault("version", version, f"is not among the files: they are {listed(held)}")])
    for step in (sources.without_old_editions, sources.without_copies):
        files, more = step(files)
        notes += more
    files, more = duplicates.without_twins(engine, files)
    return sources.grouped(files), [*notes, *more]


def _unsaid(months: pd.DataFrame) -> pd.Series[bool]:
    return months["currency"].isna()


def _union(parts: Sequence[Part]) -> Any:
    import ibis

    return parts[0].rows if len(parts) == 1 else ibis.union(*(part.rows for part in parts))


def _currency(months: pd.DataFrame, wanted: str | None, rows: Any) -> tuple[str | None, Any]:
    """The bill's one currency and its rows. Raises InvalidInput where there are two and none was chosen."""
    totals = months.groupby("currency")["billed_cost"].sum()
    found = [str(name) for name in totals.index]
    if wanted is not None and wanted not in found:
        raise InvalidInput([unknown("currency", wanted, found, "currency of this bill")])
    if wanted is None and len(found) > 1:
        amounts = ", ".join(f"{name} {amount:,.2f}" for name, amount in totals.items())
        problem = f"holds more than one currency ({amounts}), which do not add up; choose one"
        raise InvalidInput([Fault("currency", None, problem)])
    if len(found) > 1:
        return wanted, rows.filter(rows.currency == wanted)
    return (found[0] if found else None), rows


def of_month(bill: Bill, month: str) -> Bill:
    """The same bill, of one month (``2026-09``) only. Raises InvalidInput for a month without rows."""
    held = sorted({f"{at:%Y-%m}" for at in bill.months["month"].dropna()})
    if month not in held:
        raise InvalidInput([unknown("month", month, held, "month of this bill")])
    start = pd.Timestamp(f"{month}-01")
    chosen = bill.months[bill.months["month"] == start]
    return replace(bill, rows=bill.rows.filter(month_of(bill.rows) == start.to_pydatetime()), months=chosen)


__all__ = ["Bill", "of_month", "open_bill", "plain_key"]
