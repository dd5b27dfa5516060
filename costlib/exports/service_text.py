"""The choice of a service, as tables for a terminal."""

from __future__ import annotations

import math

from costlib import display
from costlib.exports.terminal import plain, table
from costlib.planner.service.candidates import MODES
from costlib.planner.service.compare import Comparison
from costlib.planner.service.known import SERVICES
from costlib.planner.service.lines import ITEM_NAMES
from costlib.planner.service.portfolio import Portfolio
from costlib.planner.service.premium import premiums
from costlib.planner.service.report import ServiceReport, sentence


def service_text(report: ServiceReport) -> str:
    """The answer, each service with its lines, what keeps some out, where it flips, the packing and the premium."""
    found, question = report.found, report.found.question
    each = f"{question.count:,} {'job' if question.count == 1 else 'jobs'} of {display.hours(question.hours.expected)}"
    whole = f"{question.instances} x {question.instance_type}" if not question.jobs.shared else "a share of one"
    made = [
        f"{plain(question.workload.name)}: {each} on {whole} ({question.instance_type}) in {question.region},"
        f" {question.jobs.purchase.replace('_', '-')}",
        *(plain(note) for note in question.notes),
        sentence(found),
        "",
        _services(found),
        "",
        _lines(found),
    ]
    for service in SERVICES:
        name = display.SERVICE_NAMES[service]
        made += [f"{name} cannot: {plain(why.text)} [{plain(why.source)}]" for why in found.out[service]]
        made += [f"{name}: {plain(why.text)} [{plain(why.source)}]" for why in found.remarks[service]]
        if missing := found.missing.get(service):
            made.append(f"not in the total of {name}: {plain('; '.join(missing))}")
    made += ["", _flips(report)]
    if report.batch is not None:
        made += ["", _packing(report)]
    return "\n".join([*made, "", _premium(report)])


def portfolio_text(found: Portfolio) -> str:
    """Each workload on its cheapest service, beside one service for all."""
    rows = [
        (name, *(display.usd(cost) if math.isfinite(cost) else "-" for cost in row), display.SERVICE_NAMES[service])
        for name, row, service in zip(found.names, found.usd, found.chosen, strict=True)
    ]
    names = [display.SERVICE_NAMES[service] for service in SERVICES]
    alone = [found.one_for_all_usd[service] for service in SERVICES]
    rows.append(("all on one", *(display.usd(cost) if math.isfinite(cost) else "-" for cost in alone), ""))
    body = table(("workload", *names, "cheapest mix"), rows, right=names)
    single = found.best_single
    beside = (
        "" if single is None else f"; {display.SERVICE_NAMES[single]} for all costs {display.usd(found.saved_usd)} more"
    )
    return f"{body}\nthe mix: {display.usd(found.mix_usd)}{beside}"


def _services(found: Comparison) -> str:
    rows = []
    for service in SERVICES:
        way = found.ways.get(service)
        if way is None:
            rows.append((display.SERVICE_NAMES[service], "-", "", "", "", "", "no"))
            continue
        rows.append(
            (
                display.SERVICE_NAMES[service],
                display.usd(way.usd.expected),
                display.usd_band(way.usd.low, way.usd.high),
                f"{way.lanes * found.question.instances} x {way.instance_type}",
                MODES[way.mode],
                display.hours(way.makespan_hours.expected),
                "no" if found.out[service] else "yes",
            )
        )
    heads = ("service", "USD", "range", "at once", "how", "done after", "possible")
    return table(heads, rows, right=("USD", "range", "done after"))


def _lines(found: Comparison) -> str:
    amounts = {service: {line.item: line.usd.expected for line in way.lines} for service, way in found.ways.items()}
    rows = [
        (words, *(display.usd(amounts[service][item]) if item in amounts[service] else "" for service in amounts))
        for item, words in ITEM_NAMES.items()
        if any(display.usd(lines.get(item, 0.0)) not in ("$0.00", "$0.0000") for lines in amounts.values())
    ]
    names = [display.SERVICE_NAMES[service] for service in amounts]
    return table(("USD, expected", *names), rows, right=names)


def _flips(report: ServiceReport) -> str:
    words = {"job_hours": "hours a job", "job_count": "jobs"}
    made = [
        f"from {flip.at:,.3g} {words[flip.what]} on {display.SERVICE_NAMES[flip.to]} is cheaper than"
        f" {display.SERVICE_NAMES[flip.of]}"
        for flip in report.flips
    ]
    made = made or ["no other job length or count within a factor of 100 makes another service the cheapest"]
    made += [
        f"{display.SERVICE_NAMES[one]} may take {display.usd(room)} of people's time before"
        f" {display.SERVICE_NAMES[other]} is as cheap"
        for one, others in report.staff_usd.items()
        for other, room in others.items()
        if math.isfinite(room)
    ]
    return "\n".join(made)


def _packing(report: ServiceReport) -> str:
    batch = report.batch
    assert batch is not None
    grouped = f", {batch.group} jobs in one of AWS Batch" if batch.group > 1 else ""
    return (
        f"packed on {batch.packing.instances} x {batch.instance_type} (at most {batch.most_instances}){grouped}:"
        f" {display.usd(batch.usd)}, {display.percent(batch.used_fraction)} of the {batch.scarcest} used, done after"
        f" {display.hours(batch.makespan_hours)}; each job on an instance of its own: {display.usd(batch.alone_usd)}"
    )


def _premium(report: ServiceReport) -> str:
    question = report.found.question
    types = {way.instance_type for way in report.found.ways.values()} | {question.instance_type}
    rows = [
        (row["instance_type"], f"{row['ec2_usd_per_hour']:,.4f}", f"{row['sagemaker_usd_per_hour']:,.4f}",
         f"{100 * row['premium_fraction']:.1f} %", row["basis"], f"{row['ec2_as_of']}; {row['sagemaker_as_of']}")
        for row in premiums(report.sources, question.region).to_dict("records")
        if row["instance_type"] in types
    ]  # fmt: skip
    heads = ("type", "EC2 USD/hour", "SageMaker USD/hour", "premium", "basis", "as of")
    if not rows:
        return f"no premium: SageMaker's price is not held for {', '.join(sorted(types))} in {question.region}"
    return table(heads, rows, right=("EC2 USD/hour", "SageMaker USD/hour", "premium"))
