"""``costlib service``."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from costlib.cli.options import DISCOUNT, JSON, RATES, percents_of
from costlib.cli.output import print_json, together


@click.command()
@click.argument("workloads", nargs=-1, required=True, type=click.Path())
@click.option("--staff-usd-per-hour", type=float, help="What an hour of people's time costs. No default.")
@click.option(
    "--staff-hours", "staff_hours", multiple=True, metavar="SERVICE=HOURS",
    help="People's hours for the whole set of jobs on ec2, batch or sagemaker. Repeat for more. No default: none.",
)  # fmt: skip
@click.option(
    "--extra-service-usd", type=float, default=0.0,
    help="With several workloads: what keeping each service beyond the first costs. Default: 0.",
)  # fmt: skip
@RATES
@DISCOUNT
@JSON
def service(
    workloads: tuple[str, ...],
    staff_usd_per_hour: float | None,
    staff_hours: tuple[str, ...],
    extra_service_usd: float,
    rates_csv: str | None,
    discounts: tuple[str, ...],
    as_json: bool,
) -> None:
    """SageMaker training jobs, EC2 by hand or AWS Batch: which runs the jobs of WORKLOADS (YAML files) for the least?

    The jobs stand under the key "jobs" of a workload: {count, hours_each, instance_type, instances, region, parallel,
    over_hours, standing, vcpu, gpu, memory_gib, purchase, needs, volume_gib, max_vcpus, scale_down_minutes,
    idle_tail_minutes, image_minutes, staff_usd_per_hour, staff_hours {ec2, batch, sagemaker}, also}. Without it a job
    is one run by the cheapest on-demand plan, runs_per_month times. People's time is none unless you give it.

    JSON: {workload, region, instance_type, instances, purchase, count, hours_each {low, expected, high}, hours_origin,
    notes, services [{service, allowed, reasons [{reason, source}], remarks, missing, usd {low, expected, high}, lines
    [{item, usd, usd_low, usd_high, basis, source, as_of, formula, inputs, rule}], choice {instance_type, mode,
    jobs_on_an_instance, instances_at_once, instance_hours, makespan_hours}}], best, same, saved_usd, answer, flips
    [{what (job_hours, job_count), at, from, to}], flip_staff_usd {service: {other: USD}}, batch {instance_type,
    most_instances, instances, share_placed, instance_hours, bound_instance_hours, usd, alone_usd, used_fraction,
    scarcest, makespan_hours, group, overhead_fraction, ungrouped_fraction, arrays, rule, limits [{fact, value, unit,
    source, as_of, note}]}, premium [{instance_type, family, region, ec2_usd_per_hour, sagemaker_usd_per_hour,
    premium_fraction, basis, ec2_source, ec2_as_of, sagemaker_source, sagemaker_as_of}], rules}; the lines of a service
    add up to its usd. usd, lines and choice are null or empty where no price is held; batch is null where jobs take
    whole instances. With several workloads {reports: a list of these, portfolio {workloads [{name, usd, service}],
    mix_usd, one_for_all_usd, best_single, saved_usd, extra_service_usd, rule}}.
    """
    from costlib.exports.service_text import portfolio_text, service_text
    from costlib.planner.answer import open_book
    from costlib.planner.service.market import ServiceSources
    from costlib.planner.service.portfolio import portfolio
    from costlib.planner.service.reading import read_file
    from costlib.planner.service.report import service_report
    from costlib.planner.sources import Sources

    changes = _staff(staff_usd_per_hour, staff_hours)
    # Workloads are looked at with the snapshot's own book, so that faults of both are told at once.
    plain = ServiceSources.open()
    reads = [partial(read_file, path, changes, plain) for path in workloads]
    book, *wanted = together(lambda: open_book(rates_csv, percents_of(discounts)), *reads)
    sources = ServiceSources.open(Sources.open(book))
    reports = together(*(partial(service_report, one, sources) for one in wanted))
    mix = portfolio([(one.found.question.workload.name, one.found) for one in reports], extra_service_usd)
    if as_json:
        made = [one.as_dict() for one in reports]
        print_json(made[0] if len(made) == 1 else {"reports": made, "portfolio": mix.as_dict()})
        return
    click.echo(book.banner)
    click.echo("\n\n".join(service_text(one) for one in reports))
    if len(reports) > 1:
        click.echo(f"\n{portfolio_text(mix)}")


def _staff(usd_per_hour: float | None, hours: tuple[str, ...]) -> dict[str, Any]:
    """What the options say of people's time, by dotted key of a workload; what is no number is left to its checks."""
    changes: dict[str, Any] = {} if usd_per_hour is None else {"jobs.staff_usd_per_hour": usd_per_hour}
    for text in hours:
        name, _, number = text.partition("=")
        changes[f"jobs.staff_hours.{name}"] = number
    return changes
