"""``costlib serve``."""

from __future__ import annotations

from typing import Any

import click

from costlib.cli.options import DISCOUNT, JSON, RATES, percents_of
from costlib.cli.output import print_json, together

SHAPE = ("days", "daily_swing_percent", "weekend_percent", "growth_percent", "noise_percent", "burst_times",
         "bursts_per_week", "seed")  # fmt: skip


@click.command()
@click.argument("traffic", required=False, type=click.Path())
@click.option(
    "--capacity", "capacities", multiple=True, metavar="FILE[@TYPE]",
    help="Load test: the sheet (--template), k6's JSON, Locust's history or Inference Recommender's JSON. Repeat.",
)  # fmt: skip
@click.option(
    "--estimate", "estimates", multiple=True, metavar="TYPE=FIXED_MS,ITEM_MS,ITEMS,WORKERS",
    help="A capacity without a test: a request of ITEMS takes FIXED + ITEMS x ITEM ms. Repeat.",
)  # fmt: skip
@click.option("--p95-ms", type=float, help="The promise: 95 % of requests within so many milliseconds.")
@click.option("--p99-ms", type=float, help="The same of 99 %, in place of --p95-ms.")
@click.option("--region", default="us-east-1", show_default=True)
@click.option("--least", type=int, default=2, show_default=True, help="Instances at least.")
@click.option("--most", type=int, default=1000, show_default=True, help="Your quota.")
@click.option("--zones", type=int, default=0, help="Zones, if the rest must carry the load when one is lost.")
@click.option("--routing", type=click.Choice(["random", "least_outstanding"]), default="random", show_default=True)
@click.option("--burst", type=float, default=1.0, help="Load within an interval, up to so many times its mean.")
@click.option("--gaps", type=click.Choice(["zero", "interpolate"]), help="What stands in gaps of the traffic.")
@click.option("--size-variation", type=float, default=0.0, help="Of requests' size (variance over mean squared).")
@click.option("--simulate", is_flag=True, help="Also simulate the fleet at its fullest, request by request.")
@click.option("--late-percent", type=float, default=1.0, show_default=True, help="Of requests, under autoscaling.")
@click.option("--start-minutes", type=int, help="Until an instance serves. Default: 10, as measured for one model.")
@click.option("--delay-minutes", type=int, default=1, show_default=True, help="Until a metric is seen.")
@click.option("--deployments", type=float, default=0.0, help="A month, each with a second fleet for a while.")
@click.option("--deployment-hours", type=float, default=1.0, show_default=True)
@click.option("--surge-percent", type=float, default=100.0, show_default=True, help="Of the fleet, beside it.")
@click.option("--cold-seconds", type=float, help="Of a function's cold start. Default: 1 at least, 16.5 billed.")
@click.option("--kept-idle-minutes", type=float, help="That an idle function stays warm. Default: 15, an estimate.")
@click.option("--patience-minutes", type=float, help="If answers may wait: adds asynchronous, batch and spot.")
@click.option("--models", type=int, default=1, show_default=True, help="That share the traffic, by Zipf's law.")
@click.option("--zipf", type=float, default=1.0, show_default=True, help="Its exponent; 0: all alike.")
@click.option("--model-gib", type=float, help="Memory of one model, needed with --models.")
@click.option("--load-seconds", type=float, default=5.0, show_default=True, help="Until a model is in memory.")
@click.option("--variants", type=int, default=1, show_default=True, help="Of one model, sharing traffic evenly.")
@click.option("--draw", type=float, metavar="PER_SECOND", help="Traffic drawn by a shape, in place of a file.")
@click.option("--days", type=int, help="Of drawn traffic. Default: 56.")
@click.option("--daily-swing-percent", type=float, help="The same. Default: 60.")
@click.option("--weekend-percent", type=float, help="Of a working day. Default: 50.")
@click.option("--growth-percent", type=float, help="A year. Default: 0.")
@click.option("--noise-percent", type=float, help="Of each interval. Default: 10.")
@click.option("--burst-times", type=float, help="As much for half an hour. Default: 1.")
@click.option("--bursts-per-week", type=float, help="Default: 0.")
@click.option("--seed", type=int, help="Of what is drawn. Default: 0.")
@click.option("--consolidate", type=click.Path(), help="CSV of many models with little traffic: which go together.")
@click.option("--on", "on_type", default="ml.m5.xlarge", show_default=True, help="For --consolidate: shared on this.")
@click.option("--review", type=click.Path(), help="CSV of a month of endpoints: shrink, merge, serverless or delete.")
@click.option("--template", type=click.Path(), help="Write an empty sheet for load tests, and do nothing else.")
@RATES
@DISCOUNT
@JSON
def serve(**given: Any) -> None:
    """The least fleet that serves TRAFFIC within a promise on p95 or p99, and the cheapest way to serve it.

    TRAFFIC is a CSV or Parquet file of time and requests (of each interval) or requests_per_second, and payload_kib if
    you like; or the JSON of CloudWatch's get-metric-statistics (Sum) or get-metric-data.

    JSON: {banner, traffic {name, start, hours, interval_seconds, requests, mean_per_second, peak_per_second,
    requests_per_month}, assumptions, instances [{instance_type, batch, capacity_basis, kept_per_second, alone_ms,
    instances_at_peak, mean_instances, usd_per_hour, usd_per_month_fixed, usd_per_month_by_hour, usd_per_1000_requests,
    problem}], fleet {instance_type, batch, instances_at_peak, mean_instances, usd_per_month, surge_usd_per_month,
    by_hour_of_week [{hour_of_week, mean_instances, most_instances}]}, autoscaling {policy {target_per_minute,
    scale_out_cooldown_seconds, scale_in_cooldown_seconds, least, most}, usd_per_month, target_fraction,
    instance_hours, late_fraction, activities, thrashes, keeps_promise, default, tried, requests {register, policy,
    tags, commands}}, modes [{mode, meaning, choice, usd_per_month, usd_per_1000_requests}], thresholds [{mode,
    from_scale, to_scale, from_requests_per_month, to_requests_per_month}], shared_models [{instance_type,
    models_in_memory, cold_load_fraction, kept_per_second}], per_model [{model, request_fraction, usd_per_month}],
    data_usd_per_month, savings_plans [{option, instances, usd_per_hour, usd_per_month, on_demand_usd_per_month,
    saved_usd_per_month, basis, rule, source, as_of}], prices [{way, item, usd, unit, basis, rule, source, as_of}],
    notes}; with --simulate {simulation {instance_type, workers, per_second, promise_ms, model_ms, simulated_ms,
    requests}}; with --consolidate {consolidation {instance_type, models [{model, requests_per_second, memory_gib,
    p50_ms, place, fleet, alone_usd_per_month, serverless_usd_per_month}], fleets [{fleet, instances, models,
    memory_gib, room_gib, load_fraction, usd_per_month}], alone_usd_per_month, placed_usd_per_month,
    saved_usd_per_month, rule}}; with --review {review {endpoints [{endpoint, instance_type, instances, requests,
    mean_use_percent, peak_use_percent, peak_memory_percent, mean_ms, hours, usd_per_month, advice, to_instances,
    usd_per_month_after, saved_usd_per_month}], saved_usd_per_month, rules}}. Requests of autoscaling are bodies for
    Application Auto Scaling.
    """
    from costlib.exports.serve_text import consolidation_text, review_text, serve_text, simulation_text
    from costlib.planner.answer import open_book
    from costlib.planner.serve.endpoint_models import consolidated, read_models
    from costlib.planner.serve.review import read_endpoints, reviewed
    from costlib.planner.serve.simulated import simulated

    if given["template"] is not None:
        _write_template(given["template"], given["as_json"])
        return
    asks_fleet = given["traffic"] is not None or given["draw"] is not None
    if not asks_fleet and given["consolidate"] is None and given["review"] is None:
        raise click.UsageError("give TRAFFIC, --draw, --consolidate, --review or --template")
    _check(given, asks_fleet)
    book = open_book(given["rates_csv"], percents_of(given["discounts"]))
    answers: dict[str, Any] = {}
    texts: list[str] = []
    if asks_fleet:
        report = _report(book, given)
        answers |= report.as_dict()
        texts.append(serve_text(report))
        if given["simulate"]:
            judged = simulated(report)
            answers["simulation"] = judged
            texts.append(simulation_text(judged))
    if given["consolidate"] is not None:
        models = read_models(given["consolidate"])
        placed = consolidated(book, models, given["on_type"], given["region"], max(given["least"], 1))
        answers["consolidation"] = placed.as_dict()
        texts.append(consolidation_text(placed))
    if given["review"] is not None:
        review = reviewed(book, read_endpoints(given["review"], book), given["region"], max(given["least"], 1))
        answers["review"] = review.as_dict()
        texts.append(review_text(review))
    if given["as_json"]:
        print_json({"banner": book.banner, **answers})
    else:
        click.echo(book.banner)
        click.echo("\n\n".join(texts))


