"""Plans what machine learning costs on AWS: dated prices below, arithmetic in the middle, every number explained.

The public names are loaded when they are first used, so that ``import costlib`` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from costlib.planner.explain import explain as explain
    from costlib.planner.explain import plans as plans
    from costlib.planner.ladder import ladder as ladder
    from costlib.planner.search import search as search
    from costlib.planner.sources import Sources as Sources
    from costlib.prices.book import PriceBook as PriceBook
    from costlib.workload import Workload as Workload

_HOMES = {
    "PriceBook": "costlib.prices.book",
    "Sources": "costlib.planner.sources",
    "Workload": "costlib.workload",
    "explain": "costlib.planner.explain",
    "ladder": "costlib.planner.ladder",
    "plans": "costlib.planner.explain",
    "search": "costlib.planner.search",
}

__all__ = ["PriceBook", "Sources", "Workload", "__version__", "explain", "ladder", "plans", "search"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'costlib' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
