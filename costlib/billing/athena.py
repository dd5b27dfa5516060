"""Athena as the engine: expressions compiled to its SQL, run in a named workgroup on a table of the export.

Running needs pyathena (an optional extra) or any connection of the Python database API; compiling needs neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from costlib.billing.duck import first_line
from costlib.errors import CostlibError, Fault, InvalidInput

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

    from costlib.billing.sources import FileGroup


class AthenaEngine:
    """The export's table in ``database``, asked in ``workgroup``; ``connection`` takes the place of pyathena's own.

    ``columns`` maps names to types where they are known already; else the information schema is asked.
    """

    name = "athena"

    def __init__(
        self,
        workgroup: str | None = None,
        database: str | None = None,
        *,
        region: str | None = None,
        connection: Any = None,
        columns: Mapping[str, str] | None = None,
    ) -> None:
        needed = {"workgroup": workgroup, "database": database}
        faults = [Fault(name, None, "must be named for Athena") for name, value in needed.items() if not value]
        if faults:
            raise InvalidInput(faults)
        self.workgroup, self.database = str(workgroup), str(database)
        self._region, self._connection, self._columns = region, connection, columns

    @property
    def connection(self) -> Any:
        """The connection, made when it is first used."""
        if self._connection is None:
            from pyathena import connect

            self._connection = connect(work_group=self.workgroup, schema_name=self.database, region_name=self._region)
        return self._connection

    def columns(self, table: str) -> dict[str, str]:
        """Names and types of a table's columns, as Ibis writes types."""
        if self._columns is None:
            from ibis.backends.sql.datatypes import AthenaType

            asked = "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = {} "
            asked += "AND table_name = {} ORDER BY ordinal_position"
            rows = self._rows(asked.format(*(text_literal(name) for name in (self.database, table))))
            self._columns = {str(name): str(AthenaType.from_string(str(kind))) for name, kind in rows}
        if not self._columns:
            raise InvalidInput([Fault("table", table, f"is not in the database {self.database}, or has no columns")])
        return dict(self._columns)

    def read(self, group: FileGroup, maps: Sequence[str] = ()) -> ir.Table:
        """The table that the group names; its files are Athena's business."""
        import ibis

        if maps:
            problem = "hold JSON text; Athena's table must give them as map<string,string>"
            raise InvalidInput([Fault("columns", ", ".join(maps), problem)])
        return ibis.table(self.columns(group.paths[0]), name=group.paths[0], database=self.database)

    def distrust_statistics(self) -> None:
        """Nothing to do: only DuckDB draws that conclusion."""

    def keep(self, rows: ir.Table) -> ir.Table:
        """The rows as they are: nothing is made in the database."""
        return rows

    def entry(self, tags: Any, key: str) -> Any:
        """The value under a key of a map."""
        return tags.get(key)

    def execute(self, expression: ir.Table) -> pd.DataFrame:
        """The answer, each column in the type that the expression says."""
        import pandas as pd

        schema = expression.schema()
        frame = pd.DataFrame(self._rows(self.sql(expression)), columns=list(schema.names))
        for name, kind in schema.items():
            if kind.is_numeric():
                frame[name] = pd.to_numeric(frame[name])
            elif kind.is_timestamp():
                frame[name] = pd.to_datetime(frame[name])
        return frame

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        cursor = self.connection.cursor()
        try:
            cursor.execute(sql)
            return list(cursor.fetchall())
        except Exception as error:
            raise CostlibError(f"Athena could not answer in workgroup {self.workgroup}: {first_line(error)}") from error
        finally:
            cursor.close()

    def sql(self, expression: ir.Table) -> str:
        """Athena's SQL."""
        import ibis

        return str(ibis.to_sql(expression, dialect="athena"))


def text_literal(text: str) -> str:
    """Text as a literal of Athena's SQL."""
    return "'" + text.replace("'", "''") + "'"
