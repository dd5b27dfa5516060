"""What the managers' page says, in plain words: HTML from a CalculatorState, with all text from data escaped."""

from __future__ import annotations

from collections.abc import Sequence

from costlib.display import PURCHASE_NAMES, SERVICE_NAMES, escape, hours, hours_band, usd, usd_band
from costlib.errors import Fault
from costlib.figures.ladder import ADDED, LEFT
from costlib.panels.banner import banner_html, basis_html, plan_banner
from costlib.panels.calculator_state import Alternative, Answer, CalculatorState
from costlib.planner.lines import NOT_COSTED
from costlib.planner.plan import Band, Plan

TICKS = {
    "interruptible": "It may be interrupted and continued (spot capacity)",
    "may_move": "It may run outside the home region",
    "may_commit": "We may commit ahead (one or three years, or a fixed block of days)",
}
HINTS = {
    "parameters": "Number of parameters: how large the model is",
    "tokens": "Number of tokens the model is trained on: how much data it sees",
    "deadline_days": "Days from the start to the finish of one run",
    "runs_per_month": "Runs a month: what a commitment costs while nothing runs is shared by them",
    "home_region": "Where the training data are; moving them elsewhere is part of the cost",
    "interruptible": "AWS takes spot capacity back now and then; the cost of the work lost is included",
    "may_move": "Prices differ between regions",
    "may_commit": "Reserved Instances, Savings Plans, Capacity Blocks: less an hour, but paid even if unused",
}
LABELS = {
    "parameters": "Model size",
    "tokens": "Training data",
    "deadline_days": "It must be ready within",
    "runs_per_month": "Runs a month",
    "home_region": "Home region",
}
SCALES = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))


def plain_number(value: float) -> str:
    """1.56 billion for 1,558,000,000: three digits and a word."""
    for scale, word in SCALES:
        if value >= scale * 0.9995:
            return f"{float(f'{value / scale:.3g}'):g} {word}"
    return f"{value:,.3g}"


def label(state: CalculatorState, name: str) -> str:
    """What stands above a control: its name and its value with the unit; nothing for ticks, which say it all."""
    if name not in LABELS:
        return ""
    value = getattr(state, name)
    shown = {
        "parameters": lambda: f"{plain_number(value)} parameters",
        "tokens": lambda: f"{plain_number(value)} tokens",
        "deadline_days": lambda: f"{value:g} day{'s' if value != 1 else ''}",
        "runs_per_month": lambda: f"{value:g}",
        "home_region": lambda: "",
    }[name]()
    return f"{LABELS[name]}{': ' if shown else ''}<b>{shown}</b>"


def region_options(state: CalculatorState) -> list[tuple[str, str]]:
    """Regions for the list: with their names where these are known."""
    names = state.sources.places.table["name"]
    made = []
    for region in state.home_regions:
        name = names.get(region)
        made.append((f"{region}, {name}" if isinstance(name, str) and name else region, region))
    return made


def message(faults: Sequence[Fault]) -> str:
    """What is wrong with a control's value; empty if nothing is."""
    return "<br>".join(f"This {escape(fault.problem)}." for fault in faults)


def link_notes(faults: Sequence[Fault]) -> str:
    """What of a link was not used."""
    return "<br>".join(f"Not taken from the link: {escape(fault)}" for fault in faults)


def answer(state: CalculatorState) -> str:
    """The big answer: USD for one run with its range, hours, the month, and what would be bought."""
    if state.answer is None:
        return "<div class='costlib-big'>No answer yet</div>"
    best = state.answer.best
    cost, runs = best.cost_usd, state.answer.result.workload.runs_per_month
    month = f"{runs:g} run{'s' if runs != 1 else ''} a month: about <b>{usd(cost.expected * runs)}</b>"
    month += f" ({usd_band(cost.low * runs, cost.high * runs)})."
    slow = ""
    if not best.meets_deadline_at_high:
        assert best.deadline_hours is not None, "the page always asks for one"
        wanted = hours(best.deadline_hours)
        slow = f"<div><b>It could be late: if the machines turn out slow, it misses your {wanted}.</b></div>"
    stale = "<div class='costlib-message'>These choices cannot be met; this is the last good answer.</div>"
    return (
        f"{stale if state.stale else ''}"
        f"<div class='costlib-big'>{usd(cost.expected)} <small>per run {basis_html(best.basis)}</small></div>"
        f"<div>between {_and(usd_band(cost.low, cost.high))},"
        f" in about {hours(best.hours.expected)},"
        f" between {_and(hours_band(best.hours.low, best.hours.high))}.</div>"
        f"{slow}<div>{month}</div><div class='costlib-small'>{bought(best)}</div>"
    )


