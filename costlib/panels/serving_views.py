"""What the serving page says in words and in its tables."""

from __future__ import annotations

import math

from costlib.display import count, escape, percent, share, usd
from costlib.panels.banner import basis_html
from costlib.panels.html_table import table_html
from costlib.panels.serving_state import ServingAnswer
from costlib.planner.serve.endpoint_models import Consolidation
from costlib.planner.serve.modes import NAMES
from costlib.planner.serve.report import NOT_COSTED, ServeReport
from costlib.planner.serve.review import RULES, Review

MOST_ROWS = 15


def answer_html(report: ServeReport) -> str:
    """The least fleet and the cheapest way, in a few sentences."""
    asked, traffic, loads = report.asked, report.traffic, report.loads
    first = report.mode_table.iloc[0]
    said = [
        f"{escape(traffic.name)}: {loads.interval.mean():,.3g} requests a second on the mean, {loads.peak:,.3g} at the"
        f" most. Cheapest with p{100 * asked.share:g} within {asked.promise_ms:g} ms: <b>{escape(first['meaning'])}</b>"
        f" on <b>{escape(first['choice'])}</b>, <b>{usd(first['usd_per_month'])}</b> a month"
        f" ({first['usd_per_1000_requests']:.4f} USD per 1,000 requests)."
    ]
    if report.best is not None:
        best = report.best
        said.append(
            f"The least SageMaker fleet: {report.by_hour.min():,.0f} to {report.by_hour.max():,.0f} ×"
            f" {escape(best['instance_type'])} by the hour, {usd(best['usd_per_month_by_hour'])} a month."
        )
        if asked.deployments_per_month:
            said.append(f"Deployments add {usd(report.surge_usd_per_month)} a month.")
    notes = [*traffic.notes, *report.tests.notes, *report.notes]
    small = " ".join(f"{escape(note)}." for note in notes)
    return f"<div class='costlib-answer'>{' '.join(said)}<br><small>{small} {escape(NOT_COSTED)}.</small></div>"


def types_html(report: ServeReport) -> str:
    """A row an instance type."""
    body = ""
    for row in report.instances.head(MOST_ROWS).to_dict("records"):
        can = not row["problem"]
        cells = (
            f"{row['kept_per_second']:,.1f}" if row["kept_per_second"] > 0 else "",
            f"{row['alone_ms']:,.0f}",
            f"{row['instances_at_peak']:,.0f}" if can else "",
            f"{row['mean_instances']:,.1f}" if can else "",
            usd(row["usd_per_month_by_hour"]) if can else "",
            usd(row["usd_per_month_fixed"]) if can else "",
        )
        numbers = "".join(f"<td class='costlib-number'>{cell}</td>" for cell in cells)
        batch = f" <small>batch {row['batch']}</small>" if row["batch"] > 1 else ""
        body += (
            f"<tr><td>{escape(row['instance_type'])}{batch} {basis_html(row['capacity_basis'])}</td>{numbers}"
            f"<td>{escape(row['problem'])}</td></tr>"
        )
    return table_html(
        (
            ("Type", "user: your load test; estimate: your model of service time"),
            ("Requests/s of one", "The most that one instance may get with the promise kept"),
            ("Alone (ms)", "The percentile of a request that never waits"),
            ("At the peak", "Instances"),
            ("Mean", "Instances, set by the hour"),
            ("USD/month by the hour", "730 hours, instances alone"),
            ("USD/month fixed", "With the count of the peak all the time"),
            ("Why not", ""),
        ),
        body,
    )


def scaling_html(report: ServeReport) -> str:
    """The policy, what it costs and what it misses."""
    scaling = report.scaling
    if scaling is None or report.best is None:
        return "<div class='costlib-answer'>No instance type keeps the promise, so there is nothing to scale.</div>"
    chosen, default = scaling.chosen, scaling.default
    kept = "keeps" if chosen["keeps_promise"] else "<b class=costlib-bad>does not keep</b>"
    said = (
        f"Target tracking at <b>{scaling.policy.target_per_minute:,.0f} requests a minute</b> of an instance"
        f" ({percent(float(str(chosen['target_fraction'])))} of what {escape(report.best['instance_type'])} may get),"
        f" cooldowns {scaling.policy.scale_out_cooldown_seconds:g} s out and"
        f" {scaling.policy.scale_in_cooldown_seconds:g} s in, {kept} the promise:"
        f" <b>{usd(scaling.usd_per_month)}</b> a month, {share(float(str(chosen['late_fraction'])))} of requests late,"
        f" {chosen['activities']} activities, {chosen['thrashes']} of them undo one of the half hour before. AWS's own"
        f" start, half of what it may get: {usd(scaling.default_usd_per_month)},"
        f" {share(float(str(default['late_fraction'])))} late."
    )
    terms = report.terms
    note = (
        f"Alarms: {terms.high_minutes} minutes above the target, {terms.low_minutes} below"
        f" {percent(terms.low_fraction)} of it; an instance serves {terms.start_minutes} minutes after it is asked for,"
        " and nothing else is begun meanwhile."
    )
    return f"<div class='costlib-answer'>{said}<br><small>{note}</small></div>"


def plans_html(report: ServeReport) -> str:
    """A Savings Plan for what always runs."""
    if not len(report.base_plans) or report.base_plans["instances"].iloc[0] <= 0:
        return ""
    plan = report.base_plans.iloc[0]
    return (
        f"<div class='costlib-answer'>{plan['instances']:g} of them under a Savings Plan ({escape(plan['option'])})"
        f" save <b>{usd(plan['saved_usd_per_month'])}</b> a month. {basis_html(plan['basis'])}"
        f"<br><small>{escape(plan['rule'])}.</small></div>"
    )


