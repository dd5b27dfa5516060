"""What the memory page says in words and in its table."""

from __future__ import annotations

from costlib.display import escape, usd
from costlib.panels.fit_state import FitAnswer
from costlib.planner.fit_answer import AcceleratorFit, Choice
from costlib.units import bytes_to_gib
from costlib.workload import Fit

#: A sign beside each verdict, so that colour is not the only one.
VERDICTS = {"fits": "✓ fits", "tight": "! tight", "does not fit": "✗ does not fit"}
HEADINGS = (
    ("Accelerator", "with its usable memory, and the instances that have it"),
    ("Verdict", "fits: even at the high end of the range; tight: at the expected bytes only"),
    ("Needs (GiB)", "expected (low – high) of one accelerator"),
    ("As asked, on", "the cheapest instances with as many accelerators as asked for, or more"),
    ("Largest micro-batch", "sequences or samples, expected bytes; a global batch may hold it lower"),
    ("Cheapest change that makes it fit", "over precision, recomputation, sharding, optimizer, accumulation, instance"),
    ("USD a run", "on demand: as it fits, and beside what was asked for"),
)


def gib(amount_bytes: float) -> str:
    """GiB with three digits."""
    amount = bytes_to_gib(amount_bytes)
    return f"{amount:,.0f}" if amount >= 100 else f"{amount:.1f}"


def answer_html(answer: FitAnswer, accelerator: str) -> str:
    """What one accelerator needs, and where that fits; of the chosen accelerator, if there is one."""
    asked = answer.changes.iloc[0]
    many = "one accelerator" if answer.devices == 1 else f"each of {answer.devices:,} accelerators"
    needs = f"<b>{gib(asked['expected'])} GiB</b> on {many} ({gib(asked['low'])} – {gib(asked['high'])})"
    said = [f"{escape(answer.workload.name)} needs {needs}."]
    if accelerator:
        said.append(_closely(answer.of(accelerator), answer.devices))
    else:
        kinds = {verdict: [one for one in answer.known if one.fits == verdict] for verdict in VERDICTS}
        parts = [f"{verdict} on {len(found)}" for verdict, found in kinds.items() if found]
        said.append(f"Of {len(answer.known)} accelerators it {', '.join(parts)}.")
        said.append(_cheapest(answer))
    return f"<div class='costlib-answer'>{' '.join(said)}</div>"


def _closely(one: AcceleratorFit, devices: int) -> str:
    name = f"<b>{escape(one.accelerator)}</b> ({gib(one.usable_bytes)} GiB)"
    if one.choice is None:
        verdict = f"It does not fit on {name}: {escape(one.reason)}."
    else:
        there = one.choice.devices
        needs = f", sold here by no fewer than {there:,}, each of which needs {gib(one.choice.bytes_expected)} GiB"
        words = {"fits": "fits on", "tight": "is tight on", "does not fit": "does not fit on"}[one.fits]
        verdict = f"It {words} {name}{needs if there > devices else ''}."
        if one.largest_micro_batch:
            verdict += f" The largest micro-batch is {one.largest_micro_batch:,}."
    if one.cheapest_fix is None:
        return verdict + ("" if one.fits == "fits" else " No change that is known makes it fit.")
    fix = one.cheapest_fix
    return f"{verdict} Cheapest change: <b>{escape(', '.join(fix.changes))}</b>{_dollars(fix.choice)}."


def _cheapest(answer: FitAnswer) -> str:
    """Where it runs for the least money, as it is or changed."""
    for one in answer.known:
        choice = one.choice if one.fits == "fits" else one.cheapest_fix.choice if one.cheapest_fix else None
        if choice is None or choice.cost_usd is None:
            continue
        changed = one.cheapest_fix.changes if one.fits != "fits" and one.cheapest_fix else ()
        how = f", with {escape(', '.join(changed))}" if changed else ", without a change"
        return f"Cheapest: <b>{choice.count} × {escape(choice.instance_type)}</b>{how}{_dollars(choice)}."
    return "No change that is known makes it fit anywhere."


def _dollars(choice: Choice) -> str:
    return "" if choice.cost_usd is None else f", {usd(choice.cost_usd)} a run"


