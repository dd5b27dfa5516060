"""Reads a workload with its jobs, and tells what is wrong with both the reading and the fitting, all at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from costlib.errors import CostlibError, Fault, InvalidInput
from costlib.planner.service.market import ServiceSources
from costlib.planner.service.question import asked
from costlib.workload import Workload
from costlib.workload.yaml_loader import careful_loader

#: What stands in for a refused value while the rest is looked at; other refused keys are left out.
_STAND_INS: Mapping[str, Any] = {"count": 1, "hours_each": 1.0}


def read_mapping(content: Any, sources: ServiceSources) -> Workload:
    """A workload from plain values. Raises InvalidInput with what is wrong with them and with how the jobs fit."""
    vocabulary = sources.sources.vocabulary
    try:
        workload = Workload.from_mapping(content, vocabulary)
    except InvalidInput as refused:
        raise InvalidInput([*refused.faults, *_beyond(content, refused.faults, sources)]) from None
    return workload


def read_file(path: str | os.PathLike[str], changes: Mapping[str, Any], sources: ServiceSources) -> Workload:
    """A workload from a YAML file, with some values replaced by dotted key. Raises InvalidInput as read_mapping."""
    import yaml

    try:
        content = yaml.load(Path(path).read_text(encoding="utf-8"), Loader=careful_loader())
    except (OSError, ValueError, TypeError, yaml.YAMLError):
        # The workload's own reader says what is wrong with the file.
        return Workload.from_yaml(path, sources.sources.vocabulary)
    if isinstance(content, dict):
        for dotted, value in changes.items():
            *parents, last = dotted.split(".")
            target = content
            for parent in parents:
                target = target.setdefault(parent, {})
                if not isinstance(target, dict):
                    raise InvalidInput([Fault(dotted, value, f"cannot be set: {parent} has no parts")])
            target[last] = value
    return read_mapping(content, sources)


def _beyond(content: Any, faults: tuple[Fault, ...], sources: ServiceSources) -> list[Fault]:
    """What else is wrong with how the jobs fit, looked at without what was refused already."""
    if not isinstance(content, dict) or not isinstance(content.get("jobs"), dict):
        return []
    jobs = dict(content["jobs"])
    for fault in faults:
        first, _, rest = fault.field.partition(".")
        if first != "jobs" or not rest:
            return []
        key = rest.split(".")[0]
        jobs.pop(key, None)
        if key in _STAND_INS:
            jobs[key] = _STAND_INS[key]
    try:
        asked(Workload.from_mapping({**content, "jobs": jobs}, sources.sources.vocabulary), sources)
    except InvalidInput as more:
        told = {fault.field for fault in faults}
        return [fault for fault in more.faults if fault.field not in told]
    except CostlibError:
        return []
    return []
