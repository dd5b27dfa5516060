"""The controls of the spot page as plain data, and the way from what they say to numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from costlib.errors import Fault, InvalidInput
from costlib.models.backoff import Backoff
from costlib.models.replay import POLICIES
from costlib.panels.controls import Control, beside, number_of, text_of, value_at
from costlib.planner.spot.drills import Drill
from costlib.units import MINUTES_PER_HOUR, SECONDS_PER_HOUR
from costlib.workload import Workload

#: Controls that are no keys of a workload.
TYPE, REGION, COUNT = "instance_type", "region", "count"
INTERRUPTIONS, INSTANCE_HOURS = "interruptions", "instance_hours"
TRACE, START, CAMPAIGN = "trace", "start_hours", "campaign"
RATE, BURST, BEFORE, POLICY = "rate_per_day", "burst", "before_minutes", "policy"
FIRST, FACTOR, MOST, JITTER = "first_seconds", "factor", "most_minutes", "jitter_percent"
DRILL_POLICIES = tuple(name for name in POLICIES if name in ("safety_net", "uniform_progress", "lookahead"))

RUN = (
    Control("deadline_hours", "Deadline (hours)", "From start to finish; empty: one and a half times the work"),
    Control(TYPE, "Instance type", "Of the cheapest spot plan, or one of your choice", "choice"),
    Control(REGION, "Region", "The cheapest, or one of your choice", "choice"),
    Control(COUNT, "Instances", "As the cheapest plan has, or as many as you like", "choice"),
    Control("checkpoint.gib", "Checkpoint (GiB)", "What is saved: weights and optimizer states"),
    Control("checkpoint.restart_minutes", "Restart (minutes)", "From a new instance to the next step, after start-up"),
    Control("checkpoint.interval_minutes", "Checkpoint every (minutes)", "Empty: the best interval"),
    Control(
        "spot.requeue_minutes", "Wait for capacity (minutes)", "After an interruption; empty: as recorded elsewhere"
    ),
    Control(INTERRUPTIONS, "Your interruptions (count)", "Of your own spot instances; empty: the Spot advisor's band"),
    Control(INSTANCE_HOURS, "in instance-hours", "Over how many hours of how many instances they were counted"),
)
RECORDED = (
    Control(TRACE, "Recorded trace", "Capacity of one zone, as it was found", "choice"),
    Control(START, "Start (hours into it)", "When the job begins; empty: in its middle"),
    Control(CAMPAIGN, "Zones at once", "Zones that were recorded together", "choice"),
)
DRILLS = (
    Control(RATE, "Interruptions (a day)", "Put in at random; the drill's own number, no forecast"),
    Control(BURST, "In a burst (count)", "One an hour, from the middle of the work"),
    Control(BEFORE, "Checkpoints now every (minutes)", "What the drill is compared with"),
    Control(POLICY, "Policy", "When the run falls back to on-demand", "choice", DRILL_POLICIES),
)
WAITING = (
    Control(FIRST, "First wait (seconds)", "From the first call to the second"),
    Control(FACTOR, "Times", "Each wait is so many times the last; 1: even"),
    Control(MOST, "Longest wait (minutes)", "Waits grow no longer"),
    Control(JITTER, "Jitter (%)", "Share of each wait that is drawn at random; 100: full jitter"),
)
CONTROLS = {control.key: control for control in (*RUN, *RECORDED, *DRILLS, *WAITING)}
WORKLOAD_KEYS = tuple(control.key for control in RUN if control.key == "deadline_hours" or "." in control.key)
PLACEHOLDERS = {
    "deadline_hours": "1.5 × the work",
    "checkpoint.interval_minutes": "the best",
    "spot.requeue_minutes": "as recorded",
    INTERRUPTIONS: "the advisor's band",
    START: "in its middle",
}
DEFAULTS = {
    TYPE: "", REGION: "", COUNT: "", INTERRUPTIONS: "", INSTANCE_HOURS: "", TRACE: "", START: "", CAMPAIGN: "",
    RATE: "3", BURST: "4", BEFORE: "240", POLICY: "safety_net", FIRST: "60", FACTOR: "2", MOST: "10", JITTER: "100",
}  # fmt: skip
HOURS_PER_DAY = 24.0
#: Faults of models and planner by the control that they stand beside.
_SAYS = {
    "rate_per_hour": RATE, "before_interval_hours": BEFORE, "checkpoint_interval_hours": BEFORE,
    "spot.history": INTERRUPTIONS, "spot.history.0": INTERRUPTIONS, "spot.history.0.interruptions": INTERRUPTIONS,
    "spot.history.0.instance_hours": INSTANCE_HOURS, "spot.history.0.instance_type": TYPE,
    "spot.history.0.region": REGION, "spot plan": TYPE,
}  # fmt: skip


def workload_values(workload: Workload) -> dict[str, str]:
    """What the controls of the run show."""
    content = workload.to_mapping()
    return {key: text_of(value_at(content, key)) for key in WORKLOAD_KEYS}


def workload_changes(base: Workload, values: Mapping[str, str], faults: list[Fault]) -> dict[str, Any]:
    """What they say, by dotted key; None where one is empty. Workload checks them; ``faults`` gets what it cannot.

    A history that ``base`` brings stays, where none is typed.
    """
    made: dict[str, Any] = {key: values[key].replace(" ", "").strip() or None for key in WORKLOAD_KEYS}
    count, hours = (values[key].replace(" ", "") for key in (INTERRUPTIONS, INSTANCE_HOURS))
    if bool(count) != bool(hours):
        missing = INSTANCE_HOURS if count else INTERRUPTIONS
        faults.append(Fault(missing, None, "is needed: a rate is a count over hours"))
    history: dict[str, Any] = {"interruptions": count, "instance_hours": hours}
    for key in (TYPE, REGION):
        if values[key]:
            history[key] = values[key]
    if count and hours:
        made["spot.history"] = [history]
    elif made["spot.requeue_minutes"] is None and (base.spot is None or not base.spot.history):
        return {**{key: value for key, value in made.items() if not key.startswith("spot.")}, "spot": None}
    return made


def drill_of(values: Mapping[str, str], faults: list[Fault]) -> Drill | None:
    """The game day that the controls ask for; None, and faults, where they are no numbers."""
    rate, burst, before = (_number(values, key, faults) for key in (RATE, BURST, BEFORE))
    if rate is None or burst is None or before is None:
        return None
    if burst != int(burst):
        faults.append(Fault(BURST, values[BURST], "must be a whole number"))
        return None
    return Drill(rate / HOURS_PER_DAY, int(burst), before / MINUTES_PER_HOUR, values[POLICY])


def backoff_of(values: Mapping[str, str], faults: list[Fault]) -> Backoff | None:
    """The schedule that the controls ask for; None, and faults, where there is none such."""
    first, factor, most, jitter = (_number(values, key, faults) for key in (FIRST, FACTOR, MOST, JITTER))
    if first is None or factor is None or most is None or jitter is None:
        return None
    if not 0 <= jitter <= 100:
        faults.append(Fault(JITTER, values[JITTER], "must be from 0 to 100"))
        return None
    if most * SECONDS_PER_HOUR / MINUTES_PER_HOUR < first:
        faults.append(Fault(MOST, values[MOST], "is shorter than the first wait"))
        return None
    try:
        return Backoff(first, factor, most * SECONDS_PER_HOUR / MINUTES_PER_HOUR, jitter / 100.0)
    except InvalidInput as refused:
        faults += refused.faults
        return None


def start_of(values: Mapping[str, str], faults: list[Fault]) -> float | None:
    """Hours into the trace; None where it is left open, or (with a fault) is no number."""
    return _number(values, START, faults) if values[START].strip() else None


def control_of(fault: Fault) -> str | None:
    """The key of the control that a fault stands beside; None if it concerns the whole."""
    return beside(fault, CONTROLS, _SAYS)


def told(faults: Iterable[Fault]) -> str:
    """Faults in a sentence, by the labels of their controls."""
    said = []
    for fault in faults:
        key = control_of(fault)
        name = fault.field if key is None else CONTROLS[key].label
        said.append(f"{name} {'' if fault.value is None else fault.value} {fault.problem}".replace("  ", " "))
    return "; ".join(said)


def _number(values: Mapping[str, str], key: str, faults: list[Fault]) -> float | None:
    return number_of(values, key, faults, needed=True, after="%")
