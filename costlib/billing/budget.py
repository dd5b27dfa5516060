"""Budget against actual against forecast, month by month."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd


def against_budget(
    budgets: Mapping[str, float],
    actual: pd.Series[float],
    outlook: pd.DataFrame,
    before: pd.DataFrame,
    whole: pd.Series[float] | None = None,
) -> pd.DataFrame:
    """One row a month: budget, actual, forecast (``before`` for months that are over, ``outlook`` for those to come).

    ``whole`` are the months of ``actual`` that are over (without it all); of one that is not, ``actual`` is the cost so
    far. ``budget_variance`` (actual, or forecast where the month is not over, less budget) / budget;
    ``forecast_variance`` (actual - forecast) / forecast; ``verdict``: over, within, or for months that are not over
    "likely over", "may go over", "likely within" by the forecast's band. Months without a budget have no verdict.
    """
    rows = []
    expected = {f"{row.month:%Y-%m}": row for row in before.itertuples()}
    ahead = {f"{row.month:%Y-%m}": row for row in outlook.itertuples()}
    spent = {f"{month:%Y-%m}": float(cost) for month, cost in actual.items()}
    over = set(spent) if whole is None else {f"{month:%Y-%m}" for month in pd.DatetimeIndex(whole.index)}
    for month in sorted({*budgets, *spent, *ahead}):
        budget, cost = budgets.get(month), spent.get(month)
        guess = expected.get(month) or ahead.get(month)
        foreseen = None if guess is None else float(guess.expected)  # type: ignore[arg-type]
        done = month in over
        shown = cost if done else foreseen
        rows.append(
            {
                "month": month,
                "budget": budget,
                "actual": cost,
                "forecast": foreseen,
                "forecast_low": None if guess is None else float(guess.low),  # type: ignore[arg-type]
                "forecast_high": None if guess is None else float(guess.high),  # type: ignore[arg-type]
                "budget_variance": (shown - budget) / budget if budget and shown is not None else None,
                "forecast_variance": (cost - foreseen) / foreseen if cost is not None and done and foreseen else None,
                "verdict": _verdict(budget, cost, done, guess),
            }
        )
    return pd.DataFrame(rows)


def _verdict(budget: float | None, cost: float | None, done: bool, guess: object) -> str | None:
    if budget is None:
        return None
    if cost is not None and (done or cost > budget):
        return "over" if cost > budget else "within"
    if guess is None:
        return None
    if guess.low > budget:  # type: ignore[attr-defined]
        return "likely over"
    return "may go over" if guess.high > budget else "likely within"  # type: ignore[attr-defined]
