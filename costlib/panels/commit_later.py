"""What stands beside an answer of what to commit to, and takes a little longer to work out."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.models.commitments import Portfolio
from costlib.panels.background import Progress
from costlib.planner.commit.purchases import explained
from costlib.planner.commit.report import CommitReport

Floats = npt.NDArray[np.float64]

#: Weights of the picture of what caution costs.
WEIGHTS = tuple(tenth / 10 for tenth in range(11))


@dataclass(frozen=True)
class CommitLater:
    """For the answer of ``risk_weight``: ``saved_band_usd`` (low, high) of the expected saving over the band of
    estimated rates; the rest as planner.commit.report gives it. ``ladder_rows``: the ladder's purchases with how their
    rates are known."""

    risk_weight: float
    saved_band_usd: tuple[float, float]
    frontier: pd.DataFrame
    regret: pd.DataFrame
    lookbacks: pd.DataFrame
    ladder: Portfolio
    ladder_rows: pd.DataFrame


@dataclass
class Weighed:
    """One question's answers by the weight on bad futures; what does not depend on the weight is worked out once.

    The search behind them is one: weights are asked one after another, whoever asks.
    """

    first: CommitReport
    _reports: dict[float, CommitReport] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _hindsight_usd: Floats | None = None
    _frontier: pd.DataFrame | None = None
    _later: dict[float, CommitLater] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._reports[self.first.asked.risk_weight] = self.first

    def at(self, weight: float) -> CommitReport:
        """The answer for a weight; the same weight has the same answer."""
        with self._lock:
            if weight not in self._reports:
                self._reports[weight] = self.first.at(weight)
            return self._reports[weight]

    def later(self, weight: float, progress: Progress) -> CommitLater:
        """What stands beside the answer for a weight."""
        if weight not in self._later:
            report = self.at(weight)
            progress(0.0, "the band of the saving")
            band = report.saved_band_usd
            progress(0.2, "hindsight")
            regret = self._regret(report)
            progress(0.4, "AWS's look-back rule")
            lookbacks = self.first.lookbacks
            progress(0.6, "what caution costs")
            frontier = self._weights(progress)
            progress(0.8, "the ladder")
            ladder = report.ladder
            rows = explained(ladder, report.rates)
            self._later[weight] = CommitLater(weight, band, frontier, regret, lookbacks, ladder, rows)
        return self._later[weight]

    def known(self, weight: float) -> tuple[pd.DataFrame | None, pd.DataFrame | None, pd.DataFrame | None]:
        """Of what does not depend on the weight, what is worked out: regret, look-backs, the weights' picture."""
        if self._frontier is None or self._hindsight_usd is None:
            return None, None, None
        return self._regret(self.at(weight)), self.first.lookbacks, self._frontier

    def _regret(self, report: CommitReport) -> pd.DataFrame:
        """Portfolio.regret, where hindsight is worked out once: it is the same whatever was bought."""
        if self._hindsight_usd is None:
            self._hindsight_usd = self.first.portfolio.regret["hindsight_usd"].to_numpy()
        cost = report.portfolio.cost_usd
        hindsight = np.minimum(self._hindsight_usd, cost)
        return pd.DataFrame(
            {
                "scenario": report.portfolio.problem.scenarios.names,
                "cost_usd": cost,
                "hindsight_usd": hindsight,
                "regret_usd": cost - hindsight,
                "regret_fraction": cost / hindsight - 1.0,
            }
        )

    def _weights(self, progress: Progress) -> pd.DataFrame:
        if self._frontier is None:
            rows = []
            for weight in WEIGHTS:
                progress(0.6 + 0.2 * weight, "what caution costs")
                found = self.at(weight).portfolio
                rows.append((weight, found.expected_usd, found.tail_usd, found.lost_usd, found.committed_usd))
            columns = ["risk_weight", "expected_usd", "tail_usd", "tail_lost_usd", "committed_usd"]
            self._frontier = pd.DataFrame(rows, columns=columns)
        return self._frontier
