"""The serving page: binds a ServingState to widgets."""

from __future__ import annotations

import base64
import json
from typing import Any

import ipywidgets
import numpy as np
import pandas as pd
import plotly.graph_objects as go
from ipywidgets import HTML, Button, VBox

from costlib.display import escape
from costlib.figures import serving as figures
from costlib.panels import serving_views as views
from costlib.panels.banner import banner_html, look
from costlib.panels.chart import chart, update
from costlib.panels.download import csv_link
from costlib.panels.form import Form, heading
from costlib.panels.serving_fields import CONTROLS, PLACEHOLDERS, SECTIONS, control_of, option_name
from costlib.panels.serving_state import ServingState
from costlib.planner.serve.drawn import Shape
from costlib.planner.serve.modes import NAMES
from costlib.planner.serve.serving_dates import prices_as_of

TABS = ("Fleet", "Autoscaling", "Ways to serve", "Many models", "Review")
#: Lines in the chart of response times.
LINES = 8
FILES = {
    "traffic": ("Open traffic", "CSV or Parquet of time and requests, or CloudWatch's JSON"),
    "capacity": (
        "Open load test",
        "The sheet, k6's or Inference Recommender's JSON, Locust's history; a tool's file is"
        " named NAME@INSTANCE_TYPE.json or .csv",
    ),
    "models": ("Open models", "CSV of model, requests_per_second, memory_gib, p50_ms"),
    "endpoints": ("Open endpoints", "CSV of a month's metrics of each endpoint"),
}
DAY_MINUTES = 1440


def serving_panel(state: ServingState | None = None) -> VBox:
    """The whole page for a state (default: a new one on the embedded snapshot and the made-up example)."""
    return _Page(ServingState() if state is None else state).box


