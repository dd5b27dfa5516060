"""The managers' page: binds a CalculatorState to widgets that read well on a phone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ipywidgets
import traitlets

from costlib.errors import Fault
from costlib.figures import ladder as ladder_figure
from costlib.panels import calculator_text as text
from costlib.panels.banner import look, plan_banner
from costlib.panels.calculator_state import Answer, CalculatorState, stops_of
from costlib.panels.chart import Chart, chart, update
from costlib.panels.link import PageLink, from_query, to_query

STYLE = Path(__file__).parent / "calculator.css"


def calculator_panel(state: CalculatorState | None = None) -> ipywidgets.VBox:
    """The whole page for a state (default: a new one on the embedded prices)."""
    state = CalculatorState() if state is None else state
    return _Page(state).box


class _Page:
    """The widgets of one page, and what moves when a choice changes."""

    def __init__(self, state: CalculatorState) -> None:
        self.state = state
        self.controls: dict[str, ipywidgets.Widget] = {}
        self.messages: dict[str, ipywidgets.HTML] = {}
        self.labels: dict[str, ipywidgets.HTML] = {}
        self.answer = _html("costlib-answer")
        self.alternatives = _html()
        self.sureness = _html()
        self.link_notes = _html("costlib-message")
        self.link_notes.layout.display = "none"
        self.chart: Chart | None = None
        self.savings_note = _html("costlib-small")
        self.savings = ipywidgets.VBox([ipywidgets.HTML("<h2>Where the savings come from</h2>"), self.savings_note])
        self.savings.add_class("costlib-savings")
        self.link = PageLink(names=list(state.defaults))
        self.link.observe(lambda change: self._open_link(change["new"]), "opened_with")
        controls = ipywidgets.VBox(self._controls())
        controls.add_class("costlib-controls")
        question = ipywidgets.VBox([self.answer, controls])
        question.add_class("costlib-question")
        self.box = ipywidgets.VBox(
            [
                _styles(),
                self.link_notes,
                question,
                self.savings,
                self.alternatives,
                self.sureness,
                self.link,
            ]
        )
        self.box.add_class("costlib-calculator")
        state.on_answer.append(self.show)
        self.show()

    def _controls(self) -> list[ipywidgets.Widget]:
        state = self.state
        size = self._slider("parameters")
        size.add_class("costlib-first-slider")
        home = ipywidgets.Dropdown(options=text.region_options(state), value=state.home_region)
        traitlets.link((state, "home_region"), (home, "value"))
        return [
            self._row("parameters", size),
            self._row("tokens", self._slider("tokens")),
            self._row("deadline_days", self._slider("deadline_days")),
            self._row("runs_per_month", self._slider("runs_per_month")),
            self._row("home_region", home),
            *(self._row(name, self._tick(name)) for name in text.TICKS),
        ]

    def _row(self, name: str, control: ipywidgets.Widget) -> ipywidgets.VBox:
        """One control with its label above and its message below."""
        self.controls[name] = control
        self.labels[name], self.messages[name] = _html(), _html("costlib-message")
        control.tooltip = text.HINTS[name]
        row = ipywidgets.VBox([self.labels[name], control, self.messages[name]])
        row.add_class("costlib-row")
        return row

    def _slider(self, name: str) -> ipywidgets.IntSlider:
        """A slider over the stops of one number; between two stops (a link can stand there) it shows the nearer."""
        state, stops = self.state, stops_of(name, self.state.defaults[name])
        slider = ipywidgets.IntSlider(
            value=_nearest(stops, getattr(state, name)), min=0, max=len(stops) - 1, readout=False
        )

        def to_state(change: Any) -> None:
            if _nearest(stops, getattr(state, name)) != change["new"]:
                setattr(state, name, stops[change["new"]])

        def to_slider(change: Any) -> None:
            slider.value = _nearest(stops, change["new"])

        slider.observe(to_state, "value")
        state.observe(to_slider, name)
        return slider

    def _tick(self, name: str) -> ipywidgets.Checkbox:
        tick = ipywidgets.Checkbox(value=getattr(self.state, name), description=text.TICKS[name], indent=False)
        traitlets.link((self.state, name), (tick, "value"))
        return tick

    def _open_link(self, query: str) -> None:
        values, faults = from_query(query, self.state.defaults, self.state.check)
        self.link_notes.value = text.link_notes(faults)
        self.link_notes.layout.display = None if faults else "none"
        if values:
            self.state.change(values)

    def show(self) -> None:
        """Puts the state on the page: texts, the one chart and the link; what did not change is not sent."""
        state = self.state
        # Answer and chart first: the page draws them while the kernel writes the rest.
        self.answer.value = text.answer(state)
        (self.answer.add_class if state.stale else self.answer.remove_class)("costlib-stale")
        if state.answer is not None and not state.stale:
            self._show_savings(state.answer)
        for name, label in self.labels.items():
            label.value = text.label(state, name)
        by_name: dict[str, list[Fault]] = {}
        for fault in state.faults:
            by_name.setdefault(fault.field if fault.field in self.messages else "parameters", []).append(fault)
        for name, message in self.messages.items():
            message.value = text.message(by_name.get(name, []))
        self.link.query = to_query(state.choices, state.defaults)
        if state.answer is not None and not state.stale:
            self.savings_note.value = text.start(state.answer)
            self.alternatives.value = text.alternatives(state.answer)
            self.sureness.value = text.sureness(state.answer)

    def _show_savings(self, answer: Answer) -> None:
        """The one chart, made once and refilled after that."""
        banner = plan_banner(self.state.sources.book, answer.best)
        if self.chart is None:
            self.chart = chart(ladder_figure.figure(answer.ladder, banner))
            self.chart.add_class("costlib-main-chart")
            self.savings.children = [*self.savings.children, self.chart]
        else:
            ladder_figure.refill(self.chart.figure, answer.ladder, banner)
            update(self.chart, self.chart.figure)


def _styles() -> ipywidgets.Box:
    """The looks of all panels and of this page; takes no room."""
    made = ipywidgets.Box([look(), ipywidgets.HTML(f"<style>{STYLE.read_text(encoding='utf-8')}</style>")])
    made.add_class("costlib-styles")
    return made


def _nearest(stops: Sequence[float], value: float) -> int:
    """The stop whose ratio to ``value`` is nearest to one."""
    return min(range(len(stops)), key=lambda index: abs(math.log(stops[index] / value)))


def _html(css_class: str = "") -> ipywidgets.HTML:
    made = ipywidgets.HTML()
    if css_class:
        made.add_class(css_class)
    return made