def bought(plan: Plan) -> str:
    """What is bought, where and how."""
    machines = f"{plan.count} × {escape(plan.instance_type)}"
    if plan.accelerator:
        machines += f" ({plan.accelerator_count:g} × {escape(plan.accelerator)})"
    option = f" ({escape(plan.option)})" if plan.option else ""
    place = f"{escape(plan.region)}, zone {escape(plan.az)}" if plan.az else escape(plan.region)
    return f"{SERVICE_NAMES[plan.service]}, {PURCHASE_NAMES[plan.purchase]}{option}: {machines} in {place}"


def start(answer: Answer) -> str:
    """What the ladder starts from."""
    begin = answer.ladder.start_choices
    dearer = any(rung.saved_usd < 0 for rung in answer.ladder.rungs)
    added = f"; <b style='color:{ADDED}'>added</b> where only the dearer is ready in time" if dearer else ""
    return (
        f"The start: {escape(begin['instance'])} machines, {PURCHASE_NAMES[begin['purchase']]},"
        f" {SERVICE_NAMES[begin['service']]}, region {escape(begin['region'])}, {escape(begin['precision'])} numbers."
        f" Each bar frees one more choice: USD a run that are left (<b style='color:{LEFT}'>dark</b>) and saved"
        f" (light), expected{added}. Effects multiply, so their order matters. {escape(answer.ladder.summary)}"
    )


def alternatives(answer: Answer) -> str:
    """Cards of other plans, each with how its cost compares."""
    if not answer.alternatives:
        return "<h2>Other ways</h2><div class='costlib-small'>With these choices there is no other kind of plan.</div>"
    cards = "".join(_card(other, answer.best.cost_usd) for other in answer.alternatives)
    return f"<h2>Other ways</h2><div class='costlib-cards'>{cards}</div>"


def _card(other: Alternative, best: Band) -> str:
    plan = other.plan
    cost = plan.cost_usd
    return (
        f"<div class='costlib-card'><b>{escape(other.title)}</b>"
        f"<div class='costlib-price'>{usd(cost.expected)}</div>"
        f"<div>{_times(cost.expected / best.expected)}; between {_and(usd_band(cost.low, cost.high))};"
        f" about {hours(plan.hours.expected)} {basis_html(plan.basis)}</div>"
        f"<div class='costlib-small'>{bought(plan)}</div></div>"
    )


def _and(band: str) -> str:
    """``107 – 354`` as it reads after "between"."""
    return band.replace(" – ", " and ")


def _times(ratio: float) -> str:
    if ratio < 1.01:
        return "about the same cost"
    return f"{(ratio - 1) * 100:.0f} % more" if ratio < 2 else f"{ratio:.3g} times as much"


def sureness(answer: Answer) -> str:
    """How sure the answer is: what the range stands for, what is estimated and how, and where prices come from."""
    best = answer.best
    known = [("Hours", best.hours_basis, best.hours_rule, best.hours_source, "")]
    known += [(line.item.replace("_", " "), line.basis, line.rule, line.source, line.as_of) for line in best.lines]
    rows = "".join(
        f"<p><b>{escape(what.capitalize())}</b> {basis_html(basis)} {escape(rule)}"
        f" <span class='costlib-small'>Source: {escape(source)}{_dated(as_of)}</span></p>"
        for what, basis, rule, source, as_of in known
    )
    home = escape(answer.result.workload.dataset.home_region)
    return (
        "<h2>How sure is this?</h2>"
        "<div>The range goes from where everything turns out well to where everything turns out badly: how fast"
        " such machines have been measured to train, what spot capacity costs, how often it is taken back. It is"
        " not a probability. Storage of the data and of saved progress, and moving the data from"
        f" {home}, are included. {escape(NOT_COSTED)}</div>"
        f"<details><summary>Each part, how it is known, and its source</summary>{rows}</details>"
        f"{banner_html(plan_banner(answer.result.sources.book, best))}"
    )


def _dated(as_of: str) -> str:
    return f", as of {escape(as_of)}" if as_of else ""
