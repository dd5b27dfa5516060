"""The planning panel: form, answer, ranked table, charts, ladder, scenarios and downloads."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets
import plotly.graph_objects as go
from ipywidgets import HTML, Button, HBox, VBox

from costlib.figures import breakdown, cost_time
from costlib.figures import ladder as ladder_figure
from costlib.panels.background import worker
from costlib.panels.banner import banner_html, look, plan_banner
from costlib.panels.chart import Chart, ClickedPoint, chart, update
from costlib.panels.clickable import Clickable
from costlib.panels.plan_controls import running, starts, yaml_box
from costlib.panels.plan_state import PlanState
from costlib.panels.plan_table import PlanTable, table_html
from costlib.panels.plan_views import (
    EXPORTS,
    answer_html,
    download_html,
    excluded_html,
    explanation_html,
    ladder_html,
    lever_move,
)
from costlib.panels.scenarios import ScenarioShelf, scenarios_panel
from costlib.panels.workload_form import WorkloadForm
from costlib.paths import data_dir
from costlib.planner.explain import plans
from costlib.planner.sources import Sources
from costlib.workload import Workload

EXAMPLE = "gpt2-1.5b"
BARS = 8
MOST_EXPORTED = 1000


def open_state(example: str = EXAMPLE) -> PlanState:
    """A state with an example workload, on the embedded snapshot, searching in the background in a kernel."""
    sources = Sources.open()
    workload = Workload.from_yaml(data_dir() / "examples" / f"{example}.yaml", sources.vocabulary)
    return PlanState(sources, workload, worker())


def plan_panel(state: PlanState | None = None, shelf: ScenarioShelf | None = None) -> VBox:
    """The whole panel; give a state to read it beside the panel."""
    state = state or open_state()
    banner, answer = HTML(), HTML()
    form = VBox([starts(state), WorkloadForm(state, YAML=yaml_box(state)).widget])

    def show_answer(_change: object = None) -> None:
        best = state.best_plans(1)
        banner.value = banner_html(plan_banner(state.sources.book, best[0] if best else None))
        answer.value = answer_html(state)

    # The answer is told before the charts are drawn: it is what the user waits for.
    state.observe(show_answer, "result")
    show_answer()
    views = _Views(state)
    tabs = ipywidgets.Tab(
        [
            views.plans,
            views.items,
            views.ladder,
            views.excluded,
            scenarios_panel(shelf or ScenarioShelf(state)),
            _downloads(state, views.table),
        ],
        titles=["Plans", "Cost items", "Savings ladder", "Left out", "Scenarios", "Downloads"],
    )
    tabs.selected_index = 0
    tabs.observe(lambda change: views.open(change["new"]), "selected_index")
    panel = VBox([look(), banner, form, running(state), answer, tabs])
    panel.add_class("costlib")
    return panel


class _Views:
    """The views that follow the answer. One that is not open is brought up to date when it is opened."""

    def __init__(self, state: PlanState) -> None:
        self._state = state
        self.table = PlanTable()
        self._open, self._stale = 0, {1, 2, 3}
        self._drawn = (state.result, state.selected_row)
        self._draw: dict[int, Callable[[], None]] = {
            0: self._draw_plans,
            1: self._draw_items,
            2: self._draw_ladder,
            3: self._draw_excluded,
        }
        self._scatter_figure: go.Figure | None = None
        self._scatter, self._items, self._steps = VBox(), VBox(), VBox()
        self._scatter.add_class("costlib-main-chart")
        self._table = Clickable()
        self._explanation = HTML()
        self._rungs = Clickable()
        self._excluded = HTML()
        self.plans = VBox([self._scatter, _filters(self.table), self._table, self._explanation])
        self.items = VBox([self._items])
        self.ladder = VBox([self._steps, self._rungs])
        self.excluded = VBox([self._excluded])
        self._draw_plans()
        self._table.on_click(self._table_clicked)
        self._rungs.on_click(self._rung_clicked)
        state.observe(self._changed, ["result", "selected_row"])
        state.observe(lambda _: self._refresh({2}), "lever_order")
        self.table.observe(lambda _: self._draw_table())

    def open(self, tab: int) -> None:
        """Tells which tab is open."""
        self._open = tab
        self._refresh(set())

    def _refresh(self, stale: set[int]) -> None:
        self._stale |= stale
        if self._open in self._stale:
            self._stale.discard(self._open)
            self._draw[self._open]()

    def _changed(self, _change: object) -> None:
        # An answer brings its selection with it: both traits tell, and it is drawn once.
        drawn, self._drawn = self._drawn, (self._state.result, self._state.selected_row)
        if drawn[0] is not self._state.result:
            self._scatter_figure = None
            self._refresh({0, 1, 2, 3})
        elif drawn[1] != self._state.selected_row:
            self._refresh({0, 1})

    def _show(self, place: VBox, figure: go.Figure) -> Chart:
        """Shows a figure in its place; the chart is made from the first one, whole, and updated after that."""
        if place.children:
            update(place.children[0], figure)
        else:
            place.children = [chart(figure)]
        return place.children[0]

    def _draw_plans(self) -> None:
        result, row = self._state.result, self._state.selected_row
        if result is not None:
            if self._scatter_figure is None:
                self._scatter_figure = cost_time.figure(result, row)
            else:
                cost_time.move_ring(self._scatter_figure, result, row)
            is_first = not self._scatter.children
            shown = self._show(self._scatter, self._scatter_figure)
            if is_first:
                shown.on_click(self._point_clicked)
        self._draw_table()
        self._explanation.value = explanation_html(self._state.selected_plan())

    def _draw_table(self) -> None:
        result = self._state.result
        self._table.show("" if result is None else table_html(result, self.table, self._state.selected_row))

    def _draw_items(self) -> None:
        made, selected = self._state.best_plans(BARS), self._state.selected_plan()
        if made or selected is not None:
            self._show(self._items, breakdown.figure(made, self._state.sources.book.banner, selected))

    def _draw_ladder(self) -> None:
        result, steps = self._state.result, self._state.ladder()
        if result is not None and steps is not None:
            made = ladder_figure.detailed(steps, result.sources.book.banner, cost_time.describe(result, steps.rows))
            self._show(self._steps, made)
        self._rungs.show(ladder_html(self._state))

    def _draw_excluded(self) -> None:
        self._excluded.value = excluded_html(self._state.result)

    def _point_clicked(self, clicked: ClickedPoint) -> None:
        if clicked.customdata is not None:
            self._state.select(int(clicked.customdata[0]))

    def _table_clicked(self, clicked: str) -> None:
        what, _, value = clicked.partition(":")
        if what == "sort":
            self.table.sort(value)
        elif what == "row" and value.isdecimal():
            self._state.select(int(value))

    def _rung_clicked(self, clicked: str) -> None:
        move = lever_move(clicked)
        if move is not None:
            self._state.move_lever(*move)


def _filters(table: PlanTable) -> HBox:
    words = ipywidgets.Text(
        description="Filter",
        placeholder="words, such as: p5 us-east spot",
        tooltip="Shows plans that have every word in service, type, accelerator, region, purchase or precision",
        continuous_update=False,
        style={"description_width": "initial"},
    )
    variants = ipywidgets.Checkbox(
        description="all counts and precisions", indent=False, tooltip="Not only the best of each way to buy"
    )
    late = ipywidgets.Checkbox(description="also late ones", indent=False, tooltip="Plans that miss the deadline")
    ipywidgets.link((words, "value"), (table, "filter_text"))
    ipywidgets.link((variants, "value"), (table, "all_variants"))
    ipywidgets.link((late, "value"), (table, "include_late"))
    row = HBox([words, variants, late])
    row.add_class("costlib-choices")
    return row


def _downloads(state: PlanState, table: PlanTable) -> VBox:
    """Buttons that prepare a file when they are clicked; a link then holds it."""
    link = HTML()

    def prepare(kind: str) -> None:
        if state.result is None:
            link.value = "<div class='costlib-fault'>There is no answer yet.</div>"
            return
        rows = table.rows(state.result)[:MOST_EXPORTED]
        link.value = download_html(state, kind, plans(state.result, rows))

    buttons = []
    for kind, export in EXPORTS.items():
        button = Button(description=export.label, icon="download", layout={"width": "170px"})
        button.on_click(lambda _, kind=kind: prepare(kind))
        buttons.append(button)
    note = HTML(
        "<div class='costlib-note'>Plans as filtered and sorted on the first tab, at most"
        f" {MOST_EXPORTED:,}. Click a form, then the link.</div>"
    )
    # A link to an older answer would be mistaken for this one.
    state.observe(lambda _: setattr(link, "value", ""), "result")
    return VBox([note, HBox(buttons, layout={"flex_flow": "row wrap"}), link])
