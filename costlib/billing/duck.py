"""The default engine: DuckDB inside this process, out of core, on files as they lie or on S3."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costlib.billing.engine import MAP_PREFIX
from costlib.errors import Fault, InvalidInput

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

    from costlib.billing.sources import FileGroup


class DuckEngine:
    """DuckDB with ``memory_limit`` for its work; what does not fit goes to a folder that ends with the process."""

    name = "duckdb"

    def __init__(self, memory_limit: str = "1GB", threads: int | None = None) -> None:
        import duckdb
        import ibis

        self._spill = tempfile.TemporaryDirectory(prefix="costlib-bill-")
        settings: dict[str, Any] = {"memory_limit": memory_limit, "temp_directory": self._spill.name}
        if threads is not None:
            settings["threads"] = threads
        try:
            self.backend = ibis.duckdb.connect(**settings)
        except duckdb.Error as error:
            raise InvalidInput([Fault("memory_limit", memory_limit, f"is refused: {first_line(error)}")]) from error
        # Bills are in UTC, whatever this machine's zone. Their order is of no account, and keeping it costs memory.
        self._run("SET TimeZone = 'UTC'")
        self._run("SET preserve_insertion_order = false")
        self._tables = 0

    def _run(self, statement: str) -> Any:
        return self.backend.con.execute(statement)

    def read(self, group: FileGroup, maps: Sequence[str] = ()) -> ir.Table:
        """The group's files as a view. CSV becomes Parquet first, all of it text: nothing is guessed from some rows."""
        self._tables += 1
        name = f"bill_raw_{self._tables}"
        if group.remote:
            from costlib.billing.remote import dataset_of

            self.backend.con.register(f"{name}_files", dataset_of(group))
            source = f'"{name}_files"'
        else:
            source = self._reader(group)
        added = "".join(
            f", TRY_CAST(TRY_CAST({quoted(column)} AS JSON) AS MAP(VARCHAR, VARCHAR)) AS {quoted(MAP_PREFIX + column)}"
            for column in maps
        )
        try:
            if group.format == "csv":
                # Read once, into the spill folder: packed text is slow to read, and would be for every question. DuckDB
                # also hands a TRY_CAST down to its reader of CSV, which then refuses what is no number.
                kept = str(Path(self._spill.name) / f"{name}.parquet")
                self._run(f"COPY (SELECT * FROM {source}) TO {literal(kept)} (FORMAT parquet, COMPRESSION zstd)")
                source = f"read_parquet({literal(kept)})"
            self._run(f'CREATE TEMP VIEW "{name}" AS SELECT *{added} FROM {source}')
        except Exception as error:
            raise unreadable(group.paths, error) from error
        return self.backend.table(name)

    def _reader(self, group: FileGroup) -> str:
        files = "[" + ", ".join(literal(glob_safe(path)) for path in group.paths) + "]"
        if group.format == "parquet":
            return f"read_parquet({files}, hive_partitioning = false)"
        return (
            f"read_csv({files}, all_varchar = true, header = true, delim = ',', quote = '\"', escape = '\"', "
            "nullstr = '', hive_partitioning = false, max_line_size = 16777216)"
        )

    def distrust_statistics(self) -> None:
        """Parquet's least and most leave out NaN; DuckDB takes them to be all there is, and isnan() to be false."""
        self._run("SET disabled_optimizers = 'statistics_propagation'")

    def keep(self, rows: ir.Table) -> ir.Table:
        """The rows as a view of DuckDB's."""
        self._tables += 1
        return self.backend.create_view(f"bill_rows_{self._tables}", rows, overwrite=True)

    def entry(self, tags: Any, key: str) -> Any:
        """DuckDB's own look-up: what Ibis writes for every engine takes half as long again."""
        import ibis

        @ibis.udf.scalar.builtin(name="map_extract_value", signature=(("map<string, string>", "string"), "string"))
        def look_up(tags, key):  # type: ignore[no-untyped-def]
            ...

        return look_up(tags, key)

    def execute(self, expression: ir.Table) -> pd.DataFrame:
        """The answer. Raises InvalidInput where a file turns out to be damaged on the way."""
        import duckdb

        try:
            return self.backend.execute(expression)
        except duckdb.OutOfMemoryException as error:
            problem = f"is too small for this question: {first_line(error)}"
            raise InvalidInput([Fault("memory_limit", None, problem)]) from error
        except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException):
            # The expression is wrong, not the file.
            raise
        except duckdb.Error as error:
            raise unreadable((), error) from error

    def sql(self, expression: ir.Table) -> str:
        """DuckDB's SQL."""
        import ibis

        return str(ibis.to_sql(expression, dialect="duckdb"))


def quoted(identifier: str) -> str:
    """A name as an identifier, whatever stands in it."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Text as a literal, whatever stands in it."""
    return "'" + text.replace("'", "''") + "'"


def glob_safe(path: str) -> str:
    """A path that DuckDB takes for that file only, even where its name holds a wildcard."""
    return "".join(f"[{character}]" if character in "*?[" else character for character in path)


def first_line(error: Exception) -> str:
    """What an engine said, in one line."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def unreadable(paths: Sequence[str], error: Exception) -> InvalidInput:
    """The fault of files that an engine could not read."""
    where = str(paths[0]) if len(paths) == 1 else None
    return InvalidInput([Fault("bill", where, f"cannot be read to its end: {first_line(error)}")])
