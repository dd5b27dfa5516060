"""What the service page says in words and tables."""

from __future__ import annotations

import math
from collections.abc import Sequence

from costlib.display import SERVICE_NAMES, escape, hours, hours_band, percent, share, usd, usd_band
from costlib.panels.banner import basis_html
from costlib.panels.html_table import table_html
from costlib.panels.service_state import ServiceAnswer
from costlib.planner.service.abilities import Reason
from costlib.planner.service.batch_plan import RULE as PACKING_RULE
from costlib.planner.service.candidates import MODES
from costlib.planner.service.kinds import EXAMPLE_RULE, KINDS
from costlib.planner.service.known import SERVICES
from costlib.planner.service.lines import ITEM_NAMES
from costlib.planner.service.market import ServiceSources
from costlib.planner.service.portfolio import RULE as PORTFOLIO_RULE
from costlib.planner.service.premium import by_family, premiums
from costlib.planner.service.report import RULES, sentence


def answer_html(answer: ServiceAnswer, started: str, example_people: bool) -> str:
    """The answer in a sentence, what it is for, and what its totals lack; ``example_people`` as of ``sentence``."""
    found, question = answer.found, answer.found.question
    where = (
        f"{question.count:,} {'job' if question.count == 1 else 'jobs'} of {hours(question.hours.expected)} on "
        + (
            f"a share of {question.instance_type}"
            if question.jobs.shared
            else f"{question.instances} × {question.instance_type}"
        )
        + f" in {question.region}, {question.jobs.purchase.replace('_', '-')}"
    )
    notes = [where, *question.notes]
    if started in KINDS:
        notes.append(EXAMPLE_RULE)
    lacks: dict[str, list[str]] = {}
    for service, words in found.missing.items():
        for one in words:
            lacks.setdefault(one, []).append(SERVICE_NAMES[service])
    missing = "; ".join(f"{one} ({', '.join(names)})" for one, names in lacks.items())
    told = f" Not in the totals: {escape(missing)}." if missing else ""
    below = f"{escape('; '.join(notes))}.{told}"
    return f"<div class='costlib-answer'>{escape(sentence(found, example_people))}<br><small>{below}</small></div>"


def services_html(answer: ServiceAnswer) -> str:
    """Each service's way, what keeps it out, and what to know of it."""
    rows = []
    found = answer.found
    for service in SERVICES:
        out = _whys(found.out[service], "costlib-bad")
        know = _whys(found.remarks[service], "")
        way = found.ways.get(service)
        if way is None:
            cells = "<td class='costlib-number'>–</td><td></td><td class='costlib-number'></td>"
        else:
            on_one = f", {way.slots} jobs on one" if way.slots > 1 else ""
            cells = (
                f"<td class='costlib-number'><b>{usd(way.usd.expected)}</b><small>{usd_band(way.usd.low, way.usd.high)}"
                f"</small></td><td>{way.lanes * found.question.instances:,} × {escape(way.instance_type)}{on_one}"
                f"<small>{escape(MODES[way.mode])}; {way.instance_hours:,.1f} instance-hours billed</small></td>"
                f"<td class='costlib-number'>{hours(way.makespan_hours.expected)}"
                f"<small>{hours_band(way.makespan_hours.low, way.makespan_hours.high)}</small></td>"
            )
        rows.append(f"<tr><td><b>{SERVICE_NAMES[service]}</b></td>{cells}<td>{out or 'yes'}</td><td>{know}</td></tr>")
    heads = (
        ("Service", ""), ("USD for all jobs", "expected; low – high"),
        ("On", "at most so many at once; the cheapest way"),
        ("Done after", "from the first start to the last end, waits included"),
        ("Possible", "what excludes it, with source"),
        ("To know", "with source"),
    )  # fmt: skip
    return table_html(heads, "".join(rows))


def lines_html(answer: ServiceAnswer) -> str:
    """Every line of every service, with formula, numbers, source, date and rule; to unfold."""
    rows = "".join(
        f"<tr><td>{SERVICE_NAMES[way.service]}</td><td>{escape(ITEM_NAMES[line.item])}</td>"
        f"<td class='costlib-number'>{usd(line.usd.expected)}<small>{usd_band(*sorted((line.usd.low, line.usd.high)))}"
        f"</small></td><td><code>{escape(line.formula)}</code><small>{escape(_numbers(line.inputs))}</small></td>"
        f"<td>{basis_html(line.basis)} {escape(line.as_of)}<small>{escape(line.source)}</small></td>"
        f"<td><small>{escape(line.rule)}</small></td></tr>"
        for way in answer.found.allowed
        for line in way.lines
    )
    heads = (
        ("Service", ""), ("Line", ""), ("USD", "expected; low – high"), ("Formula", "with its numbers"),
        ("Known as", "basis, date and source"), ("Rule", ""),
    )  # fmt: skip
    return f"<details><summary>Every line: formula, numbers, source</summary>{table_html(heads, rows)}</details>"


