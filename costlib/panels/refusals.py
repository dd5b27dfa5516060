"""What a state says of a question that it cannot answer: in ``faults`` beside controls, else in ``problem``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from costlib.errors import CostlibError, InvalidInput

Answer = TypeVar("Answer")


def answered(state: Any, make: Callable[[], Answer]) -> Answer | None:
    """What ``make`` answers; None where it refuses, and the state then says why."""
    try:
        return make()
    except InvalidInput as refused:
        state.faults, state.problem = refused.faults, ""
    except CostlibError as impossible:
        state.faults, state.problem = (), f"{impossible}."
    return None


def require_answered(state: Any) -> None:
    """A page cannot begin without an answer. Raises InvalidInput or CostlibError with what the state says."""
    if state.faults:
        raise InvalidInput(state.faults)
    if state.problem:
        raise CostlibError(state.problem)
