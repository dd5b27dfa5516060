"""Options named by words, alone or a column of them, turned into the numbers that stand for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Coded:
    """A column of words, each as the place of its word in ``options``."""

    options: tuple[str, ...]
    codes: NDArray[np.int8]


#: A word, an array of words, or one that is coded already.
Words = str | NDArray[Any] | Coded


def coded(name: str, words: Words, options: Sequence[str]) -> str | Coded:
    """The column with its words compared once, for models that ask for it often; one word stays as it is.

    Raises ValueError for words that are not in ``options``.
    """
    if isinstance(words, str | Coded):
        return words
    column = np.asarray(words)
    codes = np.full(column.shape, -1, dtype=np.int8)
    for code, word in enumerate(options):
        codes[column == word] = code
    if np.any(codes < 0):
        raise ValueError(f"{name} {str(column[codes < 0].flat[0])!r} is not one of {', '.join(options)}")
    return Coded(tuple(options), codes)


def chosen(name: str, words: Words, table: Mapping[str, float]) -> Floats:
    """The numbers of ``table`` for each word. Raises ValueError for a word that is not in it."""
    if isinstance(words, str):
        if words not in table:
            raise ValueError(f"{name} {words!r} is not one of {', '.join(table)}")
        return np.asarray(table[words], float)
    column = coded(name, words, tuple(table))
    assert isinstance(column, Coded)
    missing = set(column.options) - set(table)
    if missing:
        raise ValueError(f"{name} {', '.join(sorted(missing))} is not one of {', '.join(table)}")
    return np.array([table[option] for option in column.options], float)[column.codes]


def is_word(name: str, words: Words, word: str, options: tuple[str, ...]) -> NDArray[np.bool_]:
    """Where the option is ``word``. Raises ValueError for words that are no option."""
    return chosen(name, words, {option: float(option == word) for option in options}) == 1.0
