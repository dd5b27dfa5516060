"""Spark as the engine: the same expressions on a session of yours, or on a local one. An optional extra."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from costlib.billing.duck import unreadable
from costlib.billing.engine import MAP_PREFIX

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

    from costlib.billing.sources import FileGroup


class SparkEngine:
    """Spark; without ``session`` a local one with ``master``. The session's zone is set to UTC, as bills are."""

    name = "spark"

    def __init__(self, session: Any = None, master: str = "local[*]") -> None:
        import ibis
        from pyspark.sql import SparkSession

        if session is None:
            builder = SparkSession.builder.master(master).config("spark.ui.enabled", "false")
            session = builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()
            session.sparkContext.setLogLevel("ERROR")
        session.conf.set("spark.sql.session.timeZone", "UTC")
        # Tags that differ in case only are two tags; text that is no number becomes missing, and is counted.
        session.conf.set("spark.sql.caseSensitive", "true")
        session.conf.set("spark.sql.ansi.enabled", "false")
        self.session = session
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.backend = ibis.pyspark.connect(session)
        self._tables = 0

    def read(self, group: FileGroup, maps: Sequence[str] = ()) -> ir.Table:
        """The group's files as a temporary view."""
        from pyspark.sql import functions

        paths = [path.replace("s3://", "s3a://", 1) for path in group.paths]
        try:
            if group.format == "parquet":
                frame = self.session.read.parquet(*paths)
            else:
                reader = self.session.read.option("header", True).option("quote", '"').option("escape", '"')
                frame = reader.option("multiLine", True).option("enforceSchema", False).csv(paths)
            for column in maps:
                text = frame["`" + column.replace("`", "``") + "`"]
                frame = frame.withColumn(MAP_PREFIX + column, functions.from_json(text, "map<string,string>"))
        except Exception as error:
            raise unreadable(group.paths, error) from error
        self._tables += 1
        name = f"bill_raw_{self._tables}"
        frame.createOrReplaceTempView(name)
        return self.backend.table(name)

    def distrust_statistics(self) -> None:
        """Nothing to do: only DuckDB draws that conclusion."""

    def keep(self, rows: ir.Table) -> ir.Table:
        """The rows as they are: Spark reads the whole plan anyway."""
        return rows

    def entry(self, tags: Any, key: str) -> Any:
        """The value under a key of a map."""
        return tags.get(key)

    def execute(self, expression: ir.Table) -> pd.DataFrame:
        """The answer, in pandas. Raises InvalidInput where a file turns out to be damaged on the way."""
        from pyspark.errors import AnalysisException

        with warnings.catch_warnings():
            # Spark warns of pandas 3 in every call; what comes back is a small frame of plain numbers and text.
            warnings.simplefilter("ignore")
            try:
                return self.backend.execute(expression)
            except AnalysisException:
                # The expression is wrong, not the file.
                raise
            except Exception as error:
                raise unreadable((), error) from error

    def sql(self, expression: ir.Table) -> str:
        """Spark's SQL."""
        return str(self.backend.compile(expression))
