"""The controls of the service page as plain data, and the way between their values and the jobs of a workload."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from costlib.errors import Fault
from costlib.panels.controls import Control
from costlib.workload import JOB_NEEDS

YES_NO = ("no", "yes")
EXTRA, ALSO = "extra_service_usd", "also"
STAFF_RATE = "staff_usd_per_hour"
STAFF = ("staff_hours.sagemaker", "staff_hours.ec2", "staff_hours.batch")

JOBS = (
    Control("count", "Jobs (count)", "How many, all alike; empty: the workload's runs a month"),
    Control("hours_each", "Hours a job", "On the instances below, compiling included; empty: a run of the workload"),
    Control("instance_type", "Instance type", "What the jobs were timed on, such as g5.xlarge", "text"),
    Control("instances", "Instances a job (count)", "For jobs over several machines; empty: 1"),
    Control("region", "Region", "Such as us-east-1; empty: the dataset's home", "text"),
    Control("purchase", "Bought", "On-demand, or spot (SageMaker: managed spot)", "choice", ("on_demand", "spot")),
    Control("parallel", "At once (jobs)", "How many may run at the same time; empty: all"),
    Control("over_hours", "Spread over (hours)", "The jobs come over so many hours; empty: all at the start"),
    Control(
        "standing", "Standing fleet on EC2", "Instances for the jobs at once stand all those hours", "choice", YES_NO
    ),
)
SHARE = (
    Control("vcpu", "vCPU a job", "A job's share of an instance; all three empty: whole instances"),
    Control("gpu", "GPUs a job (count)", "Whole ones; AWS Batch gives a job physical GPUs"),
    Control("memory_gib", "Memory a job (GiB)", "The container's limit"),
    Control("max_vcpus", "At most (vCPUs)", "maxvCpus of AWS Batch's compute environment; empty: no limit"),
    Control(ALSO, "Further jobs (count, hours, vCPU, GPUs, GiB)",
            "Another kind packed beside yours: five numbers with commas; empty: none", "text"),
)  # fmt: skip
OWN = (
    Control(STAFF_RATE, "People's time (USD an hour)", "Your own number; empty: none. The kinds' is an example"),
    Control(STAFF[0], "Hours of people with SageMaker", "For all these jobs; empty: none. The kinds' is an example"),
    Control(STAFF[1], "Hours of people with EC2", "For all these jobs; empty: none. The kinds' is an example"),
    Control(STAFF[2], "Hours of people with AWS Batch", "For all these jobs; empty: none. The kinds' is an example"),
    Control("image_minutes", "Image pull (minutes)", "As you measured it; empty: 2.9, from 2.5 to 6 (sources below)"),
    Control(
        "scale_down_minutes", "AWS Batch keeps idle (minutes)", "Scale-down delay: 0, or 20 to 10,080; empty: none"
    ),
    Control("idle_tail_minutes", "EC2 left on after (minutes)", "Until somebody ends an instance; empty: none"),
    Control("volume_gib", "Disk of an instance (GiB)", "EBS gp3, or SageMaker's volume; empty: none"),
)
NEEDS = (
    Control("need.own_image", "Needs an own machine image", "Kernel, drivers, host access", "choice", YES_NO),
    Control("need.efa", "Needs EFA", "The fast network between instances", "choice", YES_NO),
    Control("need.managed_restart", "Needs managed restart", "The service starts a job again after spot was taken",
            "choice", YES_NO),
)  # fmt: skip
PORTFOLIO = (
    Control(EXTRA, "A further service costs (USD)", "What keeping each service beyond the first costs; empty: nothing"),
)
CONTROLS = {control.key: control for control in (*JOBS, *SHARE, *OWN, *NEEDS, *PORTFOLIO)}
PLACEHOLDERS = {
    "count": "runs a month", "hours_each": "a run", "instance_type": "of the plan", "instances": "1",
    "region": "dataset's",
    "parallel": "all", "over_hours": "at the start", "max_vcpus": "no limit", "also": "none", "image_minutes": "2.9",
    "scale_down_minutes": "none", "idle_tail_minutes": "none", "volume_gib": "none", "staff_usd_per_hour": "none",
    **dict.fromkeys(STAFF, "none"), **dict.fromkeys(("vcpu", "gpu", "memory_gib"), "whole instances"), EXTRA: "0",
}  # fmt: skip
_ALSO_KEYS = ("count", "hours_each", "vcpu", "gpu", "memory_gib")
_NAMES = {"on_demand": "on-demand"}


def option_name(_key: str, option: str) -> str:
    """How an option of a control is written for people."""
    return _NAMES.get(option, option)


def values_of(jobs: Mapping[str, Any], extra: str = "") -> dict[str, str]:
    """What each control shows for the key ``jobs`` of a workload."""
    staff = jobs.get("staff_hours") or {}
    values = {key: _text(jobs.get(key)) for key in CONTROLS}
    values |= {key: _text(staff.get(key.split(".")[1])) for key in STAFF}
    values |= {f"need.{need}": YES_NO[need in (jobs.get("needs") or ())] for need in JOB_NEEDS}
    values["purchase"] = jobs.get("purchase") or "on_demand"
    values["standing"] = YES_NO[bool(jobs.get("standing"))]
    first = next(iter(jobs.get("also") or ()), None)
    values[ALSO] = "" if first is None else ", ".join(_text(first.get(key)) or "0" for key in _ALSO_KEYS)
    values[EXTRA] = extra
    return values


def jobs_of(values: Mapping[str, str]) -> tuple[dict[str, Any], float, list[Fault]]:
    """The key ``jobs`` as the workload's reader takes it, the cost of a further service, and what could not be read."""
    faults: list[Fault] = []
    jobs: dict[str, Any] = {}
    for key, control in CONTROLS.items():
        if key in (EXTRA, ALSO) or key in STAFF or key.startswith("need.") or control.kind == "choice":
            continue
        text = values[key].strip()
        text = text.replace(" ", "") if control.kind == "number" else text
        if text:
            jobs[key] = text
    staff = {key.split(".")[1]: values[key].replace(" ", "") for key in STAFF if values[key].strip()}
    if staff:
        jobs["staff_hours"] = staff
    jobs["purchase"] = values["purchase"]
    jobs["standing"] = values["standing"] == "yes"
    jobs["needs"] = [need for need in JOB_NEEDS if values[f"need.{need}"] == "yes"]
    if values[ALSO].strip():
        parts = [part.strip().replace(" ", "") for part in values[ALSO].split(",")]
        if len(parts) != len(_ALSO_KEYS):
            faults.append(Fault(f"jobs.{ALSO}", values[ALSO], "is not: count, hours, vCPU, GPUs, GiB"))
        else:
            jobs[ALSO] = [{key: part for key, part in zip(_ALSO_KEYS, parts, strict=True) if part not in ("", "0")}]
    extra = 0.0
    if text := values[EXTRA].replace(" ", ""):
        try:
            extra = float(text)
        except ValueError:
            extra = -1.0
        if not 0 <= extra < float("inf"):
            faults.append(Fault(EXTRA, values[EXTRA], "must be a number from 0 up"))
    return jobs, extra, faults


def control_of(fault: Fault) -> str | None:
    """The key of the control that a fault stands beside; None if it concerns the whole."""
    field = fault.field.removeprefix("jobs.")
    if field.startswith("needs") and isinstance(fault.value, str) and f"need.{fault.value}" in CONTROLS:
        return f"need.{fault.value}"
    if field == "staff_hours":
        return STAFF[1]
    return next((key for key in CONTROLS if field == key or field.startswith(f"{key}.")), None)


def _text(value: Any) -> str:
    if value is None or isinstance(value, (bool, list, tuple, dict)):
        return ""
    return f"{value:.12g}" if isinstance(value, float) else str(value)