def modes_html(report: ServeReport) -> str:
    """A row a way to serve at this traffic."""
    body = "".join(
        f"<tr><td>{escape(row['meaning'])}</td><td>{escape(row['choice'])}</td>"
        f"<td class='costlib-number'>{usd(row['usd_per_month']) if row['choice'] else 'promise not kept'}</td>"
        f"<td class='costlib-number'>{format(row['usd_per_1000_requests'], '.4f') if row['choice'] else ''}</td></tr>"
        for row in report.mode_table.to_dict("records")
    )
    heads = (("Way", ""), ("On", "The cheapest of what was tested"), ("USD/month", "730 hours"), ("USD/1,000", ""))
    return table_html(heads, body)


def thresholds_html(report: ServeReport) -> str:
    """Where the cheapest way changes."""
    body = "".join(
        f"<tr><td class='costlib-number'>{count(row['from_requests_per_month'])}</td>"
        f"<td class='costlib-number'>{count(row['to_requests_per_month'])}</td>"
        f"<td>{escape(NAMES.get(row['mode'], 'nothing keeps the promise'))}</td></tr>"
        for row in report.thresholds.to_dict("records")
    )
    return "<br>" + table_html((("From requests a month", "With the same shape"), ("To", ""), ("Cheapest", "")), body)


def shared_html(answer: ServingAnswer) -> str:
    """Models that share the traffic, and the file of many models."""
    parts = []
    shared = answer.report.shared
    if shared is not None:
        body = "".join(
            f"<tr><td>{escape(row['instance_type'])}</td><td class='costlib-number'>{row['models_in_memory']:,.0f}</td>"
            f"<td class='costlib-number'>{share(row['cold_load_fraction'])}</td><td class='costlib-number'>"
            f"{format(row['kept_per_second'], ',.1f') if row['kept_per_second'] > 0 else 'promise not kept'}</td></tr>"
            for row in shared.table().to_dict("records")
        )
        heads = (("Type", ""), ("Models in memory", ""), ("Cold loads", "Share of requests"), ("Requests/s of one", ""))
        parts.append(table_html(heads, body))
    if answer.consolidation is not None:
        parts.append(consolidation_html(answer.consolidation))
    return "".join(parts)


def consolidation_html(found: Consolidation) -> str:
    """Which models go together."""
    saved = found.alone_usd_per_month - found.placed_usd_per_month
    head = (
        f"<div class='costlib-answer'>{len(found.models)} models with an endpoint each on"
        f" {escape(found.instance_type)}: {usd(found.alone_usd_per_month)} a month; as placed"
        f" {usd(found.placed_usd_per_month)}: saves <b>{usd(saved)}</b>.<br><small>{escape(found.rule)}.</small></div>"
    )
    body = "".join(
        f"<tr><td>{escape(row['model'])}</td><td>{escape(row['place'])}"
        f"{'' if row['fleet'] < 0 else ' ' + str(row['fleet'] + 1)}</td>"
        f"<td class='costlib-number'>{row['requests_per_second']:g}</td>"
        f"<td class='costlib-number'>{row['memory_gib']:g}</td>"
        f"<td class='costlib-number'>{usd(row['alone_usd_per_month'])}</td><td class='costlib-number'>"
        f"{_or(row['serverless_usd_per_month'], 'too large')}</td></tr>"
        for row in found.models.to_dict("records")
    )
    heads = (("Model", ""), ("Place", "shared: the number of its fleet"), ("Requests/s", ""), ("GiB", ""),
             ("Alone USD/month", ""), ("Serverless", "An estimate"))  # fmt: skip
    return head + table_html(heads, body)


def review_html(found: Review | None) -> str:
    """What to do with each endpoint."""
    if found is None:
        return ""
    used = [name for name in RULES if (found.endpoints["advice"] == name).any()]
    rules = " ".join(f"<b>{name}</b>: {escape(RULES[name])}." for name in used)
    head = (
        f"<div class='costlib-answer'>Saves <b>{usd(found.saved_usd_per_month)}</b> a month in all."
        f"<br><small>{rules}</small></div>"
    )
    body = "".join(
        f"<tr><td>{escape(row['endpoint'])}</td><td>{row['instances']:g} × {escape(row['instance_type'])}</td>"
        f"<td class='costlib-number'>{row['peak_use_percent']:g} %</td>"
        f"<td class='costlib-number'>{row['requests']:,.0f}</td><td>{escape(row['advice'])}"
        f"{_to(row['advice'], row['to_instances'])}</td>"
        f"<td class='costlib-number'>{usd(row['usd_per_month'])}</td>"
        f"<td class='costlib-number'>{usd(row['saved_usd_per_month'])}</td></tr>"
        for row in found.endpoints.to_dict("records")
    )
    heads = (("Endpoint", ""), ("Runs on", ""), ("Fullest hour", "The scarcer of CPU and GPU"), ("Requests", ""),
             ("Advice", ""), ("USD/month", ""), ("Saves", ""))  # fmt: skip
    return head + table_html(heads, body)


def _or(amount: float, words: str) -> str:
    return usd(amount) if math.isfinite(amount) else words


def _to(advice: str, instances: float) -> str:
    return f" to {instances:.3g}" if advice in ("shrink", "merge") else ""
