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
from typing import TYPE_CHECKING

from costlib.errors import Fault, InvalidInput, unknown
from costlib.prices.overlay import OwnRate
from costlib.prices.rate_checks import rate_faults

if TYPE_CHECKING:
    from costlib.prices.book import PriceBook

REQUIRED = ("service", "instance_type", "region", "purchase", "usd_per_hour")
OPTIONAL = ("option", "note", "as_of")
#: The one way to write a number: no sign, exponent, separator, or word for one.
NUMBER = re.compile(r"\d+(\.\d*)?|\.\d+")
#: Separators that spreadsheets write in place of commas.
OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs"}


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
    if len(columns) == 1:
        for separator, words in OTHER_SEPARATORS.items():
            if separator in columns[0]:
                problem = f"has its columns separated by {words}: save it with commas between them"
                raise InvalidInput([Fault("rates", file.name, problem)])
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
    given = cells["usd_per_hour"]
    rate = OwnRate(
        service=cells["service"],
        instance_type=cells["instance_type"],
        region=cells["region"],
        purchase=cells["purchase"],
        usd_per_hour=float(given) if NUMBER.fullmatch(given) else math.nan,
        option=cells.get("option", ""),
        note=cells.get("note", ""),
        as_of=cells.get("as_of", "") or written,
        file=file,
        row=number,
    )
    faults = rate_faults(rate, book, given)
    return (None if faults else rate), faults
