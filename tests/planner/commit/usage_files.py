"""Usage files made in a test: read, and what is refused of them."""

import io

import pandas as pd
import pytest

from costlib.errors import InvalidInput
from costlib.planner.commit.usage_file import UsageFile, usage_of
from costlib.prices.book import PriceBook

HOUR = "2026-01-01T00:00Z"
HEADER = "hour,instance_type,region,hours"


GOOD = [
    "2026-01-01T00:00Z,g5.xlarge,us-east-1,1",
    "2026-01-01T01:00Z,g5.xlarge,us-east-1,2.5",
    "2026-01-01T01:00Z,ml.g5.xlarge,us-east-1,4",
]


def read(book: PriceBook, *rows: str, header: str = HEADER) -> UsageFile:
    return usage_of("\n".join([header, *rows]).encode(), "usage.csv", book)


def said(book: PriceBook, *rows: str, header: str = HEADER) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        read(book, *rows, header=header)
    return [str(fault) for fault in caught.value.faults]


def refused(book: PriceBook, content: bytes, name: str = "usage.csv") -> str:
    with pytest.raises(InvalidInput) as caught:
        usage_of(content, name, book)
    assert len(caught.value.faults) == 1
    return str(caught.value)


def by_line(file: UsageFile) -> dict[str, list[float]]:
    return {line.instance_type: file.usage.quantity[:, at].tolist() for at, line in enumerate(file.usage.lines)}


def as_parquet(frame: pd.DataFrame) -> bytes:
    content = io.BytesIO()
    frame.to_parquet(content)
    return content.getvalue()
