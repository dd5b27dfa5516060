"""The scaling page: binds a ScaleOutState to widgets."""

from __future__ import annotations

from collections.abc import Iterable

import ipywidgets
import pandas as pd
import plotly.graph_objects as go
from ipywidgets import HTML, Button, VBox

from costlib.figures import batch as batch_figures
from costlib.figures import scale_out as figures
from costlib.figures.cpu_or_gpu import cpu_or_gpu
from costlib.panels.banner import banner_html, look
from costlib.panels.bound_form import BoundForm
from costlib.panels.chart import chart, update
from costlib.panels.download import csv_links
from costlib.panels.form import Form, boxed
from costlib.panels.scale_out_fields import BATCH, CONTROLS, PLACEHOLDERS, SECTIONS, SMALL, control_of, option_name
from costlib.panels.scale_out_state import ScaleOutState
from costlib.panels.scale_out_views import (
    batch_html,
    clusters_html,
    clusters_table_html,
    curve_html,
    holders_html,
    scaling_html,
    small_html,
    small_table_html,
)

TABS = ("Scaling", "Few or many", "Batch", "CPU or GPU")
#: Types drawn, besides those on the front.
LINES = 10
#: Controls that stand on a tab, by its number.
OF_TAB = {2: BATCH, 3: SMALL}
#: Controls that are asked for only after a choice of another.
ONLY_FOR = {
    "critical_batch": ("critical_from", "a number"),
    "target_points": ("critical_from", "own points"),
    "data_rows": ("job", "trees"),
}


def scale_out_panel(state: ScaleOutState | None = None) -> VBox:
    """The whole page for a state (default: a new one on the embedded snapshot)."""
    return _Page(ScaleOutState() if state is None else state).box


