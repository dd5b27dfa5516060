"""Pools, fleet request, fail-over and managed spot as a part of the spot page: binds a PlacesState to widgets."""

from __future__ import annotations

import plotly.graph_objects as go
from ipywidgets import HTML, Button, HBox, VBox

from costlib.figures import spot_pools
from costlib.panels.banner import plan_banner
from costlib.panels.bound_form import problems_html
from costlib.panels.chart import chart, update
from costlib.panels.download import csv_links
from costlib.panels.form import Form, heading
from costlib.panels.spot_places_fields import (
    CONTROLS,
    FAILOVER,
    FLEET_REGION,
    PLACEHOLDERS,
    POOLS,
    control_of,
    option_name,
)
from costlib.panels.spot_places_state import PlacesState
from costlib.panels.spot_places_views import failover_html, fleet_html, managed_html, pools_html, spread_html


class Places:
    """The widgets, in ``box``; they follow the state."""

    def __init__(self, state: PlacesState) -> None:
        self.state = state
        self._following = False
        self.form = Form(tuple(CONTROLS.values()), PLACEHOLDERS, control_of, option_name)
        self.general, self.spread, self.pools = HTML(), HTML(), HTML()
        self.fleet, self.failover, self.managed = HTML(), HTML(), HTML()
        self.download, self.links = Button(description="Prepare CSV", icon="download"), HTML()
        self.chart = chart(go.Figure())
        self.chart.add_class("costlib-spot-pools")
        self.told = VBox(
            [
                self.spread,
                self.chart,
                self.pools,
                HBox([self.download]),
                self.links,
                heading("A fleet to paste: EC2 CreateFleet, price-capacity-optimized"),
                self.fleet,
                heading("Another region to fall back on; SageMaker's managed spot"),
                self.form.rows(FAILOVER),
                self.failover,
                self.managed,
            ]
        )
        self.box = VBox(
            [heading("Where: pools that could carry the run"), self.form.rows(POOLS), self.general, self.told]
        )
        self.form.observe(self._propose)
        state.observe(lambda _: self._show(), "answer")
        state.observe(lambda _: self._show_messages(), ["faults", "problem", "notes"])
        self.download.on_click(lambda _: self._prepare())
        self._show()
        self._show_messages()

    def _propose(self, _change: object) -> None:
        if not self._following:
            self.state.propose(self.form.values)

    def _show(self) -> None:
        answer = self.state.answer
        if answer is None:
            self.told.layout.display = "none"
            return
        self._following = True
        try:
            self.form.set_options(FLEET_REGION, [("of the plan", ""), *((name, name) for name in answer.regions)])
            self.form.show(self.state.values)
        finally:
            self._following = False
        banner = plan_banner(answer.run.result.sources.book, answer.run.plan)
        self.spread.value = spread_html(answer)
        self.pools.value = pools_html(answer)
        self.fleet.value = fleet_html(answer)
        self.failover.value = failover_html(answer)
        self.managed.value = managed_html(answer)
        self.links.value = ""
        update(self.chart, spot_pools.pools(answer.pools.pools, answer.spread.pools, banner))
        self.told.layout.display = None

    def _show_messages(self) -> None:
        rest = self.form.show_messages(self.state.faults, self.state.notes)
        old = "What stands below is still for the last good values." if self.state.faults else ""
        self.general.value = problems_html([*rest, self.state.problem, old])

    def _prepare(self) -> None:
        answer = self.state.answer
        if answer is None:
            return
        workload, snapshot = answer.run.result.workload, answer.run.result.sources.book.snapshot_id
        frames = {
            "pools": answer.pools.pools.drop(columns="candidate"),
            "fail-over": answer.failover.table,
            "managed-spot": answer.managed.table,
        }
        self.links.value = csv_links(f"{workload.name}-spot", frames, snapshot_id=snapshot)
