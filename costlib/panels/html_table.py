"""A table of rows made elsewhere, under headings that say what they mean."""

from __future__ import annotations

import re
from collections.abc import Sequence

from costlib.display import escape


def table_html(heads: Sequence[tuple[str, str]], body: str) -> str:
    """``body`` (rows as HTML, text from data already escaped) under headings: a title and what it means.

    A heading stands over its numbers: to the right, where the first row has a number.
    """
    cells = re.findall(r"<td[^>]*>", body.partition("</tr>")[0])
    marks = ["class='costlib-number' " if "costlib-number" in cell else "" for cell in cells]
    marks += [""] * (len(heads) - len(cells))
    head = "".join(
        f"<th {mark}title='{escape(tip)}'>{escape(title)}</th>"
        for mark, (title, tip) in zip(marks, heads, strict=False)
    )
    return (
        f"<div class='costlib-scroll'><table class='costlib-table'><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )
