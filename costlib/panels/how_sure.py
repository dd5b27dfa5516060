"""The page of evidence: binds a HowSureState to widgets. What takes long is worked out while the page is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ipywidgets
import pandas as pd

from costlib.display import escape
from costlib.figures.agreement import agreement
from costlib.panels.background import worker
from costlib.panels.banner import look
from costlib.panels.chart import chart, update
from costlib.panels.download import csv_link
from costlib.panels.how_sure_commitments import held_out_html
from costlib.panels.how_sure_state import HowSureState


def how_sure_panel(state: HowSureState | None = None) -> ipywidgets.VBox:
    """The whole page for a state (default: a new one on the embedded facts), which works out what it has not yet."""
    state = HowSureState() if state is None else state
    box = _Page(state).box
    state.work_out(worker())
    return box


class _Page:
    """The widgets of one page, and what moves when a choice changes."""

    def __init__(self, state: HowSureState) -> None:
        self.state = state
        self.choice = ipywidgets.Dropdown(options=self._choices(), value=state.chosen, description="Look at")
        self.choice.observe(self._choose, "value")
        self.choice.tooltip = "The model whose rows are drawn and listed below"
        self.outside = ipywidgets.Checkbox(description="only rows outside the model's band", indent=False)
        self.outside.tooltip = "Keep the rows that the model's low to high did not hold"
        self.summary, self.head, self.table, self.link = (ipywidgets.HTML() for _ in range(4))
        self.table.add_class("costlib-rows")
        self.held_out = ipywidgets.HTML()
        self.chart = chart(self._figure())
        self.chart.add_class("costlib-main-chart")
        control = ipywidgets.VBox([self.choice])
        control.add_class("costlib-control")
        self.box = ipywidgets.VBox(
            [
                look(),
                self.summary,
                control,
                self.head,
                self.chart,
                self.outside,
                self.table,
                self.link,
                self.held_out,
            ]
        )
        self.box.add_class("costlib")
        ipywidgets.link((state, "only_outside"), (self.outside, "value"))
        state.observe(lambda _: self._show(), ["chosen"])
        state.observe(lambda _: self._show_known(), ["pending"])
        state.observe(lambda _: self._show_rows(), ["only_outside"])
        self._show_known()
        self._show()

    def _choices(self) -> list[tuple[str, int]]:
        return [(f"{one.topic}: {one.what}", number) for number, one in enumerate(self.state.evidence)]

    def _choose(self, change: dict[str, Any]) -> None:
        self.state.chosen = change["new"]

    def _show_known(self) -> None:
        state = self.state
        self.summary.value = summary_html(state.summary, [name for name, _ in state.pending], state.failed)
        self.held_out.value = "" if state.held_out is None else held_out_html(state.held_out)
        # New options put a dropdown back to its first, which is nobody's choice.
        self.choice.unobserve(self._choose, "value")
        self.choice.options = self._choices()
        self.choice.value = state.chosen
        self.choice.observe(self._choose, "value")

    def _figure(self) -> Any:
        one = self.state.one
        return agreement(one.rows, one.unit, f"{one.topic}: {one.what}", f"facts of {self.state.snapshot.snapshot_id}")

    def _show(self) -> None:
        self.choice.value = self.state.chosen
        one, found = self.state.one, self.state.one.statistics
        said = f"{found['rows']:,.0f} rows, median error {_percent(found['median error'])}"
        if not pd.isna(found["inside the band"]):
            said += f", {_percent(found['inside the band'])} inside the band"
        self.head.value = (
            f"<div class='costlib-answer'>{escape(said)}<br><small>{escape(one.how)}. Used in"
            f" {escape(one.notebook)}.</small></div>"
        )
        update(self.chart, self._figure())
        self._show_rows()

    def _show_rows(self) -> None:
        rows = self.state.rows
        self.table.value = rows_html(rows, self.state.one.unit)
        self.link.value = csv_link(f"evidence-{self.state.one.topic.replace(' ', '-')}.csv", rows)


def summary_html(table: pd.DataFrame, pending: Sequence[str] = (), failed: Sequence[str] = ()) -> str:
    """One row a piece of evidence: how many rows, how near, what is demanded and whether it holds.

    Then those that are still being worked out, and those that could not be, with what went wrong.
    """
    rows = "".join(
        f"<tr><td>{escape(row['topic'])}</td><td>{escape(row['what'])}<small>{escape(row['also'])}</small></td>"
        f"<td class='costlib-number'>{row['rows']:,}</td>"
        f"<td class='costlib-number'>{_percent(row['median_error'])}</td>"
        f"<td class='costlib-number'>{_percent(row['worst_error'])}</td>"
        f"<td class='costlib-number'>{_percent(row['inside_band'])}</td><td>{escape(row['demand'])}</td>"
        f"<td>{_verdict(row)}</td></tr>"
        for row in table.to_dict("records")
    )
    notes = f"<div class='costlib-note'>Being worked out: {escape('; '.join(pending))}.</div>" if pending else ""
    notes += "".join(f"<div class='costlib-bad'>{escape(said)}</div>" for said in failed)
    return (
        "<div class='costlib-scroll'><table class='costlib-table'><thead><tr><th>Model</th><th>Held against</th>"
        "<th>Rows</th><th>Median error</th><th>Worst</th><th>Inside the band</th><th>Demanded</th><th>Holds</th></tr>"
        f"</thead><tbody>{rows}</tbody></table></div>{notes}"
    )


def rows_html(rows: pd.DataFrame, unit: str) -> str:
    """The rows of one piece, the farthest off first."""
    body = "".join(
        f"<tr><td>{escape(row['label'])}<small>{escape(row['source'])}</small></td><td>{escape(row['group'])}</td>"
        f"<td class='costlib-number'>{_number(row['reference'])}</td>"
        f"<td class='costlib-number'>{_number(row['predicted'])}"
        f"<small>{_band(row)}</small></td>"
        f"<td class='costlib-number'>{_percent(row['error_fraction'], signed=True)}</td>"
        f"<td>{'' if row['inside'] is None else 'inside' if row['inside'] else '<b>outside</b>'}</td></tr>"
        for row in rows.to_dict("records")
    )
    if not body:
        return "<div class='costlib-note'>No row is outside the band, or the model gives none.</div>"
    return (
        "<div class='costlib-scroll'><table class='costlib-table'><thead><tr><th>Row</th><th>Group</th>"
        f"<th>Reference, {escape(unit)}</th><th>Predicted (low – high)</th><th>Error</th><th>Band</th></tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def _verdict(row: dict[Any, Any]) -> str:
    if row["demand"] == "none set":
        return "–"
    return "yes" if row["holds"] else "<b class='costlib-bad'>no</b>"


def _band(row: dict[Any, Any]) -> str:
    return "" if pd.isna(row["low"]) else f"{_number(row['low'])} – {_number(row['high'])}"


def _number(value: Any) -> str:
    return "not stated" if pd.isna(value) else f"{value:,.4g}" if abs(value) < 1e5 else f"{value:,.0f}"


def _percent(value: float, signed: bool = False) -> str:
    if pd.isna(value):
        return "–"
    return f"{100 * value:+.1f} %" if signed else f"{100 * value:.1f} %"
