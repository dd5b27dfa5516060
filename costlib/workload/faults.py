"""What pydantic found wrong, as faults that name field, value and what would be right."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from costlib.errors import Fault, unknown
from costlib.workload.parts import AtKeys


def faults_of(error: ValidationError, top: type[BaseModel], whole: str = "workload") -> list[Fault]:
    """Pydantic's findings in our words: dotted field, value, what would be right, close matches.

    ``top`` is the class of the whole, whose keys stand at no place, and ``whole`` what it is called.
    """
    faults = []
    for finding in error.errors():
        # A union of "all" and a list reports each branch; the branch names are no part of the field.
        parts = [str(part) for part in finding["loc"] if part != "[key]"]
        names = [part for part in parts if not part.startswith(("literal[", "function-", "tuple["))]
        if finding["type"] == "literal_error" and "literal['all']" in parts:
            continue
        field = ".".join(names) or whole
        value = finding["input"]
        kind, context = finding["type"], finding.get("ctx", {})
        if kind == "extra_forbidden":
            faults.append(unknown(field, names[-1], _keys_at(names[:-1], top), "key here"))
        elif kind == "missing":
            faults.append(Fault(field, None, "is missing"))
        elif kind == "literal_error":
            faults.append(unknown(field, value, _options(str(context["expected"])), "choice"))
        elif kind in ("greater_than", "greater_than_equal"):
            sign = "above" if kind == "greater_than" else "at least"
            faults.append(Fault(field, value, f"must be {sign} {next(iter(context.values()))}"))
        elif kind == "less_than":
            faults.append(Fault(field, value, f"must be below {context['lt']:,}"))
        elif kind == "less_than_equal":
            faults.append(Fault(field, value, f"must be at most {context['le']:,}: check its unit"))
        elif kind in ("model_type", "mapping_type", "dict_type", "model_attributes_type"):
            faults.append(Fault(field, _short(value), "is not a mapping of keys to values"))
        elif kind == "value_error" and isinstance(context["error"], AtKeys):
            faults += [Fault(f"{field}.{key}", given, problem) for key, given, problem in context["error"].problems]
        elif kind == "value_error":
            faults.append(Fault(field, _short(value), str(context["error"])))
        elif kind == "string_pattern_mismatch":
            faults.append(Fault(field, value, "may hold letters, digits, space, '.', '_' and '-'"))
        elif kind in ("int_from_float", "int_type", "int_parsing"):
            faults.append(Fault(field, value, "must be a whole number"))
        elif kind == "too_short":
            faults.append(Fault(field, value, "is empty; name at least one"))
        else:
            faults.append(Fault(field, _short(value), finding["msg"][0].lower() + finding["msg"][1:]))
    return faults


def _short(value: Any) -> Any:
    return "…" if isinstance(value, (dict, BaseModel)) and len(repr(value)) > 60 else value


def _options(expected: str) -> list[str]:
    return [part.strip(" '") for part in expected.replace(" or ", ",").split(",")]


def _keys_at(names: list[str], top: type[BaseModel]) -> list[str]:
    """The keys that are allowed at one place of the whole; places in lists and free keys of mappings have no names."""
    here = top
    for name in names:
        field = here.model_fields.get(name)
        inner = _model_within(field.annotation) if field is not None else None
        here = here if inner is None else inner
    return list(here.model_fields)


def _model_within(annotation: Any) -> type[BaseModel] | None:
    """The part that an annotation holds, alone, in a list or as a mapping's values."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_within(inner) for inner in get_args(annotation))
    return next((model for model in found if model is not None), None)
