"""Everything that is known of the choice of a service, as one answer for files and the command line."""

from __future__ import annotations

from dataclasses import dataclass

from costlib.display import SERVICE_NAMES, share, usd
from costlib.planner.service.batch_plan import BatchPlan, batch_plan
from costlib.planner.service.candidates import MODES
from costlib.planner.service.compare import Comparison, Way, compare
from costlib.planner.service.flips import RULE as FLIP_RULE
from costlib.planner.service.flips import Flip, flips, staff_flips
from costlib.planner.service.known import BILLING_RULE, SERVICES
from costlib.planner.service.lines import ITEM_NAMES, STAFF_RULE
from costlib.planner.service.market import ServiceSources
from costlib.planner.service.premium import RULE as PREMIUM_RULE
from costlib.planner.service.premium import premiums
from costlib.workload import Workload

#: Costs within this share of each other are told as the same.
SAME_FRACTION = 1e-4
RULES = {
    "hours": "hours of a job are from its container's first second to its last: compiling and loading are in them",
    "alternatives": "a job with a share runs as fast on each type with the same accelerator, or of the same family",
    "sagemaker_share": "a SageMaker training job takes whole instances; EC2 and AWS Batch run several jobs on one",
    "billing": BILLING_RULE,
    "staff": STAFF_RULE,
    "flips": FLIP_RULE,
    "premium": PREMIUM_RULE,
}


@dataclass(frozen=True)
class ServiceReport:
    """One comparison, its flips, and the packing on AWS Batch (None where jobs take whole instances)."""

    found: Comparison
    flips: tuple[Flip, ...]
    staff_usd: dict[str, dict[str, float]]
    batch: BatchPlan | None
    sources: ServiceSources

    def as_dict(self) -> dict[str, object]:
        """JSON-ready: what is not known is null."""
        found, question = self.found, self.found.question
        next_best = found.allowed[1] if len(found.allowed) > 1 else None
        premium = premiums(self.sources, question.region)
        return {
            "workload": question.workload.name,
            "region": question.region,
            "instance_type": question.instance_type,
            "instances": question.instances,
            "purchase": question.jobs.purchase,
            "count": question.count,
            "hours_each": question.hours.as_dict(),
            "hours_origin": question.origin,
            "notes": list(question.notes),
            "services": [_service(found, service) for service in SERVICES],
            "best": found.best.service,
            "same": list(same_cost(found)),
            "saved_usd": None if next_best is None else next_best.usd.expected - found.best.usd.expected,
            "answer": sentence(found),
            "flips": [flip.as_dict() for flip in self.flips],
            "flip_staff_usd": self.staff_usd,
            "batch": None if self.batch is None else self.batch.as_dict(),
            "premium": premium.to_dict("records"),
            "rules": RULES,
        }


def service_report(workload: Workload, sources: ServiceSources) -> ServiceReport:
    """The whole answer. Raises InvalidInput with all faults, NoPlan where no service is left."""
    found = compare(workload, sources)
    return ServiceReport(found, flips(found), staff_flips(found), batch_plan(found.question, sources.numbers), sources)


def same_cost(found: Comparison) -> tuple[str, ...]:
    """Services that cost what the best does, the best first."""
    return _least({way.service: way.usd.expected for way in found.allowed})


def sentence(found: Comparison, example_people: bool = False) -> str:
    """The answer in words: the cheapest service, by how much, what makes it so, and what people's time makes of it.

    ``example_people``: whether what people's time costs is an example's and nobody's own.
    """
    best, same = found.best, same_cost(found)
    people, without = _people(found, example_people)
    text = f"{_names(same)} the cheapest, at {usd(best.usd.expected)}{people}"
    others = [way for way in found.allowed if way.service not in same]
    if not others:
        end = "; nothing else can run these jobs." if len(same) < len(SERVICES) else "."
        return f"{text}{end}{without}"
    second = others[0]
    more = second.usd.expected / best.usd.expected - 1.0
    item, gap = _largest_gap(best, second)
    why = f", most of it {item} ({usd(gap)})" if gap > 0 else ""
    return (
        f"{text}. {SERVICE_NAMES[second.service]} costs {usd(second.usd.expected)}, {share(more)} more{why}.{without}"
    )


def _people(found: Comparison, example: bool) -> tuple[str, str]:
    """With which people's time the answer is, and what it would be without; both empty where none is in it."""
    jobs = found.question.jobs
    if jobs.staff_hours is None or not any(line.item == "staff" for way in found.allowed for line in way.lines):
        return "", ""
    given = {name: getattr(jobs.staff_hours, name) for name in SERVICES}
    hours = ", ".join(f"{SERVICE_NAMES[name]} {each:g} h" for name, each in given.items() if each is not None)
    whose = "an example's numbers" if example else "your own numbers"
    people = f", with people's time at {usd(jobs.staff_usd_per_hour or 0.0)} an hour ({hours}), {whose}"
    alone = {name: way.usd_without("staff") for name, way in found.ways.items() if not found.out[name]}
    return people, f" Without people's time {_names(_least(alone))} the cheapest, at {usd(min(alone.values()))}."


def _least(costs_usd: dict[str, float]) -> tuple[str, ...]:
    """Services of the least cost, but for SAME_FRACTION, in the order given."""
    least = min(costs_usd.values())
    return tuple(name for name, cost in costs_usd.items() if cost <= least * (1 + SAME_FRACTION))


def _names(services: tuple[str, ...]) -> str:
    return f"{' and '.join(SERVICE_NAMES[name] for name in services)} {'is' if len(services) == 1 else 'are'}"


def _largest_gap(best: Way, other: Way) -> tuple[str, float]:
    """The item by which the other is dearer most, in words."""
    mine = {line.item: line.usd.expected for line in best.lines}
    theirs = {line.item: line.usd.expected for line in other.lines}
    gaps = {item: theirs.get(item, 0.0) - mine.get(item, 0.0) for item in ITEM_NAMES}
    item = max(gaps, key=lambda name: gaps[name])
    words = ITEM_NAMES[item]
    # A service's name keeps its capital.
    return words if item == "service_premium" else words[0].lower() + words[1:], gaps[item]


def _service(found: Comparison, service: str) -> dict[str, object]:
    way = found.ways.get(service)
    made: dict[str, object] = {
        "service": service,
        "allowed": way is not None and not found.out[service],
        "reasons": [why.as_dict() for why in found.out[service]],
        "remarks": [why.as_dict() for why in found.remarks[service]],
        "missing": list(found.missing.get(service, ())),
        "usd": None,
        "lines": [],
        "choice": None,
    }
    if way is not None:
        made |= {
            "usd": way.usd.as_dict(),
            "lines": [line.as_dict() for line in way.lines],
            "choice": {
                "instance_type": way.instance_type,
                "mode": MODES[way.mode],
                "jobs_on_an_instance": way.slots,
                "instances_at_once": way.lanes * found.question.instances,
                "instance_hours": way.instance_hours,
                "makespan_hours": way.makespan_hours.as_dict(),
            },
        }
    return made
