"""One error tree: every fault names its field, the value given, and what would be right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One thing wrong with an input: where, what was given, and what would be right."""

    field: str
    value: object
    problem: str
    nearest: tuple[str, ...] = ()

    def __str__(self) -> str:
        shown = repr(self.value)
        if len(shown) > 80:
            shown = shown[:77] + "..."
        text = f"{self.field} {self.problem}" if self.value is None else f"{self.field}: {shown} {self.problem}"
        if self.nearest:
            text += f" (did you mean {', '.join(self.nearest)}?)"
        return text

    def as_dict(self) -> dict[str, object]:
        """The fault as JSON-ready values."""
        return {
            "field": self.field,
            "value": self.value if isinstance(self.value, (str, int, float, bool, type(None))) else repr(self.value),
            "problem": self.problem,
            "nearest": list(self.nearest),
        }


class CostlibError(Exception):
    """Anything that costlib refuses or cannot do, in one sentence."""


class InvalidInput(CostlibError, ValueError):
    """An input was refused; ``faults`` holds everything that was wrong with it, not only the first.

    A ValueError too, so that who calls a model alone need not know this tree.
    """

    def __init__(self, faults: Iterable[Fault]):
        self.faults: tuple[Fault, ...] = tuple(faults)
        if not self.faults:
            raise ValueError("InvalidInput needs at least one fault")
        super().__init__("\n".join(str(fault) for fault in self.faults))


class NotKnown(InvalidInput):
    """A look-up found nothing: the key is unknown, or no price or fact is held for it."""


class DataCorrupt(CostlibError):
    """A data file is missing, or is not the one that PROVENANCE.json describes."""


class NoPlan(CostlibError):
    """A search ended with no plan; the message says which constraint emptied it."""


class Cancelled(CostlibError):
    """The user stopped a long piece of work."""


def nearest(value: object, options: Iterable[str], most: int = 3) -> tuple[str, ...]:
    """The options that look most like ``value``, best first; case does not count."""
    by_lower = {str(option).lower(): str(option) for option in options}
    found = difflib.get_close_matches(str(value).lower(), list(by_lower), n=most, cutoff=0.6)
    return tuple(by_lower[name] for name in found)


def unknown(field: str, value: object, options: Iterable[str], what: str) -> Fault:
    """The fault for a name that is not among ``options``; ``what`` says what it should name."""
    options = list(options)
    close = nearest(value, options)
    problem = f"is not a known {what}"
    if not close and len(options) <= 12:
        problem += f"; known: {', '.join(sorted(map(str, options)))}"
    return Fault(field, value, problem, close)
