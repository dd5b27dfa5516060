"""How a number is known, from strongest to weakest, and how a sum of numbers is known."""

from __future__ import annotations

from collections.abc import Iterable

#: Strongest first. ``user``: the user's own rate or benchmark. ``measured``: somebody timed it.
#: ``published``: the seller or a data sheet says so. ``derived``: exact arithmetic on measured or published ones.
#: ``estimate``: a rule of ours; its ``rule`` says which.
BASES = ("user", "measured", "published", "derived", "estimate")


def weakest(bases: Iterable[str]) -> str:
    """A total is only as well known as its weakest part."""
    return max(bases, key=BASES.index)
