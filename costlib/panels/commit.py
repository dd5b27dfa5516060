"""The commitments page: binds a CommitState to widgets."""

from __future__ import annotations

from typing import Any

import ipywidgets
import pandas as pd
import plotly.graph_objects as go
from ipywidgets import HTML, Button, HBox, VBox

from costlib.display import escape
from costlib.figures import commit_cash, commit_ladder, commit_layers, commit_offers, commit_scenarios
from costlib.figures.commit_names import offer_name
from costlib.models.commitments import break_even, paid_back_month
from costlib.panels.background import worker
from costlib.panels.banner import banner_html, look
from costlib.panels.chart import chart, update
from costlib.panels.commit_controls import Controls
from costlib.panels.commit_state import CommitState
from costlib.panels.commit_tables import caution_html, ladder_html, offers_html, others_html
from costlib.panels.commit_views import answer_html, assumptions_html, purchases_html, sureness_html
from costlib.panels.download import csv_link
from costlib.panels.form import heading
from costlib.planner.commit.report import CommitReport

LAYERS_NOTE = (
    "Every hour of the future is valued at on-demand prices, so that the area is what all of it would cost on demand;"
    " the title says what it does cost. Grey, below zero: what of the commitment nothing used."
)
_CHARTS = ("layers", "scenarios", "cash", "frontier", "ladder", "offer")


def commit_panel(state: CommitState | None = None) -> VBox:
    """The whole page for a state (default: a new one on the embedded snapshot)."""
    return _Page(CommitState(worker=worker()) if state is None else state).box


