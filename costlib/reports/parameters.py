"""What a report template takes, and whether what is given fits: papermill alone only warns and uses the default."""

from __future__ import annotations

import ast
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from costlib.errors import Fault, InvalidInput, NotKnown, unknown
from costlib.paths import notebooks_dir

#: The types a template may annotate its parameters with.
TYPES: Mapping[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "dict": (dict,),
    "list": (list,),
}


@dataclass(frozen=True)
class Parameter:
    """One parameter of a template: its type's name (of TYPES), its default, and what it is for."""

    name: str
    type_name: str
    default: object
    help: str


def template_path(template: str) -> str:
    """The notebook of a template. Raises NotKnown with close matches."""
    held = {path.stem: path for path in (notebooks_dir() / "reports").glob("*.ipynb")}
    if template not in held:
        raise NotKnown([unknown("template", template, held, "report template")])
    return str(held[template])


def parameters_of(template: str) -> dict[str, Parameter]:
    """The parameters of a template by name, as its cell tagged "parameters" declares them.

    Raises NotKnown for an unknown template; ValueError if the template declares one that cannot be checked.
    """
    from papermill import inspect_notebook

    found = {}
    for name, entry in inspect_notebook(template_path(template)).items():
        if entry["inferred_type_name"] not in TYPES:
            raise ValueError(f"template {template}: parameter {name} needs a type of {', '.join(TYPES)}")
        default = ast.literal_eval(entry["default"])
        found[name] = Parameter(name, entry["inferred_type_name"], default, entry["help"])
    return found


def from_settings(
    settings: Sequence[str], known: Mapping[str, Parameter], fixed: Collection[str] = ()
) -> dict[str, Any]:
    """``("top_n=5",)`` as ``{"top_n": 5}``; what is not text is read as YAML.

    ``fixed`` names parameters that are given elsewhere. Raises InvalidInput with every fault.
    """
    import yaml

    given: dict[str, Any] = {}
    faults = []
    for setting in settings:
        name, separator, text = setting.partition("=")
        if not separator:
            faults.append(Fault("-p", setting, "is not NAME=VALUE"))
        elif name in fixed:
            faults.append(Fault(f"-p {name}", text, "is given by the command's argument"))
        elif name not in known:
            faults.append(unknown("-p", name, [n for n in known if n not in fixed], "parameter of this report"))
        elif name in given:
            faults.append(Fault(f"-p {name}", text, "is given twice"))
        elif known[name].type_name == "str":
            given[name] = text
        else:
            try:
                given[name] = yaml.safe_load(text)
            except yaml.YAMLError:
                faults.append(Fault(f"-p {name}", text, f"cannot be read as {known[name].type_name}"))
    faults += value_faults({name: value for name, value in given.items() if name in known}, known)
    if faults:
        raise InvalidInput(faults)
    return given


def checked(given: Mapping[str, Any], known: Mapping[str, Parameter]) -> dict[str, Any]:
    """All parameters of a run, in the template's order: those given and the defaults of the others.

    Raises InvalidInput with every unknown name (and close matches) and every value of a wrong type.
    """
    faults = [unknown("parameter", name, known, "parameter of this report") for name in given if name not in known]
    faults += value_faults({name: value for name, value in given.items() if name in known}, known)
    if faults:
        raise InvalidInput(faults)
    return {name: given.get(name, parameter.default) for name, parameter in known.items()}


def value_faults(given: Mapping[str, Any], known: Mapping[str, Parameter]) -> list[Fault]:
    """What is wrong with values of known parameters."""
    faults = []
    for name, value in given.items():
        wanted = known[name].type_name
        # A truth value is an int to Python, and to nobody else.
        fits = isinstance(value, TYPES[wanted]) and (wanted == "bool" or not isinstance(value, bool))
        if not fits:
            faults.append(Fault(f"parameter {name}", value, f"is not of type {wanted}"))
        elif not _is_plain(value):
            faults.append(Fault(f"parameter {name}", value, "may hold only text, finite numbers, lists and mappings"))
    return faults


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(item) for key, item in value.items())
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, (str, int)) or (isinstance(value, float) and math.isfinite(value))
