"""Reads the user's own rates from a CSV and refuses a file with any fault in it, naming all of them."""

from __future__ import annotations

import csv
import io
import math
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from costlib.errors import Fault, InvalidInput, unknown
from costlib.prices.offers import MANAGED_SPOT, PARTS, TRAINING_PLAN
from costlib.prices.overlay import MOST_USD_PER_HOUR, OwnRate, place_faults

if TYPE_CHECKING:
    from costlib.prices.book import PriceBook

REQUIRED = ("service", "instance_type", "region", "purchase", "usd_per_hour")
OPTIONAL = ("option", "note", "as_of")
_PLAN = r"[13]y (no|partial|all)_upfront"
#: How the option must be written, and an example of it.
PLAN_OPTIONS: Mapping[tuple[str, str], tuple[str, str]] = MappingProxyType(
    {
        ("ec2", "reserved"): (rf"(standard|convertible) {_PLAN}", "standard 1y no_upfront"),
        ("ec2", "savings_plan"): (rf"(compute|ec2_instance) {_PLAN}", "compute 3y all_upfront"),
        ("sagemaker", "savings_plan"): (rf"sagemaker {_PLAN}", "sagemaker 1y no_upfront"),
    }
)
#: The one option of the ways to buy that have no plans; "" where it is not named here.
ONLY_OPTIONS: Mapping[tuple[str, str], str] = MappingProxyType(
    {("sagemaker", "spot"): MANAGED_SPOT, ("sagemaker", "capacity_block"): TRAINING_PLAN}
)
DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?")


def read(path: str | os.PathLike[str], book: PriceBook) -> tuple[OwnRate, ...]:
    """The rates of a file, checked against what ``book`` knows. Raises InvalidInput with every fault."""
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8-sig")
        written = datetime.fromtimestamp(file.stat().st_mtime, UTC).date().isoformat()
    except OSError as error:
        raise InvalidInput([Fault("rates", str(path), f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError:
        raise InvalidInput([Fault("rates", str(path), "is not UTF-8 text")]) from None
    control = sorted({repr(sign) for sign in text if ord(sign) < 32 and sign not in "\n\r\t"})
    if control:
        raise InvalidInput([Fault("rates", file.name, f"holds control characters: {', '.join(control)}")])
    try:
        return _read_rows(
            csv.DictReader(io.StringIO(text, newline=""), restkey="surplus", strict=True), file, written, book
        )
    except csv.Error as error:
        raise InvalidInput([Fault("rates", file.name, f"is not a CSV: {error}")]) from None


def _read_rows(lines: csv.DictReader[str], file: Path, written: str, book: PriceBook) -> tuple[OwnRate, ...]:
    columns = [str(name).strip() for name in (lines.fieldnames or [])]
    faults = [Fault("columns", name, "is missing") for name in REQUIRED if name not in columns]
    faults += [
        unknown("columns", name, (*REQUIRED, *OPTIONAL), "column")
        for name in columns
        if name not in (*REQUIRED, *OPTIONAL)
    ]
    faults += [Fault("columns", name, "is given twice") for name in {*columns} if columns.count(name) > 1]
    if faults:
        raise InvalidInput(faults)
    lines.fieldnames = columns
    rates: dict[tuple[str, ...], OwnRate] = {}
    for line in lines:
        rate, wrong = _rate(line, file.name, lines.line_num, written, book)
        faults += wrong
        if rate is None:
            continue
        if rate.key in rates:
            name = " ".join(part for part in rate.key if part)
            faults.append(Fault(f"row {rate.row}", name, f"repeats row {rates[rate.key].row}"))
        rates.setdefault(rate.key, rate)
    if not rates and not faults:
        faults.append(Fault("rates", file.name, "holds no rates"))
    if faults:
        raise InvalidInput(faults)
    return tuple(rates.values())


def _rate(
    line: Mapping[str, object], file: str, number: int, written: str, book: PriceBook
) -> tuple[OwnRate | None, list[Fault]]:
    """One line as a rate, or None and everything that is wrong with it."""
    where = f"row {number}"
    if "surplus" in line:
        return None, [Fault(where, line["surplus"], "has more cells than the header")]
    cells = {name: str(value or "").strip() for name, value in line.items()}
    instance_type = cells["instance_type"].removeprefix("ml.")
    usd = _number(cells["usd_per_hour"])
    good = usd is not None and 0 < usd <= MOST_USD_PER_HOUR
    faults = place_faults(where, instance_type, cells["region"], usd if good else None, book)
    if not good:
        problem = f"is not a price above 0 and at most {MOST_USD_PER_HOUR:,.0f} USD an hour"
        faults.append(Fault(f"{where}, usd_per_hour", cells["usd_per_hour"], problem))
    as_of = cells.get("as_of", "")
    if as_of and not DATE.fullmatch(as_of):
        faults.append(Fault(f"{where}, as_of", as_of, "is not a date like 2026-11-30"))
    way = (cells["service"], cells["purchase"])
    option = cells.get("option", "")
    if way not in PARTS:
        faults.append(unknown(f"{where}, service and purchase", " ".join(way), map(" ".join, PARTS), "way to buy"))
    elif way in PLAN_OPTIONS:
        form, example = PLAN_OPTIONS[way]
        if not re.fullmatch(form, option):
            faults.append(Fault(f"{where}, option", option, f"must name the plan, for example {example!r}"))
    else:
        only = ONLY_OPTIONS.get(way, "")
        if option not in ("", only):
            faults.append(Fault(f"{where}, option", option, f"must be empty for {' '.join(way)}"))
        option = only
    if faults or usd is None:
        return None, faults
    rate = OwnRate(
        service=way[0],
        instance_type=instance_type,
        region=cells["region"],
        purchase=way[1],
        usd_per_hour=usd,
        option=option,
        note=cells.get("note", ""),
        as_of=as_of or written,
        file=file,
        row=number,
    )
    return rate, []


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
