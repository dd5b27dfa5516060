"""What each way to serve costs in one region: per instance-hour, per GiB-second, per request; each with its source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.errors import Fault, NotKnown, nearest
from costlib.planner.serve.capacity_file import FUNCTION
from costlib.prices.book import PriceBook

Floats = npt.NDArray[np.float64]

#: Asynchronous endpoints and batch transform: their own price where one is held.
AS_HOSTING_RULE = (
    "SageMaker's Hosting price of the type: it equals that of {component} in all {places} places where both are held"
)
COMPONENTS = {"async": "AsyncInference", "batch": "BatchTransform"}
#: Ways with a price an instance-hour.
HOURLY = ("hosting", "async", "batch", "ec2", "ec2_spot")


@dataclass(frozen=True)
class ServingPrices:
    """``hourly``: a row an instance type, with the type as index and a column of USD an hour for each of HOURLY, nan
    where none is held. ``rows``: each price with unit, basis, rule, source, as_of. Memory and requests of functions:
    nan where not held."""

    region: str
    hourly: pd.DataFrame
    rows: pd.DataFrame
    serverless_usd_per_gib_second: float
    lambda_usd_per_gib_second: float
    lambda_usd_per_request: float
    lambda_provisioned_usd_per_gib_second: float
    lambda_provisioned_duration_usd_per_gib_second: float
    data_usd_per_gib: float


def serving_prices(book: PriceBook, names: Sequence[str], region: str) -> ServingPrices:
    """Prices of the instance types ``names`` (as SageMaker or EC2 names them) and of functions in ``region``.

    Raises NotKnown for a region without any price.
    """
    if region not in book.vocabulary.regions:
        raise NotKnown([Fault("region", region, "is not a known region", nearest(region, book.vocabulary.regions))])
    types = [name for name in dict.fromkeys(names) if not FUNCTION.fullmatch(name)]
    found: list[dict[str, object]] = []
    hourly = pd.DataFrame(np.nan, index=pd.Index(types, name="instance_type"), columns=list(HOURLY))
    held = _held(book, region, [name.removeprefix("ml.") for name in types])
    for way in HOURLY:
        for name in types:
            row = held[way].get(name.removeprefix("ml."))
            if row is not None:
                hourly.at[name, way] = float(str(row["usd"]))
                found.append({"way": way, "item": name, **row})
    other = book.table("prices/other_services").query("service == 'Lambda' and region == @region")
    functions = book.table("prices/sagemaker_other").query("region == @region")

    def item(frame: pd.DataFrame, way: str, name: str, per: float = 1.0) -> float:
        rows = frame[frame["item"] == name]
        if rows.empty:
            return np.nan
        row = rows.iloc[0].to_dict()
        found.append({"way": way, "item": name, **{key: row[key] for key in _KEPT}})
        return float(row["usd"]) / per

    return ServingPrices(
        region=region,
        hourly=hourly,
        serverless_usd_per_gib_second=item(functions, "serverless", "compute_mem_1GB"),
        lambda_usd_per_gib_second=item(other, "lambda", "duration_x86_tier1"),
        lambda_usd_per_request=item(other, "lambda", "requests", 1e6),
        lambda_provisioned_usd_per_gib_second=item(other, "lambda", "provisioned_concurrency_x86"),
        lambda_provisioned_duration_usd_per_gib_second=item(other, "lambda", "duration_provisioned_x86"),
        data_usd_per_gib=item(functions, "data", "data_in_out_real_time"),
        rows=pd.DataFrame(found),
    )


_KEPT = ("usd", "unit", "basis", "rule", "source", "as_of")


def _held(book: PriceBook, region: str, types: Sequence[str]) -> dict[str, dict[str, dict[str, object]]]:
    """By way and EC2's name of a type, of ``types``: its price in the region, with how it is known."""
    table = book.table("prices/sagemaker_instances")
    hosted = [f"ml.{name}" for name in types]
    here = table[(table["region"] == region) & table["instance_type"].isin(hosted)]
    own_rates = book.rates is not None
    found: dict[str, dict[str, dict[str, object]]] = {}
    for way, component in (("hosting", "Hosting"), *COMPONENTS.items()):
        rows = here[here["component"] == component]
        found[way] = {
            str(row["instance_type"]).removeprefix("ml."): {
                **{key: row[key] for key in _KEPT},
                # Own rates and discounts are laid over one price at a time.
                **({"usd": book.sagemaker(component, row["instance_type"], region).amount} if own_rates else {}),
            }
            for row in rows.to_dict("records")
        }
    for way, component in COMPONENTS.items():
        places = _agreement(table, component)
        if places:
            rule = AS_HOSTING_RULE.format(component=component, places=places)
            as_hosting = {name: {**row, "basis": "derived", "rule": rule} for name, row in found["hosting"].items()}
            found[way] = {**as_hosting, **found[way]}
    for way, purchase in (("ec2", "on_demand"), ("ec2_spot", "spot")):
        part = book.part("ec2", purchase)
        of_region = part[(part["region"] == region) & part["az"].isna()]
        rows = of_region[of_region["instance_type"].isin(types)].rename(columns={"usd_expected": "usd"})
        found[way] = {str(row["instance_type"]): {key: row[key] for key in _KEPT} for row in rows.to_dict("records")}
    return found


def _agreement(table: pd.DataFrame, component: str) -> int:
    """In how many places a component costs what Hosting does; 0 if it ever differs by more than 0.1 %."""
    keys = ["instance_type", "region"]
    own = table.loc[table["component"] == component, [*keys, "usd"]]
    both = own.merge(table.loc[table["component"] == "Hosting", [*keys, "usd"]], on=keys, suffixes=("", "_hosting"))
    same = (both["usd"] / both["usd_hosting"] - 1).abs() < 1e-3
    return len(both) if len(both) and same.all() else 0
