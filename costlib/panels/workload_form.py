"""The workload form: controls bound to a PlanState, each with its fault beside it."""

from __future__ import annotations

from typing import Any

import ipywidgets
from ipywidgets import HTML, VBox

from costlib import display
from costlib.display import escape
from costlib.errors import Fault
from costlib.panels.choices import Choices
from costlib.panels.plan_state import PlanState
from costlib.panels.workload_fields import (
    CONTROLS,
    SECTIONS,
    WORK_KINDS,
    Control,
    content_of,
    control_of,
    values_of,
)
from costlib.planner.hours import COUNT_STEPS

_WORDS = {"": "not given", "True": "yes", "False": "no", "home_region": "the home region", "internet": "the internet"}
_CHOICE_NAMES = {**display.SERVICE_NAMES, **display.PURCHASE_NAMES, **WORK_KINDS, **_WORDS}


class WorkloadForm:
    """Shows a state's draft; every change is proposed to the state at once."""

    def __init__(self, state: PlanState, **more: ipywidgets.Widget) -> None:
        """``more``: further tabs beside those of the controls, by title."""
        self._state = state
        self._filling = False
        self._inputs = {key: self._input(control) for key, control in CONTROLS.items()}
        self._messages = {key: HTML(layout={"display": "none"}) for key in CONTROLS}
        self._boxes = {key: VBox([self._inputs[key], self._messages[key]]) for key in CONTROLS}
        self._general = HTML()
        for key, box in self._boxes.items():
            box.add_class("costlib-control")
            if CONTROLS[key].kind in ("choices", "lines"):
                box.add_class("costlib-wide")
        self._tabs = ipywidgets.Tab([self._grid(controls) for controls in SECTIONS.values()] + list(more.values()))
        self._tabs.titles = [*SECTIONS, *more]
        self._tabs.selected_index = 0
        self.widget = VBox([self._general, self._tabs])
        self._fill()
        self._show_faults()
        for widget in self._inputs.values():
            widget.observe(self._propose, "value")
        state.observe(lambda _: self._fill(), "draft")
        state.observe(lambda _: self._show_faults(), "faults")

    def _grid(self, controls: tuple[Control, ...]) -> VBox:
        grid = VBox([self._boxes[control.key] for control in controls])
        grid.add_class("costlib-form")
        return grid

    def _input(self, control: Control) -> Any:
        words: dict[str, Any] = {"description": control.label, "tooltip": control.tip}
        words["style"] = {"description_width": "initial"}
        if control.kind == "choices":
            return Choices(control, lambda option: _CHOICE_NAMES.get(option, option))
        if control.kind == "choice":
            options = [(_CHOICE_NAMES.get(option, option), option) for option in control.options]
            return ipywidgets.Dropdown(options=options, **words)
        if control.kind == "steps":
            slider = ipywidgets.SelectionSlider(options=COUNT_STEPS, **words)
            slider.add_class("costlib-first-slider")
            return slider
        if control.kind == "name":
            names = sorted(getattr(self._state.vocabulary, control.options[0]))
            return ipywidgets.Combobox(options=names, ensure_option=False, continuous_update=False, **words)
        if control.kind == "lines":
            return ipywidgets.Textarea(
                placeholder="p4d.24xlarge, 32000, 1, bf16", rows=2, continuous_update=False, **words
            )
        placeholder = {"names": "all", "places": "anywhere"}.get(control.kind, "")
        return ipywidgets.Text(placeholder=placeholder, continuous_update=False, **words)

    def _fill(self) -> None:
        """Shows the state's draft. Nothing is proposed while controls are filled."""
        self._filling = True
        try:
            for key, value in values_of(self._state.draft).items():
                widget = self._inputs[key]
                if CONTROLS[key].kind == "steps" and value not in widget.options:
                    widget.options = sorted({*COUNT_STEPS, value})
                widget.value = value
        finally:
            self._filling = False
        self._show_work_kind()

    def _propose(self, _change: object) -> None:
        if self._filling:
            return
        self._show_work_kind()
        content, discounts, faults = content_of({key: widget.value for key, widget in self._inputs.items()})
        if faults:
            self._state.refuse(tuple(faults))
        else:
            self._state.propose(content, discounts)

    def _show_work_kind(self) -> None:
        kind = self._inputs["work.kind"].value
        for key, control in CONTROLS.items():
            self._boxes[key].layout.display = "none" if control.work_kind not in ("", kind) else None

    def _show_faults(self) -> None:
        by_control: dict[str | None, list[Fault]] = {}
        for fault in self._state.faults:
            key = control_of(fault)
            if key is not None and self._boxes[key].layout.display == "none":
                key = None
            by_control.setdefault(key, []).append(fault)
        for key, message in self._messages.items():
            found = by_control.get(key, [])
            message.value = "".join(f"<div class='costlib-fault'>{_text(fault)}</div>" for fault in found)
            message.layout.display = None if found else "none"
            (self._boxes[key].add_class if found else self._boxes[key].remove_class)("costlib-refused")
        # A refused value may stand on a tab that is not open: its title says so.
        self._tabs.titles = [
            title + (" ⚠" if any(control.key in by_control for control in SECTIONS.get(title, ())) else "")
            for title in (name.removesuffix(" ⚠") for name in self._tabs.titles)
        ]
        rest = [f"<div class='costlib-fault'>{escape(fault)}</div>" for fault in by_control.get(None, [])]
        if self._state.faults:
            count = len(self._state.faults)
            what = "One value is" if count == 1 else f"{count} values are"
            rest.append(
                f"<div class='costlib-problem'>{what} not accepted (see ⚠)."
                " The answer below is still for the last good values.</div>"
            )
        self._general.value = "".join(rest)


def _text(fault: Fault) -> str:
    """A fault beside its control: the control's name need not be said again."""
    text = f"{'empty' if fault.value is None else fault.value!r} {fault.problem}"
    if fault.value is None:
        text = fault.problem
    if fault.nearest:
        text += f" (did you mean {', '.join(fault.nearest)}?)"
    return escape(text)
