"""The memory page: binds a FitState to widgets."""

from __future__ import annotations

from typing import Any

import ipywidgets
import plotly.graph_objects as go
from ipywidgets import HTML, Box, Button, HBox, VBox

from costlib.display import escape
from costlib.errors import Fault
from costlib.exports.fit_tables import memory_frame, verdicts_frame
from costlib.figures import memory
from costlib.panels.banner import banner_html, look
from costlib.panels.chart import chart, update
from costlib.panels.clickable import Clickable
from costlib.panels.download import csv_link
from costlib.panels.fit_fields import ACCELERATOR, ADAPTER_KEYS, CONTROLS, SECTIONS, control_of, option_name
from costlib.panels.fit_state import FitState
from costlib.panels.fit_views import answer_html, layout_of_model, table_html
from costlib.panels.workload_fields import Control

LINES = "dashed: usable memory of accelerators"


def fit_panel(state: FitState | None = None) -> VBox:
    """The whole page for a state (default: a new one on the embedded snapshot)."""
    return _Page(FitState() if state is None else state).box


class _Page:
    """The widgets of one page, and what moves when a choice changes."""

    def __init__(self, state: FitState) -> None:
        self.state = state
        self._following = False
        self.start = ipywidgets.Dropdown(
            options=self._starts(),
            description="Start from",
            tooltip="An example run, or the shape of a public model",
            style={"description_width": "initial"},
        )
        self.inputs = {key: self._input(control) for key, control in CONTROLS.items()}
        self.messages = {key: HTML() for key in CONTROLS}
        self._boxes = {key: self._control(CONTROLS[key]) for key in CONTROLS}
        self.general, self.banner, self.answer = HTML(), HTML(), HTML()
        self.table = Clickable()
        self.download, self.links = Button(description="Prepare CSV", icon="download"), HTML()
        self.components = chart(self._components())
        self.components.add_class("costlib-main-chart")
        self.sequence = chart(self._sequence())
        self.no_sequence = HTML()
        self.box = VBox(
            [
                look(),
                self.banner,
                self._form(),
                self.general,
                self.answer,
                self.components,
                self.table,
                HBox([self.download]),
                self.links,
                self.sequence,
                self.no_sequence,
            ]
        )
        self.box.add_class("costlib")
        self._bind()
        self._show()
        self._show_messages()

    def _starts(self) -> list[tuple[str, str]]:
        runs = [(f"run: {name}", name) for name in self.state.examples]
        return [("own numbers", ""), *runs, *((f"shape: {name}", name) for name in self.state.shapes)]

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

    def _control(self, control: Control) -> VBox:
        box = VBox([self.inputs[control.key], self.messages[control.key]])
        box.add_class("costlib-control")
        return box

    def _input(self, control: Control) -> Any:
        words: dict[str, Any] = {"description": control.label, "tooltip": control.tip}
        words["style"] = {"description_width": "initial"}
        if control.kind == "choice":
            options = [(option_name(control.key, option), option) for option in control.options]
            return ipywidgets.Dropdown(options=options or [("none in particular", "")], **words)
        if control.kind == "name":
            names = sorted(getattr(self.state.sources.vocabulary, control.options[0]))
            return ipywidgets.Combobox(options=names, ensure_option=False, continuous_update=False, **words)
        return ipywidgets.Text(continuous_update=False, **words)

    def _bind(self) -> None:
        state = self.state
        self.start.observe(self._started, "value")
        for widget in self.inputs.values():
            widget.observe(self._propose, "value")
        state.observe(lambda _: self._show(), "answer")
        state.observe(lambda _: self._show_messages(), ["faults", "problem", "notes"])
        self.table.on_click(self._clicked)
        self.download.on_click(lambda _: self._prepare())

    def _started(self, change: Any) -> None:
        if not self._following and change["new"]:
            self.state.start(change["new"])

    def _propose(self, _change: object) -> None:
        if self._following:
            return
        self._show_adapters()
        self.state.propose({key: widget.value for key, widget in self.inputs.items()})

    def _clicked(self, accelerator: str) -> None:
        # A page may send any text; a second click lets go.
        if accelerator in self.state.answer.accelerators:
            self.inputs[ACCELERATOR].value = "" if accelerator == self.state.accelerator else accelerator

    def _show(self) -> None:
        """The last good answer, and the controls as they stand in it."""
        state = self.state
        self._following = True
        try:
            names = [(name, name) for name in state.answer.accelerators]
            self.inputs[ACCELERATOR].options = [("none in particular", ""), *names]
            for key, value in state.values().items():
                self.inputs[key].value = value
            self.start.value = state.started
        finally:
            self._following = False
        self._show_adapters()
        self.banner.value = banner_html(state.sources.book.banner)
        self.answer.value = answer_html(state.answer, state.accelerator)
        self.table.show(table_html(state.answer, state.accelerator))
        self.links.value = ""
        update(self.components, self._components())
        update(self.sequence, self._sequence())
        empty = state.answer.sequence.empty
        self.sequence.layout.display = "none" if empty else None
        self.no_sequence.value = self._about_sequence()

    def _show_adapters(self) -> None:
        for key in ADAPTER_KEYS:
            self._boxes[key].layout.display = "none" if self.inputs["fit.method"].value == "full" else None

    def _show_messages(self) -> None:
        by_control: dict[str | None, list[Fault]] = {}
        for fault in self.state.faults:
            by_control.setdefault(control_of(fault), []).append(fault)
        for key, message in self.messages.items():
            faults = by_control.get(key, [])
            said = [str(fault).removeprefix(f"{fault.field}: ").removeprefix(f"{fault.field} ") for fault in faults]
            text = "".join(f"<div class='costlib-fault'>{escape(one)}</div>" for one in said)
            if not faults and key in self.state.notes:
                text = f"<div class='costlib-note'>{escape(self.state.notes[key])}</div>"
            message.value = text
            (self._boxes[key].add_class if faults else self._boxes[key].remove_class)("costlib-refused")
        rest = [str(fault) for fault in by_control.get(None, [])]
        if self.state.problem:
            rest.append(self.state.problem)
        if self.state.faults or self.state.problem:
            rest.append("The answer below is still for the last good values.")
        self.general.value = "".join(f"<div class='costlib-problem'>{escape(one)}</div>" for one in rest)

    def _prepare(self) -> None:
        answer, name = self.state.answer, self.state.answer.workload.name
        frames = {
            "accelerators": verdicts_frame(answer.found, self.state.sources.book),
            "components": memory_frame(answer.changes),
            "sequence": memory_frame(answer.sequence),
        }
        self.links.value = "<br>".join(
            csv_link(f"{name}-memory-{what}.csv", frame) for what, frame in frames.items() if len(frame)
        )

    def _about_sequence(self) -> str:
        answer = self.state.answer
        if answer.sequence.empty:
            return "<div class='costlib-note'>With measured activations no sequence is known.</div>"
        if answer.workload.model.heads is None:
            return "<div class='costlib-note'>Standard attention is left out: its scores need the heads.</div>"
        return ""

    def _components(self) -> go.Figure:
        answer = self.state.answer
        note = f"{layout_of_model(answer)}. Bars: expected; whiskers: low to high; {LINES}."
        return memory.components(answer.changes, answer.lines(self.state.accelerator), note)

    def _sequence(self) -> go.Figure:
        answer = self.state.answer
        if answer.sequence.empty:
            return go.Figure()
        note = f"{layout_of_model(answer)}. Bands: low to high; {LINES}."
        asked = answer.workload.model.sequence_length or 0
        return memory.by_sequence(answer.sequence, asked, answer.lines(self.state.accelerator), note)
