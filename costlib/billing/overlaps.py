"""Months that are there twice: in two kinds of export, or in two folders. Added up, they would cost double."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

from costlib.billing.notes import Note
from costlib.errors import Fault, InvalidInput

if TYPE_CHECKING:
    import pandas as pd

    from costlib.billing.view import Part

#: How many faults and notes say all that needs saying.
MOST = 10


@dataclass
class Held:
    """What one export holds of one month: its accounts, and their billed cost."""

    version: str
    root: str
    payers: set[str] = field(default_factory=set)
    cost: float = 0.0

    def may_repeat(self, other: Held) -> bool:
        """Whether the same account may be in both; an export without the account's column may be of any."""
        return not self.payers or not other.payers or bool(self.payers & other.payers)


def checked(parts: Sequence[Part], months: Sequence[pd.DataFrame]) -> list[Note]:
    """Notes on months in two folders. Raises InvalidInput for months in two versions, or twice with one total."""
    faults, notes = [], []
    for name, exports in _held(parts, months).items():
        for one, other in combinations(exports, 2):
            if not one.may_repeat(other):
                continue
            if one.version != other.version:
                text = f"is there as {one.version} ({one.cost:,.2f}) and {other.version} ({other.cost:,.2f}): "
                faults.append(Fault("version", name, text + "the same cost more than once; choose one version"))
            elif round(one.cost, 2) == round(other.cost, 2) != 0.0:
                text = f"costs {one.cost:,.2f} in {one.root} and in {other.root}, too: the same export "
                faults.append(Fault("bill", name, text + "twice, perhaps by hour and by day; read one of the folders"))
            else:
                text = f"{name} is in {one.root} ({one.cost:,.2f}) and in {other.root}; they are added up"
                notes.append(Note("month_in_two_folders", other.root, text, None, other.cost))
    if faults:
        raise InvalidInput(faults[:MOST])
    return notes[:MOST]


def _held(parts: Sequence[Part], months: Sequence[pd.DataFrame]) -> dict[str, list[Held]]:
    found: dict[str, dict[tuple[str, str], Held]] = {}
    for part, frame in zip(parts, months, strict=True):
        version, root = part.group.version, part.group.root
        for row in frame.itertuples():
            month = "no month" if str(row.month) == "NaT" else str(row.month)[:7]
            one = found.setdefault(month, {}).setdefault((version, root), Held(version, root))
            one.cost += 0.0 if str(row.billed_cost) == "nan" else float(str(row.billed_cost))
            if isinstance(row.payer_id, str):
                one.payers.add(row.payer_id)
    return {month: list(by_export.values()) for month, by_export in found.items()}
