"""The storage page: binds a StoreState to widgets."""

from __future__ import annotations

from typing import Any

import ipywidgets
import pandas as pd
import plotly.graph_objects as go
from ipywidgets import HTML, Button, HBox, VBox

from costlib.display import escape
from costlib.figures import store_costs, store_network, store_runs
from costlib.models.storage import CLASSES
from costlib.panels.banner import banner_html, look
from costlib.panels.chart import chart, update
from costlib.panels.download import csv_link
from costlib.panels.form import Form, boxed, heading
from costlib.panels.store_fields import (
    CACHE,
    CONTROLS,
    DATA,
    DATASET,
    FORMAT,
    NETWORK,
    PLACEHOLDERS,
    PREPROCESS,
    READS,
    WHOLE,
    control_of,
)
from costlib.panels.store_state import StoreState, StoreView
from costlib.panels.store_views import (
    answer_html,
    cache_html,
    crossings_html,
    formats_html,
    lifecycle_html,
    lines_html,
    network_html,
    policies_html,
    preprocess_html,
    sample_html,
    selective_html,
)
from costlib.planner.store.sample import MOST_BYTES

_CHARTS = ("time", "frequency", "preprocess", "cache", "stalled", "network")
_UPLOADS = {"standard": "STANDARD, moved later", "any_class": "the cheapest class"}


def store_panel(state: StoreState | None = None) -> VBox:
    """The whole page for a state (default: a new one on the embedded snapshot)."""
    return _Page(StoreState() if state is None else state).box