def table_html(answer: FitAnswer, accelerator: str) -> str:
    """One row an accelerator, cheapest fit first; a click chooses it (``data-click`` is its name)."""
    head = "".join(f"<th title='{escape(tip)}'>{title}</th>" for title, tip in HEADINGS)
    rows = "".join(_row(one, one.accelerator == accelerator) for one in answer.known)
    unknown = [one for one in answer.found if one.fits == "not known"]
    reasons: dict[str, list[str]] = {}
    for one in unknown:
        reasons.setdefault(one.reason, []).append(one.accelerator)
    rest = "".join(
        f"<div class='costlib-note'>Not known for {escape(', '.join(names))}: {escape(reason)}.</div>"
        for reason, names in reasons.items()
    )
    return (
        "<div class='costlib-note'>Every accelerator that EC2 sells on demand in"
        f" {escape(answer.workload.dataset.home_region)}. Click a row to look at it closely.</div>"
        f"<div class='costlib-scroll'><table class='costlib-table'><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>{rest}"
    )


def _row(one: AcceleratorFit, is_chosen: bool) -> str:
    choice, fix = one.choice, one.cheapest_fix
    bad = " class='costlib-bad'" if one.fits == "does not fit" else ""
    most = "" if one.largest_micro_batch is None else f"{one.largest_micro_batch:,}"
    cells = (
        f"<td>{escape(one.accelerator)} <small>{gib(one.usable_bytes)} GiB; {escape(', '.join(one.instance_types))}"
        "</small></td>",
        f"<td style='white-space:nowrap'><span{bad}>{VERDICTS[one.fits]}</span></td>",
        f"<td class='costlib-number'>{_needs(choice)}</td>",
        f"<td>{_layout(choice, '<br>') or escape(one.reason)}</td>",
        f"<td class='costlib-number'>{most}</td>",
        f"<td>{_fix(one)}</td>",
        f"<td class='costlib-number'>{_cost(choice if fix is None else fix.choice, one)}</td>",
    )
    marked = " aria-selected='true'" if is_chosen else ""
    return f"<tr tabindex='0' data-click='{escape(one.accelerator)}'{marked}>{''.join(cells)}</tr>"


def _needs(choice: Choice | None) -> str:
    if choice is None:
        return ""
    return f"<b>{gib(choice.bytes_expected)}</b><small>{gib(choice.bytes_low)} – {gib(choice.bytes_high)}</small>"


def _layout(choice: Choice | None, between: str) -> str:
    if choice is None:
        return ""
    cards = choice.devices_in_words
    steps = "" if choice.accumulation_steps is None else f", {choice.accumulation_steps} micro-batches a step"
    name = f"<span style='white-space:nowrap'>{choice.count} × {escape(choice.instance_type)}</span>"
    return f"{name}{between}<span class='costlib-note'>{cards}{steps}</span>"


def _fix(one: AcceleratorFit) -> str:
    if one.fits == "fits":
        return ""
    if one.cheapest_fix is None:
        return "none is known"
    # Another accelerator's layout is told among the changes.
    where = "" if one.cheapest_fix.accelerator != one.accelerator else _layout(one.cheapest_fix.choice, ", ")
    return f"{escape(', '.join(one.cheapest_fix.changes))}<br>{where}"


def _cost(choice: Choice | None, one: AcceleratorFit) -> str:
    if choice is None or choice.cost_usd is None:
        return "not known"
    added = one.cheapest_fix.added_usd if one.cheapest_fix else None
    beside = "" if added is None else f"<small>{_beside(added)}</small>"
    return f"{usd(choice.cost_usd)}{beside}"


def _beside(added_usd: float) -> str:
    """A change's dollars beside the layout asked for, were it to fit."""
    if abs(added_usd) < 0.005:
        return "as much as asked"
    return f"{usd(abs(added_usd))} {'more' if added_usd > 0 else 'less'}"


def layout_of_model(answer: FitAnswer) -> str:
    """The layout in one line, for the foot of a chart."""
    fit, workload = answer.workload.fit or Fit(), answer.workload
    parts = [workload.precision[0], workload.optimizer.replace("_", " "), f"micro-batch {fit.micro_batch or 1}"]
    parts.append(f"recompute {fit.recompute}")
    if answer.devices > 1:
        width = f"data × tensor × pipeline {answer.data_parallel} × {fit.tensor_parallel} × {fit.pipeline_parallel}"
        parts.append(f"ZeRO stage {fit.zero_stage}, {width}")
    if fit.method != "full":
        parts.append(f"{fit.method}, rank {fit.lora_rank}")
    return ", ".join(parts)