def _check(given: dict[str, Any], asks_fleet: bool) -> None:
    shape = [name for name in SHAPE if given[name] is not None]
    if given["traffic"] is not None and given["draw"] is not None:
        raise click.UsageError("TRAFFIC and --draw are two traffics: give one")
    if shape and given["draw"] is None:
        raise click.UsageError(f"--{shape[0].replace('_', '-')} is of drawn traffic: give --draw")
    if not asks_fleet:
        return
    if (given["p95_ms"] is None) == (given["p99_ms"] is None):
        raise click.UsageError("give the promise: --p95-ms or --p99-ms, one of them")
    if not given["capacities"] and not given["estimates"]:
        raise click.UsageError("give --capacity (a load test) or --estimate: what an instance can serve is not known")


def _report(book: Any, given: dict[str, Any]) -> Any:
    from costlib.planner.serve.asked import Asked
    from costlib.planner.serve.capacity_file import read_load_tests
    from costlib.planner.serve.drawn import Shape, drawn
    from costlib.planner.serve.report import serve_report
    from costlib.planner.serve.service_model import with_estimates
    from costlib.planner.serve.traffic_file import read_traffic

    def traffic() -> Any:
        if given["draw"] is None:
            return read_traffic(given["traffic"], given["gaps"])
        said = {name: given[name] for name in SHAPE if given[name] is not None}
        return drawn(Shape(given["draw"], **said))

    def asked() -> Asked:
        kept = given["kept_idle_minutes"]
        return Asked(
            promise_ms=given["p95_ms"] if given["p95_ms"] is not None else given["p99_ms"],
            share=0.95 if given["p95_ms"] is not None else 0.99,
            region=given["region"],
            least=given["least"],
            most=given["most"],
            zones_to_survive=given["zones"],
            routing=given["routing"],
            burst_factor=given["burst"],
            size_variation=given["size_variation"],
            allowed_late_fraction=given["late_percent"] / 100,
            start_minutes=given["start_minutes"],
            delay_minutes=given["delay_minutes"],
            deployments_per_month=given["deployments"],
            deployment_hours=given["deployment_hours"],
            surge_fraction=given["surge_percent"] / 100,
            cold_seconds=given["cold_seconds"],
            kept_idle_seconds=None if kept is None else kept * 60,
            patience_minutes=given["patience_minutes"],
            models=given["models"],
            zipf_exponent=given["zipf"],
            model_gib=given["model_gib"],
            load_seconds=given["load_seconds"],
            variants=given["variants"],
        )

    def tests() -> Any:
        measured = read_load_tests(given["capacities"], book) if given["capacities"] else None
        return with_estimates(measured, given["estimates"], book)

    ran, measured, promise = together(traffic, tests, asked)
    return serve_report(book, ran, measured, promise)


def _write_template(path: str, as_json: bool) -> None:
    from pathlib import Path

    from costlib.exports.files import check_new, swap_in
    from costlib.planner.serve.capacity_file import COLUMNS, REQUIRED, template

    check_new("--template", path)
    swap_in(Path(path), template().to_csv(index=False, lineterminator="\n").encode())
    if as_json:
        print_json({"file": path, "columns": list(COLUMNS), "required": list(REQUIRED)})
    else:
        click.echo(f"written: {path} ({', '.join(COLUMNS)}; needed: {', '.join(REQUIRED)})")
