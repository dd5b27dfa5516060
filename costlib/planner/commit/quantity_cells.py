"""How much ran, from the cells of a usage file: instance-hours, or normalized units over their type's factor."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault, InvalidInput
from costlib.models.commitments_inputs import rows_fault
from costlib.models.commitments_usage import number_faults
from costlib.models.normalization import normalization_factor

Floats = npt.NDArray[np.float64]

UNITS = "normalized_units"
#: ``quantity`` is another name of ``hours``.
QUANTITIES = ("hours", "quantity", UNITS)
#: No hour has more instance-hours of a line than this.
MOST_HOURS = 1e9
#: Two columns that say the same may differ by their rounding, to three decimals or to three digits.
ROUNDING_FRACTION = 2e-3


def quantity_of(cells: pd.DataFrame) -> tuple[Floats, list[Fault], list[str]]:
    """Instance-hours of each row (rows,), what is wrong with their cells, and notes; a faulty cell counts as 0."""
    given = [name for name in QUANTITIES if name in cells]
    faults: list[Fault | None] = []
    notes: list[str] = []
    first = ""
    quantity = np.full(len(cells), np.nan)
    for name in given:
        told = np.flatnonzero(cells[name] != "")
        column = cells[name].iloc[told]
        numbers = _numbers(column)
        faults += number_faults(name, column, numbers, column.index)
        faults.append(rows_fault(name, column, np.isfinite(numbers) & (numbers > MOST_HOURS), "is more than can run"))
        hours = np.full(len(cells), np.nan)
        hours[told] = np.where(numbers >= 0, numbers, np.nan)
        if name == UNITS:
            factor, unknown_factors = _factors(cells, told)
            faults += unknown_factors
            hours /= factor
            notes.append("normalized units are turned into instance-hours by the normalization factor of their type")
        apart = np.abs(hours - quantity) > ROUNDING_FRACTION * np.maximum(1.0, quantity)
        faults.append(rows_fault(name, cells[name], apart, f"contradicts {first}"))
        quantity = np.where(np.isnan(quantity), hours, quantity)
        first = first or name
    if given:
        none = np.logical_and.reduce([np.asarray(cells[name] == "") for name in given])
        problem = f"is empty, and so is {' and '.join(given[1:])}" if len(given) > 1 else "is empty"
        faults.append(rows_fault(given[0], cells[given[0]], none, problem))
    return np.nan_to_num(quantity, nan=0.0, posinf=0.0), [fault for fault in faults if fault], notes


def _numbers(column: pd.Series) -> Floats:
    """Each text is read once, however often it comes."""
    words = pd.to_numeric(pd.Series(column.cat.categories, dtype=object), errors="coerce").to_numpy(float)
    return np.asarray(words[column.cat.codes], float)


def _factors(cells: pd.DataFrame, told: npt.NDArray[np.int64]) -> tuple[Floats, list[Fault | None]]:
    """The normalization factor of each row's type, nan where it is not known, and the faults of rows that need it."""
    if "instance_type" not in cells:
        return np.full(len(cells), np.nan), []
    types = cells["instance_type"]
    factors = np.full(len(types.cat.categories), np.nan)
    for at, name in enumerate(types.cat.categories):
        try:
            factors[at] = normalization_factor(name)
        except InvalidInput:
            continue
    found = factors[types.cat.codes]
    # A row without a type has its own fault.
    lacking = types.iloc[told][np.isnan(found[told]) & np.asarray(types.iloc[told] != "")]
    problem = "has no normalization factor, its size is not known: give hours"
    distinct = lacking.unique()
    return found, [rows_fault("instance_type", lacking, lacking == name, problem) for name in distinct]
