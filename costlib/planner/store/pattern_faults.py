"""Faults of a storage pattern: as of a workload, with close matches at any depth."""

from __future__ import annotations

import types
import typing
from typing import Any

from pydantic import BaseModel, ValidationError

from costlib.errors import Fault, unknown
from costlib.workload.faults import faults_of

_UNKNOWN_KEY = "is not a known key here"


def pattern_faults(error: ValidationError, top: type[BaseModel]) -> list[Fault]:
    """Pydantic's findings in our words; a key that is not known is told with those of its own place."""
    made = []
    for fault in faults_of(error, top):
        names = fault.field.split(".")
        if fault.problem.startswith(_UNKNOWN_KEY):
            fault = unknown(fault.field, names[-1], _keys_at(names[:-1], top), "key here")
        made.append(Fault("pattern" if fault.field == "workload" else fault.field, *_rest(fault)))
    return made


def _rest(fault: Fault) -> tuple[object, str, tuple[str, ...]]:
    return fault.value, fault.problem, fault.nearest


def _keys_at(names: list[str], top: type[BaseModel]) -> list[str]:
    """The keys that are allowed at one place, found by walking down the models."""
    model = top
    for name in names:
        if name.isdecimal():
            continue
        below = _model_in(model.model_fields[name].annotation) if name in model.model_fields else None
        if below is None:
            return []
        model = below
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that an annotation holds: itself, in a tuple, or beside None."""
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return annotation if issubclass(annotation, BaseModel) else None
    for part in typing.get_args(annotation):
        found = _model_in(part)
        if found is not None:
            return found
    return None
