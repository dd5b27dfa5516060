"""The precision page: binds a PrecisionState to widgets."""

from __future__ import annotations

import plotly.graph_objects as go
from ipywidgets import HTML, Button, HBox, VBox

from costlib.display import escape
from costlib.figures import precision as pictures
from costlib.figures.roofline import roofline
from costlib.panels.banner import banner_html, look
from costlib.panels.bound_form import BoundForm
from costlib.panels.chart import chart, update
from costlib.panels.clickable import Clickable
from costlib.panels.download import csv_links
from costlib.panels.form import Form, boxed, heading
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

NOTHING_TO_WIN = "Nothing to do: the GPU is busy, and its memory is used."
NO_ADVICE = "No advice: nothing known would make this step cheaper."


def precision_panel(state: PrecisionState | None = None) -> VBox:
    """The whole page for a state (default: a new one on the embedded snapshot)."""
    return _Page(PrecisionState() if state is None else state).box


class _Page:
    """The widgets of one page, and what moves when a choice changes."""

    def __init__(self, state: PrecisionState) -> None:
        self.state = state
        self.form = Form(tuple(CONTROLS.values()), PLACEHOLDERS, control_of, option_name)
        examples = [(name, name) for name in state.examples]
        self.bound = BoundForm(self.form, examples, "An example run", state.start, state.propose)
        self.start, self.general = self.bound.start, self.bound.general
        self.banner, self.answer = HTML(), HTML()
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
                self.form.rows(RUN, boxed(self.start)),
                self.general,
                self.answer,
                self.costs,
                self.plans,
                HBox([self.download]),
                self.links,
                heading("How much faster, on what"),
                self.speedups,
                self.table,
                heading("Memory, loss scaling and stability"),
                self.notes,
                heading("Bound by what: one step under the roofline"),
                self.form.rows(STEP),
                self.step,
                self.roof,
                self.step_advice,
                heading("Bound by what: from your own monitor"),
                self.form.rows(MONITOR),
                self.verdict,
                self.advice,
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

    def _clicked(self, accelerator: str) -> None:
        # A page may send any text; a second click lets go.
        if accelerator in self.state.answer.accelerators:
            shown = self.form.inputs[ACCELERATOR]
            shown.value = "" if shown.value == accelerator else accelerator

    def _show(self) -> None:
        """The last good answer, and the controls as they stand in it."""
        state, answer = self.state, self.state.answer
        with self.bound.following(state.started):
            self._set_options()
            self.form.show(state.values)
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
            self.form.set_options(key, options)

    def _show_messages(self) -> None:
        state = self.state
        self.bound.tell(state.faults, state.notes, state.problem, is_old=bool(state.faults or state.problem))

    def _prepare(self) -> None:
        answer = self.state.answer
        book, name = self.state.sources.book, answer.workload.name
        frames = {"plans": answer.table, f"speedups-{self.state.values[MODEL_CLASS]}": answer.speedups}
        if answer.line is not None:
            frames["roofline"] = answer.line.steps
        self.links.value = csv_links(f"{name}-precision", frames, snapshot_id=book.snapshot_id)

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
