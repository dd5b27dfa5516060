"""A price that says what it is: amount, unit, date, source and how it is known."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Price:
    """One price. ``basis`` is one of costlib.basis.BASES; ``rule`` explains derived and estimate.

    ``low`` and ``high`` bound ``amount`` where it is uncertain (spot over zones, estimates); else equal it.
    """

    amount: float
    unit: str
    as_of: str
    source: str
    basis: str
    rule: str = ""
    low: float | None = None
    high: float | None = None
    key: str = ""

    @property
    def band(self) -> tuple[float, float, float]:
        """Low, expected, high."""
        return (
            self.amount if self.low is None else self.low,
            self.amount,
            self.amount if self.high is None else self.high,
        )
