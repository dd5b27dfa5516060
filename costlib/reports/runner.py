"""Runs a report: a template notebook with parameters becomes one HTML file that opens without a network."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costlib import __version__
from costlib.errors import CostlibError
from costlib.paths import repository_dir
from costlib.reports.parameters import checked, parameters_of, template_path
from costlib.tables import Snapshot

if TYPE_CHECKING:
    from nbformat import NotebookNode

#: A cell that takes longer is stopped; the longest of today's cells takes seconds.
MOST_SECONDS_PER_CELL = 600


class ReportFailed(CostlibError):
    """A template stopped with an error; there is no new report, and the old one is untouched."""


def run_report(template: str, parameters: Mapping[str, Any], out: str | os.PathLike[str]) -> Path:
    """Runs ``template`` (a notebook of notebooks/reports) and writes its outputs, without code, to ``out``.

    The file is swapped in when it is whole. Raises InvalidInput before anything runs (unknown template or
    parameter, wrong type, no place to write to), ReportFailed if the notebook stops.
    """
    from costlib.exports import files

    target = Path(out)
    used = checked(parameters, parameters_of(template))
    files.check_folder(target)
    notebook = _executed(template, used)
    files.swap_in(target, _as_page(notebook, _footer(template, used)))
    return target


def kernel_environment() -> dict[str, str]:
    """This process's environment without AWS credentials and settings: a report needs none."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    paths = [str(repository_dir()), kept.get("PYTHONPATH", "")]
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


def _executed(template: str, parameters: Mapping[str, Any]) -> NotebookNode:
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    path = template_path(template)
    # papermill places the parameters; nbclient runs the notebook, because it can be told the kernel's environment.
    notebook = parameterize_notebook(load_notebook_node(path), dict(parameters))
    for cell in notebook.cells:
        if "injected-parameters" in cell.metadata.get("tags", []):
            # papermill gives its cell a random id, which would make every report's bytes different.
            cell["id"] = "injected-parameters"
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=MOST_SECONDS_PER_CELL,
        # Its warning about plain TCP on this machine is not the reader's business.
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(Path(path).parent)}},
    )
    try:
        return client.execute(env=kernel_environment())
    except CellExecutionError as error:
        what = re.sub(r"\x1b\[[0-9;]*m", "", f"{error.ename}: {error.evalue}")
        raise ReportFailed(f"report {template} stopped: {what}") from None
    except (CellTimeoutError, DeadKernelError) as error:
        first = str(error).strip().splitlines()[0]
        raise ReportFailed(f"report {template} stopped: {first}") from None


def _as_page(notebook: NotebookNode, footer: list[tuple[str, str]]) -> bytes:
    """The outputs and the prose of an executed notebook, in the page that all exports share."""
    from markupsafe import Markup
    from nbconvert import HTMLExporter

    from costlib.exports import html

    exporter = HTMLExporter(
        template_name="basic",
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )
    body, _ = exporter.from_notebook_node(notebook)
    return html.page(notebook.metadata.get("title", "Report"), Markup(body), footer)


def _footer(template: str, parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
    snapshot = Snapshot.open()
    return [
        ("Price snapshot", f"{snapshot.snapshot_id}, as of {snapshot.as_of} or earlier"),
        ("Version", f"costlib {__version__}, report {template}"),
        *((f"Parameter {name}", _shown(value)) for name, value in parameters.items()),
    ]


def _shown(value: object) -> str:
    return value or "(none)" if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