class _Page:
    """The widgets of one page, and what moves when a choice changes."""

    def __init__(self, state: CommitState) -> None:
        self.state = state
        self._following = False
        self.controls = Controls(state)
        self.answer, self.sureness, self.purchases, self.assumptions = HTML(), HTML(), HTML(), HTML()
        self.others, self.caution, self.rungs, self.offers = HTML(), HTML(), HTML(), HTML()
        self.progress = ipywidgets.FloatProgress(min=0.0, max=1.0, layout={"width": "260px"})
        self.stage, self.stop = HTML(), Button(description="Stop", icon="stop")
        self.working = HBox([self.progress, self.stage, self.stop], layout={"min_height": "32px"})
        self.download, self.links = Button(description="Prepare CSV", icon="download"), HTML()
        self.scenario, self.line, self.offer = (
            _dropdown(name, tip)
            for name, tip in (
                ("Future", "Which of the futures is drawn"),
                ("Type", "Of the usage, or what it moves to"),
                ("Offer", "One commitment to one instance"),
            )
        )
        self.charts = {name: chart(go.Figure()) for name in _CHARTS}
        for name, one in self.charts.items():
            one.add_class(f"costlib-commit-{name}")
        self.ladder = VBox([self.charts["ladder"], self.rungs])
        self.single = VBox(
            [HBox([self.line, self.offer], layout={"flex_flow": "row wrap"}), self.charts["offer"], self.offers]
        )
        self.box = VBox(
            [
                look(),
                HTML(banner_html(state.sources.book.banner)),
                self.controls.box,
                self.working,
                self.answer,
                self.sureness,
                self.purchases,
                HBox([self.download]),
                self.links,
                self.assumptions,
                heading("Layer by layer"),
                self.scenario,
                self.charts["layers"],
                HTML(f"<div class='costlib-note'>{LAYERS_NOTE}</div>"),
                heading("What each future costs"),
                self.charts["scenarios"],
                self.others,
                heading("When it is paid"),
                self.charts["cash"],
                heading("What caution costs"),
                self.charts["frontier"],
                self.caution,
                heading("A ladder in place of one purchase"),
                self.ladder,
                heading("One offer alone"),
                self.single,
            ]
        )
        self.box.add_class("costlib")
        self._bind()
        self._show_report()
        self._show_later()
        self._show_progress()

    def _bind(self) -> None:
        state = self.state
        state.observe(lambda _: self._show_report(), "report")
        state.observe(lambda _: self._show_later(), "later")
        state.observe(lambda _: self._show_progress(), ["busy", "progress", "stage"])
        self.scenario.observe(lambda _: self._follow(self._show_layers), "value")
        self.line.observe(lambda _: self._follow(self._show_offers), "value")
        self.offer.observe(lambda _: self._follow(self._show_offer), "value")
        self.stop.on_click(lambda _: state.cancel())
        self.download.on_click(lambda _: self._prepare())

    def _follow(self, show: Any) -> None:
        if not self._following:
            show()

    def _show_report(self) -> None:
        """What to buy, and the charts that follow from it at once."""
        state, report = self.state, self.state.report
        self.answer.value = answer_html(report, state.later)
        self.sureness.value = sureness_html(report)
        self.purchases.value = purchases_html(report.purchases)
        self.assumptions.value = assumptions_html(report)
        self.links.value = ""
        self._set(self.scenario, [(name, at) for at, name in enumerate(report.demand.scenarios.names)],
                  report.demand.middle)  # fmt: skip
        self._show_layers()
        self._show_scenarios()
        cash = report.cash
        update(self.charts["cash"], commit_cash.cash(cash, paid_back_month(cash), self._banner))
        offers = report.offers
        places = list(
            offers[["instance_type", "region", "service"]].drop_duplicates().itertuples(index=False, name=None)
        )
        self._set(self.line, [(f"{name} {region}", (name, region, service)) for name, region, service in places],
                  dearest_of(report, places))  # fmt: skip
        self._show_offers()

    @property
    def _banner(self) -> str:
        return self.state.sources.book.banner

    def _set(self, dropdown: ipywidgets.Dropdown, options: list, value: object) -> None:
        """Options in place of others: what was chosen stays where it can, else ``value`` is chosen."""
        if list(dropdown.options) == options:
            return
        before = dropdown.label if dropdown.options else None
        self._following = True
        try:
            dropdown.options = options
            held = dict(options)
            dropdown.value = held.get(before, value)
        finally:
            self._following = False

    def _show_layers(self) -> None:
        report, at = self.state.report, self.scenario.value
        name = report.demand.scenarios.names[at]
        update(self.charts["layers"], commit_layers.layers(report.layers(at), name, self._banner))

    def _show_scenarios(self) -> None:
        portfolio = self.state.report.portfolio
        regret, lookbacks, curve = self.state.known
        made = commit_scenarios.by_scenario(portfolio.scenarios, self._banner, regret, lookbacks)
        update(self.charts["scenarios"], made)
        now = pd.Series(
            {
                "risk_weight": self.state.risk_percent / 100,
                "expected_usd": portfolio.expected_usd,
                "tail_usd": portfolio.tail_usd,
                "tail_lost_usd": portfolio.lost_usd,
            }
        )
        tail_of = self.state.report.asked.tail_of
        self.caution.value = caution_html(self.state.report, curve)
        update(self.charts["frontier"], commit_scenarios.frontier(curve, now, tail_of, self._banner))

    def _show_offers(self) -> None:
        offers = self.state.report.offers
        place = self.line.value
        self.single.layout.display = None if place is not None else "none"
        if place is None:
            return
        own = offers[(offers[["instance_type", "region", "service"]] == list(place)).all(axis=1)]
        self._own = {offer_name(row): row for row in own.to_dict("records")}
        self._set(self.offer, [(name, name) for name in self._own], next(iter(self._own)))
        self.offers.value = offers_html(own)
        self._show_offer()

    def _show_offer(self) -> None:
        row = self._own[self.offer.value]
        curve = break_even(row["usd_per_hour"], row["on_demand_usd_per_hour"], row["spot_usd_per_hour"])
        title = f"{row['instance_type']}: {self.offer.value}"
        update(self.charts["offer"], commit_offers.break_even(curve, title, self._banner))

    def _show_later(self) -> None:
        """What was worked out a little later; until then the ladder before it stays."""
        state, later = self.state, self.state.later
        if later is None:
            return
        self.answer.value = answer_html(state.report, later)
        self._show_scenarios()
        self.others.value = others_html(state.report, later)
        update(self.charts["ladder"],
               commit_ladder.rungs(later.ladder.purchases, state.report.future.months, self._banner))  # fmt: skip
        self.charts["ladder"].layout.display = None if len(later.ladder.purchases) else "none"
        self.rungs.value = ladder_html(later)

    def _show_progress(self) -> None:
        state = self.state
        # Hidden, not gone: the page below must not jump.
        self.working.layout.visibility = "visible" if state.busy and state.stage else "hidden"
        self.progress.value = state.progress
        self.stage.value = f"<small>Working out {escape(state.stage)}</small>" if state.busy else ""

    def _prepare(self) -> None:
        report, state = self.state.report, self.state
        weight, snapshot = state.risk_percent / 100, state.sources.book.snapshot_id
        frames = {"purchases": report.purchases, "cash-by-month": report.cash}
        if state.later is not None:
            frames["ladder"] = state.later.ladder_rows
        self.links.value = "<br>".join(
            csv_link(f"commit-{what}.csv", frame.assign(weight_on_worst_tenth=weight, snapshot_id=snapshot))
            for what, frame in frames.items()
        )


def dearest_of(report: CommitReport, places: list[tuple[str, str, str]]) -> tuple[str, str, str] | None:
    """Of types in regions the one that most is spent on in the middle future, at on-demand prices."""
    scenarios = report.demand.scenarios
    lines = scenarios.lines
    usd = scenarios.quantity[report.demand.middle].mean(axis=0) * report.held_rates.on_demand_usd(lines)
    spent = {(line.instance_type, line.region, line.service): own for line, own in zip(lines, usd, strict=True)}
    return max(places, key=lambda place: spent.get(place, 0.0), default=None)


def _dropdown(name: str, tip: str) -> ipywidgets.Dropdown:
    return ipywidgets.Dropdown(description=name, tooltip=tip, style={"description_width": "initial"},
                               layout={"width": "min(420px, 100%)"})  # fmt: skip
