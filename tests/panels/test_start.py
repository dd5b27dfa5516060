"""The start page: it names what is there."""

from __future__ import annotations

import json
from pathlib import Path

from costlib.panels.start import card_html, contents_html, first_heading
from costlib.paths import notebooks_dir
from costlib.prices.book import PriceBook


def test_contents_name_every_notebook_with_its_question(tmp_path: Path) -> None:
    code = {"cell_type": "code", "source": ["# no heading"]}
    cells = [code, {"cell_type": "markdown", "source": ["\n", "## A <b>?"]}]
    (tmp_path / "01_x.ipynb").write_text(json.dumps({"cells": cells}), encoding="utf-8")
    html = contents_html(tmp_path)
    assert "01_x" in html and "A &lt;b&gt;?" in html


def test_every_notebook_asks_a_question() -> None:
    assert all(first_heading(path) for path in notebooks_dir().glob("*.ipynb"))


def test_card_has_every_table_of_the_snapshot() -> None:
    book = PriceBook.open()
    html = card_html(book)
    assert all(name in html for name in book.snapshot.tables)
    assert html.count("as described") == len(book.snapshot.tables) and "file differs" not in html
