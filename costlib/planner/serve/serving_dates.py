"""Of which days the prices of a serving plan are, in one line for the head of a view."""

from __future__ import annotations

from costlib.planner.serve.prices import ServingPrices
from costlib.prices.book import PriceBook


def prices_as_of(book: PriceBook, prices: ServingPrices) -> str:
    """The book's banner with the oldest and the newest date among the prices that are used."""
    dates = sorted(map(str, prices.rows["as_of"].dropna()))
    span = "none held" if not dates else dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"
    return "; ".join([f"{book.mode} {book.snapshot_id}, prices of {span}", *book.overlays])
