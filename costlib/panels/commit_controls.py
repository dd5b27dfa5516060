"""The controls of the commitments page as widgets: tabs, the weight on bad futures, undo and redo."""

from __future__ import annotations

from typing import Any

import ipywidgets
from ipywidgets import HTML, Button, HBox, VBox

from costlib.display import escape
from costlib.errors import Fault
from costlib.figures.commit_names import PAYMENT_NAMES, PLAN_NAMES
from costlib.panels.commit_fields import (
    CHOICES,
    CONTROLS,
    DEMAND,
    FAMILIES,
    GROWTH,
    HISTORY,
    MONTHS,
    MOVE,
    OF_PAST,
    PAID,
    PLACEHOLDERS,
    PLANS,
    PRICES,
    SOURCE,
    STATED,
    TAIL,
    TARGET,
    TERMS,
    control_of,
)
from costlib.panels.commit_state import CommitState
from costlib.panels.commit_usage import FILE, PATH, RUNS, SPREAD, START, STARTS, WORKLOAD
from costlib.panels.commit_views import falls_html, usage_html
from costlib.panels.form import Form, boxed
from costlib.planner.commit.demand import GROWTH_WEIGHTS

#: Which controls stand on which tab.
TABS = {
    "The usage": STARTS,
    "What may come": DEMAND,
    "A move, a price cut": (*MOVE, *PRICES),
    "What may be bought": CHOICES,
}
GROWTH_NAMES = {
    HISTORY: "from its history",
    STATED: f"stated: low, expected, high ({', '.join(f'{100 * one:.0f}' for one in GROWTH_WEIGHTS)} %)",
}
TAIL_NAMES = {"loss": "one that loses most against none", "cost": "one that is dear"}
SPREAD_NAMES = {"even": "evenly", "random": "at any time", "working_hours": "in working hours"}
MONTH_NAMES = {"12": "1 year", "36": "3 years"}


