"""Rows of a table as plain values: what is missing or not finite is None, as JSON needs it."""

from __future__ import annotations

import math

import pandas as pd


def plain_rows(table: pd.DataFrame) -> list[dict[str, object]]:
    """One dict a row, by column."""
    return [{str(name): plain(value) for name, value in row.items()} for row in table.to_dict("records")]


def plain(value: object) -> object:
    """One value as JSON has it; text "" stays text."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return None if value is pd.NA else value
