"""Many models with little traffic each, from a user's file: which to put together, which to leave alone or make
serverless."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault, InvalidInput, nearest
from costlib.facts.serving_facts import ServingFacts
from costlib.models.commitments_inputs import refuse, rows_fault
from costlib.models.consolidation import cheapest_places
from costlib.planner.serve.instance_facts import instance_facts
from costlib.planner.serve.prices import serving_prices
from costlib.planner.serve.untested_serverless import RULE as UNTESTED
from costlib.planner.serve.untested_serverless import untested_serverless_usd
from costlib.planner.spot.plain_rows import plain_rows
from costlib.planner.table_file import column_faults, read_bytes, table_of
from costlib.prices.book import PriceBook
from costlib.units import HOURS_PER_MONTH, SECONDS_PER_HOUR

Floats = npt.NDArray[np.float64]

REQUIRED = ("model", "requests_per_second", "memory_gib", "p50_ms")
#: A shared fleet is filled with work to half of what its workers can do, so that requests of different models rarely
#: wait for each other.
MOST_LOAD_FRACTION = 0.5
RULE = (
    "shared: every instance holds all models of its fleet, in {memory:.0%} of its memory, busy at most {load:.0%}, one"
    " request a vCPU or accelerator at a time; alone: {least} instances of the type each; serverless: memory for twice"
    " the model, {untested}"
)


@dataclass(frozen=True)
class Consolidation:
    """``models``: ``model, place`` (shared, alone, serverless), ``fleet`` (its number, -1 for none), ``alone_usd``,
    ``serverless_usd``; costs a month of all alone, and as placed."""

    instance_type: str
    models: pd.DataFrame
    fleets: pd.DataFrame
    alone_usd_per_month: float
    placed_usd_per_month: float
    rule: str

    def as_dict(self) -> dict[str, object]:
        """JSON-ready."""
        return {
            "instance_type": self.instance_type,
            "models": plain_rows(self.models),
            "fleets": plain_rows(self.fleets),
            "alone_usd_per_month": self.alone_usd_per_month,
            "placed_usd_per_month": self.placed_usd_per_month,
            "saved_usd_per_month": self.alone_usd_per_month - self.placed_usd_per_month,
            "rule": self.rule,
        }


def read_models(path: str | os.PathLike[str]) -> pd.DataFrame:
    """A table of models: ``model, requests_per_second, memory_gib, p50_ms``.

    Raises InvalidInput with everything that is wrong.
    """
    return models_of(read_bytes(path, "models"), Path(path).name)


def models_of(content: bytes, name: str) -> pd.DataFrame:
    """As ``read_models``, from what a file holds."""
    cells = table_of(content, name, "models")
    faults, _ = column_faults([str(column) for column in cells], REQUIRED, REQUIRED, "models")
    found = pd.DataFrame(index=cells.index)
    if "model" in cells:
        found["model"] = cells["model"].astype(object)
        twice = found["model"].duplicated(keep=False).to_numpy()
        told = [rows_fault("model", found["model"], twice, "is there more than once"),
                rows_fault("model", found["model"], (found["model"] == "").to_numpy(), "is empty")]  # fmt: skip
        faults += [fault for fault in told if fault]
    for column in REQUIRED[1:]:
        if column not in cells:
            continue
        values = pd.to_numeric(cells[column].astype(object), errors="coerce")
        low = values < 0 if column == "requests_per_second" else values <= 0
        fault = rows_fault(column, cells[column], (values.isna() | np.isinf(values) | low).to_numpy(),
                           "must be a number from 0" if column == "requests_per_second"
                           else "must be a number above 0")  # fmt: skip
        faults += [fault] if fault else []
        found[column] = values
    refuse(faults)
    return found.reset_index(drop=True)


def consolidated(
    book: PriceBook,
    models: pd.DataFrame,
    instance_type: str,
    region: str,
    least: int = 2,
    memory_fraction: float = 0.8,
) -> Consolidation:
    """Where each model goes on ``instance_type`` (SageMaker's name). Raises InvalidInput for unknown types."""
    facts = ServingFacts.open(book.snapshot)
    prices = serving_prices(book, [instance_type], region)
    usd = float(prices.hourly["hosting"].to_numpy(float)[0])
    described = instance_facts(book, [instance_type])
    room, at_once = float(described.model_gib[0]) * memory_fraction, float(described.at_once[0])
    if not np.isfinite(room):
        close = nearest(instance_type.removeprefix("ml."), map(str, book.table("facts/instances")["instance_type"]))
        raise InvalidInput([Fault("instance_type", instance_type, "is not described: its memory is not known", close)])
    if not np.isfinite(usd):
        raise InvalidInput([Fault("instance_type", instance_type, f"has no Hosting price in {region}")])
    rate, memory = models["requests_per_second"].to_numpy(float), models["memory_gib"].to_numpy(float)
    seconds = models["p50_ms"].to_numpy(float) / 1000.0
    work = rate * seconds / (at_once * least)
    fleet = usd * least * HOURS_PER_MONTH
    own = np.maximum(np.ceil(rate * seconds / at_once / MOST_LOAD_FRACTION - 1e-9), least) * usd * HOURS_PER_MONTH
    # The container and the framework take about as much memory again.
    serverless = untested_serverless_usd(
        rate * HOURS_PER_MONTH * SECONDS_PER_HOUR, seconds, 2 * memory, prices.serverless_usd_per_gib_second, facts
    )
    alone = np.fmin(own, serverless)
    found = cheapest_places(memory, work, alone, room, MOST_LOAD_FRACTION, fleet)
    shared = found.group >= 0
    place = np.where(shared, "shared", np.where(np.nan_to_num(serverless, nan=np.inf) < own, "serverless", "alone"))
    return Consolidation(
        instance_type=instance_type,
        models=models.assign(place=place, fleet=found.group, alone_usd_per_month=own,
                             serverless_usd_per_month=serverless),
        fleets=pd.DataFrame({
            "fleet": np.arange(found.groups), "instances": least,
            "models": [int((found.group == one).sum()) for one in range(found.groups)],
            "memory_gib": found.memory_gib, "room_gib": room, "load_fraction": found.work, "usd_per_month": fleet,
        }),
        alone_usd_per_month=float(own.sum()),
        placed_usd_per_month=float(alone[~shared].sum() + fleet * found.groups),
        rule=RULE.format(memory=memory_fraction, load=MOST_LOAD_FRACTION, least=least, untested=UNTESTED),
    )  # fmt: skip
