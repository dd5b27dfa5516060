"""How numbers are written for people: units on every figure, three significant digits, bands with an en dash."""

from __future__ import annotations

import html
import math

ITEM_NAMES = {
    "compute": "Compute",
    "service_premium": "SageMaker over EC2",
    "start_up": "Start-up",
    "spot_rework": "Rework after spot interruptions",
    "unused_commitment": "Committed hours left unused",
    "dataset_storage": "Dataset storage at home (S3)",
    "copy_storage": "Storage of the dataset's copy (S3)",
    "checkpoint_storage": "Checkpoint storage (S3)",
    "data_transfer": "Data transfer to the region",
    "data_sync": "Changes sent to the copy each month",
    "copy_requests": "Requests that copy the dataset (S3)",
    "result_transfer": "Results sent back",
}
SERVICE_NAMES = {"ec2": "EC2", "sagemaker": "SageMaker", "batch": "AWS Batch"}
PURCHASE_NAMES = {
    "on_demand": "on-demand",
    "spot": "spot",
    "reserved": "Reserved Instance",
    "savings_plan": "Savings Plan",
    "capacity_block": "Capacity Block",
}


def usd(amount: float) -> str:
    """Dollars: whole above 100, cents below, more digits where cents would round a price away."""
    if not math.isfinite(amount):
        return "not known"
    size = abs(amount)
    digits = 0 if size >= 100 else 2 if size >= 1 or size == 0 else 4
    sign = "-" if amount < 0 else ""
    return f"{sign}${size:,.{digits}f}"


def count(amount: float) -> str:
    """A number of things that may be very few: whole from 10 on, two digits below."""
    return f"{amount:,.0f}" if amount >= 10 or amount == 0 else f"{amount:.2g}"


def usd_band(low: float, high: float) -> str:
    """A range of dollars."""
    return usd(low) if usd(low) == usd(high) else f"{usd(low)} – {usd(high)}"


def hours(amount: float) -> str:
    """Hours; minutes below one hour, days beside it above two days."""
    if not math.isfinite(amount):
        return "not known"
    if amount < 1:
        return f"{amount * 60:.0f} min"
    text = f"{amount:.1f} h" if amount < 100 else f"{amount:,.0f} h"
    return f"{text} ({amount / 24:.1f} days)" if amount > 48 else text


def hours_band(low: float, high: float) -> str:
    """A range of hours."""
    if hours(low) == hours(high):
        return hours(low)
    if not (math.isfinite(low) and math.isfinite(high)):
        return f"{hours(low)} – {hours(high)}"
    if high <= 1:
        return f"{low * 60:.0f} – {high * 60:.0f} min"
    return f"{low:,.1f} – {high:,.1f} h"


def percent(fraction: float) -> str:
    """A share in whole percent."""
    return "not known" if not math.isfinite(fraction) else f"{fraction * 100:.0f} %"


def share(fraction: float) -> str:
    """A share in percent that says 100 % only of a whole, and 0 % only of nothing: 0.997 is 99.7 %."""
    if 0.99 <= fraction < 1:
        return f"{math.floor(fraction * 1000) / 10:.1f} %"
    return "under 1 %" if 0 < fraction < 0.005 else percent(fraction)


def saving(saved_fraction: float) -> str:
    """A saved share of a cost in words, a negative one as what it is: "saves 40 %", "costs 3 % more"."""
    if not math.isfinite(saved_fraction):
        return "not known"
    if abs(saved_fraction) < 1e-9:
        return "no change"
    if saved_fraction > 0:
        return f"saves {share(saved_fraction)}"
    if saved_fraction <= -1:
        return f"costs {1 - saved_fraction:,.3g} times as much"
    return f"costs {share(-saved_fraction)} more"


def escape(text: object) -> str:
    """Text from data, safe inside HTML."""
    return html.escape(str(text), quote=True)
