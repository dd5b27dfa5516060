"""The texts and tables of the planning panel as HTML; all data text is escaped."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from costlib import display
from costlib.display import escape
from costlib.panels.banner import basis_html
from costlib.panels.plan_state import PlanState
from costlib.planner.explain import explain
from costlib.planner.ladder import LEVERS, Ladder
from costlib.planner.lines import NOT_COSTED
from costlib.planner.plan import Plan
from costlib.planner.search import Result

# The exports bring large libraries with them, and most visitors take nothing away: they are imported when used.


def _csv(result: Result, plans: list[Plan], _steps: Ladder) -> bytes:
    from costlib.exports.tables import to_csv

    return to_csv(result, plans)


def _excel(result: Result, plans: list[Plan], _steps: Ladder) -> bytes:
    from costlib.exports.excel import to_excel

    return to_excel(result, plans)


def _page(result: Result, plans: list[Plan], steps: Ladder) -> bytes:
    from costlib.exports.page import to_html

    return to_html(result, plans, steps)


def _yaml(result: Result, _plans: list[Plan], _steps: Ladder) -> bytes:
    return result.workload.to_yaml().encode("utf-8")


@dataclass(frozen=True)
class Export:
    """One form in which the answer is taken away."""

    label: str
    suffix: str
    media_type: str
    make: Callable[[Result, list[Plan], Ladder], bytes]


_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EXPORTS: Mapping[str, Export] = MappingProxyType(
    {
        "csv": Export("CSV", "csv", "text/csv", _csv),
        "excel": Export("Excel", "xlsx", _SHEET, _excel),
        "html": Export("HTML page", "html", "text/html", _page),
        "yaml": Export("Workload (YAML)", "yaml", "text/yaml", _yaml),
    }
)


def download_html(state: PlanState, kind: str, plans: list[Plan]) -> str:
    """A link that holds the whole file, so that it works in JupyterLab and under Voilà, without a server."""
    export = EXPORTS[kind]
    result, steps = state.result, state.ladder()
    assert result is not None and steps is not None, "nothing is taken away before there is an answer"
    content = export.make(result, plans, steps)
    name = f"{state.draft.workload.name.replace(' ', '_')}.{export.suffix}"
    data = base64.b64encode(content).decode("ascii")
    return (
        f"<a class='costlib-download' download='{escape(name)}'"
        f" href='data:{export.media_type};base64,{data}'>Save {escape(name)}</a>"
        f" <span class='costlib-note'>({len(content) / 1024:,.0f} KiB)</span>"
    )


def answer_html(state: PlanState) -> str:
    """The best plan in one sentence, its range, and how many ways were looked at."""
    result = state.result
    if result is None:
        return "<div class='costlib-answer'>No answer yet.</div>"
    deadline = result.workload.deadline_hours
    counted = f"{result.enumerated:,} ways looked at"
    if not len(result.order):
        fastest = display.hours(float(result.wall_hours.min()))
        return (
            f"<div class='costlib-answer costlib-bad'>No plan holds the deadline of {display.hours(deadline or 0)}."
            f"<br><small>The fastest of {len(result.candidates):,} takes {fastest}. {counted}.</small></div>"
        )
    best = state.best_plans(1)[0]
    cost, time = best.cost_usd, best.hours
    bought = " ".join(part for part in (display.PURCHASE_NAMES[best.purchase], escape(best.option)) if part)
    holds = f"{len(result.order):,} of them can run" + (f" within {display.hours(deadline)}" if deadline else "")
    late = "" if best.meets_deadline_at_high else " <b>It could be late: its slow end misses the deadline.</b>"
    return (
        f"<div class='costlib-answer'><b>{display.usd(cost.expected)}</b> a run"
        f" ({display.usd_band(cost.low, cost.high)}), {display.hours(time.expected)}"
        f" ({display.hours_band(time.low, time.high)})<br>"
        f"<small>{display.SERVICE_NAMES[best.service]} {best.count} × {escape(best.instance_type)},"
        f" {escape(best.az or best.region)}, {bought}, {best.precision}. {counted}; {holds}."
        f" Cost known as {basis_html(best.basis)}, hours {basis_html(best.hours_basis)}.{late}</small></div>"
    )


def explanation_html(plan: Plan | None) -> str:
    """Every line of a plan: amount, formula with its numbers, how it is known, source, date and rule."""
    if plan is None:
        return "<div class='costlib-note'>Click a row or a point to see what its cost is made of.</div>"
    rows = "".join(
        "<tr>"
        f"<td>{escape(display.ITEM_NAMES[line.item])}</td>"
        f"<td class='costlib-number'>{display.usd(line.usd.expected)}"
        f"<small>{display.usd_band(*sorted((line.usd.low, line.usd.high)))}</small></td>"
        f"<td><code>{escape(line.formula)}</code><small>{escape(explained['numbers'])}</small></td>"
        f"<td>{basis_html(line.basis)}</td>"
        f"<td>{escape(line.source)}<small>as of {escape(line.as_of)}</small></td>"
        f"<td><small>{escape(line.rule)}</small></td>"
        "</tr>"
        for line, explained in zip(plan.lines, explain(plan), strict=True)
    )
    cost = plan.cost_usd
    return (
        f"<div class='costlib-answer' style='font-size:15px'><b>{escape(plan.key)}</b><br>"
        f"<small>Hours: {display.hours(plan.hours.expected)} ({display.hours_band(plan.hours.low, plan.hours.high)}),"
        f" {basis_html(plan.hours_basis)} {escape(plan.hours_rule or plan.hours_source)}."
        f" Deadline: {plan.deadline}. Prices as of {escape(plan.prices_as_of)}.</small></div>"
        "<div class='costlib-scroll'><table class='costlib-table'><thead><tr><th>Item</th>"
        "<th class='costlib-number'>USD a run</th>"
        "<th>How it is computed (expected)</th><th>Known as</th><th>Source</th><th>Rule</th></tr></thead>"
        f"<tbody>{rows}<tr><td><b>Total</b></td><td class='costlib-number'><b>{display.usd(cost.expected)}</b>"
        f"<small>{display.usd_band(cost.low, cost.high)}</small></td><td><small>sum of the items</small></td>"
        f"<td>{basis_html(plan.basis)}</td><td></td><td></td></tr></tbody></table></div>"
        f"<div class='costlib-note'>{escape(NOT_COSTED)}</div>"
    )


def excluded_html(result: Result | None) -> str:
    """Every group that fell out: why, how many, and what would bring it back."""
    if result is None:
        return ""
    out = sum(item.candidates for item in result.exclusions)
    rows = "".join(
        f"<tr><td>{escape(item.reason)}</td><td class='costlib-number'>{item.candidates:,}</td>"
        f"<td><small>{escape(item.detail)}</small></td></tr>"
        for item in result.exclusions
    )
    return (
        f"<div class='costlib-note'>{result.enumerated:,} ways were looked at: every offer in every count and"
        f" precision. {out:,} fell out, {result.enumerated - out:,} are ranked.</div>"
        "<table class='costlib-table'><thead><tr><th>Why it fell out</th><th class='costlib-number'>Ways</th>"
        f"<th>Detail</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def ladder_html(state: PlanState) -> str:
    """The rungs in the user's order, each with buttons to pull it earlier or later."""
    steps = state.ladder()
    if steps is None:
        return ""
    words = {**display.SERVICE_NAMES, **display.PURCHASE_NAMES}
    naive = ", ".join(f"{name} {escape(words.get(value, value))}" for name, value in steps.start_choices.items())
    rows = []
    last = len(state.lever_order) - 1
    for place, rung in enumerate(steps.rungs):
        buttons = "".join(
            f"<span role='button' tabindex='0' data-click='{move}:{rung.lever}' title='{tip}'"
            f" aria-label='{escape(rung.meaning)}: {tip}'> {sign} </span>"
            if possible
            else ""
            for move, sign, tip, possible in (
                ("earlier", "▲", "pull earlier", place > 0),
                ("later", "▼", "pull later", place < last),
            )
        )
        late = "" if rung.meets_deadline else " <span class='costlib-bad'>misses the deadline</span>"
        rows.append(
            f"<tr><td>{buttons}</td><td>{escape(rung.meaning)}{late}</td>"
            f"<td class='costlib-number'>{display.usd(rung.cost_usd)}</td>"
            f"<td>{rung.effect}</td>"
            f"<td class='costlib-number'>{display.usd(rung.alone_usd)}<small>{rung.alone_effect}</small></td></tr>"
        )
    late = "" if steps.start_meets_deadline else " It misses the deadline."
    return (
        f"<div class='costlib-note'>Naive start: {naive}: {display.usd(steps.start_usd)} a run.{late}"
        f" {steps.summary} Effects multiply: what a lever saves depends on those pulled before it, so try other"
        " orders.</div>"
        "<table class='costlib-table'><thead><tr><th>Order</th><th>Lever</th>"
        "<th class='costlib-number'>USD a run after it</th><th>What it does</th>"
        "<th class='costlib-number'>USD a run with it alone</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def lever_move(clicked: str) -> tuple[str, int] | None:
    """The lever and the steps that a click on the ladder asks for; None for anything else."""
    move, _, lever = clicked.partition(":")
    if lever not in LEVERS or move not in ("earlier", "later"):
        return None
    return lever, -1 if move == "earlier" else 1
