"""Budget against actual against forecast, month by month."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd


def against_budget(
    budgets: Mapping[str, float], actual: pd.Series[float], outlook: pd.DataFrame, before: pd.DataFrame
) -> pd.DataFrame:
    """One row a month: budget, actual, forecast (``before`` for months that are over, ``outlook`` for those to come).

    ``budget_variance`` (actual or else forecast, less budget) / budget; ``forecast_variance`` (actual - forecast) /
    forecast; ``verdict``: over, within, or for months to come "likely over", "may go over", "likely within" by the
    forecast's band. Months without a budget have no verdict.
    """
    rows = []
    expected = {f"{row.month:%Y-%m}": row for row in before.itertuples()}
    ahead = {f"{row.month:%Y-%m}": row for row in outlook.itertuples()}
    spent = {f"{month:%Y-%m}": float(cost) for month, cost in actual.items()}
    for month in sorted({*budgets, *spent, *ahead}):
        budget, cost = budgets.get(month), spent.get(month)
        guess = expected.get(month) or ahead.get(month)
        foreseen = None if guess is None else float(guess.expected)  # type: ignore[arg-type]
        shown = cost if cost is not None else foreseen
        rows.append(
            {
                "month": month,
                "budget": budget,
                "actual": cost,
                "forecast": foreseen,
                "forecast_low": None if guess is None else float(guess.low),  # type: ignore[arg-type]
                "forecast_high": None if guess is None else float(guess.high),  # type: ignore[arg-type]
                "budget_variance": (shown - budget) / budget if budget and shown is not None else None,
                "forecast_variance": (cost - foreseen) / foreseen if cost is not None and foreseen else None,
                "verdict": _verdict(budget, cost, guess),
            }
        )
    return pd.DataFrame(rows)


def _verdict(budget: float | None, cost: float | None, guess: object) -> str | None:
    if budget is None:
        return None
    if cost is not None:
        return "over" if cost > budget else "within"
    if guess is None:
        return None
    if guess.low > budget:  # type: ignore[attr-defined]
        return "likely over"
    return "may go over" if guess.high > budget else "likely within"  # type: ignore[attr-defined]
