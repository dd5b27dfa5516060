"""What the storage page says in words and in its tables."""

from __future__ import annotations

import json
import math
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from costlib.display import escape, saving, share, usd, usd_band
from costlib.panels.banner import basis_html
from costlib.panels.html_table import table_html
from costlib.panels.store_state import StoreView
from costlib.planner.store.answer import StorageAnswer
from costlib.planner.store.cache import RULE as CACHE_RULE
from costlib.planner.store.cache import CacheAnswer
from costlib.planner.store.lifecycle import COMMAND
from costlib.planner.store.network import FOLKLORE, TO_S3
from costlib.planner.store.policies import RULE
from costlib.planner.store.preprocessing import PreprocessAnswer


def answer_html(view: StoreView) -> str:
    """What everything costs, and what the policies save."""
    answer = view.answer
    total, standard = answer.usd, answer.standard.usd()
    beside = saving(1.0 - total.expected / standard) if standard else "no change"
    band = f" ({usd_band(total.low, total.high)})" if usd(total.low) != usd(total.high) else ""
    said = (
        f"{escape(view.pattern.name)}: <b>{usd(total.expected)}</b>{band} in {view.pattern.horizon_days:,} days, by the"
        f" cheapest way. All in STANDARD {usd(standard)}: this {beside}."
    )
    return f"<div class='costlib-answer'>{said}</div>"


def policies_html(answer: StorageAnswer) -> str:
    """One row a dataset, then what a class's minimums and waits add."""
    rows = "".join(
        f"<tr><td>{escape(row['dataset'])}</td><td>{_path(answer, number)}</td>"
        f"{_cell(_bold(row), _between(row))}"
        f"{_cell(usd(row['standard_usd']))}{_cell(share(row['saved_fraction']))}</tr>"
        for number, row in enumerate(answer.policies().to_dict("records"))
    )
    heads = (
        ("Dataset", ""), ("Cheapest way", "classes by days of an object's age"),
        ("USD", "over the horizon, with the band of its reads"), ("All in STANDARD", "USD over the horizon"),
        ("Saved", ""),
    )  # fmt: skip
    told = "".join(f"<li>{escape(one)}</li>" for one in answer.warnings)
    told = f"<ul>{told}</ul>" if told else ""
    return f"{table_html(heads, rows)}{told}<div class='costlib-note'>{_sentence(RULE)}</div>"


def _path(answer: StorageAnswer, number: int) -> str:
    one = answer.held[number]
    ends = one.data.lifetime_days is not None and one.data.lifetime_days <= one.stored[1].ages
    parts = [
        f"{stretch['class']} (day {stretch['from_day']} to {stretch['to_day']})" for stretch in answer.stretches(number)
    ]
    return ", ".join([*parts, "then deleted"] if ends else parts)


def lifecycle_html(answer: StorageAnswer) -> str:
    """The rules to paste."""
    if answer.lifecycle is None:
        return "<div>No lifecycle rule is needed: nothing is moved or deleted.</div>"
    text = escape(json.dumps(answer.lifecycle, indent=1))
    return (
        f"<div>As <code>lifecycle.json</code>, for <code>{escape(COMMAND)}</code>. It replaces the bucket's"
        f" rules.</div><pre class='costlib-json'>{text}</pre>"
    )


def lines_html(answer: StorageAnswer) -> str:
    """Every line of the bill, with what it is a product of."""
    rows = "".join(
        f"<tr><td>{escape(one.dataset)}</td><td>{escape(one.line.item)}</td>"
        f"<td class='costlib-number'><b>{usd(one.line.usd.expected)}</b></td>"
        f"<td><code>{escape(one.line.formula)}</code><small>{escape(_inputs(one.line.inputs))}</small></td>"
        f"<td>{basis_html(one.line.basis)}<small>{escape(one.line.source)} {escape(one.line.as_of)}</small>"
        f"<small>{escape(one.line.rule)}</small></td></tr>"
        for one in answer.lines
    )
    heads = (
        ("Dataset", ""),
        ("Line", "class and meter"),
        ("USD", "over the horizon"),
        ("Formula", ""),
        ("Known by", ""),
    )
    return table_html(heads, rows)