class Controls:
    """Bound to a state: what is typed is proposed; what is refused is told beside it, and on its tab."""

    def __init__(self, state: CommitState) -> None:
        self.state = state
        self._following = False
        self.form = Form(
            (*STARTS, *CONTROLS.values()),
            {PATH: "usage.csv", RUNS: "as the run says", **PLACEHOLDERS},
            _control_of,
            option_name,
        )
        self.upload = ipywidgets.FileUpload(accept=".csv,.gz,.parquet", description="Upload CSV or Parquet")
        self.upload.tooltip = "At most 20 MiB; a larger file by its path"
        self.unread, self.read = HTML(), HTML()
        self.fall = Button(description="As in June 2025", tooltip="The cut that P4 and P5 saw then")
        self.slider = ipywidgets.IntSlider(
            min=0, max=100, step=5, description="Weight on the worst tenth of futures (%)",
            tooltip="0: the least expected cost; 100: only what the worst tenth of futures comes to",
            style={"description_width": "initial"}, layout={"width": "min(620px, 100%)"},
        )  # fmt: skip
        self.slider.add_class("costlib-first-slider")
        self.undo = Button(description="Undo", icon="undo", tooltip="Back to the choices before")
        self.redo = Button(description="Redo", icon="repeat", tooltip="Take the undo back")
        self.general = HTML()
        rows: dict[str, Any] = {title: self.form.rows(controls) for title, controls in TABS.items()}
        for title, button in (("The usage", self.upload), ("A move, a price cut", self.fall)):
            beside = boxed(button)
            beside.layout.align_self = "flex-end"
            rows[title].children = (*rows[title].children, beside)
        rows["The usage"] = VBox([rows["The usage"], self.unread, self.read])
        rows["A move, a price cut"] = VBox([rows["A move, a price cut"], HTML(falls_html(state.falls))])
        self.tabs = ipywidgets.Tab([VBox([one]) for one in rows.values()])
        self.tabs.titles = list(TABS)
        self.tabs.add_class("costlib-tabs")
        self.tabs.selected_index = 0
        buttons = HBox([self.undo, self.redo])
        self.box = VBox([self.tabs, self.general, HBox([self.slider, buttons], layout={"flex_flow": "row wrap"})])
        self._bind()
        self._fill()
        self._tell()

    def _bind(self) -> None:
        state = self.state
        self.form.observe(self._propose)
        self.upload.observe(self._uploaded, "value")
        self.slider.observe(self._weigh, "value")
        self.fall.on_click(lambda _: state.fall_again())
        self.undo.on_click(lambda _: state.undo())
        self.redo.on_click(lambda _: state.redo())
        state.observe(lambda _: self._fill(), ["values", "risk_percent", "can_undo", "can_redo", "begun"])
        state.observe(lambda _: self._tell(), ["faults", "file_faults", "problem", "notes", "values"])

    def _propose(self, _change: object) -> None:
        if not self._following:
            self._show_used()
            self.state.propose(self.form.values)

    def _weigh(self, change: Any) -> None:
        if not self._following:
            self.state.weigh(change["new"])

    def _uploaded(self, change: Any) -> None:
        for file in change["new"]:
            self.state.upload(str(file["name"]), bytes(file["content"]))
        self.upload.value = ()

    def _fill(self) -> None:
        """The controls as they stand in the last good answer; nothing is proposed meanwhile."""
        state = self.state
        self._following = True
        try:
            types = dict.fromkeys(line.instance_type for line in state.read.usage.lines)
            self.form.set_options(START, state.beginnings.all_options)
            self.form.set_options(SOURCE, [("nothing moves", ""), *((name, name) for name in types)])
            self.form.set_options(TARGET, state.types)
            self.form.show(state.values)
            self.slider.value = state.risk_percent
        finally:
            self._following = False
        self.undo.disabled, self.redo.disabled = not state.can_undo, not state.can_redo
        self.read.value = usage_html(state.begun)
        self._show_used()

    def _show_used(self) -> None:
        """Only what counts is open to be changed."""
        values = self.form.values
        stated, moving, falling = values[GROWTH] == STATED, bool(values[SOURCE]), bool(values[FAMILIES].strip())
        for key in OF_PAST:
            self.form.inputs[key].disabled = False
        groups = ((DEMAND[2:5], stated), (MOVE[1:], moving), (PRICES[1:], falling))
        for controls, used in groups:
            for control in controls:
                self.form.inputs[control.key].disabled = not used
        runs = values[START].startswith(WORKLOAD) or values[START] == FILE
        for key in (RUNS, SPREAD):
            self.form.inputs[key].disabled = not runs
        if self.state.begun.planned is not None:
            for key in OF_PAST:
                self.form.inputs[key].disabled = True

    def _tell(self) -> None:
        state = self.state
        told = (*state.faults, *(fault for fault in state.file_faults if _control_of(fault)))
        rest = self.form.show_messages(told, state.notes)
        if state.problem:
            rest.append(state.problem)
        if state.faults or state.file_faults:
            rest.append("The answer below is still for the last good values.")
        self.general.value = "".join(f"<div class='costlib-problem'>{escape(one)}</div>" for one in rest)
        unread = [str(fault) for fault in state.file_faults if not _control_of(fault)]
        lines = "".join(f"<li>{escape(one)}</li>" for one in unread)
        head = (
            "The file is not taken:" if len(unread) == 1 else f"The file is not taken; {len(unread)} things are wrong:"
        )
        self.unread.value = f"<div class='costlib-fault'>{head}<ul>{lines}</ul></div>" if unread else ""
        keys = {_control_of(fault) for fault in told}
        self.tabs.titles = [
            title + (" ⚠" if keys & {one.key for one in controls} or (unread and START in {one.key for one in controls})
                     else "")
            for title, controls in TABS.items()
        ]  # fmt: skip


def option_name(key: str, option: str) -> str:
    """How an option of a control is written for people."""
    every: dict[str, dict[str, str]] = {
        GROWTH: GROWTH_NAMES, MONTHS: MONTH_NAMES, PLANS: PLAN_NAMES, PAID: PAYMENT_NAMES, TAIL: TAIL_NAMES,
        SPREAD: SPREAD_NAMES,
    }  # fmt: skip
    names = every.get(key, {})
    if key == TERMS:
        return "1 year" if option == "1" else f"{option} years"
    return names.get(option, option)


def _control_of(fault: Fault) -> str | None:
    return fault.field if fault.field in (START, PATH, RUNS, SPREAD) else control_of(fault)