class _Page:
    """The widgets of one page, and what moves when a choice changes."""

    def __init__(self, state: ScaleOutState) -> None:
        self.state = state
        self.form = Form(tuple(CONTROLS.values()), PLACEHOLDERS, control_of, option_name)
        for key, control in CONTROLS.items():
            if control.kind == "name":
                self.form.set_options(key, sorted(getattr(state.sources.vocabulary, control.options[0])))
            if control.kind == "lines":
                # Two short numbers a line: they need height, not width.
                self.form.inputs[key].rows = 4
                self.form.boxes[key].remove_class("costlib-wide")
        examples = [(name, name) for name in state.examples]
        self.bound = BoundForm(self.form, examples, "An example run", state.start, self._propose)
        self.start, self.general = self.bound.start, self.bound.general
        self.banner = HTML()
        self.texts = [HTML() for _ in TABS]
        self.tables = [HTML() for _ in TABS]
        self.charts: list[list[VBox]] = [[VBox() for _ in range(count)] for count in (2, 1, 3, 1)]
        self.charts[0][0].add_class("costlib-main-chart")
        self.links = [HTML() for _ in TABS]
        self.tabs = ipywidgets.Tab([self._tab(number) for number in range(len(TABS))], titles=list(TABS))
        self.tabs.selected_index = 0
        self._stale = set(range(len(TABS)))
        self.box = VBox([look(), self.banner, self.form.sections(SECTIONS, boxed(self.start)), self.general, self.tabs])
        self.box.add_class("costlib")
        self._bind()
        self._show()
        self._show_messages()

    def _tab(self, number: int) -> VBox:
        form = self.form.rows(OF_TAB.get(number, ()))
        prepare = Button(description="Prepare CSV", icon="download", tooltip="The table below, whole, as a file")
        prepare.on_click(lambda _: self._prepare(number))
        return VBox([form, self.texts[number], *self.charts[number], self.tables[number], prepare, self.links[number]])

    def _bind(self) -> None:
        self.state.observe(lambda _: self._show(), "answer")
        self.state.observe(lambda _: self._show_messages(), "faults")
        self.tabs.observe(lambda _: self._draw(), "selected_index")

    def _propose(self, values: dict[str, str]) -> None:
        self._show_only_for()
        self.state.propose(values)

    def _show(self) -> None:
        """The last good answer, and the controls as they stand in it."""
        state = self.state
        with self.bound.following(state.started):
            self.form.show(state.values)
        self._show_only_for()
        for link in self.links:
            link.value = ""
        self.banner.value = banner_html(self._banner())
        self._stale = set(range(len(TABS)))
        self._draw()

    def _draw(self) -> None:
        """Brings the open tab up to date; the others when they are opened."""
        number = self.tabs.selected_index or 0
        if number in self._stale:
            self._stale.discard(number)
            (self._draw_scaling, self._draw_clusters, self._draw_batch, self._draw_small)[number]()

    def _draw_scaling(self) -> None:
        answer, banner = self.state.answer, f"facts of {self.state.sources.book.snapshot_id}"
        self.texts[0].value = scaling_html(answer)
        _put(self.charts[0][0], figures.efficiency(answer.curve, answer.measured, banner))
        _put(self.charts[0][1], figures.step_parts(answer.curve, "strong", banner))
        self.tables[0].value = curve_html(answer.curve)

    def _draw_clusters(self) -> None:
        answer, banner = self.state.answer, self._banner()
        self.texts[1].value = clusters_html(answer)
        deadline = answer.workload.deadline_hours
        _put(self.charts[1][0], figures.cost_time(answer.clusters, answer.purchase, deadline, LINES, banner))
        self.tables[1].value = clusters_table_html(answer)

    def _draw_batch(self) -> None:
        answer, banner = self.state.answer, self._banner()
        plan = answer.batch
        self.texts[2].value = batch_html(answer)
        self.tables[2].value = "" if plan is None else holders_html(plan)
        for place in self.charts[2]:
            place.layout.display = "none" if plan is None else None
        if plan is not None:
            _put(self.charts[2][0], batch_figures.accumulation(plan, banner))
            _put(self.charts[2][1], batch_figures.saturation(plan, answer.points, banner))
            known = plan.critical_batch is not None
            self.charts[2][2].layout.display = None if known else "none"
            if known:
                _put(self.charts[2][2], batch_figures.targets(plan, banner))

    def _draw_small(self) -> None:
        verdict = self.state.answer.small
        self.texts[3].value = small_html(verdict)
        self.tables[3].value = "" if verdict is None else small_table_html(verdict)
        self.charts[3][0].layout.display = "none" if verdict is None else None
        if verdict is not None:
            banner = self._banner(verdict.table["instance_type"])
            _put(self.charts[3][0], cpu_or_gpu(verdict, banner))

    def _banner(self, instance_types: Iterable[str] | None = None) -> str:
        """The dates of EC2's prices in the region, of these types or of all clusters."""
        answer, frame = self.state.answer, self.state.sources.offers.frame
        shown = (frame["region"] == answer.workload.dataset.home_region) & (frame["service"] == "ec2")
        shown &= frame["purchase"].isin(["on_demand", "spot"])
        names = answer.clusters["instance_type"] if instance_types is None else instance_types
        return self.state.sources.book.banner_of(frame[shown & frame["instance_type"].isin(set(names))])

    def _show_only_for(self) -> None:
        values = self.form.values
        for key, (choice, value) in ONLY_FOR.items():
            self.form.show_only_if(values[choice] == value, key)

    def _show_messages(self) -> None:
        faults = self.state.faults
        self.bound.tell(faults, is_old=bool(set(faults) - set(self.state.answer.part_faults)))
        refused = {control_of(fault) for fault in faults}
        self.tabs.titles = [
            title + (" ⚠" if any(control.key in refused for control in OF_TAB.get(number, ())) else "")
            for number, title in enumerate(TABS)
        ]

    def _prepare(self, number: int) -> None:
        answer, name = self.state.answer, self.state.answer.workload.name
        curve = answer.curve
        frames: dict[str, pd.DataFrame] = {}
        if number == 0:
            said = {"basis": curve.basis, "rule": curve.rule, "source": curve.source}
            frames["scaling"] = curve.table.assign(instance_type=curve.instance_type, precision=curve.precision, **said)
            frames["measured"] = answer.measured
        elif number == 1:
            frames["clusters"] = answer.clusters
        elif number == 2 and answer.batch is not None:
            frames["micro-batches"], frames["instances"] = answer.batch.accumulation, answer.batch.holders
            frames["global-batches"] = answer.batch.targets
        elif number == 3 and answer.small is not None:
            frames["cpu-or-gpu"] = answer.small.table
        self.links[number].value = csv_links(name, frames)


def _put(place: VBox, figure: go.Figure) -> None:
    """Shows a figure in its place; the chart is made from the first one, and updated after that."""
    if place.children:
        update(place.children[0], figure)
    else:
        place.children = [chart(figure)]
