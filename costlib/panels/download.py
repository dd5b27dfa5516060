"""A table that the reader takes away, from JupyterLab and from a served page alike."""

from __future__ import annotations

import base64
from collections.abc import Mapping

import pandas as pd

from costlib.display import escape
from costlib.exports.tables import frame_to_csv


def csv_link(name: str, frame: pd.DataFrame) -> str:
    """A link that holds the whole file: a served page has no files to give."""
    data = base64.b64encode(frame_to_csv(frame)).decode("ascii")
    href = f"data:text/csv;base64,{data}"
    return f"<a class='costlib-download' download='{escape(name)}' href='{href}'>Save {escape(name)}</a>"


def csv_links(stem: str, frames: Mapping[str, pd.DataFrame | None], **columns: str) -> str:
    """A link a line to each table, as ``stem-what.csv``, with ``columns`` that say what all of them belong to."""
    return "<br>".join(
        csv_link(f"{stem}-{what}.csv", frame.assign(**columns)) for what, frame in frames.items() if frame is not None
    )
