"""The controls of a page as widgets, with what is wrong with each written beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets
from ipywidgets import HTML, Box, VBox

from costlib.display import escape
from costlib.errors import Fault
from costlib.panels.choices import Choices
from costlib.panels.workload_fields import Control


class Form:
    """One widget a control, each in a box with room for a message: a text; a dropdown for a ``choice``; a text with
    proposals for a ``name``; several lines for ``lines``; check boxes for ``choices`` (their value: names with commas).

    ``option_name(key, option)``: how an option is written for people; ``placeholders``: what stands in empty fields;
    ``control_of(fault)``: beside which control a fault stands, None where beside none.
    """

    def __init__(
        self,
        controls: Sequence[Control],
        placeholders: Mapping[str, str],
        control_of: Callable[[Fault], str | None],
        option_name: Callable[[str, str], str] = lambda _, option: option,
    ) -> None:
        self._placeholders, self._control_of, self._option_name = placeholders, control_of, option_name
        self._several = {control.key for control in controls if control.kind == "choices"}
        self.inputs = {control.key: self._input(control) for control in controls}
        self._messages = {control.key: HTML() for control in controls}
        self.boxes = {key: boxed(self.inputs[key], self._messages[key]) for key in self.inputs}
        for control in controls:
            if control.kind in ("choices", "lines"):
                self.boxes[control.key].add_class("costlib-wide")

    def rows(self, controls: Sequence[Control], *first: ipywidgets.Widget) -> Box:
        """Some of the controls in a grid, after ``first``."""
        grid = Box([*first, *(self.boxes[control.key] for control in controls)])
        grid.add_class("costlib-form")
        return grid

    @property
    def values(self) -> dict[str, str]:
        """What the widgets say."""
        return {
            key: ",".join(widget.value) if key in self._several else widget.value for key, widget in self.inputs.items()
        }

    def show(self, values: Mapping[str, str]) -> None:
        """Writes values into the widgets."""
        for key, value in values.items():
            self.inputs[key].value = tuple(filter(None, value.split(","))) if key in self._several else value

    def set_options(self, key: str, options: Sequence[tuple[str, str]] | Sequence[str]) -> None:
        """The choices of a dropdown: name and value; or the proposals of a name."""
        # Options that stay need not be sent; setting them would also choose the first.
        if self.inputs[key].options != tuple(options):
            self.inputs[key].options = options

    def observe(self, callback: Callable[[Any], None]) -> None:
        """Calls back when any control changes."""
        for widget in self.inputs.values():
            widget.observe(callback, "value")

    def show_messages(self, faults: Sequence[Fault], notes: Mapping[str, str]) -> list[str]:
        """Writes each fault, else the note, beside its control; the faults that stand beside none come back."""
        by_control: dict[str | None, list[Fault]] = {}
        for fault in faults:
            by_control.setdefault(self._control_of(fault), []).append(fault)
        for key, message in self._messages.items():
            mine = by_control.get(key, [])
            said = [str(fault).removeprefix(f"{fault.field}: ").removeprefix(f"{fault.field} ") for fault in mine]
            text = "".join(f"<div class='costlib-fault'>{escape(one)}</div>" for one in said)
            if not mine and key in notes:
                text = f"<div class='costlib-note'>{escape(notes[key])}</div>"
            message.value = text
            (self.boxes[key].add_class if mine else self.boxes[key].remove_class)("costlib-refused")
        return [str(fault) for fault in by_control.get(None, [])]

    def _input(self, control: Control) -> Any:
        words: dict[str, Any] = {"description": control.label, "tooltip": control.tip}
        words["style"] = {"description_width": "initial"}
        if control.kind == "choice":
            options = [(self._option_name(control.key, option), option) for option in control.options]
            return ipywidgets.Dropdown(options=options or [("", "")], **words)
        if control.kind == "choices":
            return Choices(control, lambda option: self._option_name(control.key, option))
        words |= {"continuous_update": False, "placeholder": self._placeholders.get(control.key, "")}
        if control.kind == "name":
            return ipywidgets.Combobox(ensure_option=False, **words)
        if control.kind == "lines":
            return ipywidgets.Textarea(rows=2, **words)
        return ipywidgets.Text(**words)


def boxed(*widgets: ipywidgets.Widget) -> VBox:
    """Widgets in one box of a form."""
    box = VBox(list(widgets))
    box.add_class("costlib-control")
    return box


def heading(text: str) -> HTML:
    """A heading within a page."""
    return HTML(f"<h3>{text}</h3>")
