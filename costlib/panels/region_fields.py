"""The controls of the region page as plain data, and the way from what they say to a question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from costlib.errors import Fault, InvalidInput
from costlib.panels.precision_fields import text_of
from costlib.panels.workload_fields import Control
from costlib.planner.region.constraints import Near
from costlib.planner.region.ranking import ANY, WAYS
from costlib.workload import Workload

#: Controls that are no keys of a workload.
WAY, TYPE, NEAR, WITHIN, CHANGEOVER, PRICES = (
    "way", "instance_type", "near", "within_ms", "changeover_hours", "prices",
)  # fmt: skip

DATA = (
    Control("dataset.gib", "Dataset (GiB)", "Copied to the region of the run; AWS's GB is a GiB"),
    Control("dataset.home_region", "Data are in", "Where the data live, and where results go back to", "choice"),
    Control("dataset.changed_gib_per_month", "Changes (GiB a month)", "Sent to the copy each month; empty: none"),
    Control("dataset.result_gib_per_run", "Results (GiB a run)", "Sent back after each run; empty: none"),
    Control("dataset.results_to", "Results go to", "Back to the data's home, or out to the internet", "choice",
            ("home_region", "internet")),
    Control("dataset.objects", "Objects (count)", "Each is copied by one PUT request; empty: not costed"),
    Control("runs_per_month", "Runs a month", "They share a copy"),
    Control("campaign_months", "Campaign (months)", "How long a copy is kept; empty: each month makes its own"),
    Control("deadline_hours", "Deadline (hours)", "Of one run, from start to finish; empty: none"),
)  # fmt: skip
CHOICE = (
    Control(WAY, "Bought", "Which way to buy is ranked below", "choice", WAYS),
    Control(TYPE, "Instance type", "Of one type, as p4d.24xlarge; empty: the cheapest of all in each region", "text"),
    Control("dataset.residency", "Data may be in",
            "Countries, continents, partitions or regions, apart by commas: DE, FR or Europe; empty: anywhere", "text"),
    Control(NEAR, "Near (latitude, longitude)", "A user's place in degrees: 52.52, 13.40; empty: no limit", "text"),
    Control(WITHIN, "Round trip at most (ms)", "Regions that light in a fibre does not reach in time are left out"),
)  # fmt: skip
FOLLOW = (
    Control(CHANGEOVER, "A move takes (hours)", "Paid instances that do not work; empty: a start-up and the restart"),
)
CONTROLS = {control.key: control for control in (*DATA, *CHOICE, *FOLLOW)}
WORKLOAD_KEYS = tuple(key for key in CONTROLS if key not in (WAY, TYPE, NEAR, WITHIN, CHANGEOVER))
DEFAULTS = {WAY: ANY, TYPE: "", NEAR: "", WITHIN: "", CHANGEOVER: "", PRICES: ""}
PLACEHOLDERS = {
    "dataset.changed_gib_per_month": "none", "dataset.result_gib_per_run": "none", "dataset.objects": "not costed",
    "campaign_months": "a copy a month", "deadline_hours": "none", TYPE: "the cheapest",
    "dataset.residency": "anywhere", NEAR: "no limit", WITHIN: "no limit", CHANGEOVER: "start-up and restart",
}  # fmt: skip
WAY_NAMES = {
    ANY: "the cheapest way", "on_demand": "on demand", "spot": "on spot", "reserved": "Reserved Instance",
    "savings_plan": "Savings Plan",
}  # fmt: skip
RESULT_NAMES = {"home_region": "the data's home", "internet": "the internet"}
_SAYS = {"latitude": NEAR, "longitude": NEAR}


@dataclass(frozen=True)
class RegionAsked:
    """What the controls ask beside the workload."""

    way: str
    instance_type: str | None
    near: Near | None
    changeover_hours: float | None


def workload_values(workload: Workload) -> dict[str, str]:
    """What the controls of the workload show."""
    content = workload.to_mapping()
    made = {}
    for key in WORKLOAD_KEYS:
        value: Any = content
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        made[key] = ", ".join(value) if isinstance(value, list | tuple) else text_of(value)
    made["dataset.results_to"] = made["dataset.results_to"] or "home_region"
    return made


def workload_changes(values: Mapping[str, str]) -> dict[str, Any]:
    """What they say, by dotted key; None where one is empty. Workload checks them."""
    made: dict[str, Any] = {}
    for key in WORKLOAD_KEYS:
        text = values[key].strip()
        if key == "dataset.residency":
            made[key] = [part.strip() for part in text.split(",") if part.strip()] or None
        else:
            made[key] = text.replace(" ", "") or None
    if not made["dataset.result_gib_per_run"] and made["dataset.results_to"] == "home_region":
        made["dataset.results_to"] = None
    return made


def read(values: Mapping[str, str], faults: list[Fault]) -> RegionAsked | None:
    """What the other controls say; None, and every fault, where they cannot be."""
    within, changeover = (_number(values, key, faults) for key in (WITHIN, CHANGEOVER))
    place, near = values[NEAR].strip(), None
    if bool(place) != bool(values[WITHIN].strip()):
        missing, given = (WITHIN, "the place") if place else (NEAR, "the round trip")
        faults.append(Fault(missing, None, f"is needed: {given} says nothing without it"))
    elif place and within is not None:
        try:
            near = Near.of_text(place, within)
        except InvalidInput as refused:
            faults += refused.faults
    if faults:
        return None
    return RegionAsked(values[WAY], values[TYPE].strip() or None, near, changeover)


def control_of(fault: Fault) -> str | None:
    """The key of the control that a fault stands beside; None if it concerns the whole."""
    field = _SAYS.get(fault.field, fault.field)
    fits = [key for key in CONTROLS if field == key or field.startswith(key + ".")]
    return max(fits, key=len) if fits else None


def option_name(key: str, option: str) -> str:
    """How an option of a control is written for people."""
    return {WAY: WAY_NAMES, "dataset.results_to": RESULT_NAMES}.get(key, {}).get(option, option)


def _number(values: Mapping[str, str], key: str, faults: list[Fault]) -> float | None:
    text = values[key].replace(" ", "")
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not abs(number) < float("inf"):
        faults.append(Fault(key, values[key], "is not a number"))
        return None
    return number
