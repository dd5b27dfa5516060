"""A row of check boxes as one control."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets
import traitlets
from ipywidgets import HTML, VBox

from costlib.display import escape
from costlib.panels.workload_fields import Control


class Choices(VBox):
    """``value`` holds the chosen options in the order they are listed."""

    value = traitlets.Tuple()

    def __init__(self, control: Control, option_name: Callable[[str], str]) -> None:
        self._boxes = {
            option: ipywidgets.Checkbox(description=option_name(option), indent=False, tooltip=control.tip)
            for option in control.options
        }
        row = ipywidgets.HBox(list(self._boxes.values()))
        row.add_class("costlib-choices")
        label = HTML(f"<span class='costlib-label' title='{escape(control.tip)}'>{escape(control.label)}</span>")
        super().__init__([label, row])
        self._showing = False
        for box in self._boxes.values():
            box.observe(self._chosen, "value")

    def _chosen(self, _change: Any) -> None:
        if not self._showing:
            self.value = tuple(option for option, box in self._boxes.items() if box.value)

    @traitlets.observe("value")
    def _show(self, change: Any) -> None:
        self._showing = True
        try:
            for option, box in self._boxes.items():
                box.value = option in change["new"]
        finally:
            self._showing = False
