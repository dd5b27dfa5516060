"""The memory page: binds a FitState to widgets."""

from __future__ import annotations

import plotly.graph_objects as go
from ipywidgets import HTML, Button, HBox, VBox

from costlib.exports.fit_tables import memory_frame, verdicts_frame
from costlib.figures import memory
from costlib.panels.banner import banner_html, look
from costlib.panels.bound_form import BoundForm
from costlib.panels.chart import chart, update
from costlib.panels.clickable import Clickable
from costlib.panels.download import csv_links
from costlib.panels.fit_fields import ACCELERATOR, ADAPTER_KEYS, CONTROLS, SECTIONS, control_of, option_name
from costlib.panels.fit_state import FitState
from costlib.panels.fit_views import answer_html, layout_of_model, table_html
from costlib.panels.form import Form, boxed

REGION = "dataset.home_region"
LINES = "dashed: usable memory of accelerators"


def fit_panel(state: FitState | None = None) -> VBox:
    """The whole page for a state (default: a new one on the embedded snapshot)."""
    return _Page(FitState() if state is None else state).box


class _Page:
    """The widgets of one page, and what moves when a choice changes."""

    def __init__(self, state: FitState) -> None:
        self.state = state
        self.form = Form(tuple(CONTROLS.values()), {}, control_of, option_name)
        self.form.set_options(REGION, sorted(state.sources.vocabulary.regions))
        beginnings = [(f"run: {name}", name) for name in state.examples]
        beginnings += [(f"shape: {name}", name) for name in state.shapes]
        tip = "An example run, or the shape of a public model"
        self.bound = BoundForm(self.form, beginnings, tip, state.start, self._propose)
        self.start, self.general = self.bound.start, self.bound.general
        self.banner, self.answer = HTML(), HTML()
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
                self.form.sections(SECTIONS, boxed(self.start)),
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

    def _bind(self) -> None:
        state = self.state
        state.observe(lambda _: self._show(), "answer")
        state.observe(lambda _: self._show_messages(), ["faults", "problem", "notes"])
        self.table.on_click(self._clicked)
        self.download.on_click(lambda _: self._prepare())

    def _propose(self, values: dict[str, str]) -> None:
        self._show_adapters()
        self.state.propose(values)

    def _clicked(self, accelerator: str) -> None:
        # A page may send any text; a second click lets go.
        if accelerator in self.state.answer.accelerators:
            self.form.inputs[ACCELERATOR].value = "" if accelerator == self.state.accelerator else accelerator

    def _show(self) -> None:
        """The last good answer, and the controls as they stand in it."""
        state = self.state
        with self.bound.following(state.started):
            names = [(name, name) for name in state.answer.accelerators]
            self.form.set_options(ACCELERATOR, [("none in particular", ""), *names])
            self.form.show(state.values())
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
        self.form.show_only_if(self.form.values["fit.method"] != "full", *ADAPTER_KEYS)

    def _show_messages(self) -> None:
        state = self.state
        self.bound.tell(state.faults, state.notes, state.problem, is_old=bool(state.faults or state.problem))

    def _prepare(self) -> None:
        answer, name = self.state.answer, self.state.answer.workload.name
        frames = {
            "accelerators": verdicts_frame(answer.found, self.state.sources.book),
            "components": memory_frame(answer.changes),
            "sequence": memory_frame(answer.sequence),
        }
        self.links.value = csv_links(f"{name}-memory", {what: frame for what, frame in frames.items() if len(frame)})

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
