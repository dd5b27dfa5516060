"""Storage, as tables for a terminal."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

import pandas as pd

from costlib import display
from costlib.exports.terminal import plain, table
from costlib.planner.plan import Line
from costlib.planner.store.answer import StorageAnswer
from costlib.planner.store.cache import RULE as CACHE_RULE
from costlib.planner.store.cache import CacheAnswer
from costlib.planner.store.lifecycle import COMMAND
from costlib.planner.store.network import FOLKLORE
from costlib.planner.store.policies import RULE
from costlib.planner.store.preprocessing import PreprocessAnswer
from costlib.planner.store.report import StoreReport


def store_text(found: StoreReport) -> str:
    """The policies and what they save, the bill, the rules to paste, and the other sections that there are."""
    answer = found.answer
    saved = answer.standard.usd() - answer.usd.expected
    made = [
        f"{plain(answer.pattern.name)} in {answer.pattern.region}, {answer.pattern.horizon_days} days:"
        f" {display.usd(answer.usd.expected)} ({display.usd_band(answer.usd.low, answer.usd.high)}),"
        f" {display.usd(saved)} less than all in STANDARD; prices as of {answer.as_of}",
        "",
        _policies(answer),
        "",
        _lines(answer),
        "",
        _classes(answer),
        *(f"- {plain(one)}" for one in answer.warnings),
        RULE,
        "",
    ]
    if answer.lifecycle is None:
        made.append("no lifecycle rule is needed")
    else:
        made += [f"lifecycle.json, for {COMMAND}:", json.dumps(answer.lifecycle, indent=1)]
    if found.formats is not None and found.selective is not None:
        made += ["", _formats(found.formats), _formats_said(found), "", _selective(found.selective)]
    if found.preprocess is not None:
        made += ["", _preprocess(found.preprocess)]
    if found.cache is not None:
        made += ["", _caches(found.cache.table), _run_price(found.cache), CACHE_RULE]
    if found.network is not None:
        made += ["", _network(found.network), FOLKLORE]
    return "\n".join(made)


def _policies(answer: StorageAnswer) -> str:
    rows = [
        (row["dataset"], row["policy"], display.usd(row["usd"]), display.usd(row["standard_usd"]),
         display.share(row["saved_fraction"]))
        for row in answer.policies().to_dict("records")
    ]  # fmt: skip
    heads = ("dataset", "cheapest policy", "USD", "all in STANDARD", "saved")
    return table(heads, rows, right=("USD", "all in STANDARD", "saved"))


def _lines(answer: StorageAnswer) -> str:
    rows = [
        (one.dataset, one.line.item, display.usd(one.line.usd.expected), *_origin(one.line)) for one in answer.lines
    ]
    return table(("dataset", "line", "USD", "basis", "source", "as of"), rows, right=("USD",))


def _origin(line: Line) -> tuple[str, str, str]:
    return line.basis, line.source, line.as_of


def _classes(answer: StorageAnswer) -> str:
    rows = [
        (row["name"], _known(row["usd"], display.usd), row["why_not"]) for row in answer.by_class().to_dict("records")
    ]
    return table(("all datasets in", "USD", ""), rows, right=("USD",))


def _formats(rows: pd.DataFrame) -> str:
    made = [
        (f"{row['format']}, {row['codec']}", _known(row["size_gib"], lambda one: f"{one:,.4g} GiB"),
         _known(row["read_seconds"], lambda one: f"{one:,.3g} s"), _known(row["usd"], display.usd),
         _band(row["usd_low"], row["usd_high"]), row["basis"] or row["rule"])
        for row in rows.to_dict("records")
    ]  # fmt: skip
    heads = ("format", "size", "a read", "USD", "range", "basis")
    return table(heads, made, right=("size", "a read", "USD"))


def _formats_said(found: StoreReport) -> str:
    """For how long, how much is read, and what is not in the USD."""
    table_ = found.answer.pattern.format
    assert table_ is not None and found.formats is not None
    sized = found.formats[found.formats["usd"].notna()]
    blind = [
        f"{row['format']}, {row['codec']}" for row in sized.to_dict("records") if pd.isna(row["core_hours_per_read"])
    ]
    said = (
        f"USD over {table_.months:,.4g} months of storage with {table_.reads_per_month:,.4g} reads a month of"
        f" {display.share(table_.columns_fraction)} of the columns"
    )
    of = "" if len(blind) == len(sized) else f" of {'; '.join(blind)}"
    return f"{said}; decoding{of} is not counted: measure it on a sample" if blind else said


def _band(low: float, high: float) -> str:
    return display.usd_band(low, high) if math.isfinite(low) else "–"


def _selective(rows: pd.DataFrame) -> str:
    made = [(row["way"], display.usd(row["usd"]), row["note"]) for row in rows.to_dict("records")]
    return table(("to read a share of the columns once", "USD", ""), made, right=("USD",))


def _preprocess(found: PreprocessAnswer) -> str:
    meet = found.break_even_epochs
    when = f"from {meet:,.3g} epochs on" if math.isfinite(meet) else "never"
    return (
        f"preprocess once: {display.usd(found.once_usd)} over {found.epochs:,.6g} epochs; in every epoch:"
        f" {display.usd(found.every_epoch_usd)}; once is cheaper {when}"
    )


def _caches(rows: pd.DataFrame) -> str:
    made = [
        (row["place"], _known(row["bytes_per_second"], lambda one: f"{one / 1e6:,.0f} MB/s"),
         _known(row["accelerator_busy_fraction"], display.share), _known(row["stalled_usd_per_hour"], display.usd),
         _known(row["usd"], display.usd), row["why_not"] or row["basis"], row["as_of"], row["source"])
        for row in rows.fillna({"basis": "", "source": "", "as_of": ""}).to_dict("records")
    ]  # fmt: skip
    heads = ("data in", "read at", "busy", "stalled USD/h", "USD a run", "basis", "prices as of", "source")
    return table(heads, made, right=("read at", "busy", "stalled USD/h", "USD a run"))


def _run_price(found: CacheAnswer) -> str:
    as_of = f", {found.price_as_of}" if found.price_as_of else ""
    return f"the run costs {display.usd(found.usd_per_hour)} an hour ({found.price_basis}, {found.price_source}{as_of})"


def _network(rows: pd.DataFrame) -> str:
    made = [
        (row["path"], row["purpose"], _known(row["usd_per_month"], display.usd), row["as_of"], row["source"],
         row["note"])
        for row in rows.to_dict("records")
    ]  # fmt: skip
    return table(("path", "traffic", "USD a month", "as of", "source", ""), made, right=("USD a month",))


def _known(value: object, say: Callable[[float], str]) -> str:
    return say(value) if isinstance(value, float) and math.isfinite(value) else "–"
