"""The region page: binds a RegionState to widgets."""

from __future__ import annotations

from typing import Any

import ipywidgets
import pandas as pd
import plotly.graph_objects as go
from ipywidgets import HTML, Button, HBox, VBox

from costlib.display import escape
from costlib.figures import region as figures
from costlib.panels.banner import banner_html, look
from costlib.panels.chart import chart, update
from costlib.panels.download import csv_link
from costlib.panels.form import Form, boxed, heading
from costlib.panels.region_fields import (
    CHOICE,
    CONTROLS,
    DATA,
    FOLLOW,
    PLACEHOLDERS,
    PRICES,
    WAY,
    WAY_NAMES,
    control_of,
    option_name,
)
from costlib.panels.region_state import RegionState, RegionView
from costlib.panels.region_views import (
    answer_html,
    following_html,
    left_out_html,
    rules_html,
    sure_html,
    table_of,
    turning_html,
)

NO_PRICES = "Give prices by month and region above, and the cheapest way through them is shown, moves paid."
NO_RECORD = (
    "No record of two zones is held of this run's spot type in us-east-1, or it may not run there: what following"
    " prices would have done is not known."
)
HOME = "dataset.home_region"


def region_panel(state: RegionState | None = None) -> VBox:
    """The whole page for a state (default: a new one on the embedded snapshot)."""
    return _Page(RegionState() if state is None else state).box


class _Page:
    """The widgets of one page, and what moves when a choice changes."""

    def __init__(self, state: RegionState) -> None:
        self.state = state
        self._following = False
        self.start = ipywidgets.Dropdown(
            options=[("own numbers", ""), *((name, name) for name in state.examples)],
            description="Start from",
            tooltip="An example run, with its own data",
            style={"description_width": "initial"},
        )
        self.form = Form(tuple(CONTROLS.values()), PLACEHOLDERS, control_of, option_name)
        self.prices = ipywidgets.Textarea(
            description="Prices (CSV: month,region,usd_per_hour)",
            tooltip="USD an instance-hour of the plan's type, a line a month and region",
            placeholder="month,region,usd_per_hour\n1,us-east-1,21.96\n1,us-west-2,21.96",
            continuous_update=False,
            rows=5,
            style={"description_width": "initial"},
        )
        self.prices_told = HTML()
        self.general, self.banner, self.answer, self.rules = HTML(), HTML(), HTML(), HTML()
        self.table, self.left_out, self.turning, self.sure = HTML(), HTML(), HTML(), HTML()
        self.followed, self.recorded = HTML(), HTML()
        self.download, self.links = Button(description="Prepare CSV", icon="download"), HTML()
        self.charts = {name: chart(go.Figure()) for name in ("costs", "map", "size", "follow", "zones")}
        for name, one in self.charts.items():
            one.add_class(f"costlib-region-{name}")
        given = boxed(self.prices, self.prices_told)
        given.add_class("costlib-wide")
        self.box = VBox(
            [
                look(),
                self.banner,
                self.form.rows(DATA, boxed(self.start)),
                self.form.rows(CHOICE),
                self.general,
                self.answer,
                self.charts["costs"],
                HBox([self.download]),
                self.links,
                heading("On the map"),
                self.charts["map"],
                heading("Up to which size, from how many runs"),
                self.charts["size"],
                self.turning,
                heading("All ways to buy, side by side"),
                self.table,
                self.left_out,
                self.rules,
                heading("How sure the ranking is"),
                self.sure,
                heading("A long campaign that follows the price"),
                self.form.rows(FOLLOW, given),
                self.charts["follow"],
                self.followed,
                self.charts["zones"],
                self.recorded,
            ]
        )
        self.box.add_class("costlib")
        self._bind()
        self._show()
        self._show_messages()

    def _bind(self) -> None:
        state = self.state
        self.start.observe(self._started, "value")
        self.form.observe(self._propose)
        self.prices.observe(self._propose, "value")
        state.observe(lambda _: self._show(), "view")
        state.observe(lambda _: self._show_messages(), ["faults", "problem", "view"])
        self.download.on_click(lambda _: self._prepare())

    def _started(self, change: Any) -> None:
        if not self._following and change["new"]:
            self.state.start(change["new"])

    def _propose(self, _change: object) -> None:
        if not self._following:
            self.state.propose({**self.form.values, PRICES: self.prices.value})

    def _show(self) -> None:
        """The last good view, and the controls as they stand in it."""
        state, view = self.state, self.state.view
        self._following = True
        try:
            self.form.set_options(HOME, [(name, name) for name in state.home_regions])
            self.form.set_options(WAY, [(WAY_NAMES[way], way) for way in view.answer.rankings])
            self.form.show({key: value for key, value in state.values.items() if key != PRICES})
            self.prices.value = state.values[PRICES]
            self.start.value = state.started
        finally:
            self._following = False
        span = view.answer.as_of
        book = state.sources.book
        prices = f"{book.mode} {book.snapshot_id}, prices of {span['oldest']} to {span['newest']}"
        banner = "; ".join([prices, *book.overlays])
        self.banner.value = banner_html(banner)
        self.answer.value = answer_html(view, state.first_note if self._is_first(view) else "")
        self.table.value, self.left_out.value = table_of(view), left_out_html(view)
        self.turning.value, self.sure.value, self.rules.value = turning_html(view), sure_html(view), rules_html(view)
        self.followed.value = following_html(view.followed, NO_PRICES)
        self.recorded.value = following_html(view.recorded, NO_RECORD)
        self.links.value = ""
        update(self.charts["costs"], figures.costs(view.frame, view.price_only, banner))
        update(self.charts["map"], figures.world(view.frame, f"{banner}; coasts: Natural Earth, places: GeoNames"))
        update(self.charts["size"], figures.over_size(view.lines, view.answer.constrained.dataset.gib, banner))
        for name, found, what in (
            ("follow", view.followed, "the prices given"),
            ("zones", view.recorded, "recorded spot prices of us-east-1's zones"),
        ):
            self.charts[name].layout.display = "none" if found is None else None
            if found is not None:
                note = "prices as given" if name == "follow" else "prices as recorded, January 2024"
                update(self.charts[name], figures.following(found, what, note))

    def _is_first(self, view: RegionView) -> bool:
        return view.answer.constrained == self.state.first

    def _show_messages(self) -> None:
        state = self.state
        rest = self.form.show_messages(state.faults, {})
        of_prices = [str(fault) for fault in state.faults if fault.field.startswith(PRICES)]
        self.prices_told.value = "".join(f"<div class='costlib-fault'>{escape(one)}</div>" for one in of_prices)
        rest = [one for one in rest if one not in of_prices]
        if state.problem:
            rest.append(state.problem)
        if state.faults or state.problem:
            rest.append("The answer below is still for the last good values.")
        self.general.value = "".join(f"<div class='costlib-problem'>{escape(one)}</div>" for one in rest)

    def _prepare(self) -> None:
        view, snapshot = self.state.view, self.state.sources.book.snapshot_id
        frames: dict[str, pd.DataFrame | None] = {
            "regions": view.frame.assign(bought=view.way),
            "sizes": view.lines,
            "follow": None if view.followed is None else view.followed.table,
            "zones": None if view.recorded is None else view.recorded.table,
        }
        name = view.answer.constrained.name
        self.links.value = "<br>".join(
            csv_link(f"{name}-region-{what}.csv", frame.assign(snapshot_id=snapshot))
            for what, frame in frames.items()
            if frame is not None
        )
