"""Saved scenarios: save, load, delete and compare, first as state, then as a panel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import ipywidgets
import traitlets
from ipywidgets import HTML, Button, HBox, VBox

from costlib import display
from costlib.display import escape
from costlib.errors import CostlibError, InvalidInput
from costlib.panels.plan_state import PlanState
from costlib.planner.explain import plans
from costlib.planner.plan import Plan
from costlib.planner.scenario import Scenario, ScenarioFolder

#: Each is searched anew, at some 50 ms.
MOST_COMPARED = 12


@dataclass(frozen=True)
class Compared:
    """A scenario answered with today's prices: its best plan, or why there is none."""

    name: str
    plan: Plan | None
    problem: str = ""
    saved: Scenario | None = None


class ScenarioShelf(traitlets.HasTraits):
    """The saved scenarios beside a planning state. What cannot be done is said in ``problem``; nothing raises."""

    names = traitlets.Tuple()
    problem = traitlets.Unicode()
    done = traitlets.Unicode()

    def __init__(self, state: PlanState, folder: ScenarioFolder | None = None) -> None:
        super().__init__()
        self.state = state
        self._folder = folder or ScenarioFolder.open()
        self.names = tuple(self._folder.names())

    def save(self, name: str) -> None:
        """Keeps the state's draft and best plan under a name; one of the same name is replaced."""
        result, draft = self.state.result, self.state.draft
        best = None if result is None or not len(result.order) else plans(result, result.order[:1])[0]

        def act() -> str:
            saved = self._folder.save(
                Scenario(
                    name=name.strip() or draft.workload.name,
                    workload=draft.workload,
                    snapshot_id=self.state.sources.book.snapshot_id,
                    discount_percent=draft.discount_percent,
                    best_plan="" if best is None else best.key,
                    best_cost_usd=None if best is None else best.cost_usd.expected,
                )
            )
            return f"Saved as {saved.name}."

        self._try(act)

    def load(self, name: str) -> None:
        """Makes a saved scenario the draft."""

        def act() -> str:
            scenario = self._folder.load(name, self.state.vocabulary)
            self.state.propose(scenario.workload.to_mapping(), scenario.discount_percent)
            return f"Loaded {scenario.name}."

        self._try(act)

    def delete(self, name: str) -> None:
        """Removes a saved scenario."""

        def act() -> str:
            self._folder.delete(name)
            return f"Deleted {name}."

        self._try(act)

    def compare(self, names: Iterable[str]) -> list[Compared]:
        """The current draft and some scenarios, each with its best plan at today's prices."""
        result = self.state.result
        best = None if result is None or not len(result.order) else plans(result, result.order[:1])[0]
        rows = [Compared("(on screen)", best, "" if best else "no plan holds the deadline")]
        for name in list(names)[:MOST_COMPARED]:
            try:
                saved = self._folder.load(name, self.state.vocabulary)
                answer = self.state.answer(saved.workload, saved.discount_percent)
            except CostlibError as error:
                rows.append(Compared(name, None, str(error)))
                continue
            if len(answer.order):
                rows.append(Compared(name, plans(answer, answer.order[:1])[0], "", saved))
            else:
                rows.append(Compared(name, None, "no plan holds the deadline", saved))
        return rows

    def _try(self, act) -> None:  # type: ignore[no-untyped-def]
        self.problem = self.done = ""
        try:
            self.done = act()
        except InvalidInput as refused:
            self.problem = str(refused)
        except OSError as error:
            self.problem = f"The file cannot be written: {error.strerror}."
        self.names = tuple(self._folder.names())


def comparison_html(rows: list[Compared], snapshot_id: str) -> str:
    """The comparison as a table: plan, cost and time now, and what it was when saved."""
    body = []
    for row in rows:
        if row.plan is None:
            now = f"<td colspan='3' class='costlib-bad'>{escape(row.problem)}</td>"
        else:
            plan, cost = row.plan, row.plan.cost_usd
            now = (
                f"<td>{escape(plan.key)}</td>"
                f"<td class='costlib-number'><b>{display.usd(cost.expected)}</b>"
                f"<small>{display.usd_band(cost.low, cost.high)}</small></td>"
                f"<td class='costlib-number'>{display.hours(plan.hours.expected)}"
                f"<small>{display.hours_band(plan.hours.low, plan.hours.high)}</small></td>"
            )
        then = "<td>—</td>"
        if row.saved is not None:
            cost_then = row.saved.best_cost_usd
            amount = "no plan" if cost_then is None else display.usd(cost_then)
            other = "" if row.saved.snapshot_id == snapshot_id else ", other prices"
            then = (
                f"<td>{amount}<small>{escape(row.saved.saved_at)}<br>"
                f"{escape(row.saved.snapshot_id)}{other}</small></td>"
            )
        body.append(f"<tr><td>{escape(row.name)}</td>{now}{then}</tr>")
    return (
        "<div class='costlib-scroll'><table class='costlib-table'><thead><tr><th>Scenario</th><th>Best plan now</th>"
        "<th class='costlib-number'>USD a run now</th><th class='costlib-number'>Hours now</th>"
        "<th>When saved</th></tr></thead>"
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def scenarios_panel(shelf: ScenarioShelf) -> VBox:
    """Save under a name; load, delete or compare what is saved."""
    name = ipywidgets.Text(
        description="Save as",
        placeholder=shelf.state.draft.workload.name,
        tooltip="Letters, digits, space . _ -",
    )
    save = Button(description="Save", icon="save", tooltip="Keep what the form shows under this name")
    listed = ipywidgets.SelectMultiple(
        options=shelf.names, rows=6, description="Saved", tooltip="Choose one to load, some to compare"
    )
    load = Button(description="Load", tooltip="Put the chosen scenario into the form (undo brings back yours)")
    delete = Button(description="Delete", tooltip="Remove the chosen scenarios")
    compare = Button(description="Compare", tooltip="Answer the chosen scenarios with today's prices")
    said, table = HTML(), HTML()

    def show(_change: object) -> None:
        css = "costlib-fault" if shelf.problem else "costlib-note"
        said.value = f"<div class='{css}'>{escape(shelf.problem or shelf.done)}</div>"

    def relist(_change: object) -> None:
        listed.options = shelf.names

    def delete_chosen(_button: object) -> None:
        for chosen in listed.value:
            shelf.delete(chosen)

    def load_chosen(_button: object) -> None:
        if len(listed.value) == 1:
            shelf.load(listed.value[0])
        else:
            shelf.problem, shelf.done = "Choose one scenario to load.", ""

    def show_comparison(_button: object) -> None:
        rows = shelf.compare(listed.value or shelf.names)
        table.value = comparison_html(rows, shelf.state.sources.book.snapshot_id)

    shelf.observe(show, ["problem", "done"])
    shelf.observe(relist, "names")
    save.on_click(lambda _: shelf.save(name.value))
    load.on_click(load_chosen)
    delete.on_click(delete_chosen)
    compare.on_click(show_comparison)
    for button in (save, load, delete, compare):
        button.layout.width = "100px"
    return VBox([HBox([name, save]), HBox([listed, VBox([load, compare, delete])]), said, table])
