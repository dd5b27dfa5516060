"""Two sets of prices side by side, and the sentinel for slips."""

import pandas as pd
import pytest

from costlib.prices.compare import compare, compare_tables
from costlib.tables import Snapshot

NAME = "prices/ec2_on_demand"


def prices(**usd: float) -> pd.DataFrame:
    return pd.DataFrame(
        [{"instance_type": name.replace("_", "."), "region": "us-east-1", "usd": price, "as_of": "2026-01-01"}
         for name, price in usd.items()]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("after", "flag"),
    [(10.0, "about ten times"), (0.1, "about a tenth"), (0.0, "zero"), (float("nan"), "missing"), (6.0, "far off"),
     (0.15, "far off"), (0.55, ""), (4.9, "")],
)  # fmt: skip
def test_the_sentinel_flags_slips_and_no_price_cuts(after: float, flag: str) -> None:
    found = compare_tables(NAME, prices(g5_xlarge=1.0, g4dn_xlarge=0.5), prices(g5_xlarge=after, g4dn_xlarge=0.5))
    assert found[["key", "kind", "flag"]].values.tolist() == [["g5.xlarge us-east-1", "changed", flag]]


def test_what_came_and_went_is_told() -> None:
    found = compare_tables(NAME, prices(g5_xlarge=1.0, p3_2xlarge=3.0), prices(g5_xlarge=1.0, g6_xlarge=0.8))
    rows = found.set_index("key")
    assert rows.loc["g6.xlarge us-east-1", ["kind", "flag"]].tolist() == ["new", ""]
    assert rows.loc["p3.2xlarge us-east-1", ["kind", "flag"]].tolist() == ["gone", "missing"]
    assert len(rows) == 2


def test_rounding_is_no_change() -> None:
    assert compare_tables(NAME, prices(g5_xlarge=1.0), prices(g5_xlarge=1.00004)).empty
    assert len(compare_tables(NAME, prices(g5_xlarge=1.0), prices(g5_xlarge=1.0002))) == 1


def test_rows_without_a_zone_have_a_key_too() -> None:
    spot = pd.DataFrame({"instance_type": ["g5.xlarge"] * 2, "region": "us-east-1", "az": [None, "us-east-1a"],
                         "statistic": "mean", "usd": [0.4, 0.5], "as_of": "2026-01-01"})  # fmt: skip
    dearer = spot.assign(usd=[0.4, 0.6])
    found = compare_tables("prices/ec2_spot", spot, dearer)
    assert found["key"].tolist() == ["g5.xlarge us-east-1 us-east-1a mean"] and found["ratio"].iloc[0] == 1.2


def test_a_snapshot_is_the_same_as_itself() -> None:
    opened = Snapshot.open()
    found = compare(opened, opened)
    assert found.rows.empty and found.by_table.empty and found.flagged.empty
