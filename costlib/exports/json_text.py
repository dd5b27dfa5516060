"""JSON as the command line prints it: plain values only, and null for what is not known."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from costlib.exports.tables import ladder_frame, records
from costlib.planner.ladder import Ladder
from costlib.planner.search import Result


def to_json(value: object, indent: int | None = 1) -> str:
    """``value`` as JSON that any reader takes: missing and infinite numbers become null."""
    return json.dumps(_plain(value), indent=indent, allow_nan=False, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or value != value or str(value) == "<NA>":
        return None
    raise TypeError(f"{type(value).__name__} has no place in JSON here")


def ladder_json(result: Result, ladder: Ladder) -> dict[str, object]:
    """The ladder: start, rungs with the plan that each reaches, and the whole saving; costs are USD for one run.

    What is saved is negative where it costs more, and ``effect`` says so in words.
    """
    start, *rungs = records(ladder_frame(result, ladder))
    kept = ("cost_usd", "meets_deadline", "plan")
    return {
        "start": {"choices": ladder.start_choices, **{name: start[name] for name in kept}},
        "rungs": rungs,
        "end_usd": ladder.end_usd,
        "saved_fraction": ladder.saved_fraction,
        "effect": ladder.effect,
    }


def exclusions_json(result: Result) -> dict[str, object]:
    """How many candidates there were, how many hold the deadline, and why the others fell out."""
    return {
        "enumerated": result.enumerated,
        "on_time": len(result.order),
        "exclusions": [row.as_dict() for row in result.exclusions],
    }
