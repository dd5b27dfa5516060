"""Many models with little traffic each: which share instances, and which are better off alone.

Models are put together largest first, each on the first shared fleet that has room for it (first fit, decreasing): in
memory, so that none is ever loaded anew, and in work, so that the promise holds. First fit decreasing never takes more
than 11/9 of the fewest bins, and one more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from costlib.errors import Fault, InvalidInput
from costlib.models.checks import not_negative, positive, same_length

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Packing:
    """``group`` (models,): which shared fleet each model is on, -1 where it fits on none; and what each fleet holds."""

    group: Ints
    memory_gib: Floats
    work: Floats

    @property
    def groups(self) -> int:
        """How many shared fleets."""
        return len(self.memory_gib)


def packed(memory_gib: npt.ArrayLike, work: npt.ArrayLike, room_gib: float, most_work: float) -> Packing:
    """Models (models,) onto fleets of alike instances, every instance of a fleet holding all of its models.

    ``work`` is the load of a model as a share of what one fleet of the least size may do; ``room_gib`` is the memory of
    one instance, ``most_work`` what a fleet may be loaded with. Raises InvalidInput.
    """
    memory, load = same_length(memory_gib=not_negative("memory_gib", memory_gib), work=not_negative("work", work))
    room, most = float(positive("room_gib", room_gib)), float(positive("most_work", most_work))
    if not np.all(np.isfinite(memory) & np.isfinite(load)):
        raise InvalidInput([Fault("memory_gib", None, "and work must be known of every model")])
    size = np.maximum(memory / room, load / most)
    group = np.full(len(memory), -1, np.int64)
    held_memory, held_work = np.zeros(0), np.zeros(0)
    for model in np.argsort(-size, kind="stable"):
        if size[model] > 1.0 + 1e-12:
            continue
        fits = (held_memory + memory[model] <= room * (1 + 1e-12)) & (held_work + load[model] <= most * (1 + 1e-12))
        if not fits.any():
            held_memory, held_work = np.append(held_memory, 0.0), np.append(held_work, 0.0)
            fits = np.append(fits, True)
        place = int(fits.argmax())
        group[model] = place
        held_memory[place] += memory[model]
        held_work[place] += load[model]
    return Packing(group, held_memory, held_work)


def cheapest_places(
    memory_gib: npt.ArrayLike,
    work: npt.ArrayLike,
    alone_usd: npt.ArrayLike,
    room_gib: float,
    most_work: float,
    fleet_usd: float,
) -> Packing:
    """As ``packed``, but a model stays alone (-1) where that is cheaper.

    ``alone_usd`` (models,): its cheapest place of its own; ``fleet_usd``: a shared fleet, however full. Two fillings
    are tried, and the cheaper is the answer: all that fits, largest first; and fleet after fleet with the models that
    are dearest alone for the room they take, while that saves. Raises InvalidInput.
    """
    alone = not_negative("alone_usd", alone_usd, bounded=True)
    memory, load = same_length(memory_gib=memory_gib, work=work)
    room, most = float(positive("room_gib", room_gib)), float(positive("most_work", most_work))
    group = packed(memory, load, room, most).group
    others = _dearest_first(memory / room, load / most, alone, fleet_usd)
    best = min((group, others), key=lambda one: alone[one < 0].sum() + fleet_usd * (one.max(initial=-1) + 1))
    fleets = range(int(best.max(initial=-1)) + 1)
    held = np.array([[values[best == one].sum() for one in fleets] for values in (memory, load)])
    return Packing(best, held[0], held[1])


def _dearest_first(memory: Floats, load: Floats, alone: Floats, fleet_usd: float) -> Ints:
    """Fleet after fleet filled with the models that cost most alone for the room they take, while that saves."""
    size = np.maximum(np.maximum(memory, load), 1e-12)
    group = np.full(len(alone), -1, np.int64)
    order = np.argsort(-alone / size, kind="stable")
    number = 0
    while True:
        taken, held = [], np.zeros(2)
        for model in order[group[order] < 0]:
            with_it = held + (memory[model], load[model])
            if np.all(with_it <= 1 + 1e-12):
                taken.append(model)
                held = with_it
        if alone[taken].sum() <= fleet_usd:
            return group
        group[taken] = number
        number += 1
