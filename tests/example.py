"""The example workload answered once, for the tests of figures and panels: all of it is frozen."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from costlib.paths import data_dir
from costlib.planner.search import Result, search
from costlib.planner.sources import Sources
from costlib.workload import Workload

EXAMPLES = data_dir() / "examples"


@lru_cache(maxsize=1)
def sources() -> Sources:
    return Sources.open()


@lru_cache(maxsize=1)
def workload() -> Workload:
    return Workload.from_yaml(EXAMPLES / "gpt2-1.5b.yaml", sources().vocabulary)


@lru_cache(maxsize=8)
def _result(changes: tuple[tuple[str, Any], ...]) -> Result:
    return search(workload().changed(dict(changes), sources().vocabulary), sources())


def result(**changes: Any) -> Result:
    """The answer to the example, or to the example with top-level keys changed."""
    return _result(tuple(changes.items()))
