"""The controls around the workload form: how to begin, undo and redo, YAML, and the running search."""

from __future__ import annotations

from typing import Any

import ipywidgets
from ipywidgets import HTML, Button, HBox, VBox

from costlib.display import escape
from costlib.panels.plan_state import PlanState
from costlib.paths import data_dir


def starts(state: PlanState) -> HBox:
    """Ways to begin and to go back: an example, a file, undo and redo."""
    examples = sorted((data_dir() / "examples").glob("*.yaml"))
    example = ipywidgets.Dropdown(
        options=[("choose…", ""), *((path.stem, path.name) for path in examples)],
        description="Example",
        tooltip="Public models; the files say where their numbers come from",
        style={"description_width": "initial"},
        layout={"width": "240px"},
    )
    upload = ipywidgets.FileUpload(accept=".yaml,.yml", description="Open YAML", layout={"width": "140px"})

    def use_example(change: dict[str, Any]) -> None:
        if change["new"]:
            path = data_dir() / "examples" / change["new"]
            state.propose_yaml(path.read_text(encoding="utf-8"), name=path.name)
            example.value = ""

    def use_upload(change: dict[str, Any]) -> None:
        for file in change["new"]:
            content = bytes(file["content"]).decode("utf-8", errors="replace")
            state.propose_yaml(content, name=str(file["name"]))
        upload.value = ()

    example.observe(use_example, "value")
    upload.observe(use_upload, "value")
    return HBox([example, upload, *_history(state)], layout={"flex_flow": "row wrap"})


def yaml_box(state: PlanState) -> VBox:
    """The workload as YAML text, to read, copy, paste and change."""
    text = ipywidgets.Textarea(rows=16, layout={"width": "100%"}, tooltip="The workload as YAML")
    use = Button(description="Use this YAML", layout={"width": "140px"}, tooltip="Answer for the text above")

    def show_text(_change: object = None) -> None:
        text.value = state.draft.workload.to_yaml()

    show_text()
    state.observe(show_text, "draft")
    use.on_click(lambda _: state.propose_yaml(text.value))
    return VBox([text, use])


def _history(state: PlanState) -> list[Button]:
    undo = Button(description="Undo", icon="undo", layout={"width": "90px"}, tooltip="Back to the values before")
    redo = Button(description="Redo", icon="repeat", layout={"width": "90px"}, tooltip="Take the undo back")

    def enable(_change: object = None) -> None:
        undo.disabled, redo.disabled = not state.can_undo, not state.can_redo

    enable()
    state.observe(enable, ["can_undo", "can_redo"])
    undo.on_click(lambda _: state.undo())
    redo.on_click(lambda _: state.redo())
    return [undo, redo]


def running(state: PlanState) -> VBox:
    """Progress and a way to stop while a search runs; what went wrong after it."""
    bar = ipywidgets.FloatProgress(min=0.0, max=1.0, layout={"width": "260px"})
    stage = HTML()
    stop = Button(description="Stop", icon="stop", layout={"width": "80px"}, tooltip="Keep the last good answer")
    row = HBox([bar, stage, stop], layout={"visibility": "hidden", "height": "32px"})
    problem = HTML()

    def show(_change: object = None) -> None:
        bar.value = state.progress
        stage.value = f"<span class='costlib-note'>{escape(state.stage)}</span>"
        # Hidden, not gone: the page below must not jump. A search that ends before it reports shows nothing.
        row.layout.visibility = "visible" if state.busy and state.stage else "hidden"

    def show_problem(_change: object = None) -> None:
        problem.value = f"<div class='costlib-problem'>{escape(state.problem)}</div>" if state.problem else ""

    show_problem()
    state.observe(show, ["busy", "progress", "stage"])
    state.observe(show_problem, "problem")
    stop.on_click(lambda _: state.cancel())
    return VBox([row, problem])