def flips_html(answer: ServiceAnswer) -> str:
    """Where the cheapest service changes, in words."""
    words = {"job_hours": "hours a job", "job_count": "jobs"}
    said = [
        f"From <b>{_number(flip.at)} {words[flip.what]}</b> on, {SERVICE_NAMES[flip.to]} is the cheapest, below it"
        f" {SERVICE_NAMES[flip.of]}."
        for flip in answer.report.flips
    ]
    if not said:
        said = ["No other length or count within a factor of 100 makes another service the cheapest."]
    for one, others in answer.report.staff_usd.items():
        rooms = [f"{usd(room)} before {SERVICE_NAMES[other]}" for other, room in others.items() if math.isfinite(room)]
        if rooms:
            said.append(f"People's time for {SERVICE_NAMES[one]} may cost {', '.join(rooms)} is as cheap.")
    items = "".join(f"<li>{one}</li>" for one in said)
    return f"<ul>{items}</ul><div class='costlib-note'>{escape(RULES['flips'])}.</div>"


def batch_html(answer: ServiceAnswer) -> str:
    """The packing in words, and the limits of AWS Batch."""
    batch, found = answer.report.batch, answer.found
    limits = answer.report.sources.numbers.facts.of("batch_limits")
    rows = "".join(
        f"<tr><td>{escape(row['fact'])}</td>"
        f"<td class='costlib-number'>{escape(row['value'])}<small>{escape(row['unit'])}</small></td>"
        f"<td><small>{escape(row['source'])}; {escape(row['note'])}</small></td></tr>"
        for row in limits.to_dict("records")
    )
    table = table_html((("Limit of AWS Batch", ""), ("Value", ""), ("Source", "")), rows)
    folded = f"<details><summary>Limits of queues and compute environments</summary>{table}</details>"
    if batch is None:
        return f"<div>These jobs take whole instances: give vCPU, GPUs or memory of a job to pack them.</div>{folded}"
    way = found.ways.get("batch")
    cheaper = ""
    if way is not None and way.instance_type != batch.instance_type:
        cheaper = (
            f" On {escape(way.instance_type)}, the type that AWS Batch's total above is for, they cost"
            f" {usd(way.usd_without('staff', 'storage'))}."
        )
    part = (
        ""
        if batch.share_placed > 0.999
        else f" The picture has {percent(batch.share_placed)} of the jobs, in proportion."
    )
    grouped = (
        f" Grouped, {batch.group} jobs in one of AWS Batch: starts of containers take"
        f" {share(batch.overhead_fraction)} of the time, not {share(batch.ungrouped_fraction)}."
        if batch.group > 1
        else f" Starts of containers take {share(batch.overhead_fraction)} of the time."
    )
    arrays = "one array job" if batch.arrays == 1 else f"{batch.arrays} array jobs"
    if answer.found.question.jobs.also:
        part += " Further jobs are packed here; the totals above are of your jobs alone."
    return (
        f"<div>On at most {batch.most_instances:,} × {escape(batch.instance_type)} the jobs cost"
        f" <b>{usd(batch.usd)}</b> and are done after {hours(batch.makespan_hours)};"
        f" {percent(batch.used_fraction)} of the"
        f" {_scarce(batch.scarcest)} {'is' if batch.scarcest == 'memory_gib' else 'are'} used. Each job on an instance"
        f" of its own: {usd(batch.alone_usd)}.{cheaper}"
        f"{grouped} {arrays[0].upper()}{arrays[1:]}.{part}</div><div class='costlib-note'>{escape(PACKING_RULE)};"
        f" no packing on this type is below {usd(batch.bound_usd)}.</div>{folded}"
    )


