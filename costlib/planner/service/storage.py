"""The disks of instances: EBS gp3 on EC2 and AWS Batch, SageMaker's volume where the type has no disks of its own."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from costlib.planner.rates import Note
from costlib.planner.service.market import ServiceSources
from costlib.planner.service.question import Question
from costlib.prices.price import Price
from costlib.units import HOURS_PER_MONTH

Floats = npt.NDArray[np.float64]
NO_PRICE = Note("", "no price is held", "", "")
NVME_RULE = "a SageMaker type with NVMe disks has no volume of its own to pay for"


def volume_price(sources: ServiceSources, service: str, region: str) -> Price | None:
    """USD a GiB-month of the volume that a service gives an instance in a region; None where none is held."""
    name, columns, keys = (
        ("prices/sagemaker_other", "category", ("storage", "training_job_volume"))
        if service == "sagemaker"
        else ("prices/other_services", "service", ("EBS", "gp3_storage"))
    )
    table = sources.sources.book.table(name)
    rows = table[(table[columns] == keys[0]) & (table["item"] == keys[1]) & (table["region"] == region)]
    if rows.empty:
        return None
    row = rows.iloc[0]
    return Price(float(row["usd"]), str(row["unit"]), str(row["as_of"]), str(row["source"]), str(row["basis"]))


def storage_usd_per_hour(question: Question, sources: ServiceSources, table: pd.DataFrame) -> Floats:
    """USD an instance-hour of the volume asked for, by candidate; nan where no price is held."""
    gib = question.jobs.volume_gib or 0.0
    if not gib:
        return np.zeros(len(table))
    usd = {}
    for service in table["service"].unique():
        price = volume_price(sources, service, question.region)
        usd[service] = np.nan if price is None else price.amount * gib / HOURS_PER_MONTH
    per_hour = table["service"].map(usd).to_numpy(float)
    own_disks = (table["service"] == "sagemaker") & (table["local_storage_gb"].fillna(0.0) > 0)
    return np.where(own_disks, 0.0, per_hour)
