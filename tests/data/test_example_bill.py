"""The example bill is what its builder makes of the prices of today."""

from pathlib import Path

from pyarrow import parquet

from costlib.paths import data_dir
from data.build.example_bill import NAME, write

BILLS = data_dir() / "examples" / "bills"


def test_the_example_bill_follows_from_the_prices(tmp_path: Path) -> None:
    write(tmp_path)
    truth = f"{NAME}_truth.json"
    assert (tmp_path / truth).read_text() == (BILLS / truth).read_text(), "run python -m data.build.example_bill"
    assert parquet.read_table(tmp_path / f"{NAME}.parquet").equals(parquet.read_table(BILLS / f"{NAME}.parquet"))