class _Page:
    """The widgets of one page, and what moves when a choice changes."""

    def __init__(self, state: ServingState) -> None:
        self.state = state
        self._following = False
        self.form = Form(list(CONTROLS.values()), PLACEHOLDERS, control_of, option_name)
        self.promise = ipywidgets.FloatLogSlider(
            value=200.0, base=10, min=1.0, max=4.0, step=0.01, description="Promise (ms)", readout_format=".0f",
            tooltip="Moves the promise", style={"description_width": "initial"}, layout={"width": "480px"},
        )  # fmt: skip
        self.uploads = {
            kind: ipywidgets.FileUpload(accept="", description=label, tooltip=tip, layout={"width": "190px"})
            for kind, (label, tip) in FILES.items()
        }
        self.mean = ipywidgets.BoundedFloatText(value=12.0, min=0.001, max=1e6, description="at (requests/s)",
                                                style={"description_width": "initial"})  # fmt: skip
        self.draw = Button(
            description="Draw traffic", icon="random", tooltip="Eight weeks with a daily and weekly shape"
        )
        self.banner, self.general, self.answer = HTML(), HTML(), HTML()
        self.texts = [HTML() for _ in TABS]
        self.tables = [HTML() for _ in TABS]
        self.charts = [[VBox() for _ in range(count)] for count in (2, 2, 1, 0, 0)]
        self.links = [HTML() for _ in TABS]
        self.tabs = ipywidgets.Tab([self._tab(number) for number in range(len(TABS))], titles=list(TABS))
        self.tabs.selected_index = 0
        self._stale = set(range(len(TABS)))
        self.box = VBox([look(), self.banner, self._controls(), self.general, self.answer, self.tabs])
        self.box.add_class("costlib")
        self._bind()
        self._show()

    def _controls(self) -> VBox:
        files = ipywidgets.HBox([self.uploads["traffic"], self.uploads["capacity"], self.draw, self.mean])
        files.layout.flex_flow = "row wrap"
        rows: list[ipywidgets.Widget] = [files, self.promise]
        for title, controls in SECTIONS.items():
            rows += [heading(title), self.form.rows(controls)]
        return VBox(rows)

    def _tab(self, number: int) -> VBox:
        upload = {3: [self.uploads["models"]], 4: [self.uploads["endpoints"]]}.get(number, [])
        prepare = Button(description="Prepare files", icon="download", tooltip="What this tab shows, as files")
        prepare.on_click(lambda _: self._prepare(number))
        return VBox([*upload, self.texts[number], *self.charts[number], self.tables[number], prepare,
                     self.links[number]])  # fmt: skip

    def _bind(self) -> None:
        self.form.observe(lambda _: self._propose())
        self.promise.observe(self._slid, "value")
        for kind, upload in self.uploads.items():
            upload.observe(lambda change, kind=kind: self._uploaded(kind, change["new"]), "value")
        self.draw.on_click(lambda _: self.state.draw(Shape(self.mean.value)))
        self.state.observe(lambda _: self._show(), "answer")
        self.state.observe(lambda _: self._show_messages(), "faults")
        self.tabs.observe(lambda _: self._draw_tab(), "selected_index")

    def _propose(self) -> None:
        if not self._following:
            self.state.propose(self.form.values)

    def _slid(self, change: Any) -> None:
        if not self._following:
            self.state.propose({**self.form.values, "promise_ms": f"{change['new']:.3g}"})

    def _uploaded(self, kind: str, files: Any) -> None:
        for file in files:
            self.state.open(kind, str(file["name"]), bytes(file["content"]))

    def _show(self) -> None:
        """The last good answer, and the controls as they stand in it."""
        self._following = True
        try:
            self.form.show(self.state.values)
            self.promise.value = float(np.clip(float(self.state.values["promise_ms"]), 10.0, 10_000.0))
        finally:
            self._following = False
        for link in self.links:
            link.value = ""
        self.banner.value = banner_html(self._note())
        self.answer.value = views.answer_html(self.state.answer.report)
        self._stale = set(range(len(TABS)))
        self._show_messages()
        self._draw_tab()

    def _note(self) -> str:
        return prices_as_of(self.state.book, self.state.answer.report.prices)

    def _draw_tab(self) -> None:
        """Brings the open tab up to date; the others when they are opened."""
        number = self.tabs.selected_index or 0
        if number in self._stale:
            self._stale.discard(number)
            (self._fleet, self._scaling, self._ways, self._models, self._review)[number]()

    def _fleet(self) -> None:
        report, note = self.state.answer.report, self._note()
        self.tables[0].value = views.types_html(report)
        rows = report.instances["candidate"].to_numpy(int)[:LINES]
        curves = report.found.curves
        _put(
            self.charts[0][0],
            figures.response_by_load(
                [report.found.names[row] for row in rows],
                curves.loads_per_second[rows],
                1000 * curves.seconds[rows],
                report.found.kept_per_second[rows],
                report.asked.promise_ms,
                f"p{100 * report.asked.share:g}",
                note,
            ),
        )
        self.charts[0][1].layout.display = "none" if report.best is None else None
        if report.best is not None:
            name = str(report.best["instance_type"])
            _put(self.charts[0][1], figures.fleet_by_hour(report.by_hour_of_week, name, note))  # fmt: skip

    def _scaling(self) -> None:
        answer, note = self.state.answer, self._note()
        report, scaling = answer.report, answer.report.scaling
        self.texts[1].value = views.scaling_html(report)
        self.tables[1].value = views.plans_html(report)
        for place in self.charts[1]:
            place.layout.display = "none" if scaling is None else None
        if scaling is None or report.best is None:
            return
        minute = int(scaling.load.per_minute.argmax()) // DAY_MINUTES * DAY_MINUTES
        day = slice(minute, minute + DAY_MINUTES)
        kept = float(report.best["kept_per_second"]) / report.asked.burst_factor
        clock = pd.date_range(report.traffic.start, periods=len(scaling.load.per_minute), freq="min")[day]
        load = np.asarray(scaling.load.per_minute[day] / 60.0, float)
        room = np.asarray(scaling.replay.in_service[day] * kept, float)
        _put(self.charts[1][0], figures.autoscaling_day(clock, load, room, load > room * (1 + 1e-9), note))
        default = {"late_fraction": float(str(scaling.default["late_fraction"])),
                   "usd_per_month": scaling.default_usd_per_month}  # fmt: skip
        _put(self.charts[1][1], figures.policies_plane(answer.targets, default, scaling.usd_per_hour, note))

    def _ways(self) -> None:
        report = self.state.answer.report
        curve = report.modes.curve(report.loads.interval.mean())
        now = report.requests_per_month
        _put(self.charts[2][0], figures.ways_by_traffic(curve, report.thresholds, NAMES, now, self._note()))
        self.tables[2].value = views.modes_html(report) + views.thresholds_html(report)

    def _models(self) -> None:
        self.tables[3].value = views.shared_html(self.state.answer)

    def _review(self) -> None:
        self.tables[4].value = views.review_html(self.state.answer.review)

    def _show_messages(self) -> None:
        rest = self.form.show_messages(self.state.faults, {})
        if set(self.state.faults) - set(self.state.answer.part_faults):
            rest.append("The answer below is still for the last good values.")
        self.general.value = "".join(f"<div class='costlib-problem'>{escape(one)}</div>" for one in rest)

    def _prepare(self, number: int) -> None:
        answer = self.state.answer
        report, scaling = answer.report, answer.report.scaling
        frames: dict[str, pd.DataFrame] = {}
        links: list[str] = []
        if number == 0:
            frames = {"instances": report.instances.drop(columns=["candidate"]), "hours": report.by_hour_of_week}
        elif number == 1 and scaling is not None:
            frames = {"policies": scaling.tried}
            links = [_json_link(f"{name}.json", body) for name, body in scaling.request.as_dict().items()
                     if name != "commands"]  # fmt: skip
        elif number == 2:
            frames = {"ways": report.mode_table, "thresholds": report.thresholds, "prices": report.prices.rows}
        elif number == 3 and answer.consolidation is not None:
            frames = {"models": answer.consolidation.models, "fleets": answer.consolidation.fleets}
        elif number == 4 and answer.review is not None:
            frames = {"review": answer.review.endpoints}
        links += [csv_link(f"serving-{what}.csv", frame) for what, frame in frames.items()]
        self.links[number].value = "<br>".join(links)


def _json_link(name: str, body: object) -> str:
    """A link that holds a request, ready to be sent."""
    data = base64.b64encode(json.dumps(body, indent=1).encode()).decode("ascii")
    href = f"data:application/json;base64,{data}"
    return f"<a class='costlib-download' download='{escape(name)}' href='{href}'>Save {escape(name)}</a>"


def _put(place: VBox, figure: go.Figure) -> None:
    """Shows a figure in its place; the chart is made from the first one, and updated after that."""
    if place.children:
        update(place.children[0], figure)
    else:
        place.children = [chart(figure)]
