"""How to serve, as tables for a terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping

from costlib import display
from costlib.exports.tables import records
from costlib.exports.terminal import plain, table
from costlib.planner.serve.endpoint_models import Consolidation
from costlib.planner.serve.modes import NAMES
from costlib.planner.serve.report import NOT_COSTED, ServeReport
from costlib.planner.serve.review import RULES, Review

#: Instance types that are listed; the others are counted.
MOST_TYPES = 12


def serve_text(found: ServeReport) -> str:
    """The fleet, its autoscaling, every way to serve and where the cheapest changes, and what was taken for granted."""
    asked = found.asked
    percentile = f"p{100 * asked.share:g}"
    parts = [
        f"{found.traffic.name}: {found.traffic.requests:,.0f} requests in {found.traffic.hours / 24:,.1f} days,"
        f" {found.loads.interval.mean():,.3g} a second on the mean, {found.loads.peak:,.3g} at the most",
        f"promise: {percentile} within {asked.promise_ms:g} ms, in {asked.region}",
        "",
        _types(found),
    ]
    if found.best is not None:
        parts += ["", *_fleet(found)]
    parts += ["", _modes(found), "", _thresholds(found)]
    if found.shared is not None:
        rows = [
            (row["instance_type"], f"{row['models_in_memory']:.0f}", display.share(row["cold_load_fraction"]),
             f"{row['kept_per_second']:,.1f}" if row["kept_per_second"] > 0 else "promise not kept")
            for row in records(found.shared.table())
        ]  # fmt: skip
        heads = ("models sharing", "in memory", "cold loads", "requests/s of one")
        parts += ["", table(heads, rows, right=heads[1:])]
    notes = [*found.traffic.notes, *found.tests.notes, *found.notes, NOT_COSTED]
    return "\n".join([*parts, "", *(f"- {plain(note)}" for note in notes)])


def simulation_text(found: Mapping[str, object]) -> str:
    """What a simulation says of the fleet at its fullest."""
    return (
        f"simulated: {found['requests']:,} requests to one {found['instance_type']} at {found['per_second']:,.2f} a"
        f" second: {found['simulated_ms']:,.0f} ms, where the formula says {found['model_ms']:,.0f} ms and"
        f" {found['promise_ms']:g} ms are promised"
    )


def consolidation_text(found: Consolidation) -> str:
    """Which models go together."""
    rows = [
        (plain(row["model"]), row["place"], str(row["fleet"]) if row["fleet"] >= 0 else "",
         f"{row['requests_per_second']:g}", f"{row['memory_gib']:g}", display.usd(row["alone_usd_per_month"]),
         display.usd(row["serverless_usd_per_month"]) if math.isfinite(row["serverless_usd_per_month"]) else "no")
        for row in records(found.models)
    ]  # fmt: skip
    heads = ("model", "place", "fleet", "requests/s", "GiB", "alone USD/month", "serverless")
    saved = found.alone_usd_per_month - found.placed_usd_per_month
    return "\n".join(
        [
            table(heads, rows, right=heads[2:]),
            f"on {found.instance_type}: {display.usd(found.alone_usd_per_month)} a month with an endpoint each,"
            f" {display.usd(found.placed_usd_per_month)} as placed: saves {display.usd(saved)}",
            f"- {plain(found.rule)}",
        ]
    )


def review_text(found: Review) -> str:
    """What to do with each endpoint."""
    rows = [
        (plain(row["endpoint"]), row["instance_type"], f"{row['instances']:g}", row["advice"],
         f"{row['to_instances']:.3g}" if row["to_instances"] else "", display.usd(row["usd_per_month"]),
         display.usd(row["saved_usd_per_month"]))
        for row in records(found.endpoints)
    ]  # fmt: skip
    heads = ("endpoint", "type", "instances", "advice", "to", "USD/month", "saves")
    used = [name for name in RULES if (found.endpoints["advice"] == name).any()]
    return "\n".join(
        [
            table(heads, rows, right=("instances", "to", "USD/month", "saves")),
            f"saves {display.usd(found.saved_usd_per_month)} a month in all",
            *(f"- {name}: {RULES[name]}" for name in used),
        ]
    )


def _types(found: ServeReport) -> str:
    rows = []
    for row in records(found.instances.head(MOST_TYPES)):
        can = not row["problem"]
        rows.append(
            (
                row["instance_type"] + (f" (batch {row['batch']})" if row["batch"] > 1 else ""),
                f"{row['kept_per_second']:,.1f}" if row["kept_per_second"] > 0 else "",
                f"{row['alone_ms']:,.0f}",
                f"{row['instances_at_peak']:,.0f}" if can else "",
                f"{row['mean_instances']:,.1f}" if can else "",
                display.usd(row["usd_per_month_by_hour"]) if can else "",
                f"{row['usd_per_1000_requests']:.4f}" if can else "",
                plain(row["problem"]),
            )
        )
    heads = ("type", "requests/s of one", "alone, ms", "at peak", "mean", "USD/month", "USD/1,000", "why not")
    text = table(heads, rows, right=heads[1:7])
    more = len(found.instances) - MOST_TYPES
    return text + (f"\n(and {more} more)" if more > 0 else "")


def _fleet(found: ServeReport) -> list[str]:
    best, scaling = found.best, found.scaling
    assert best is not None and scaling is not None
    chosen, default = scaling.chosen, scaling.default
    lines = [
        f"fleet: {best['instance_type']}, {found.by_hour.min():,.0f} to {found.by_hour.max():,.0f} by the hour:"
        f" {display.usd(best['usd_per_month_by_hour'])} a month",
        f"autoscaling: {scaling.policy.target_per_minute:,.0f} requests a minute of an instance"
        f" ({100 * float(str(chosen['target_fraction'])):.0f} % of what it may get), cooldowns"
        f" {scaling.policy.scale_out_cooldown_seconds:g} s out and {scaling.policy.scale_in_cooldown_seconds:g} s in:"
        f" {display.usd(scaling.usd_per_month)} a month, {100 * float(str(chosen['late_fraction'])):.2f} % of requests"
        f" late, {chosen['thrashes']} reversals" + ("" if chosen["keeps_promise"] else "; THE PROMISE IS NOT KEPT"),
        f"AWS's own start (half of what it may get): {display.usd(scaling.default_usd_per_month)} a month,"
        f" {100 * float(str(default['late_fraction'])):.2f} % late; --json has the policy to paste",
    ]
    if found.asked.deployments_per_month:
        lines.append(f"deployments add {display.usd(found.surge_usd_per_month)} a month")
    if len(found.base_plans) and found.base_plans["instances"].iloc[0] > 0:
        plan = found.base_plans.iloc[0]
        lines.append(
            f"base: {plan['instances']:g} instances under a Savings Plan ({plan['option']}) save"
            f" {display.usd(plan['saved_usd_per_month'])} a month ({plan['basis']} rate)"
        )
    if found.data_usd_per_month is not None:
        lines.append(f"data in and out of a SageMaker endpoint: {display.usd(found.data_usd_per_month)} a month")
    return lines


def _modes(found: ServeReport) -> str:
    rows = [
        (row["meaning"], row["choice"], display.usd(row["usd_per_month"]) if row["choice"] else "promise not kept",
         f"{row['usd_per_1000_requests']:.4f}" if row["choice"] else "")
        for row in records(found.mode_table)
    ]  # fmt: skip
    heads = ("way", "on", "USD/month", "USD/1,000")
    return table(heads, rows, right=("USD/month", "USD/1,000"))


def _thresholds(found: ServeReport) -> str:
    rows = [
        (display.count(row["from_requests_per_month"]), display.count(row["to_requests_per_month"]),
         NAMES.get(row["mode"], "nothing keeps the promise"))
        for row in records(found.thresholds)
    ]  # fmt: skip
    return table(("from requests/month", "to", "cheapest"), rows, right=("from requests/month", "to"))
