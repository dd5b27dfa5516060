"""``costlib bill``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from costlib.cli.bill_options import bill_options, named_bill
from costlib.cli.options import JSON
from costlib.cli.output import print_json, together


@click.command()
@click.argument("path")
@click.option("--by", type=click.Choice(["month", "week", "day", "total"]), default="month", help="Default: month.")
@click.option("--group", help="Whose cost: tag:KEY, project, model, account, endpoint, training_job, service, region.")
@click.option(
    "--share", "rule", type=click.Choice(["even", "proportional", "telemetry"]), default="proportional",
    help="How cost that nobody owns is shared out. Default: proportional.",
)  # fmt: skip
@click.option("--shared", multiple=True, metavar="OWNER", help="Share this owner's cost, too. Repeat for more.")
@click.option("--telemetry", type=click.Path(), help="CSV owner,use: measured use, for --share telemetry.")
@click.option("--budget", "budget_csv", type=click.Path(), help="CSV month,budget (2026-09,12000).")
@click.option("--requests", "requests_csv", type=click.Path(), help="CSV period,requests: each period's first day.")
@click.option("--tag-policy", "policy_yaml", type=click.Path(), help="YAML: required, allowed, services.")
@click.option(
    "--required-tag", "required", multiple=True, metavar="KEY", help="Untagged is what lacks it. Repeat for more."
)
@click.option("--month", help="Only this month (2026-09).")
@bill_options
@click.option("--out", type=click.Path(), help="Write the chargeback table as CSV (with --group).")
@JSON
def bill(
    path: str,
    by: str,
    group: str | None,
    rule: str,
    shared: tuple[str, ...],
    telemetry: str | None,
    budget_csv: str | None,
    requests_csv: str | None,
    policy_yaml: str | None,
    required: tuple[str, ...],
    month: str | None,
    out: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """What was spent: PATH is a FOCUS 1.0 or 1.2, CUR 2.0 or legacy CUR export (a file, a folder, s3://bucket/prefix).

    JSON: {source, engine, versions, currency, cost (which cost is attributed and forecast), reconciliation {whole,
    raw_rows, view_rows, left_out_rows, left_out_billed, raw, view, difference (each by cost), unread (rows)}, notes
    [{kind, where, text, rows, cost}], periods [{period, rows, billed_cost, effective_cost, list_cost, contracted_cost,
    usage_list, usage_contracted, usage_effective, used, unused, covered_list, spot_list, spot_effective,
    eligible_list, eligible_covered_list, eligible_spot_list, instance_hours, instance_effective, training_cost,
    training_jobs, serving_cost, savings_rate, savings_rate_list, coverage, coverage_eligible, utilisation, spot_share,
    spot_share_eligible, spot_saving, blended_rate, cost_per_training_job, requests, cost_per_thousand_requests (the
    last two with --requests), untagged_rows, untagged_cost, untagged_share, untagged_rows_share}], accelerators
    [{period, accelerator_hours, accelerator_cost, unknown_hours, cost_per_accelerator_hour}], rates [{period,
    service_code, instance_type, purchase_option, hours, effective_cost, list_cost, effective_rate, list_rate}],
    commitments [{commitment_id, commitment_kind, bought, used, unused, covered_list, utilisation, saved}], drivers
    [{period, cost_before, cost, change, price, volume, mix, new, gone, other}], drivers_by_service (also service,
    unit), forecast [{month, expected, low, high}], backtest [{month, actual, expected, low, high, error_fraction}],
    budget [{month, budget, actual, forecast, forecast_low, forecast_high, budget_variance, forecast_variance,
    verdict}], attribution [{period, owner, rows, cost}], chargeback [{owner, direct, shared, total, share}], violators
    [{account_id, service, resource_id, problem, rows, cost}], policies {service_control_policy, tag_policy}, why_not}.
    Amounts are in the bill's currency; shares and variances are fractions. budget, attribution, chargeback, violators
    and policies are null where they were not asked for; why_not says why others are.
    """
    from costlib.billing.attribution import UNTAGGED
    from costlib.billing.bill import of_month
    from costlib.billing.own_tables import read_budget, read_requests, read_telemetry
    from costlib.billing.report import Asked, review
    from costlib.billing.tag_policy import TagPolicy
    from costlib.exports.bill_json import bill_json
    from costlib.exports.bill_text import bill_text
    from costlib.exports.files import check_folder, swap_in
    from costlib.exports.tables import frame_to_csv

    if out is not None and group is None:
        raise click.UsageError("--out writes the chargeback table, which needs --group")
    opened, budgets, use, requests, policy, _ = together(
        lambda: named_bill(path, **options),
        lambda: read_budget(budget_csv) if budget_csv is not None else None,
        lambda: read_telemetry(telemetry) if telemetry is not None else None,
        lambda: read_requests(requests_csv) if requests_csv is not None else None,
        lambda: TagPolicy.from_yaml(policy_yaml) if policy_yaml is not None else None,
        lambda: check_folder(out) if out is not None else None,
    )
    if month is not None:
        opened = of_month(opened, month)
    asked = Asked(
        by=by, group=group, rule=rule, shared=(UNTAGGED, *shared), telemetry=use, budgets=budgets, policy=policy,
        required_tags=required, requests=requests,
    )  # fmt: skip
    found = review(opened, asked)
    if out is not None and found.chargeback is not None:
        swap_in(Path(out), frame_to_csv(found.chargeback))
    if as_json:
        print_json(bill_json(found))
    else:
        click.echo(bill_text(found, rule))
