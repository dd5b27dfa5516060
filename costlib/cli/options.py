"""Options that several commands share, and what their texts mean."""

from __future__ import annotations

import math
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


class Percent(click.FloatRange):
    """A percentage in a range; "nan" is in none, though no comparison says so."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number. Fails as click does, with the option's name."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value} is not a number", param, ctx)
        return number


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


def shares_of(option: str, texts: Sequence[str]) -> dict[str, float]:
    """``("g5.xlarge=80",)`` as ``{"g5.xlarge": 0.8}``. Raises InvalidInput for what is not so, all at once."""
    shares: dict[str, float] = {}
    faults = []
    for text in texts:
        name, _, percent = text.rpartition("=")
        try:
            share = float(percent) / 100.0
        except ValueError:
            share = -1.0
        if not name or not 0 <= share <= 1:
            faults.append(Fault(option, text, "must be NAME=PERCENT, of 0 to 100"))
        elif name in shares:
            faults.append(Fault(option, text, "names the same a second time"))
        shares[name] = share
    if faults:
        raise InvalidInput(faults)
    return shares
