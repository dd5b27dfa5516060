"""What stands at the head of every view: which prices these are; and the look that all panels share."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import ipywidgets

from costlib.display import escape
from costlib.planner.plan import Plan
from costlib.prices.book import PriceBook


@lru_cache(maxsize=1)
def _style() -> str:
    return (Path(__file__).parent / "look.css").read_text(encoding="utf-8")


def look() -> ipywidgets.HTML:
    """The style of all panels; every panel's outermost box holds one."""
    return ipywidgets.HTML(f"<style>{_style()}</style>", layout={"display": "flex", "height": "0", "margin": "0"})


def plan_banner(book: PriceBook, plan: Plan | None) -> str:
    """The book's banner with the dates of the prices that ``plan`` uses; without a plan the newest date of the book."""
    if plan is None:
        return book.banner
    text = f"{book.mode} {book.snapshot_id}, prices of the best plan as of {plan.prices_as_of}"
    return "; ".join([text, *book.overlays])


def banner_html(banner: str) -> str:
    """A banner for the head of a view."""
    return f"<div class='costlib-banner'>Prices: {escape(banner)}. USD, Linux, shared tenancy, without tax.</div>"


def basis_html(basis: str) -> str:
    """How a number is known, as a label."""
    return f"<span class='costlib-basis costlib-basis-{escape(basis)}'>{escape(basis)}</span>"
