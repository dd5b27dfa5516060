"""A table of rows made elsewhere, under headings that say what they mean."""

from __future__ import annotations

from collections.abc import Sequence

from costlib.display import escape


def table_html(heads: Sequence[tuple[str, str]], body: str) -> str:
    """``body`` (rows as HTML, text from data already escaped) under headings: a title and what it means."""
    head = "".join(f"<th title='{escape(tip)}'>{escape(title)}</th>" for title, tip in heads)
    return (
        f"<div class='costlib-scroll'><table class='costlib-table'><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )
