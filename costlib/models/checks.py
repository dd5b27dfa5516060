"""What models ask of their numbers: refused with the argument's name and the first number that is wrong."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from costlib.errors import Fault, InvalidInput

Floats = NDArray[np.float64]


def positive(name: str, value: ArrayLike) -> Floats:
    """Numbers above zero. Raises InvalidInput for others; nan (not known) passes."""
    array = np.asarray(value, float)
    return _refuse(name, array, array <= 0, "must be above 0")


def not_negative(name: str, value: ArrayLike) -> Floats:
    """Numbers from zero up. Raises InvalidInput for others; nan (not known) passes."""
    array = np.asarray(value, float)
    return _refuse(name, array, array < 0, "must not be negative")


def none_negative(**named: ArrayLike) -> list[Floats]:
    """Each argument as numbers from zero up. Raises InvalidInput with a fault for each that is not; nan passes."""
    arrays = {name: np.asarray(value, float) for name, value in named.items()}
    faults = [
        Fault(name, float(array[array < 0].flat[0]), "must not be negative")
        for name, array in arrays.items()
        if np.any(array < 0)
    ]
    if faults:
        raise InvalidInput(faults)
    return list(arrays.values())


def count(name: str, value: ArrayLike) -> Floats:
    """Whole numbers from one up. Raises InvalidInput for others, nan too: nothing is rounded."""
    array = np.asarray(value, float)
    return _refuse(name, array, ~((array >= 1) & (array == np.floor(array))), "must be a whole number of at least 1")


def finite(name: str, value: ArrayLike) -> Floats:
    """Numbers that are known and have an end. Raises InvalidInput for nan and infinities."""
    array = np.asarray(value, float)
    return _refuse(name, array, ~np.isfinite(array), "is not a finite number")


def divides(part: str, parts: Floats, whole: str, wholes: Floats) -> None:
    """Raises InvalidInput unless each of ``parts`` divides its whole."""
    parts, wholes = np.broadcast_arrays(parts, wholes)
    wrong = np.mod(wholes, parts) != 0
    if np.any(wrong):
        raise InvalidInput(
            [Fault(part, int(parts[wrong].flat[0]), f"does not divide {whole} ({wholes[wrong].flat[0]:g})")]
        )


def _refuse(name: str, array: Floats, wrong: NDArray[np.bool_], problem: str) -> Floats:
    if np.any(wrong):
        raise InvalidInput([Fault(name, float(array[wrong].flat[0]), problem)])
    return array
