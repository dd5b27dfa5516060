"""Chooses the query engine: the one place that knows which there are.

Every engine gives the same three things: raw tables of files (``read``), small answers to Ibis expressions
(``execute``), and the SQL of an expression (``sql``). Everything above this file is Ibis expressions only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from costlib.errors import Fault, InvalidInput, unknown

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

    from costlib.billing.sources import FileGroup

ENGINES = ("duckdb", "athena", "spark")
#: Raw text columns that hold a JSON object come as a map under this name in front.
MAP_PREFIX = "map of "


class Engine(Protocol):
    """What a bill needs of an engine."""

    name: str

    def read(self, group: FileGroup, maps: Sequence[str] = ()) -> ir.Table:
        """The files of one schema as a raw table; ``maps`` are text columns of JSON objects, added as maps."""
        ...

    def distrust_statistics(self) -> None:
        """A file holds numbers that are not finite: what it says of its own columns leaves them out."""
        ...

    def keep(self, rows: ir.Table) -> ir.Table:
        """The same rows under a name, so that each question need not spell out the whole view again."""
        ...

    def entry(self, tags: Any, key: str) -> Any:
        """The value under a key of a map; missing where the map has none."""
        ...

    def execute(self, expression: ir.Table) -> pd.DataFrame:
        """The rows of a small answer."""
        ...

    def sql(self, expression: ir.Table) -> str:
        """The expression as this engine's SQL."""
        ...


def open_engine(name: str = "duckdb", **options: Any) -> Engine:
    """The engine of that name, with its own options: see duck.py, athena.py and spark.py.

    Raises InvalidInput for an unknown engine, or one whose packages are not installed.
    """
    if name not in ENGINES:
        raise InvalidInput([unknown("engine", name, ENGINES, "engine")])
    try:
        if name == "duckdb":
            from costlib.billing.duck import DuckEngine

            return DuckEngine(**options)
        if name == "spark":
            from costlib.billing.spark import SparkEngine

            return SparkEngine(**options)
        from costlib.billing.athena import AthenaEngine

        return AthenaEngine(**options)
    except ModuleNotFoundError as error:
        problem = f"needs the package {error.name}, which is not installed (pip install 'costlib[{name}]')"
        raise InvalidInput([Fault("engine", name, problem)]) from None
