"""The controls of the serving page as plain data, and what their texts mean."""

from __future__ import annotations

from collections.abc import Mapping

from costlib.errors import Fault, InvalidInput
from costlib.panels.workload_fields import Control
from costlib.planner.serve.asked import ROUTINGS, Asked
from costlib.planner.serve.traffic_file import GAPS

PERCENTILES = {"p95": 0.95, "p99": 0.99}

SECTIONS: dict[str, tuple[Control, ...]] = {
    "Promise": (
        Control("promise_ms", "Within (ms)", "The response time that is promised"),
        Control("percentile", "For", "The share of requests that it holds for", "choice", tuple(PERCENTILES),
                claims=("share",)),
        Control("region", "Region", "Whose prices count, such as us-east-1"),
        Control("gaps", "Gaps in traffic", "What stands where the file has no row", "choice", ("refuse", *GAPS)),
    ),
    "Fleet": (
        Control("least", "At least (instances)", "Two lie in two zones"),
        Control("most", "At most (instances)", "Your quota"),
        Control("zones_to_survive", "Survive a zone of", "The rest must carry the load when one zone is lost", "choice",
                ("0", "2", "3", "4")),
        Control("routing", "Routing", "SageMaker's default is random", "choice", ROUTINGS),
        Control("burst_factor", "Bursts (times)", "The load within an interval, over its mean"),
        Control("size_variation", "Size varies (squared)", "Variance of requests' size over its mean squared, where the"
                " test sent all alike; 0: as tested"),
        Control("deployments_per_month", "Deployments (a month)", "Each with a second fleet for an hour"),
    ),
    "Autoscaling and patience": (
        Control("late_percent", "May come late (%)", "Requests in minutes of too few instances",
                claims=("allowed_late_fraction",)),
        Control("start_minutes", "Start (minutes)", "Until a new instance serves; 10 were measured for one model"),
        Control("delay_minutes", "Metric delay (minutes)", "Until a metric is seen"),
        Control("patience_minutes", "Patience (minutes)", "If answers may wait: asynchronous, batch, spot; empty: no"),
    ),
    "Models": (
        Control("models", "Models (count)", "That share the traffic, by Zipf's law"),
        Control("zipf_exponent", "Zipf exponent", "0: all alike; 1: the second half as often as the first"),
        Control("model_gib", "Memory of one (GiB)", "Needed with several models"),
        Control("load_seconds", "Load (seconds)", "Until a model is in memory"),
        Control("variants", "Variants (count)", "Of one model on one endpoint"),
    ),
}  # fmt: skip
CONTROLS = {control.key: control for controls in SECTIONS.values() for control in controls}
PLACEHOLDERS = {"patience_minutes": "none", "model_gib": "of one model"}
DEFAULTS = {
    "promise_ms": "200", "percentile": "p95", "region": "us-east-1", "gaps": "refuse",
    "least": "2", "most": "1000", "zones_to_survive": "0", "routing": "random", "burst_factor": "1",
    "size_variation": "0", "deployments_per_month": "0",
    "late_percent": "1", "start_minutes": "10", "delay_minutes": "1", "patience_minutes": "",
    "models": "1", "zipf_exponent": "1", "model_gib": "", "load_seconds": "5", "variants": "1",
}  # fmt: skip
_WHOLE = ("least", "most", "start_minutes", "delay_minutes", "models", "variants")
_MAY_BE_EMPTY = ("patience_minutes", "model_gib")
_NAMES = {
    "zones_to_survive": {"0": "not asked", "2": "2 zones", "3": "3 zones", "4": "4 zones"},
    "routing": {"random": "random", "least_outstanding": "to the least busy"},
    "gaps": {"refuse": "say so", "zero": "no requests", "interpolate": "a line between"},
}


def option_name(key: str, option: str) -> str:
    """How an option of a control is written for people."""
    return _NAMES.get(key, {}).get(option, option)


def control_of(fault: Fault) -> str | None:
    """The control beside which a fault stands."""
    return next((key for key, control in CONTROLS.items() if fault.field in (key, *control.claims)), None)


def asked_of(values: Mapping[str, str]) -> Asked:
    """The question that the controls ask. Raises InvalidInput with every fault."""
    faults: list[Fault] = []
    numbers: dict[str, float | int | None] = {}
    for key in DEFAULTS:
        if key in ("percentile", "region", "routing", "gaps"):
            continue
        text = values[key].replace(" ", "").replace(",", "")
        if not text and key in _MAY_BE_EMPTY:
            numbers[key] = None
            continue
        try:
            number = float(text)
        except ValueError:
            faults.append(Fault(key, values[key], "is not a number"))
            continue
        if key in _WHOLE and number != int(number):
            faults.append(Fault(key, values[key], "must be a whole number"))
        numbers[key] = int(number) if key in _WHOLE or key == "zones_to_survive" else number
    if faults:
        raise InvalidInput(faults)
    late = numbers.pop("late_percent")
    assert late is not None
    return Asked(
        share=PERCENTILES[values["percentile"]],
        region=values["region"].strip(),
        routing=values["routing"],
        allowed_late_fraction=late / 100,
        **numbers,  # type: ignore[arg-type]
    )
