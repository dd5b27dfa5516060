"""The precision page: binds a PrecisionState to widgets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ipywidgets
import plotly.graph_objects as go
from ipywidgets import HTML, Box, Button, HBox, VBox

from costlib.display import escape
from costlib.errors import Fault
from costlib.figures import precision as pictures
from costlib.figures.roofline import roofline
from costlib.panels.banner import banner_html, look
from costlib.panels.chart import chart, update
from costlib.panels.clickable import Clickable
from costlib.panels.download import csv_link
from costlib.panels.precision_fields import (
    ACCELERATOR,
    BASE,
    CONTROLS,
    MODEL_CLASS,
    MONITOR,
    ONLY,
    PLACEHOLDERS,
    PRECISION,
    RUN,
    STEP,
    control_of,
    option_name,
)
from costlib.panels.precision_state import PrecisionState
from costlib.panels.precision_views import (
    advice_html,
    answer_html,
    notes_html,
    plans_html,
    speedups_html,
    step_html,
    verdict_html,
)
from costlib.panels.workload_fields import Control

NOTHING_TO_WIN = "Nothing to do: the GPU is busy, and its memory is used."
NO_ADVICE = "No advice: nothing known would make this step cheaper."


def precision_panel(state: PrecisionState | None = None) -> VBox:
    """The whole page for a state (default: a new one on the embedded snapshot)."""
    return _Page(PrecisionState() if state is None else state).box


class _Page:
    """The widgets of one page, and what moves when a choice changes."""

    def __init__(self, state: PrecisionState) -> None:
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
        self._boxes = {key: _boxed(self.inputs[key], self.messages[key]) for key in CONTROLS}
        self.general, self.banner, self.answer = HTML(), HTML(), HTML()
        self.plans, self.notes, self.step, self.verdict = HTML(), HTML(), HTML(), HTML()
        self.step_advice, self.advice = HTML(), HTML()
        self.table = Clickable()
        self.download, self.links = Button(description="Prepare CSV", icon="download"), HTML()
        self.costs, self.speedups = chart(self._costs()), chart(self._speedups())
        self.costs.add_class("costlib-main-chart")
        self.roof = chart(self._roof())
        self.roof.add_class("costlib-roofline")
        self.box = VBox(
            [
                look(),
                self.banner,
                self._form(RUN, _boxed(self.start)),
                self.general,
                self.answer,
                self.costs,
                self.plans,
                HBox([self.download]),
                self.links,
                _heading("How much faster, on what"),
                self.speedups,
                self.table,
                _heading("Memory, loss scaling and stability"),
                self.notes,
                _heading("Bound by what: one step under the roofline"),
                self._form(STEP),
                self.step,
                self.roof,
                self.step_advice,
                _heading("Bound by what: from your own monitor"),
                self._form(MONITOR),
                self.verdict,
                self.advice,
            ]
        )
        self.box.add_class("costlib")
        self._bind()
        self._show()
        self._show_messages()

    def _form(self, controls: Sequence[Control], *first: ipywidgets.Widget) -> Box:
        form = Box([*first, *(self._boxes[control.key] for control in controls)])
        form.add_class("costlib-form")
        return form

    def _input(self, control: Control) -> Any:
        words: dict[str, Any] = {"description": control.label, "tooltip": control.tip}
        words["style"] = {"description_width": "initial"}
        if control.kind == "choice":
            options = [(option_name(control.key, option), option) for option in control.options]
            return ipywidgets.Dropdown(options=options or [("", "")], **words)
        return ipywidgets.Text(placeholder=PLACEHOLDERS.get(control.key, ""), continuous_update=False, **words)

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
        if not self._following:
            self.state.propose({key: widget.value for key, widget in self.inputs.items()})

    def _clicked(self, accelerator: str) -> None:
        # A page may send any text; a second click lets go.
        if accelerator in self.state.answer.accelerators:
            shown = self.inputs[ACCELERATOR]
            shown.value = "" if shown.value == accelerator else accelerator

    def _show(self) -> None:
        """The last good answer, and the controls as they stand in it."""
        state, answer = self.state, self.state.answer
        self._following = True
        try:
            self._set_options()
            for key, value in state.values.items():
                self.inputs[key].value = value
            self.start.value = state.started
        finally:
            self._following = False
        self.banner.value = banner_html(state.sources.book.banner)
        self.answer.value = answer_html(answer)
        self.plans.value = plans_html(answer.table, answer.base)
        self.table.show(speedups_html(answer.speedups, answer.plan.accelerator, answer.accelerators))
        self.notes.value = notes_html(answer)
        self.step.value = step_html(answer)
        self.step_advice.value = "" if answer.line is None else advice_html(answer.line_advice, NO_ADVICE)
        self.verdict.value = verdict_html(answer)
        self.advice.value = advice_html(answer.advice, NOTHING_TO_WIN)
        self.links.value = ""
        update(self.costs, self._costs())
        update(self.speedups, self._speedups())
        update(self.roof, self._roof())
        self.roof.layout.display = "none" if answer.line is None else None

    def _set_options(self) -> None:
        answer = self.state.answer
        names = {
            ONLY: [("all accelerators", ""), *((name, name) for name in self.state.families)],
            BASE: [("the widest with a plan", ""), *((name, name) for name in answer.precisions)],
            ACCELERATOR: [("of the cheapest plan", ""), *((name, name) for name in answer.accelerators)],
            PRECISION: [(name, name) for name in answer.precisions],
        }
        for key, options in names.items():
            # Options that stay need not be sent; setting them would also choose the first.
            if self.inputs[key].options != tuple(options):
                self.inputs[key].options = options

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
        answer = self.state.answer
        book, name = self.state.sources.book, answer.workload.name
        frames = {"plans": answer.table, f"speedups-{self.state.values[MODEL_CLASS]}": answer.speedups}
        if answer.line is not None:
            frames["roofline"] = answer.line.steps
        self.links.value = "<br>".join(
            csv_link(f"{name}-precision-{what}.csv", frame.assign(snapshot_id=book.snapshot_id))
            for what, frame in frames.items()
        )

    def _costs(self) -> go.Figure:
        return pictures.costs(self.state.answer.table, self.state.sources.book.banner)

    def _speedups(self) -> go.Figure:
        answer = self.state.answer
        return pictures.speedups(answer.speedups, self.state.values[MODEL_CLASS], answer.plan.accelerator)

    def _roof(self) -> go.Figure:
        line = self.state.answer.line
        if line is None:
            return go.Figure()
        return roofline(line, f"{line.plan.count} × {escape(line.plan.instance_type)}; {escape(line.layout_rule)}.")


def _boxed(*widgets: ipywidgets.Widget) -> VBox:
    box = VBox(list(widgets))
    box.add_class("costlib-control")
    return box


def _heading(text: str) -> HTML:
    return HTML(f"<h3>{text}</h3>")
