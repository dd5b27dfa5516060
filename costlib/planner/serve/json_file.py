"""What a tool's JSON holds, with numbers that are numbers."""

from __future__ import annotations

import json
import math
from typing import Any

from costlib.errors import Fault, InvalidInput


def json_of(content: bytes, name: str, field: str) -> Any:
    """The value. Raises InvalidInput for text that is no JSON; NaN and Infinity are none, though Python writes them."""
    try:
        return json.loads(content, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise InvalidInput([Fault(field, name, f"is not valid JSON: {error}")]) from None


def is_number(value: object) -> bool:
    """Whether a value is a finite number; true and false are none, though Python counts them among the integers."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no number")