def portfolio_html(answer: ServiceAnswer) -> str:
    """Each set of jobs on each service, the cheapest mix marked, and one service for all."""
    mix = answer.portfolio
    rows = ""
    for name, costs, chosen in zip(mix.names, mix.usd, mix.chosen, strict=True):
        cells = "".join(_cost(cost, service == chosen) for service, cost in zip(SERVICES, costs, strict=True))
        rows += f"<tr><td>{escape(name)}</td>{cells}<td>{SERVICE_NAMES[chosen]}</td></tr>"
    alone = "".join(_cost(mix.one_for_all_usd[service], False) for service in SERVICES)
    rows += f"<tr><td><b>one service for all</b></td>{alone}<td>mix: <b>{usd(mix.mix_usd)}</b></td></tr>"
    single = mix.best_single
    if single is None:
        said = f"No service can run all of them; each on its cheapest costs <b>{usd(mix.mix_usd)}</b>."
    elif mix.saved_usd < 0.005:
        said = f"One service is as cheap as any mix: {SERVICE_NAMES[single]} for all, <b>{usd(mix.mix_usd)}</b>."
    else:
        said = (
            f"Each on its cheapest service costs <b>{usd(mix.mix_usd)}</b>: {usd(mix.saved_usd)} less than"
            f" {SERVICE_NAMES[single]} for all."
        )
    heads = (("Jobs", ""), *((SERVICE_NAMES[service], "USD, expected") for service in SERVICES), ("Cheapest mix", ""))
    return f"<div>{said}</div>{table_html(heads, rows)}<div class='costlib-note'>{escape(PORTFOLIO_RULE)}.</div>"


def premium_html(sources: ServiceSources, region: str) -> str:
    """SageMaker over EC2: by family over all regions, and by type in the region."""
    families = "".join(
        f"<tr><td>{escape(row['family'])}</td>"
        f"<td class='costlib-number'><b>{100 * row['premium_median_fraction']:.1f} %</b>"
        f"<small>{100 * row['premium_low_fraction']:.1f} – {100 * row['premium_high_fraction']:.1f} %</small></td>"
        f"<td class='costlib-number'>{row['prices']}</td>"
        f"<td>{escape(row['as_of_oldest'])} – {escape(row['as_of_newest'])}</td></tr>"
        for row in by_family(premiums(sources)).to_dict("records")
    )
    types = "".join(
        f"<tr><td>{escape(row['instance_type'])}</td>"
        f"<td class='costlib-number'>{100 * row['premium_fraction']:.1f} %</td>"
        f"<td class='costlib-number'>${row['ec2_usd_per_hour']:,.4f}<small>{escape(row['ec2_as_of'])},"
        f" {escape(row['ec2_source'])}</small></td>"
        f"<td class='costlib-number'>${row['sagemaker_usd_per_hour']:,.4f}<small>{escape(row['sagemaker_as_of'])},"
        f" {escape(row['sagemaker_source'])}"
        f" {basis_html(row['basis'])}</small></td></tr>"
        for row in premiums(sources, region).to_dict("records")
    )
    first = table_html(
        (("Family", ""), ("Premium", "median; least – greatest"), ("Prices", "types and regions with both prices"),
         ("Dates", "oldest and newest of both prices")), families,
    )  # fmt: skip
    second = table_html((("Type", ""), ("Premium", ""), ("EC2 an hour", ""), ("SageMaker an hour", "")), types)
    return (
        f"{first}<details><summary>Every type in {escape(region)}</summary>{second}</details>"
        f"<div class='costlib-note'>{escape(RULES['premium'])}.</div>"
    )


def rules_html() -> str:
    """How the comparison is reckoned, to unfold."""
    texts = [text for rule in RULES.values() for text in (rule.values() if isinstance(rule, dict) else (rule,))]
    items = "".join(f"<li>{escape(text)}</li>" for text in dict.fromkeys(texts))
    return f"<details class='costlib-note'><summary>How this is reckoned</summary><ul>{items}</ul></details>"


def _whys(reasons: Sequence[Reason], mark: str) -> str:
    return "".join(
        f"<div class='{mark}'>{escape(why.text)}<small>{escape(why.source)}</small></div>" for why in reasons
    )


def _cost(cost: float, chosen: bool) -> str:
    if not math.isfinite(cost):
        return "<td class='costlib-number'>cannot</td>"
    return f"<td class='costlib-number'>{f'<b>{usd(cost)}</b>' if chosen else usd(cost)}</td>"


def _numbers(inputs: object) -> str:
    assert hasattr(inputs, "items")
    return ", ".join(f"{name} = {value:,.6g}" for name, value in inputs.items())


def _number(value: float) -> str:
    return f"{value:,.3g}" if value < 1000 else f"{value:,.0f}"


def _scarce(resource: str) -> str:
    return {"vcpu": "vCPU", "gpu": "GPUs", "memory_gib": "memory"}[resource]
