"""What a policy makes dearer than its price list looks: small objects, short lives, reads that wait; in dollars."""

from __future__ import annotations

from costlib.display import usd
from costlib.models.storage import billed_gib
from costlib.planner.store.policies import Billed, Held

#: A charge below half a cent is not worth a sentence.
LEAST_USD = 0.005


def warnings_of(held: tuple[Held, ...], bill: Billed) -> tuple[str, ...]:
    """A sentence for each charge that comes from a class's minimums or index, and for each wait."""
    said = []
    for number, one in enumerate(held):
        by_key = {(line.storage_class, line.meter): float(line.usd.sum()) for line in bill.lines[1][number]}
        for name in dict.fromkeys(name for name, _ in by_key):
            terms, size = one.classes.terms[name], one.data.object_kib
            factor = billed_gib(terms, one.stored[1])
            padded = by_key.get((name, "storage"), 0.0) * (1.0 - 1.0 / factor)
            padded += by_key.get((name, "overhead"), 0.0)
            index = terms.overhead_own_kib + terms.overhead_standard_kib
            who = f"{one.data.name} in {name}: objects of {_size(size)}"
            if padded > LEAST_USD and terms.overhead_own_kib:
                said.append(f"{who} are billed with {index:g} KiB of index each, which adds {usd(padded)}")
            elif padded > LEAST_USD:
                said.append(f"{who} are billed as {terms.min_object_kib:g} KiB each, which adds {usd(padded)}")
            early = by_key.get((name, "early_deletion"), 0.0)
            if early > 0:
                said.append(
                    f"{one.data.name} in {name}: objects leave it before its {terms.min_days} days, which still charges"
                    f" {usd(early)}"
                )
            if terms.wait_hours:
                way = one.classes.restores[name]
                said.append(
                    f"{one.data.name} in {name}: a read waits up to {terms.wait_hours:g} h ({way} restore), and what is"
                    " not planned here, too"
                )
    return tuple(said)


def _size(kib: float) -> str:
    for unit in ("KiB", "MiB", "GiB"):
        if kib < 1000 or unit == "GiB":
            break
        kib /= 1024
    return f"{kib:,.3g} {unit}"
