"""What a reader of a bill must know about it: oddities that were tolerated, each with its rows and its money."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Note:
    """One oddity: ``kind`` is a stable name, ``where`` the file or column, ``text`` one sentence.

    ``rows`` and ``cost`` (in the bill's currency) are None where they do not apply. Text from a bill is data: it is
    shortened here, and whoever prints it escapes it.
    """

    kind: str
    where: str
    text: str
    rows: int | None = None
    cost: float | None = None

    def as_dict(self) -> dict[str, object]:
        """The note as JSON-ready values."""
        return {"kind": self.kind, "where": self.where, "text": self.text, "rows": self.rows, "cost": self.cost}


def short(value: object, most: int = 60) -> str:
    """Text from a bill, cut to a length that a sentence can hold."""
    text = str(value)
    return text if len(text) <= most else text[: most - 3] + "..."


def listed(values: list[str], most: int = 5) -> str:
    """A few names, and how many more there are."""
    shown = ", ".join(short(value, 40) for value in values[:most])
    return shown + (f" and {len(values) - most} more" if len(values) > most else "")
