"""The cost of one way as lines: each with its formula, numbers, source and rule; the lines add up to the total."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from costlib.basis import weakest
from costlib.planner.plan import Band, Line
from costlib.planner.service.candidates import Candidates
from costlib.planner.service.known import BILLING_RULE, Known, ServiceNumbers
from costlib.planner.service.market import ORIGIN, ServiceSources
from costlib.planner.service.question import Question
from costlib.planner.service.storage import volume_price
from costlib.planner.sources import BANDS
from costlib.units import HOURS_PER_MONTH

STAFF_RULE = "your own numbers: nothing that was read says what running a service by hand takes"
#: Less than this at every end is rounding of floats, and no line.
NOTHING_USD = 1e-9
Values = dict[str, float]


@dataclass(frozen=True)
class Item:
    """One item: ``inputs`` are the numbers that ``formula`` names, ``cost`` computes it from them."""

    name: str
    words: str
    formula: str
    inputs: tuple[str, ...]
    cost: Callable[[Values], float]


ITEMS = (
    Item("compute", "Jobs at EC2's price", "ec2_usd_per_hour * job_hours", ("ec2_usd_per_hour", "job_hours"),
         lambda v: v["ec2_usd_per_hour"] * v["job_hours"]),
    Item("service_premium", "SageMaker over EC2", "(usd_per_hour - ec2_usd_per_hour) * job_hours",
         ("usd_per_hour", "ec2_usd_per_hour", "job_hours"),
         lambda v: (v["usd_per_hour"] - v["ec2_usd_per_hour"]) * v["job_hours"]),
    Item("start_up", "Starts: boot, image, containers", "usd_per_hour * start_hours", ("usd_per_hour", "start_hours"),
         lambda v: v["usd_per_hour"] * v["start_hours"]),
    Item("unused_shares", "Shares of instances left empty", "usd_per_hour * unused_hours",
         ("usd_per_hour", "unused_hours"), lambda v: v["usd_per_hour"] * v["unused_hours"]),
    Item("idle", "Idle instances", "usd_per_hour * idle_hours", ("usd_per_hour", "idle_hours"),
         lambda v: v["usd_per_hour"] * v["idle_hours"]),
    Item("rounding", "Billing steps and minimums", "usd_per_hour * rounding_hours", ("usd_per_hour", "rounding_hours"),
         lambda v: v["usd_per_hour"] * v["rounding_hours"]),
    Item("spot_rework", "Rework after spot interruptions", "usd_per_hour * rework_hours",
         ("usd_per_hour", "rework_hours"), lambda v: v["usd_per_hour"] * v["rework_hours"]),
    Item("storage", "Disks of the instances",
         f"usd_per_gib_month * volume_gib * instance_hours / {HOURS_PER_MONTH:g}",
         ("usd_per_gib_month", "volume_gib", "instance_hours"),
         lambda v: v["usd_per_gib_month"] * v["volume_gib"] * v["instance_hours"] / HOURS_PER_MONTH),
    Item("staff", "People's time", "staff_hours * staff_usd_per_hour", ("staff_hours", "staff_usd_per_hour"),
         lambda v: v["staff_hours"] * v["staff_usd_per_hour"]),
)  # fmt: skip
ITEM_NAMES = {item.name: item.words for item in ITEMS}


def lines_of(found: Candidates, row: int, sources: ServiceSources) -> tuple[Line, ...]:
    """The lines of one row of the candidates, without those that are nothing at all ends."""
    one = found.take(np.array([row]))
    at = one.table.iloc[0]
    ends = [_values(one, at, end, sources) for end in range(len(BANDS))]
    origins = _origins(found.question, at, sources)
    made = []
    for item in ITEMS:
        usd = [item.cost(values) for values in ends]
        if max(map(abs, usd)) > NOTHING_USD:
            basis, source, as_of, rule = origins[item.name]
            inputs = {name: ends[1][name] for name in item.inputs}
            made.append(Line(item.name, Band(*usd), basis, source, as_of, item.formula, inputs, rule))
    return tuple(made)


def _values(one: Candidates, at: pd.Series, end: int, sources: ServiceSources) -> Values:
    """The numbers of all formulas at one end."""
    question, service = one.question, str(at["service"])
    hours, jobs = one.billed(end), question.jobs
    price = float(at[f"usd_{BANDS[end]}"])
    ec2 = float(at[f"ec2_usd_{BANDS[end]}"]) if service == "sagemaker" else price
    work, stretch = float(hours.work_hours[0]), float(np.asarray(one.terms[end].stretch)[0])
    volume = volume_price(sources, service, question.region) if at["storage_usd_per_hour"] > 0 else None
    return {
        "usd_per_hour": price,
        # Where EC2's own price is not held, all is SageMaker's.
        "ec2_usd_per_hour": price if np.isnan(ec2) else ec2,
        "job_hours": work / stretch,
        "rework_hours": work - work / stretch,
        "unused_hours": float(hours.unused_hours[0]),
        "start_hours": float(hours.start_hours[0]),
        "idle_hours": float(hours.idle_hours[0]),
        # Less than a rounding of floats below zero is zero.
        "rounding_hours": max(float(hours.rounding_hours[0]), 0.0),
        "instance_hours": float(hours.total_hours[0]),
        "usd_per_gib_month": 0.0 if volume is None else volume.amount,
        "volume_gib": float(jobs.volume_gib or 0.0),
        "staff_hours": float((getattr(jobs.staff_hours, service) if jobs.staff_hours else None) or 0.0),
        "staff_usd_per_hour": float(jobs.staff_usd_per_hour or 0.0),
    }


def _origins(question: Question, at: pd.Series, sources: ServiceSources) -> dict[str, tuple[str, str, str, str]]:
    """Basis, source, date and rule of each item."""
    service, jobs = str(at["service"]), question.jobs
    side = "sagemaker" if service == "sagemaker" else "ec2"
    own, ec2 = ({name: str(at[f"{where}_{name}"]) for name in ORIGIN} for where in (side, "ec2"))
    held = bool(np.isfinite(float(at["ec2_usd_expected"])))
    first = ec2 if held else own
    price = f"price: {own['rule']}" if own["rule"] else ""
    hours = f"hours: {question.origin['rule']}" if question.origin["rule"] else ""
    basis = weakest([question.origin["basis"], own["basis"]])

    def rests(rule: str, known_as: str = basis) -> tuple[str, str, str, str]:
        return known_as, own["source"], own["as_of"], _together(price, rule)

    tail = {"ec2": jobs.idle_tail_minutes, "batch": jobs.scale_down_minutes}.get(service)
    volume = volume_price(sources, service, question.region)
    inside = "EC2's price is not held here: SageMaker's price over EC2's is inside"
    return {
        "compute": (
            weakest([question.origin["basis"], first["basis"]]), first["source"], first["as_of"],
            _together(f"price: {first['rule']}" if first["rule"] else "", hours, "" if held else inside),
        ),
        "service_premium": (
            weakest([basis, first["basis"]]), "; ".join(dict.fromkeys((own["source"], first["source"]))),
            min(own["as_of"], first["as_of"]), _together(price, hours),
        ),
        "start_up": _start_up(service, own, price, sources.numbers, jobs.image_minutes),
        "unused_shares": rests(f"{at['slots']:g} jobs fit on one {at['instance_type']} at once"),
        "idle": rests(
            _together(
                "instances without a job" + (f", over {jobs.over_hours:g} h" if at["mode"] == "window" else ""),
                f"a tail of {tail:g} min as given" if tail else "",
            )
        ),
        "rounding": rests(BILLING_RULE[service], "derived"),
        "spot_rework": rests("Daly 2006 at the Spot advisor's rate, or your own history", "estimate"),
        "storage": ("", "", "", "") if volume is None else (volume.basis, volume.source, volume.as_of, ""),
        "staff": ("user", "your own number", "", STAFF_RULE),
    }  # fmt: skip


def _start_up(
    service: str, own: dict[str, str], price: str, numbers: ServiceNumbers, image_minutes: float | None
) -> tuple[str, str, str, str]:
    """The starts of instances, and of further jobs on kept ones."""
    parts: list[Known] = [] if image_minutes is not None else [numbers.image]
    if service != "sagemaker":
        parts.append(numbers.boot)
    parts += {"sagemaker": [numbers.warm_pool_start], "batch": [numbers.batch_container], "ec2": []}[service]
    given = f"image: {image_minutes:g} min as given" if image_minutes is not None else ""
    source = "; ".join(dict.fromkeys([own["source"], *(part.source for part in parts)]))
    as_of = min([own["as_of"], *(part.as_of for part in parts)])
    return "estimate", source, as_of, _together(price, given, *(part.rule for part in parts))


def _together(*rules: str) -> str:
    return "; ".join(rule for rule in rules if rule)
