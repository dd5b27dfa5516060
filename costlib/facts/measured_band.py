"""A low, an expected and a high value from measured rows, with how they are known."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

#: Fewer rows than this do not make a 10th and a 90th percentile.
FEWEST_ROWS = 5


@dataclass(frozen=True)
class MeasuredBand:
    """From ``n_rows`` measured rows (P10, median, P90 unless ``rule``, which says what rows, says otherwise)."""

    low: float
    expected: float
    high: float
    basis: str
    rule: str
    n_rows: int
    source: str
    as_of: str

    def times(self, low: float, expected: float, high: float, rule: str) -> MeasuredBand:
        """The band times another, both at their ends together; the product is an estimate by ``rule``."""
        return replace(
            self,
            low=self.low * low,
            expected=self.expected * expected,
            high=self.high * high,
            basis="estimate",
            rule=f"{self.rule}; {rule}",
        )

    def over(self, divisor: MeasuredBand, factor: float, rule: str, basis: str = "estimate") -> MeasuredBand:
        """factor * this / divisor; the spreads of two independent causes add in quadrature of their logarithms."""
        expected = factor * self.expected / divisor.expected
        down = math.hypot(math.log(self.expected / self.low), math.log(divisor.high / divisor.expected))
        up = math.hypot(math.log(self.high / self.expected), math.log(divisor.expected / divisor.low))
        return replace(
            self,
            low=expected * math.exp(-down),
            expected=expected,
            high=expected * math.exp(up),
            basis=basis,
            rule=f"{self.rule}; {rule}",
            source="; ".join(dict.fromkeys([self.source, divisor.source])),
        )

    def at_most(self, low: float, expected: float, high: float) -> MeasuredBand:
        """The band with each end held below a bound."""
        return replace(self, low=min(self.low, low), expected=min(self.expected, expected), high=min(self.high, high))


def band_of(rows: pd.DataFrame, column: str, basis: str, rule: str) -> MeasuredBand:
    """The band of ``rows[column]``; ``source`` names the two sources with most rows."""
    values = rows[column].to_numpy(float)
    low, expected, high = np.percentile(values, [10, 50, 90])
    return MeasuredBand(
        float(low),
        float(expected),
        float(high),
        basis,
        rule,
        len(values),
        short_source(rows["source"]),
        newest(rows["as_of"]),
    )


def short_source(sources: Iterable[object]) -> str:
    """The two commonest repositories or papers among many cited rows, and how many more there are."""
    # "arXiv 2205.05198 ..." keeps its number: the first word alone would name nothing.
    names = [" ".join(str(source).split(" ")[: 2 if str(source).startswith("arXiv ") else 1]) for source in sources]
    counts = Counter(names).most_common()
    shown = "; ".join(name for name, _ in counts[:2])
    return shown if len(counts) <= 2 else f"{shown}; and {len(counts) - 2} more"


def newest(dates: pd.Series) -> str:
    """The newest date among rows, or an empty text: most logs are dated only by their source's commit."""
    return max((str(date) for date in dates.dropna()), default="")
