"""The service page: binds a ServiceState to widgets."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
from ipywidgets import HTML, Button, HBox, VBox

from costlib.figures import service as figures
from costlib.panels.banner import banner_html, look
from costlib.panels.bound_form import BoundForm
from costlib.panels.chart import chart, update
from costlib.panels.download import csv_links
from costlib.panels.form import Form, boxed, heading
from costlib.panels.service_fields import (
    CONTROLS,
    JOBS,
    NEEDS,
    OWN,
    PLACEHOLDERS,
    PORTFOLIO,
    SHARE,
    control_of,
    option_name,
)
from costlib.panels.service_state import ServiceState
from costlib.panels.service_views import (
    answer_html,
    batch_html,
    flips_html,
    lines_html,
    portfolio_html,
    premium_html,
    rules_html,
    services_html,
)
from costlib.planner.service.kinds import KINDS
from costlib.planner.service.known import SERVICES
from costlib.planner.service.premium import premiums


def service_panel(state: ServiceState | None = None) -> VBox:
    """The whole page for a state (default: a new one on the embedded snapshot)."""
    return _Page(ServiceState() if state is None else state).box


class _Page:
    """The widgets of one page, and what moves when a choice changes."""

    def __init__(self, state: ServiceState) -> None:
        self.state = state
        self._premium_of = ""
        names = [(name if name in KINDS else f"the runs of {name}", name) for name in state.starts]
        self.form = Form(tuple(CONTROLS.values()), PLACEHOLDERS, control_of, option_name)
        tip = "A kind of work, or the runs of an example by its cheapest plan"
        self.bound = BoundForm(self.form, names, tip, state.start, state.propose)
        self.start, self.general = self.bound.start, self.bound.general
        self.banner, self.answer, self.services = HTML(), HTML(), HTML()
        self.lines, self.flips, self.batch, self.portfolio, self.premium = HTML(), HTML(), HTML(), HTML(), HTML()
        self.download, self.links = Button(description="Prepare CSV", icon="download"), HTML()
        self.keep = Button(description="Add these jobs", icon="plus", tooltip="Puts them into the portfolio")
        self.clear = Button(
            description="Only these jobs", icon="trash", tooltip="Takes all others out of the portfolio"
        )
        self.charts = {name: chart(go.Figure()) for name in ("bars", "map", "packing")}
        for name, one in self.charts.items():
            one.add_class(f"costlib-service-{name}")
        self.charts["bars"].add_class("costlib-main-chart")
        self.box = VBox(
            [
                look(),
                self.banner,
                self.form.rows(JOBS, boxed(self.start)),
                self.general,
                self.answer,
                self.charts["bars"],
                heading("A share of an instance, and what the jobs need"),
                self.form.rows((*SHARE, *NEEDS)),
                heading("Your own numbers: people's time, starts, idle time, disks"),
                self.form.rows(OWN),
                self.services,
                self.lines,
                HBox([self.download]),
                self.links,
                heading("Where it flips"),
                self.charts["map"],
                self.flips,
                heading("Packed on AWS Batch"),
                self.charts["packing"],
                self.batch,
                heading("Several sets of jobs: each on its cheapest service, or one for all"),
                self.form.rows(PORTFOLIO),
                HBox([self.keep, self.clear]),
                self.portfolio,
                heading("What SageMaker asks over EC2"),
                self.premium,
                HTML(rules_html()),
            ]
        )
        self.box.add_class("costlib")
        self._bind()
        self._show()
        self._show_messages()

    def _bind(self) -> None:
        state = self.state
        state.observe(lambda _: self._show(), "answer")
        state.observe(lambda _: self._show_messages(), ["faults", "problem"])
        self.download.on_click(lambda _: self._prepare())
        self.keep.on_click(lambda _: state.keep())
        self.clear.on_click(lambda _: state.clear())

    def _show(self) -> None:
        """The last good answer, and the controls as they stand in it."""
        state, answer = self.state, self.state.answer
        with self.bound.following(state.started):
            self.form.show(state.values)
        banner = self._banner()
        self.banner.value = banner_html(banner)
        self.answer.value = answer_html(answer, state.started, state.has_example_people)
        self.services.value, self.lines.value = services_html(answer), lines_html(answer)
        self.flips.value, self.batch.value = flips_html(answer), batch_html(answer)
        self.portfolio.value = portfolio_html(answer)
        if answer.found.question.region != self._premium_of:
            self._premium_of = answer.found.question.region
            self.premium.value = premium_html(state.sources, self._premium_of)
        self.links.value = ""
        question = answer.found.question
        update(self.charts["bars"], figures.bars(answer.found, banner))
        flips = answer.report.flips
        update(self.charts["map"], figures.flip_map(answer.map, question.hours.expected, question.count, flips, banner))
        if answer.report.batch is not None:
            update(self.charts["packing"], figures.packing(answer.report.batch, banner))
        self.charts["packing"].layout.display = None if answer.report.batch is not None else "none"

    def _banner(self) -> str:
        """The dates of the prices of the best way of each service."""
        found, book = self.state.answer.found, self.state.sources.sources.book
        dates = sorted({line.as_of for way in found.ways.values() for line in way.lines
                        if line.item in ("compute", "service_premium")})  # fmt: skip
        span = " to ".join(dict.fromkeys((dates[0], dates[-1])))
        return "; ".join([f"{book.mode} {book.snapshot_id}, prices of these ways as of {span}", *book.overlays])

    def _show_messages(self) -> None:
        state = self.state
        self.bound.tell(state.faults, problem=state.problem, is_old=bool(state.faults or state.problem))

    def _prepare(self) -> None:
        answer, book = self.state.answer, self.state.sources.sources.book
        question = answer.found.question
        lines = [
            {"service": way.service, **line.as_dict(), "inputs": str(dict(line.inputs))}
            for way in answer.found.ways.values()
            for line in way.lines
        ]
        names = list(answer.map.services)
        cells = [
            {"job_hours": hours, "jobs": jobs, "cheapest": names[code], "usd": usd, "saved_fraction": saved}
            for jobs, codes, costs, saves in zip(
                answer.map.jobs, answer.map.service, answer.map.usd, answer.map.saved_fraction, strict=True
            )
            for hours, code, usd, saved in zip(answer.map.job_hours, codes, costs, saves, strict=True)
        ]
        mix = pd.DataFrame(answer.portfolio.usd, columns=list(SERVICES))
        mix.insert(0, "jobs", answer.portfolio.names)
        frames = {
            "lines": pd.DataFrame(lines),
            "map": pd.DataFrame(cells),
            "portfolio": mix.assign(chosen=answer.portfolio.chosen),
            "premiums": premiums(self.state.sources, question.region),
        }
        if answer.report.batch is not None:
            frames["packing"] = answer.report.batch.jobs
        self.links.value = csv_links("services", frames, snapshot_id=book.snapshot_id)
