"""One price out of a table: the row that is asked for, or what is held instead; and what a row says as a Price."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from costlib.errors import Fault, InvalidInput, NotKnown, nearest, unknown
from costlib.prices.price import Price
from costlib.workload import Vocabulary


def one_row(
    rows: pd.DataFrame, what: str, vocabulary: Vocabulary, instance_type: str, region: str, az: str | None = None
) -> dict[Hashable, Any]:
    """The row of a type in a region or zone. Raises NotKnown, which says what is unknown or where ``what`` is held."""
    name = str(instance_type)
    if name.startswith("ml."):
        if what.startswith("ec2"):
            problem = "is SageMaker's name of a type, whose price is another: ask with service='sagemaker'"
            raise NotKnown([Fault("instance_type", name, problem, (name.removeprefix("ml."),))])
        name = name.removeprefix("ml.")
    of_type = rows[rows["instance_type"] == name]
    found = of_type[of_type["region"] == region]
    if az is not None:
        found = found[found["az"] == az]
    if len(found):
        return found.iloc[0].to_dict()
    faults = []
    if name not in vocabulary.instance_types:
        faults.append(unknown("instance_type", instance_type, vocabulary.instance_types, "instance type"))
    if region not in vocabulary.regions:
        faults.append(unknown("region", region, vocabulary.regions, "region"))
    if not faults:
        in_region = of_type[of_type["region"] == region]
        place = region if az is None else f"zone {az} of {region}"
        held = sorted(set(of_type["region"] if az is None else in_region["az"]))
        places = ", ".join(held) if held else "no " + ("region" if az is None else "zone of it")
        problem = f"is known, but no {what} price is held for it in {place}; held in: {places}"
        faults.append(Fault("price", instance_type, problem, nearest(az, held) if az else ()))
    raise NotKnown(faults)


def price_of(row: Mapping[Hashable, Any], key: str) -> Price:
    """The price that a row of any price table holds."""
    amount = row.get("usd_expected", row.get("usd"))
    rule = row["rule"]
    return Price(
        amount=float(amount),
        unit=str(row["unit"]),
        as_of=str(row["as_of"]),
        source=str(row["source"]),
        basis=str(row["basis"]),
        rule=rule if isinstance(rule, str) else "",
        low=_float(row.get("usd_low")),
        high=_float(row.get("usd_high")),
        key=key,
    )


def _float(value: object) -> float | None:
    return None if value is None else float(value)  # type: ignore[arg-type]


def check_choices(**choices: tuple[object, tuple[object, ...]]) -> None:
    """Raises InvalidInput naming every argument that is not one of its allowed values."""
    faults = [
        unknown(name, value, map(str, allowed), name.replace("_", " "))
        for name, (value, allowed) in choices.items()
        if value not in allowed
    ]
    if faults:
        raise InvalidInput(faults)