class _Page:
    """The widgets of one page, and what moves when a choice changes."""

    def __init__(self, state: StoreState) -> None:
        self.state = state
        self._following = False
        self._shown: StoreView | None = None
        self.start = ipywidgets.Dropdown(
            options=[("own numbers", ""), *((name, name) for name in state.examples)],
            description="Start from",
            tooltip="An example pattern",
            style={"description_width": "initial"},
        )
        self.form = Form(
            tuple(CONTROLS.values()), PLACEHOLDERS, lambda fault: control_of(fault, state.view.dataset), _option_name
        )
        self.form.set_options("region", [(name, name) for name in state.sources.regions])
        self.form.set_options("force_class", [("the cheapest way", ""), *((name, name) for name in CLASSES)])
        self.general, self.banner, self.answer, self.policies = HTML(), HTML(), HTML(), HTML()
        self.lifecycle, self.lines, self.crossings = HTML(), HTML(), HTML()
        self.formats, self.selective, self.sampled = HTML(), HTML(), HTML()
        self.preprocess, self.cache, self.network = HTML(), HTML(), HTML()
        self.upload = ipywidgets.FileUpload(
            accept=".csv,.parquet", multiple=False, description="Sample a file",
            tooltip=f"CSV or Parquet, up to {MOST_BYTES >> 20} MiB; it is parsed here and kept nowhere",
        )  # fmt: skip
        self.path = ipywidgets.Text(
            description="or its path", placeholder="/data/sample.parquet", continuous_update=False,
            tooltip=f"On this machine; of a larger CSV the first {MOST_BYTES >> 20} MiB are read",
            style={"description_width": "initial"},
        )  # fmt: skip
        self.download, self.links = Button(description="Prepare CSV", icon="download"), HTML()
        self.charts = {name: chart(go.Figure()) for name in _CHARTS}
        for name, one in self.charts.items():
            one.add_class(f"costlib-store-{name}")
        self.sections = {
            "formats": VBox([self.formats, self.selective]),
            "preprocess": VBox([self.preprocess, self.charts["preprocess"]]),
            "cache": VBox([self.cache, self.charts["cache"], self.charts["stalled"]]),
            "network": VBox([self.network, self.charts["network"]]),
        }
        details = ipywidgets.Accordion(
            [self.lifecycle, self.lines],
            titles=("The lifecycle rules to paste", "Every line of the bill"),
            selected_index=None,
        )
        self.box = VBox(
            [
                look(),
                self.banner,
                self.form.rows(WHOLE, boxed(self.start)),
                self.general,
                self.answer,
                self.policies,
                details,
                HBox([self.download]),
                self.links,
                heading("The dataset that is looked at"),
                self.form.rows((*DATA, *READS)),
                self.charts["time"],
                self.charts["frequency"],
                self.crossings,
                heading("The same table in other formats"),
                self.form.rows(FORMAT),
                HBox([self.upload, self.path]),
                self.sampled,
                self.sections["formats"],
                heading("Preprocess once, or in each epoch"),
                self.form.rows(PREPROCESS),
                self.sections["preprocess"],
                heading("A cache, or S3 in each epoch"),
                self.form.rows(CACHE),
                self.sections["cache"],
                heading("The way to the data"),
                self.form.rows(NETWORK),
                self.sections["network"],
            ]
        )
        self.box.add_class("costlib")
        self._bind()
        self._show()
        self._show_messages()

    def _bind(self) -> None:
        state = self.state
        self.start.observe(self._started, "value")
        self.form.observe(self._propose)
        self.upload.observe(self._uploaded, "value")
        self.path.observe(self._pathed, "value")
        state.observe(lambda _: self._show(), "view")
        state.observe(lambda _: self._show_messages(), ["faults", "section_faults", "view"])
        state.observe(lambda _: self._show_sample(), ["sampled", "sample_fault"])
        self.download.on_click(lambda _: self._prepare())

    def _started(self, change: Any) -> None:
        if not self._following and change["new"]:
            self.state.start(change["new"])

    def _propose(self, _change: object) -> None:
        if not self._following:
            self.state.propose(self.form.values)

    def _uploaded(self, change: Any) -> None:
        for file in change["new"]:
            if file["size"] > MOST_BYTES:
                self.state.sample_fault = f"is above {MOST_BYTES >> 20} MiB: give a smaller part of it"
            else:
                self.state.sample(bytes(file["content"]), str(file["name"]))

    def _pathed(self, change: Any) -> None:
        if change["new"].strip():
            self.state.sample_path(change["new"])

    def _show(self) -> None:
        """The last good view, and the controls as they stand in it."""
        state, view = self.state, self.state.view
        self._following = True
        try:
            self.form.set_options(DATASET, [(name, name) for name in state.datasets])
            self.form.show(state.values)
            self.start.value = state.started
        finally:
            self._following = False
        book = state.sources.book
        banner = "; ".join([f"{book.mode} {book.snapshot_id}, prices as of {view.answer.as_of}", *book.overlays])
        self.banner.value = banner_html(banner)
        self.links.value = ""
        before, self._shown = self._shown, view
        # Sections whose answer is the one that is shown already need not be drawn again.
        fresh = {
            name
            for name in ("answer", "frequency", *self.sections)
            if before is None or getattr(before, name) is not getattr(view, name)
        }
        for key, figure in self._figures(view, fresh, banner).items():
            update(self.charts[key], figure)
        for key, box in self.sections.items():
            box.layout.display = "none" if getattr(view, key) is None else None

    def _figures(self, view: StoreView, fresh: set[str], banner: str) -> dict[str, go.Figure]:
        """Writes what is fresh, and gives its charts."""
        figures = {}
        answer, what = view.answer, escape(view.pattern.datasets[view.dataset].name)
        if "answer" in fresh:
            self.answer.value, self.policies.value = answer_html(view), policies_html(answer)
            self.lifecycle.value, self.lines.value = lifecycle_html(answer), lines_html(answer)
        if "frequency" in fresh:
            self.crossings.value = crossings_html(view)
            figures["time"] = store_costs.over_time(answer.over_time(view.dataset), what, banner)
            figures["frequency"] = store_costs.over_frequency(view.frequency, what, banner)
        if "formats" in fresh and view.formats is not None and view.selective is not None:
            self.formats.value, self.selective.value = formats_html(view.formats), selective_html(view.selective)
        once, cache = view.preprocess, view.cache
        if "preprocess" in fresh and once is not None:
            self.preprocess.value = preprocess_html(once)
            figures["preprocess"] = store_runs.break_even(once.curve, once.break_even_epochs, once.epochs, banner)
        if "cache" in fresh and cache is not None and view.pattern.cache is not None:
            epochs = view.pattern.cache.epochs
            self.cache.value = cache_html(cache, epochs)
            figures["cache"] = store_runs.caches(cache.curve, epochs, banner)
            figures["stalled"] = store_runs.stalled(cache.table, cache.usd_per_hour, banner)
        if "network" in fresh and view.network is not None:
            self.network.value = network_html(view.network)
            figures["network"] = store_network.paths(view.network, banner)
        return figures

    def _show_messages(self) -> None:
        state = self.state
        rest = self.form.show_messages((*state.faults, *state.section_faults), {})
        if state.faults:
            rest.append("The answer below is still for the last good values.")
        self.general.value = "".join(f"<div class='costlib-problem'>{escape(one)}</div>" for one in rest)

    def _show_sample(self) -> None:
        state = self.state
        self.sampled.value = sample_html(state.sampled, state.sample_name, state.sample_fault)

    def _prepare(self) -> None:
        view = self.state.view
        lines = [{"dataset": one.dataset, **_flat(one.line.as_dict())} for one in view.answer.lines]
        frames: dict[str, pd.DataFrame | None] = {
            "policies": view.answer.policies(),
            "lines": pd.DataFrame(lines),
            "over-time": view.answer.over_time(),
            "frequency": view.frequency.table,
            "formats": view.formats,
            "caches": None if view.cache is None else view.cache.table,
            "network": view.network,
        }
        snapshot = self.state.sources.book.snapshot_id
        self.links.value = "<br>".join(
            csv_link(f"{view.pattern.name}-storage-{what}.csv", frame.assign(snapshot_id=snapshot))
            for what, frame in frames.items()
            if frame is not None
        )


def _flat(line: dict[str, object]) -> dict[str, object]:
    inputs = line.pop("inputs")
    return {**line, "inputs": "; ".join(f"{name}={value}" for name, value in inputs.items())}  # type: ignore[attr-defined]


def _option_name(key: str, option: str) -> str:
    """How an option of a control is written for people."""
    return _UPLOADS.get(option, option) if key == "uploads" else option
