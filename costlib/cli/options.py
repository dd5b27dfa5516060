"""Options that several commands share, and what their texts mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from costlib.errors import Fault, InvalidInput

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
RATES = click.option("--rates", "rates_csv", type=click.Path(), help="CSV of your own prices, over the snapshot's.")
DISCOUNT = click.option(
    "--discount", "discounts", multiple=True, metavar="SERVICE=PERCENT",
    help="Your discount on ec2, sagemaker, s3 or transfer. Repeat for more.",
)  # fmt: skip


def percents_of(discounts: Sequence[str]) -> dict[str, Any]:
    """``("ec2=10",)`` as ``{"ec2": 10.0}``; what is no number stays text, for the rates to refuse with all else."""
    percents: dict[str, Any] = {}
    for text in discounts:
        service, _, percent = text.partition("=")
        if service in percents:
            raise InvalidInput([Fault("--discount", text, "names a service a second time")])
        try:
            percents[service] = float(percent)
        except ValueError:
            percents[service] = percent
    return percents
