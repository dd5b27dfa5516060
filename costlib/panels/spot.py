"""The spot page: binds a SpotState to widgets."""

from __future__ import annotations

import ipywidgets
import pandas as pd
import plotly.graph_objects as go
from ipywidgets import HTML, Button, HBox, VBox

from costlib.display import escape
from costlib.figures import spot_checkpoints, spot_mixes, spot_odds, spot_policies
from costlib.figures.spot_policies import POLICY_NAMES
from costlib.panels.background import worker
from costlib.panels.banner import banner_html, look, plan_banner
from costlib.panels.bound_form import BoundForm
from costlib.panels.chart import chart, update
from costlib.panels.download import csv_links
from costlib.panels.form import Form, boxed, heading
from costlib.panels.spot_fields import (
    CAMPAIGN,
    CONTROLS,
    COUNT,
    DRILLS,
    PLACEHOLDERS,
    POLICY,
    RECORDED,
    REGION,
    RUN,
    TRACE,
    TYPE,
    WAITING,
    control_of,
)
from costlib.panels.spot_places import Places
from costlib.panels.spot_places_state import PlacesState
from costlib.panels.spot_state import SpotState
from costlib.panels.spot_views import (
    answer_html,
    checklist_html,
    drills_html,
    hazard_html,
    intervals_html,
    job_html,
    mixes_note,
    moves_html,
    notice_html,
    policies_html,
    waiting_html,
)

RECORD_NOTE = "capacity as in the recorded traces, 2022 to 2025"

DATES_NOTE = "Of jobs whose trace goes on to the last date, so at the deadline it is not quite the chance above."


def spot_panel(state: SpotState | None = None) -> VBox:
    """The whole page for a state (default: a new one on the embedded snapshot)."""
    return _Page(SpotState(worker=worker()) if state is None else state).box


