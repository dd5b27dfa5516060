"""What models ask of their numbers: refused with the argument's name and the first number that is wrong."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import ParamSpec, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from costlib.errors import Fault, InvalidInput

Floats = NDArray[np.float64]
Given = ParamSpec("Given")
Made = TypeVar("Made")


def numeric(*apart: str) -> Callable[[Callable[Given, Made]], Callable[Given, Made]]:
    """Wraps a model: arguments are numbers, and those that are not ``apart`` have shapes that broadcast together.

    Raises InvalidInput naming each argument that is no number or array of numbers, and the first whose shape does not
    go with those before it. None passes where it is the default; fields of a named tuple are looked at one by one.
    """

    def wrapped(model: Callable[Given, Made]) -> Callable[Given, Made]:
        signature = inspect.signature(model)
        defaults = {name: parameter.default for name, parameter in signature.parameters.items()}

        @functools.wraps(model)
        def checked(*values: Given.args, **named: Given.kwargs) -> Made:
            shapes: dict[str, tuple[int, ...]] = {}
            faults: list[Fault] = []
            for name, value in _fields(signature.bind(*values, **named).arguments, apart):
                if value is None and defaults.get(name, ...) is None:
                    continue
                try:
                    shape = np.asarray(_known(value), float).shape
                except (TypeError, ValueError):
                    faults.append(Fault(name, value, "is not a number, or an array of numbers of one shape"))
                    continue
                if name not in apart:
                    shapes[name] = shape
            if faults:
                raise InvalidInput(faults)
            _broadcast(shapes)
            return model(*values, **named)

        return checked

    return wrapped


def _fields(arguments: Mapping[str, object], apart: tuple[str, ...]) -> Iterator[tuple[str, object]]:
    for name, value in arguments.items():
        if dataclasses.is_dataclass(value):
            continue
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            yield from ((f"{name}.{field}", part) for field, part in zip(value._fields, value, strict=True))
        elif isinstance(value, tuple) and name in apart:
            yield from ((name, part) for part in value)
        else:
            yield name, value


def _known(value: object) -> ArrayLike:
    # numpy reads None as nan and "3" as 3; neither was meant as a number.
    if value is None or isinstance(value, (str, bytes)):
        raise TypeError
    return value  # type: ignore[return-value]


def _broadcast(shapes: Mapping[str, tuple[int, ...]]) -> None:
    together: tuple[int, ...] = ()
    for name, shape in shapes.items():
        try:
            together = np.broadcast_shapes(together, shape)
        except ValueError:
            problem = f"is the shape given, which does not go with {together} of the arguments before it"
            raise InvalidInput([Fault(name, shape, problem)]) from None


def finite(name: str, value: ArrayLike) -> Floats:
    """Numbers that are known and not infinite. Raises InvalidInput for others."""
    array = np.asarray(value, float)
    return _refuse(name, array, ~np.isfinite(array), "must be a finite number")


def positive(name: str, value: ArrayLike, bounded: bool = False) -> Floats:
    """Numbers above zero, ``bounded``: no infinite ones. Raises InvalidInput for others; nan (not known) passes."""
    array = np.asarray(value, float)
    wrong = (array <= 0) | (bounded & np.isinf(array))
    return _refuse(name, array, wrong, "must be above 0" + (", and finite" if bounded else ""))


def not_negative(name: str, value: ArrayLike, bounded: bool = False) -> Floats:
    """Numbers from zero up, ``bounded``: no infinite ones. Raises InvalidInput for others; nan (not known) passes."""
    array = np.asarray(value, float)
    wrong = (array < 0) | (bounded & np.isinf(array))
    return _refuse(name, array, wrong, "must not be negative" + (", and finite" if bounded else ""))


def fraction(name: str, value: ArrayLike, above_zero: bool = False) -> Floats:
    """Numbers from 0 to 1, 0 itself only if not ``above_zero``. Raises InvalidInput for others; nan passes."""
    array = np.asarray(value, float)
    wrong = (array < 0) | (array > 1) | (above_zero & (array == 0))
    return _refuse(name, array, wrong, "must be above 0 and at most 1" if above_zero else "must be between 0 and 1")


def one(name: str, value: ArrayLike, bounded: bool = True) -> float:
    """A single known number, ``bounded``: no infinite one. Raises InvalidInput for others."""
    array = np.asarray(value, float)
    if array.size != 1:
        raise InvalidInput([Fault(name, array.shape, "is the shape given; it must be a single number")])
    return float((finite if bounded else known)(name, array).item())


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


def known(name: str, value: ArrayLike) -> Floats:
    """Numbers without nan. Raises InvalidInput for others."""
    array = np.asarray(value, float)
    return _refuse(name, array, np.isnan(array), "must be known")


def in_order(low_name: str, low: Floats, high_name: str, high: Floats) -> None:
    """Raises InvalidInput where the first is above the second; nan (not known) passes."""
    low, high = np.broadcast_arrays(low, high)
    wrong = low > high
    if np.any(wrong):
        problem = f"is above {high_name}, {high[wrong].flat[0]:g}"
        raise InvalidInput([Fault(low_name, float(low[wrong].flat[0]), problem)])


def count(name: str, value: ArrayLike) -> Floats:
    """Whole numbers from one up. Raises InvalidInput for others, nan too: nothing is rounded."""
    array = np.asarray(value, float)
    return _refuse(name, array, ~((array >= 1) & (array == np.floor(array))), "must be a whole number of at least 1")


def same_length(**named: ArrayLike) -> list[Floats]:
    """Each argument as a flat array. Raises InvalidInput unless all have as many numbers as the first."""
    arrays = {name: np.asarray(value, float) for name, value in named.items()}
    first, size = next((name, array.size) for name, array in arrays.items())
    faults = [
        Fault(name, array.size, f"numbers are given: {first} has {size}, in one row")
        for name, array in arrays.items()
        if array.ndim != 1 or array.size != size
    ]
    if faults:
        raise InvalidInput(faults)
    return list(arrays.values())


def code(name: str, value: ArrayLike) -> NDArray[np.int64]:
    """Codes: whole numbers from 0 up. Raises InvalidInput for others."""
    array = np.asarray(value, float)
    wrong = ~((array >= 0) & (array == np.floor(array)) & np.isfinite(array))
    return _refuse(name, array, wrong, "must be a whole number from 0 up").astype(np.int64)


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