def _inputs(inputs: Mapping[str, float | str]) -> str:
    return ", ".join(f"{name} = {_figure(value)}" for name, value in inputs.items())


def _figure(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if value >= 1e5 else f"{value:,.6g}"


def crossings_html(view: StoreView) -> str:
    """Where the cheapest class changes, in sentences."""
    found = view.frequency.crossings
    if found.empty:
        return "<div>However often it is read, the same class costs least of those that answer at once.</div>"
    said = "; ".join(
        f"above {row['per_month']:.3g} full reads a month {row['cheaper_above']} costs less than {row['cheaper_below']}"
        for row in found.to_dict("records")
    )
    return f"<div>Of the classes that answer at once and may hold it: {escape(said)}.</div>"


def formats_html(rows: pd.DataFrame) -> str:
    """One row a format."""
    dollars = ("storage_usd", "reader_usd", "cpu_usd", "athena_usd", "convert_usd")
    body = "".join(
        f"<tr><td>{escape(row['format'])}, {escape(row['codec'])}</td>"
        f"{_cell(_known(row['size_gib'], '{:,.4g} GiB'), _range(row))}"
        f"{_cell(_seconds(row['read_seconds']), escape(row['bound_by']))}"
        f"{_cell(_known(row['core_hours_per_read'], '{:,.3g}'))}"
        f"{''.join(_cell(_usd(row[name])) for name in dollars)}{_cell(_bold(row))}"
        f"<td>{basis_html(row['basis']) if row['basis'] else ''}<small>{escape(row['rule'])}</small></td></tr>"
        for row in rows.to_dict("records")
    )
    heads = (
        ("Format", "and codec"), ("Size", "expected, and the range"), ("A read", "of the columns; what binds it"),
        ("Core-hours", "of decoding, a read"), ("Storage", "USD"), ("Reader", "USD of what waits"),
        ("Cores", "USD of decoding"), ("Athena", "USD of scans"), ("Converting", "USD, once"),
        ("USD", "all of it"), ("Known by", ""),
    )  # fmt: skip
    return table_html(heads, body)


def _range(row: Mapping[Hashable, Any]) -> str:
    low, high = row["size_low_gib"], row["size_high_gib"]
    return f"{low:,.4g} – {high:,.4g}" if math.isfinite(low) and low < high else ""


def _cell(text: str, small: str = "") -> str:
    """A cell with a number, and a smaller line below it."""
    return f"<td class='costlib-number'>{text}{f'<small>{small}</small>' if small else ''}</td>"


def _between(row: Mapping[Hashable, Any]) -> str:
    """The band of dollars where it is one."""
    low, high = row["usd_low"], row["usd_high"]
    return usd_band(low, high) if usd(low) != usd(high) else ""


def _bold(row: Mapping[Hashable, Any]) -> str:
    return f"<b>{_usd(row['usd'])}</b>"


def selective_html(rows: pd.DataFrame) -> str:
    """Ways to read a share of the columns once."""
    ways = [f"{row['way']} {usd(row['usd'])} ({row['note']})" for row in rows.to_dict("records")]
    return f"<div class='costlib-note'>One selective read: {escape('; '.join(ways))}.</div>"


def sample_html(sampled: pd.DataFrame | None, name: str, fault: str) -> str:
    """What was sampled, or why not."""
    if fault:
        return f"<div class='costlib-fault'>The sample {escape(fault)}</div>"
    if sampled is None:
        return ""
    plain = int(sampled.iloc[0]["bytes"])
    return (
        f"<div class='costlib-note'>Measured on {escape(name)}: {plain / 1e6:,.3g} MB as CSV, on one core of this"
        " machine; a small sample tells sizes better than speeds.</div>"
    )


def preprocess_html(found: PreprocessAnswer) -> str:
    """What once and each epoch cost, and where they meet."""
    better, other = found.once_usd, found.every_epoch_usd
    name = "once" if found.once_is_cheaper else "in each epoch"
    if not found.once_is_cheaper:
        better, other = other, better
    meet = found.break_even_epochs
    when = f"Once costs less from {meet:,.3g} epochs on" if math.isfinite(meet) else "Once never costs less"
    said = f"Preprocess <b>{name}</b>: {usd(better)} over {found.epochs:,.6g} epochs, against {usd(other)}. {when}."
    return f"<div class='costlib-answer'>{said}</div>"


def cache_html(found: CacheAnswer, epochs: int) -> str:
    """The cheapest place, and a row for each."""
    best = found.best
    s3 = found.table.iloc[0]
    beside = "" if best["place"] == s3["place"] else f"; S3 in each epoch {usd(float(s3['usd']))}"
    busy = share(float(best["accelerator_busy_fraction"]))
    said = (
        f"<div class='costlib-answer'>Data in <b>{escape(best['place'])}</b>: {usd(float(best['usd']))} for"
        f" {epochs:,} epochs, accelerators {busy} busy{beside}.</div>"
    )
    body = "".join(
        f"<tr><td>{escape(row['place'])}</td><td colspan='6'>{escape(row['why_not'])}</td></tr>" if row["why_not"] else
        f"<tr><td>{escape(row['place'])}<small>{escape(row['note'])}</small></td>"
        f"{_cell(format(row['bytes_per_second'] / 1e6, ',.0f') + ' MB/s')}"
        f"{_cell(_known(row['epoch_hours'], '{:,.3g} h'), _filled(row['fill_hours']))}"
        f"{_cell(usd(row['stalled_usd_per_hour']))}"
        f"{_cell(_bold(row), _between(row))}"
        f"{_cell(_epochs(row['break_even_epochs']))}"
        f"<td>{basis_html(row['basis'])}<small>{escape(row['source'])} {escape(row['as_of'])}"
        f"</small></td></tr>"
        for row in found.table.to_dict("records")
    )  # fmt: skip
    heads = (
        ("Data in", ""), ("Read at", "all instances together"), ("An epoch", "and how long a copy takes"),
        ("Stalled", "USD an hour of accelerators that wait"), ("USD", "the whole run"),
        ("Beats S3", "from so many epochs on"), ("Known by", ""),
    )  # fmt: skip
    price = f"The run costs {usd(found.usd_per_hour)} an hour ({found.price_basis}, {escape(found.price_source)}"
    price += f" {found.price_as_of})" if found.price_as_of else ")"
    return said + table_html(heads, body) + f"<div class='costlib-note'>{price}. {_sentence(CACHE_RULE)}</div>"


def network_html(rows: pd.DataFrame) -> str:
    """The folklore answered, and what a wrong route costs."""
    to_s3 = rows[rows["purpose"] == TO_S3].set_index("path")["usd_per_month"]
    nat = to_s3.get("NAT gateway", math.nan)
    said = f"{FOLKLORE}. A gateway endpoint costs <b>$0</b>"
    if math.isfinite(nat):
        said += f"; the same traffic through NAT gateways <b>{usd(nat)}</b> a month"
    return f"<div class='costlib-answer'>{said}.</div>"


def _sentence(rule: str) -> str:
    return f"{escape(rule[0].upper() + rule[1:])}."


def _seconds(value: float) -> str:
    return _known(value, "{:,.3g} s" if value < 1000 else "{:,.0f} s")


def _filled(fill_hours: float) -> str:
    return f"filled in {fill_hours:,.3g} h" if fill_hours > 0 else ""


def _epochs(value: float) -> str:
    if math.isnan(value):
        return "–"
    return "never" if math.isinf(value) else f"{value:,.3g}"


def _known(value: float, form: str) -> str:
    return form.format(value) if math.isfinite(value) else "–"


def _usd(value: float) -> str:
    return usd(value) if math.isfinite(value) else "–"
