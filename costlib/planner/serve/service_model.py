"""Capacities by a model of service time, where nothing was measured: estimates, and labelled so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from costlib.errors import Fault, InvalidInput
from costlib.models.commitments_inputs import refuse
from costlib.models.serving_capacity import Capacity, estimated_capacity
from costlib.planner.serve.capacity_file import LoadTests, name_faults, template
from costlib.prices.book import PriceBook

FORM = "TYPE=FIXED_MS,ITEM_MS,ITEMS,WORKERS"


def with_estimates(tests: LoadTests | None, texts: Sequence[str], book: PriceBook) -> LoadTests:
    """Load tests with estimated rows after them, from texts like ``ml.g5.xlarge=5,1.5,8,2``: a request of 8 items takes
    5 + 8 x 1.5 ms on each of 2 workers. Raises InvalidInput with all that is wrong."""
    faults: list[Fault] = []
    names, numbers = [], []
    for text in texts:
        name, _, rest = text.partition("=")
        try:
            values = [float(part) for part in rest.split(",")]
        except ValueError:
            values = []
        if not name or len(values) != 4 or not all(np.isfinite(values)) or min(values) < 0 or values[3] < 1:
            faults.append(Fault("estimate", text, f"must be {FORM}, times from 0, workers from 1"))
            continue
        if values[0] + values[1] * values[2] <= 0:
            faults.append(Fault("estimate", text, "is a request that takes no time"))
            continue
        if name in names or (tests is not None and name in tests.names):
            faults.append(Fault("estimate", text, "is of a type that has a load test or an estimate already"))
        names.append(name)
        numbers.append(values)
    faults += name_faults(names, book)
    refuse(faults)
    if not names:
        if tests is None:
            raise InvalidInput([Fault("capacity", None, "needs at least one load test or estimate")])
        return tests
    fixed, item, items, workers = np.array(numbers).T
    own = estimated_capacity(fixed / 1000.0, item / 1000.0, items, workers)
    note = (
        f"{', '.join(names)}: an estimate, not measured: fixed time and time an item as given, spread by half around it"
        " (lognormal)"
    )
    made = LoadTests(template(), tuple(names), np.ones(len(names), np.int64), own, (note,), ("estimate",) * len(names))
    if tests is None:
        return made
    return replace(
        tests,
        names=(*tests.names, *made.names),
        batch=np.concatenate([tests.batch, made.batch]),
        capacity=Capacity.joined(tests.capacity, own),
        notes=(*tests.notes, *made.notes),
        basis=(*tests.basis, *made.basis),
    )
