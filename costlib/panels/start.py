"""The start page: which prices these are, what the workbook holds, and the card of its data."""

from __future__ import annotations

import json
from pathlib import Path

import ipywidgets

from costlib.display import escape
from costlib.exports.snapshot_list import snapshot_rows
from costlib.panels.banner import banner_html, look
from costlib.paths import notebooks_dir
from costlib.prices.book import PriceBook


def start_panel(book: PriceBook | None = None) -> ipywidgets.VBox:
    """Banner, notebooks and data card of a price book (default: the embedded snapshot)."""
    book = PriceBook.open() if book is None else book
    made = ipywidgets.VBox(
        [
            look(),
            ipywidgets.HTML(banner_html(book.banner)),
            ipywidgets.HTML(contents_html(notebooks_dir())),
            ipywidgets.HTML(card_html(book)),
        ]
    )
    made.add_class("costlib")
    return made


def contents_html(folder: Path) -> str:
    """The notebooks of a folder with the first heading of each."""
    rows = "".join(
        f"<tr><td><b>{escape(path.stem)}</b></td><td>{escape(first_heading(path))}</td></tr>"
        for path in sorted(folder.glob("*.ipynb"))
    )
    return f"<h3>Notebooks</h3><table class='costlib-table'><tbody>{rows}</tbody></table>"


def first_heading(path: Path) -> str:
    """The first markdown heading of a notebook, without its marks; empty if it has none."""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "markdown":
            for line in "".join(cell["source"]).splitlines():
                if line.startswith("#"):
                    return line.lstrip("#").strip()
    return ""


def card_html(book: PriceBook) -> str:
    """Each table of the snapshot: rows, dates of its oldest and newest row, and whether the file is whole."""
    tables = snapshot_rows(book.snapshot)
    rows = "".join(
        f"<tr><td>{escape(row['table'])}</td><td class='costlib-number'>{row['rows']:,}</td>"
        f"<td>{_date(row['as_of_oldest'])}</td><td>{_date(row['as_of_newest'])}</td>"
        f"<td>{'as described' if row['verified'] else '<b class=costlib-bad>file differs</b>'}</td></tr>"
        for row in tables
    )
    total = sum(row["rows"] for row in tables)
    return (
        f"<h3>Data: {total:,} rows in {len(tables)} tables</h3><div class='costlib-scroll'>"
        "<table class='costlib-table'><thead><tr><th>Table</th><th>Rows</th><th>Oldest row of</th>"
        f"<th>Newest row of</th><th>Checksum</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _date(value: object) -> str:
    return escape(value) if value else "not dated"
