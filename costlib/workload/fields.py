"""Fields that parts of a workload share: numbers as YAML writes them, and names that a price book knows."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from costlib.errors import nearest


@dataclass(frozen=True)
class Vocabulary:
    """The names that a price book knows; a workload that uses others is refused with close matches."""

    instance_types: frozenset[str]
    families: frozenset[str]
    regions: frozenset[str]
    #: Countries, continents and partitions with a region; where empty, they are not looked at.
    places: frozenset[str] = frozenset()


def number(value: Any) -> Any:
    """Takes the numbers that YAML 1.1 reads as text (1.5e9); refuses truth values, infinities and units."""
    if isinstance(value, bool):
        raise ValueError("is a truth value; a number is expected")
    if isinstance(value, str):
        try:
            value = float(value.replace("_", ""))
        except ValueError:
            raise ValueError("is not a number; the unit is in the key, write only the figure") from None
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("is not a finite number")
        if value.is_integer():
            return int(value)
    return value


def one_or_many(value: Any) -> Any:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


def stage(value: Any) -> Any:
    """A form gives digits as text; a truth value is no stage, though Python counts with it."""
    if isinstance(value, bool):
        raise ValueError("is a truth value; auto, 0, 1, 2 or 3 is expected")
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def without_repeats(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(set(values)) != len(values):
        raise ValueError("names the same thing twice")
    if not values:
        raise ValueError("is empty; name at least one")
    return values


def known(kind: str, what: str) -> Callable[[str, ValidationInfo], str]:
    def check(value: str, info: ValidationInfo) -> str:
        vocabulary = (info.context or {}).get("vocabulary")
        if vocabulary is not None and value not in getattr(vocabulary, kind):
            close = nearest(value, getattr(vocabulary, kind))
            hint = f" (did you mean {', '.join(close)}?)" if close else ""
            raise ValueError(f"is not {what} of the price book{hint}")
        return value

    return check


def _known_place(value: str, info: ValidationInfo) -> str:
    vocabulary = (info.context or {}).get("vocabulary")
    if vocabulary is None or not vocabulary.places or value in vocabulary.places | vocabulary.regions:
        return value
    close = nearest(value, [*vocabulary.places, *vocabulary.regions])
    hint = f" (did you mean {', '.join(close)}?)" if close else ""
    raise ValueError(f"is not a country code, continent, partition or region of AWS{hint}")


Quantity = Annotated[float, BeforeValidator(number), Field(gt=0)]
Amount = Annotated[float, BeforeValidator(number), Field(ge=0)]
Count = Annotated[int, BeforeValidator(number), Field(ge=1)]
InstanceType = Annotated[str, AfterValidator(known("instance_types", "an instance type"))]
Family = Annotated[str, AfterValidator(known("families", "an instance family"))]
Region = Annotated[str, AfterValidator(known("regions", "a region"))]
Place = Annotated[str, AfterValidator(_known_place)]
