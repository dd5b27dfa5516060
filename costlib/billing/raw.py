"""A raw table of an export, by names that survive its spellings: text, numbers and times out of what is there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from costlib.billing.engine import MAP_PREFIX
from costlib.billing.versions import key_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

#: What stands for "nothing" where an export writes text. The empty text is usual, the others are oddities.
EMPTY_MARKS = ("",)
ODD_MARKS = ("null", "NULL", "Null", "None", "NaN", "nan")


class Raw:
    """Columns of a raw table by name, case and separators aside; what is not there comes as a missing value.

    ``cleaned`` are the columns in which marks for "nothing" were found: only they pay for being cleaned. After a
    mapping, ``texts`` and ``numbers`` are the columns that it used, and ``missing`` the names that it lacked.
    """

    def __init__(self, table: ir.Table, cleaned: Iterable[str] = ()) -> None:
        self.table = table
        self.cleaned = frozenset(cleaned)
        self.columns: dict[str, str] = {}
        for name in table.columns:
            if not name.startswith(MAP_PREFIX):
                self.columns.setdefault(key_of(name), name)
        self.texts: set[str] = set()
        self.numbers: set[str] = set()
        self.missing: set[str] = set()

    def _find(self, names: tuple[str, ...]) -> str | None:
        for name in names:
            if key_of(name) in self.columns:
                return self.columns[key_of(name)]
        self.missing.add(names[0])
        return None

    def has(self, name: str) -> bool:
        """Whether the export has the column."""
        return key_of(name) in self.columns

    def text(self, *names: str) -> Any:
        """The first of the named columns that is there, as text; never empty text."""
        name = self._find(names)
        if name is None:
            return nothing()
        self.texts.add(name)
        column: Any = self.table[name]
        if not column.type().is_string():
            return column.cast("string")
        return blanked(column) if name in self.cleaned else column

    def number(self, *names: str) -> Any:
        """The first of the named columns that is there, as a float; text that is no number is missing."""
        import ibis

        name = self._find(names)
        if name is None:
            return ibis.literal(0.0).nullif(0.0)
        self.numbers.add(name)
        column = as_number(self.table[name])
        return finite(column) if name in self.cleaned else column

    def time(self, *names: str) -> Any:
        """The first of the named columns that is there, as a time in UTC."""
        import ibis

        name = self._find(names)
        if name is None:
            return ibis.null("timestamp")
        column: Any = self.table[name]
        kind = column.type()
        if kind.is_timestamp() and kind.timezone is None:
            return column if kind.scale is None else column.cast("timestamp")
        return column.try_cast("timestamp") if kind.is_string() else column.cast("timestamp")

    def month(self, billing: str, charge: str) -> Any:
        """The start of the billing month; of the charge's month where the export, or a row of it, does not say."""
        import ibis

        name = self.columns.get(key_of(billing))
        if name is None:
            return self.time(charge).truncate("M")
        if name in self.cleaned:
            return ibis.coalesce(self.time(billing), self.time(charge).truncate("M"))
        return self.time(billing)

    def map(self, *names: str) -> Any:
        """The first of the named columns that is a map, or was made one from JSON text; else None."""
        for name in names:
            found = self.columns.get(key_of(name))
            if found is None:
                continue
            if self.table[found].type().is_map():
                return self.table[found]
            if MAP_PREFIX + found in self.table.columns:
                return self.table[MAP_PREFIX + found]
        return None


def finite(column: Any) -> Any:
    """A float, missing where it is no number or infinite: one such cost would take all sums with it."""
    import ibis

    return ibis.ifelse(column.isnan() | column.isinf(), ibis.null("float64"), column)


def nothing() -> Any:
    """Missing text. Not a null literal: Ibis compares those in a way of its own."""
    import ibis

    return ibis.literal("").nullif("")


def blanked(column: Any) -> Any:
    """Text, missing where it only stands for "nothing"."""
    import ibis

    return ibis.ifelse(column.isin([*EMPTY_MARKS, *ODD_MARKS]), ibis.null("string"), column)


def as_number(column: Any) -> Any:
    """A column as floats."""
    kind = column.type()
    if kind.is_string():
        return column.try_cast("float64")
    return column if kind == "float64" else column.cast("float64")


def no_tags() -> Any:
    """The tags of rows in an export without tags."""
    import ibis

    return ibis.null("map<string, string>")
