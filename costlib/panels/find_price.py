"""The price page: binds a FindPriceState to widgets."""

from __future__ import annotations

from typing import Any

import ipywidgets
import pandas as pd

from costlib.display import PURCHASE_NAMES, SERVICE_NAMES, escape, usd, usd_band
from costlib.figures import prices
from costlib.panels.banner import banner_html, basis_html, look
from costlib.panels.chart import chart, update
from costlib.panels.download import csv_link
from costlib.panels.find_price_state import FindPriceState, TypePrices


def find_price_panel(state: FindPriceState | None = None) -> ipywidgets.VBox:
    """The whole page for a state (default: a new one on the embedded prices)."""
    state = FindPriceState() if state is None else state
    return _Page(state).box


class _Page:
    """The widgets of one page, and what moves when a choice changes."""

    def __init__(self, state: FindPriceState) -> None:
        self.state = state
        self.query = ipywidgets.Text(value=state.query, placeholder="p5, g6e.xlarge, H100 …", continuous_update=True)
        self.query.tooltip = "Part of a type's name or of its accelerator's"
        self.matches = ipywidgets.Select(rows=6)
        self.region = ipywidgets.Dropdown()
        self.way = ipywidgets.Dropdown()
        self.query_message, self.region_message = ipywidgets.HTML(), ipywidgets.HTML()
        self.facts, self.table = ipywidgets.HTML(), ipywidgets.HTML()
        self.download, self.link = ipywidgets.Button(description="Prepare CSV"), ipywidgets.HTML()
        self.options = chart(self._options())
        self.regions = chart(self._regions())
        self.history = chart(self._history())
        self.banner = ipywidgets.HTML()
        self.options.add_class("costlib-main-chart")
        self._following = False
        form = ipywidgets.Box(
            [
                self._control("Type to search", self.query, self.query_message),
                self._control("Types that match", self.matches),
                self._control("Region", self.region, self.region_message),
                self._control("Compared over regions", self.way),
            ]
        )
        form.add_class("costlib-form")
        self.box = ipywidgets.VBox(
            [
                look(),
                self.banner,
                form,
                self.facts,
                self.options,
                self.table,
                ipywidgets.HBox([self.download, self.link]),
                self.regions,
                self.history,
            ]
        )
        self.box.add_class("costlib")
        self._bind()
        self._show_matches()
        self._show()

    def _control(self, label: str, *widgets: ipywidgets.Widget) -> ipywidgets.VBox:
        made = ipywidgets.VBox([ipywidgets.HTML(f"<span class='costlib-label'>{label}</span>"), *widgets])
        made.add_class("costlib-control")
        return made

    def _bind(self) -> None:
        state = self.state
        ipywidgets.link((self.query, "value"), (state, "query"))
        self.matches.observe(self._picked(state.choose), "value")
        self.region.observe(self._picked(state.choose_region), "value")
        self.way.observe(self._picked(self._take_way), "value")
        state.observe(lambda _: self._show_matches(), "matches")
        state.observe(lambda _: self._show_messages(), ["faults", "note"])
        state.observe(lambda _: self._show(), ["found", "region", "service", "purchase"])
        self.download.on_click(lambda _: self._prepare())

    def _picked(self, take: Any) -> Any:
        """Hands on what the user picks, not what the page itself sets while it follows the state."""

        def picked(change: Any) -> None:
            if not self._following and change["new"] is not None:
                take(change["new"])

        return picked

    def _take_way(self, way: tuple[str, str]) -> None:
        with self.state.hold_trait_notifications():
            self.state.service, self.state.purchase = way

    def _show_matches(self) -> None:
        self._following = True
        self.matches.options = self.state.matches
        chosen = self.state.found.instance_type
        self.matches.value = chosen if chosen in self.state.matches else None
        self._following = False

    def _show_messages(self) -> None:
        state = self.state
        texts = {field: "" for field in ("query", "region")}
        for fault in state.faults:
            said = str(fault).removeprefix(f"{fault.field}: ")
            texts[fault.field] += f"<div class='costlib-fault'>{escape(said)}</div>"
        if state.note:
            texts["region"] += f"<div class='costlib-note'>{escape(state.note)}</div>"
        self.query_message.value, self.region_message.value = texts["query"], texts["region"]

    def _show(self) -> None:
        state = self.state
        self._following = True
        self.region.options, self.region.value = state.found.regions, state.region
        ways = state.found.ways()
        self.way.options = [(f"{SERVICE_NAMES[s]} {PURCHASE_NAMES[p]}", (s, p)) for s, p in ways]
        self.way.value = (state.service, state.purchase)
        if state.found.instance_type in state.matches:
            self.matches.value = state.found.instance_type
        self._following = False
        self.banner.value = banner_html(state.sources.book.banner_of(state.in_region))
        self.facts.value = facts_html(state.found)
        self.table.value = table_html(state.in_region)
        self.link.value = ""
        self._show_messages()
        update(self.options, self._options())
        update(self.regions, self._regions())
        update(self.history, self._history())

    def _prepare(self) -> None:
        found = self.state.found
        self.link.value = csv_link(f"{found.instance_type}-prices.csv", found.offers)

    def _options(self) -> Any:
        return prices.options(self.state.in_region, self.state.sources.book.banner_of(self.state.in_region))

    def _regions(self) -> Any:
        return prices.regions(self.state.by_region, self.state.sources.book.banner_of(self.state.by_region))

    def _history(self) -> Any:
        found, book = self.state.found, self.state.sources.book
        return prices.history(found.on_demand_history, found.spot_history, book.as_of, book.banner)


def facts_html(found: TypePrices) -> str:
    """The type's hardware in one line, with its source; says so where none is held."""
    held = found.hardware
    if not held:
        return f"<div class='costlib-answer'><b>{escape(found.instance_type)}</b>: no hardware facts are held.</div>"
    parts = [f"{held['vcpu']:g} vCPU", f"{held['memory_gib']:,g} GiB memory"]
    if pd.notna(held["accelerator"]):
        memory = held["accelerator_memory_gib"]
        each = f" of {memory:.4g} GiB" if pd.notna(memory) else ""
        parts.append(f"{held['accelerator_count']:g} × {escape(held['accelerator'])}{each}")
    if pd.notna(held["network_label"]):
        parts.append(f"network {escape(held['network_label'])}")
    return (
        f"<div class='costlib-answer'><b>{escape(found.instance_type)}</b>: {', '.join(parts)}<br>"
        f"<small>{basis_html(held['basis'])} source {escape(held['source'])},"
        f" as of {escape(held['as_of'])}</small></div>"
    )


def table_html(offers: pd.DataFrame) -> str:
    """One row an offer, cheapest first: price with its range, how it is known, source and date."""
    rows = "".join(
        f"<tr><td>{prices.offer_name(row)}</td><td class='costlib-number'>{usd(row['usd_expected'])}</td>"
        f"<td class='costlib-number'>{usd_band(row['usd_low'], row['usd_high'])}</td>"
        f"<td class='costlib-number'>{usd(row['upfront_usd'])}</td>"
        f"<td>{basis_html(row['basis'])}<small>{escape(row['rule'])}</small></td>"
        f"<td>{escape(row['source'])}</td><td>{escape(row['as_of'])}</td></tr>"
        for row in offers.sort_values("usd_expected", kind="stable").to_dict("records")
    )
    return (
        "<div class='costlib-scroll'><table class='costlib-table'><thead><tr><th>Bought as</th><th>USD an hour</th>"
        "<th>low – high</th><th>USD upfront</th><th>How it is known</th><th>Source</th><th>As of</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )
