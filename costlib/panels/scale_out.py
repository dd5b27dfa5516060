"""The scaling page: binds a ScaleOutState to widgets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import ipywidgets
import pandas as pd
import plotly.graph_objects as go
from ipywidgets import HTML, Box, Button, VBox

from costlib.display import escape
from costlib.errors import Fault
from costlib.figures import batch as batch_figures
from costlib.figures import scale_out as figures
from costlib.figures.cpu_or_gpu import cpu_or_gpu
from costlib.panels.banner import banner_html, look
from costlib.panels.chart import chart, update
from costlib.panels.download import csv_link
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
from costlib.panels.workload_fields import Control

TABS = ("Scaling", "Few or many", "Batch", "CPU or GPU")
#: Types drawn, besides those on the front.
LINES = 10
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
        self._following = False
        self.start = ipywidgets.Dropdown(
            options=[("own numbers", ""), *((name, name) for name in state.examples)],
            description="Start from",
            tooltip="An example run",
            style={"description_width": "initial"},
        )
        self.inputs = {key: self._input(control) for key, control in CONTROLS.items()}
        self.messages = {key: HTML() for key in CONTROLS}
        self._boxes = {key: self._control(key) for key in CONTROLS}
        self.banner, self.general = HTML(), HTML()
        self.texts = [HTML() for _ in TABS]
        self.tables = [HTML() for _ in TABS]
        self.charts: list[list[VBox]] = [[VBox() for _ in range(count)] for count in (2, 1, 3, 1)]
        self.charts[0][0].add_class("costlib-main-chart")
        self.links = [HTML() for _ in TABS]
        self.tabs = ipywidgets.Tab([self._tab(number) for number in range(len(TABS))], titles=list(TABS))
        self.tabs.selected_index = 0
        self._stale = set(range(len(TABS)))
        self.box = VBox([look(), self.banner, self._form(), self.general, self.tabs])
        self.box.add_class("costlib")
        self._bind()
        self._show()
        self._show_messages()

    def _form(self) -> Box:
        started = VBox([self.start])
        started.add_class("costlib-control")
        children: list[ipywidgets.Widget] = []
        for title, controls in SECTIONS.items():
            heading = HTML(title)
            heading.add_class("costlib-heading")
            first = [started] if not children else []
            children += [heading, *first, *(self._boxes[control.key] for control in controls)]
        form = Box(children)
        form.add_class("costlib-form")
        return form

    def _tab(self, number: int) -> VBox:
        controls = {2: BATCH, 3: SMALL}.get(number, ())
        form = Box([self._boxes[control.key] for control in controls])
        form.add_class("costlib-form")
        prepare = Button(description="Prepare CSV", icon="download", tooltip="The table below, whole, as a file")
        prepare.on_click(lambda _: self._prepare(number))
        return VBox([form, self.texts[number], *self.charts[number], self.tables[number], prepare, self.links[number]])

    def _control(self, key: str) -> VBox:
        box = VBox([self.inputs[key], self.messages[key]])
        box.add_class("costlib-control")
        return box

    def _input(self, control: Control) -> Any:
        words: dict[str, Any] = {"description": control.label, "tooltip": control.tip}
        words["style"] = {"description_width": "initial"}
        if control.kind == "choice":
            options = [(option_name(control.key, option), option) for option in control.options]
            return ipywidgets.Dropdown(options=options, **words)
        words |= {"continuous_update": False, "placeholder": PLACEHOLDERS.get(control.key, "")}
        if control.kind == "name":
            names = sorted(getattr(self.state.sources.vocabulary, control.options[0]))
            return ipywidgets.Combobox(options=names, ensure_option=False, **words)
        if control.kind == "lines":
            return ipywidgets.Textarea(rows=4, **words)
        return ipywidgets.Text(**words)

    def _bind(self) -> None:
        self.start.observe(self._started, "value")
        for widget in self.inputs.values():
            widget.observe(self._propose, "value")
        self.state.observe(lambda _: self._show(), "answer")
        self.state.observe(lambda _: self._show_messages(), "faults")
        self.tabs.observe(lambda _: self._draw(), "selected_index")

    def _started(self, change: Any) -> None:
        if not self._following and change["new"]:
            self.state.start(change["new"])

    def _propose(self, _change: object) -> None:
        if not self._following:
            self._show_only_for()
            self.state.propose({key: widget.value for key, widget in self.inputs.items()})

    def _show(self) -> None:
        """The last good answer, and the controls as they stand in it."""
        state = self.state
        self._following = True
        try:
            for key, value in state.values.items():
                self.inputs[key].value = value
            self.start.value = state.started
        finally:
            self._following = False
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
        for key, (choice, value) in ONLY_FOR.items():
            self._boxes[key].layout.display = None if self.inputs[choice].value == value else "none"

    def _show_messages(self) -> None:
        by_control: dict[str | None, list[Fault]] = {}
        for fault in self.state.faults:
            by_control.setdefault(control_of(fault), []).append(fault)
        for key, message in self.messages.items():
            faults = by_control.get(key, [])
            said = [str(fault).removeprefix(f"{fault.field}: ").removeprefix(f"{fault.field} ") for fault in faults]
            message.value = "".join(f"<div class='costlib-fault'>{escape(one)}</div>" for one in said)
            (self._boxes[key].add_class if faults else self._boxes[key].remove_class)("costlib-refused")
        self.tabs.titles = [
            title + (" ⚠" if any(control.key in by_control for control in {2: BATCH, 3: SMALL}.get(number, ())) else "")
            for number, title in enumerate(TABS)
        ]
        rest = [str(fault) for fault in by_control.get(None, [])]
        if set(self.state.faults) - set(self.state.answer.part_faults):
            rest.append("The answer below is still for the last good values.")
        self.general.value = "".join(f"<div class='costlib-problem'>{escape(one)}</div>" for one in rest)

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
        self.links[number].value = "<br>".join(csv_link(f"{name}-{what}.csv", frame) for what, frame in frames.items())


def _put(place: VBox, figure: go.Figure) -> None:
    """Shows a figure in its place; the chart is made from the first one, and updated after that."""
    if place.children:
        update(place.children[0], figure)
    else:
        place.children = [chart(figure)]
