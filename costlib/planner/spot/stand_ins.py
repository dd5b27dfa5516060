"""Which instance types, and how many of each, could stand in for one: the same accelerators, or the same throughput."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault, InvalidInput, unknown
from costlib.planner.search import Result
from costlib.planner.sources import BANDS
from costlib.workload import PURCHASES

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

#: What makes a type a stand-in: any of the two, or one of them.
MATCHES = ("either", "accelerators", "throughput")


@dataclass(frozen=True)
class Base:
    """What stand-ins are compared with: the cheapest plan of a search, of one type if asked; ``row`` is of the search.

    ``work_hours`` is the pure work at expected values.
    """

    row: int
    instance_type: str
    count: int
    precision: str
    region: str
    az: str
    accelerator: str
    accelerators: float
    work_hours: float

    def as_dict(self) -> dict[str, object]:
        """JSON-ready."""
        return {
            "instance_type": self.instance_type,
            "count": self.count,
            "precision": self.precision,
            "region": self.region,
            "az": self.az or None,
            "accelerator": self.accelerator,
            "accelerators": self.accelerators,
            "work_hours": self.work_hours,
        }


def base_of(result: Result, instance_type: str | None = None, count: int | None = None) -> Base:
    """The cheapest candidate of a search, of one type and count if these are given; a zone where zones are held.

    Without a type it must hold the deadline; a named one need not (the pools say which do). Raises InvalidInput for a
    type or count that the search does not have, and where nothing holds the deadline.
    """
    offers, candidates = result.sources.offers, result.candidates
    types = offers.instance_type[candidates.offer]
    # The mean of equal zones may round to less than each of them.
    apart = ~covered(result, candidates.offer)
    if instance_type is None:
        if count is not None:
            raise InvalidInput([Fault("count", count, "needs an instance type: alone it names no base")])
        result.require_on_time()
        return _base(result, int(result.order[apart[result.order]][0]))
    held = {offers.instance_types[code]: code for code in np.unique(types)}
    if instance_type not in held:
        raise InvalidInput([unknown("instance_type", instance_type, held, "instance type that this search can run on")])
    rows = np.nonzero((types == held[instance_type]) & apart)[0]
    counts = result.grid.counts[candidates.count_index[rows]]
    if count is not None:
        if count not in counts:
            known = ", ".join(map(str, np.unique(counts)))
            problem = f"of {instance_type} is not searched, or cannot run; can: {known}"
            raise InvalidInput([Fault("count", count, problem)])
        rows = rows[counts == count]
    late = ~result.meets_deadline[rows]
    return _base(result, int(rows[np.lexsort((result.wall_hours[rows], result.cost_usd[rows], late))[0]]))


def _base(result: Result, row: int) -> Base:
    offers, grid = result.sources.offers, result.grid
    offer = int(result.candidates.offer[row])
    cell = (result.candidates.count_index[row], result.candidates.precision_index[row])
    name = offers.instance_types[offers.instance_type[offer]]
    accelerator, each = result.sources.accelerators_of(name)
    count = int(grid.counts[cell[0]])
    return Base(
        row,
        name,
        count,
        grid.precisions[cell[1]],
        offers.regions[offers.region[offer]],
        str(offers.words["az"][offer]),
        accelerator,
        each * count,
        float(grid.hours[1][offers.instance_type[offer]][cell]),
    )


def stand_ins(result: Result, base: Base, tolerance_fraction: float, match: str = "either") -> pd.DataFrame:
    """One row an instance type of the search that could stand in for the base, the base itself among them.

    A count of a type, in the base's precision, has the *same throughput* where its expected hours of work and the
    base's differ by at most ``tolerance_fraction`` of the shorter; it has the *same accelerators* where it has as many
    of the same kind. Of each type the count with the same throughput and the fewest instance-hours is taken, else the
    one with the same accelerators. Only counts of the search take part. ``match`` (of MATCHES) keeps both kinds, or
    one.

    Columns: instance_type, count, precision, accelerator, accelerators, architecture (of the accelerator, by its maker:
    another one may need other software), processor (x86_64, arm64), work_hours_low, work_hours, work_hours_high,
    throughput_ratio (base's hours over its own: above 1 is faster), same_accelerators, same_throughput, and the codes
    type_code, count_index and precision_index of the search. Raises InvalidInput.
    """
    faults = []
    if not (np.isfinite(tolerance_fraction) and tolerance_fraction >= 0):
        faults.append(Fault("tolerance_fraction", tolerance_fraction, "must be a number not below 0"))
    if match not in MATCHES:
        faults.append(unknown("match", match, MATCHES, "way to match"))
    if faults:
        raise InvalidInput(faults)
    sources, grid, candidates = result.sources, result.grid, result.candidates
    names = sources.offers.instance_types
    own = [sources.accelerators_of(name) for name in names]
    kinds = np.array([kind for kind, _ in own], dtype=object)
    each = np.array([number for _, number in own])
    # The cells that can be bought: those of the search's candidates.
    cells = np.unique(
        np.column_stack(
            [sources.offers.instance_type[candidates.offer], candidates.count_index, candidates.precision_index]
        ),
        axis=0,
    )
    # Another precision is another run: what stands in trains the same numbers.
    kind, count, precision = cells[cells[:, 2] == grid.precisions.index(base.precision)].T
    hours = grid.hours[1][kind, count, precision]
    counts = grid.counts[count]
    apart = np.maximum(hours / base.work_hours, base.work_hours / hours) - 1.0
    # Rounding in hours must not put the base's own twin out.
    alike = apart <= tolerance_fraction + 1e-9
    same = (kinds[kind] == base.accelerator) & np.isclose(each[kind] * counts, base.accelerators)
    same &= base.accelerator != ""
    is_base = (np.array(names, dtype=object)[kind] == base.instance_type) & (counts == base.count)
    chosen = {"either": alike | same, "accelerators": same, "throughput": alike}[match] | is_base
    # The base first, then the same throughput, then the fewest instance-hours: the first of each type stays.
    ranked = np.lexsort((counts * hours, ~alike, ~is_base, kind))
    ranked = ranked[chosen[ranked]]
    ranked = ranked[np.unique(kind[ranked], return_index=True)[1]]
    ranked = ranked[np.lexsort((np.array(names, dtype=object)[kind[ranked]].astype(str), ~is_base[ranked]))]
    at = (kind[ranked], count[ranked], precision[ranked])
    facts = sources.hardware.instances.reindex([names[code] for code in at[0]])
    table = pd.DataFrame(
        {
            "instance_type": facts.index.to_numpy(object),
            "count": counts[ranked],
            "precision": base.precision,
            "accelerator": kinds[at[0]],
            "accelerators": each[at[0]] * counts[ranked],
            "architecture": _words(facts["vendor_architecture"]),
            "processor": _words(facts["arch"]),
        }
    )
    for name, ends in zip(BANDS, grid.hours, strict=True):
        table["work_hours" if name == "expected" else f"work_hours_{name}"] = ends[at]
    table["throughput_ratio"] = base.work_hours / hours[ranked]
    table["same_accelerators"] = same[ranked]
    table["same_throughput"] = alike[ranked]
    table["type_code"], table["count_index"], table["precision_index"] = at
    return table


def rows_of(result: Result, table: pd.DataFrame) -> Ints:
    """The candidates of a search, over the same grid, that are one of the stand-ins at its own count and precision."""
    offers, candidates = result.sources.offers, result.candidates
    cell = np.full((len(offers.instance_types), 2), -1)
    cell[table["type_code"]] = table[["count_index", "precision_index"]]
    kind = offers.instance_type[candidates.offer]
    return np.nonzero((cell[kind, 0] == candidates.count_index) & (cell[kind, 1] == candidates.precision_index))[0]


def covered(result: Result, offer: Ints) -> Bools:
    """Which of some offers are a region's price while zones of the same type, region and way to buy are among them."""
    offers = result.sources.offers
    is_zone = offers.words["az"][offer] != ""
    way = offers.service[offer] * len(PURCHASES) + offers.purchase[offer]
    place = offers.instance_type[offer] * len(offers.regions) + offers.region[offer]
    pair = way * len(offers.instance_types) * len(offers.regions) + place
    return ~is_zone & np.isin(pair, pair[is_zone])


def _words(column: pd.Series) -> npt.NDArray[np.object_]:
    """Text as plain objects; "" where missing."""
    return column.astype(object).where(column.notna(), "").to_numpy()