class _Page:
    """The widgets of one page, and what moves when a choice changes."""

    def __init__(self, state: SpotState) -> None:
        self.state = state
        self.form = Form(tuple(CONTROLS.values()), PLACEHOLDERS, control_of, _option_name)
        examples = [(name, name) for name in state.examples]
        self.bound = BoundForm(self.form, examples, "An example run", state.start, state.propose)
        self.start, self.general = self.bound.start, self.bound.general
        self.places = Places(PlacesState(state.answer.run))
        self.banner, self.answer, self.hazard = HTML(), HTML(), HTML()
        self.intervals, self.notice, self.reason, self.policies = HTML(), HTML(), HTML(), HTML()
        self.job, self.moves, self.waiting = HTML(), HTML(), HTML()
        self.progress = ipywidgets.FloatProgress(min=0.0, max=1.0, layout={"width": "260px"})
        self.stage, self.stop = HTML(), Button(description="Stop", icon="stop")
        self.working = HBox([self.progress, self.stage, self.stop])
        self.download, self.links = Button(description="Prepare CSV", icon="download"), HTML()
        self.charts = {name: chart(go.Figure()) for name in _CHARTS}
        for name, one in self.charts.items():
            one.add_class(f"costlib-spot-{name}")
        self.one_job = VBox([self.job, self.charts["job"]])
        self.zones = VBox([self.moves, self.charts["moves"]])
        self.drills = VBox([self.charts["drills"], HTML(drills_html())])
        self.recorded = VBox(
            [
                heading("The chance to be done in time, and the price of certainty"),
                self.charts["odds"],
                self.charts["dates"],
                HTML(f"<div class='costlib-note'>{DATES_NOTE}</div>"),
                heading("Policies on recorded capacity"),
                self.charts["policies"],
                self.policies,
                heading("One job, step by step; one zone or several"),
                self.form.rows(RECORDED),
                self.one_job,
                self.zones,
                heading("Game day: interruptions put in on purpose"),
                self.form.rows(DRILLS),
                self.drills,
                HTML(checklist_html()),
                heading("Waiting: how often to ask again"),
                self.form.rows(WAITING),
                self.waiting,
            ]
        )
        self.box = VBox(
            [
                look(),
                self.banner,
                self.form.rows(RUN, boxed(self.start)),
                self.general,
                self.answer,
                self.hazard,
                HBox([self.download]),
                self.links,
                heading("How often to checkpoint"),
                self.charts["checkpoints"],
                self.intervals,
                self.notice,
                heading("Part on demand, part on spot"),
                self.charts["mixes"],
                HTML(mixes_note()),
                self.places.box,
                self.reason,
                self.working,
                self.recorded,
            ]
        )
        self.box.add_class("costlib")
        self._bind()
        self._show()
        self._show_record()
        self._show_messages()
        self._show_progress()

    def _bind(self) -> None:
        state = self.state
        state.observe(lambda _: self._show(), "answer")
        state.observe(lambda _: self.places.state.follow(state.answer.run), "answer")
        state.observe(lambda _: self._show_record(), ["record", "reason"])
        state.observe(lambda _: self._show_messages(), ["faults", "problem", "notes", "record"])
        state.observe(lambda _: self._show_progress(), ["busy", "progress", "stage"])
        self.stop.on_click(lambda _: state.cancel())
        self.download.on_click(lambda _: self._prepare())

    def _show(self) -> None:
        """The last good answer, and the controls as they stand in it."""
        state, answer = self.state, self.state.answer
        with self.bound.following(state.started):
            self.form.set_options(TYPE, [("of the cheapest plan", ""), *((name, name) for name in answer.types)])
            self.form.set_options(REGION, [("the cheapest", ""), *((name, name) for name in answer.regions)])
            counts = [(str(count), str(count)) for count in answer.counts]
            self.form.set_options(COUNT, [("as the cheapest plan", ""), *counts])
            self.form.set_options(TRACE, [(name, name) for name in state.trace_names])
            self.form.set_options(CAMPAIGN, [(name, name) for name in state.campaigns])
            self.form.show(state.values)
        banner = plan_banner(state.sources.book, answer.run.plan)
        self.banner.value = banner_html(banner)
        self.answer.value = answer_html(answer)
        self.hazard.value = hazard_html(answer.run)
        self.intervals.value = intervals_html(answer.intervals)
        self.notice.value = notice_html(answer.notice)
        self.links.value = ""
        update(self.charts["checkpoints"], spot_checkpoints.checkpoints(answer.curve, answer.intervals, banner))
        update(self.charts["mixes"], spot_mixes.shares(answer.mixes, banner))

    def _show_record(self) -> None:
        state, record = self.state, self.state.record
        said = f"What recorded capacity makes of the run cannot be told: {state.reason}." if state.reason else ""
        self.reason.value = f"<div class='costlib-problem'>{escape(said)}</div>" if said else ""
        if record is None:
            self.recorded.layout.display = "none"
            return
        deadline = state.answer.deadline_hours
        note = f"{RECORD_NOTE}; {plan_banner(state.sources.book, state.answer.run.plan)}"
        figures = {
            "odds": spot_odds.price_of_certainty(record.ways, deadline, note),
            "dates": spot_odds.chance_by_date(record.dates, deadline, note),
            "policies": spot_policies.by_policy(record.policies, note),
        }
        job = record.job
        if job is not None:
            figures["job"] = spot_policies.tapes(job.available, job.step_hours, job.modes, deadline, note)
            self.job.value = job_html(job)
        if record.moves is not None:
            figures["moves"] = spot_policies.by_moves(record.moves, note)
            self.moves.value = moves_html(record.moves)
        if record.drills is not None:
            figures["drills"] = spot_mixes.drills(record.drills, "the drill's own interruptions, no forecast")
        for name, figure in figures.items():
            update(self.charts[name], figure)
        for name, box in (("job", self.one_job), ("moves", self.zones), ("drills", self.drills)):
            box.layout.display = None if name in figures else "none"
        self.policies.value = policies_html(record)
        self.waiting.value = waiting_html(record.waiting)
        # Shown last: a chart that is drawn empty first keeps the axes of its emptiness.
        self.recorded.layout.display = None

    def _show_messages(self) -> None:
        state = self.state
        told = state.faults if state.record is None else (*state.faults, *state.record.faults)
        self.bound.tell(told, state.notes, state.problem, is_old=bool(state.faults))

    def _show_progress(self) -> None:
        state = self.state
        self.working.layout.display = None if state.busy else "none"
        self.progress.value = state.progress
        self.stage.value = f"<small>Replaying recorded capacity: {escape(state.stage)}</small>" if state.busy else ""

    def _prepare(self) -> None:
        answer, record = self.state.answer, self.state.record
        frames: dict[str, pd.DataFrame | None] = {"checkpoints": answer.intervals, "mixes": answer.mixes}
        if record is not None:
            frames |= {
                "ways": record.ways, "dates": record.dates, "policies": record.policies, "zones": record.moves,
                "game-day": record.drills, "waiting": record.waiting,
            }  # fmt: skip
        snapshot = self.state.sources.book.snapshot_id
        name = answer.workload.name
        held = {what: frame for what, frame in frames.items() if frame is not None and len(frame)}
        self.links.value = csv_links(f"{name}-spot", held, plan=answer.run.plan.key, snapshot_id=snapshot)


_CHARTS = ("checkpoints", "mixes", "odds", "dates", "policies", "job", "moves", "drills")


def _option_name(key: str, option: str) -> str:
    """How an option of a control is written for people."""
    return POLICY_NAMES.get(option, option) if key == POLICY else option
