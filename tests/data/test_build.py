"""The builders' own rules, on small frames: dates, newest rows, keys."""

import pandas as pd
import pytest

from data.build.bare_metal import is_dedicated
from data.build.common import cut_as_of, finish, newest
from data.build.prices_tables import after_the_cut


@pytest.mark.parametrize(
    ("given", "as_of", "note"),
    [
        ("2026-07-20", "2026-07-20", ""),
        ("2026-01-20..2026-05-22", "2026-01-20", "dated 2026-01-20..2026-05-22"),
        ("2023-12", "2023-12", ""),
        ("2026-Q3 (file undated)", "2026-07", "dated 2026-Q3 (file undated)"),
        ("undated page copy (2025)", "2025", "dated undated page copy (2025)"),
    ],
)
def test_dates(given, as_of, note):
    row = cut_as_of(pd.DataFrame({"as_of": [given]})).iloc[0]
    assert (row["as_of"], row["note"]) == (as_of, note)


def test_raw_notes_join_the_words_on_the_date_and_repetitions_go():
    frame = pd.DataFrame(
        {
            "as_of": ["2026-Q3", "2026", "2026", "2026"],
            "notes": ["rounded", "feed key: Standard Storage", "component=Hosting; by hand", None],
        }
    )
    assert cut_as_of(frame)["note"].tolist() == ["dated 2026-Q3; rounded", "", "by hand", ""]


def test_bare_metal_of_dedicated_tenancy_is_told_by_the_virtual_instance_of_its_size():
    rows = [
        ("a1.8xlarge", 0.9, "sparecores"),
        ("a1.24xlarge", 2.7, "sparecores"),
        ("a1.48xlarge", 5.4, "sparecores"),
        ("a1.metal-24xl", 2.97, "libcloud"),  # 10 % dearer than 24xlarge
        ("a1.metal-48xl", 5.4, "libcloud"),
        ("a1.metal", 5.4, "libcloud"),  # the largest size
        ("b1.metal", 2.0, "libcloud"),  # nothing confirms it
        ("c1.metal", 9.0, "tsaol-js"),  # this source does not mix tenancies
    ]
    frame = pd.DataFrame(rows, columns=["instance_type", "usd", "source"]).assign(region="r")
    assert frame.loc[is_dedicated(frame, frame), "instance_type"].tolist() == ["a1.metal-24xl", "b1.metal"]
    history = pd.DataFrame({"instance_type": ["c1.metal"], "usd": [9.0], "source": "karpenter-history", "region": "r"})
    assert not is_dedicated(history, frame).any(), "a source of shared tenancy has the same price"
    assert is_dedicated(history.assign(region="elsewhere"), frame).all()


@pytest.mark.parametrize("given", ["undated", "quoted in several READMEs", None, ""])
def test_a_row_without_a_date_is_dropped(given):
    assert cut_as_of(pd.DataFrame({"as_of": [given, "2026-01-01"]}))["as_of"].tolist() == ["2026-01-01"]


def test_newest_wins_and_ties_are_settled_by_source():
    frame = pd.DataFrame(
        {
            "key": ["a", "a", "a"],
            "as_of": ["2025", "2026-01", "2026-01"],
            "source": ["x", "z", "y"],
            "usd": [1, 2, 3],
        }
    )
    assert newest(frame, ["key"])["usd"].tolist() == [3]


def test_a_repeated_key_stops_the_build():
    frame = pd.DataFrame({"key": ["a", "a"], "usd": [1.0, 2.0], "source": "s", "as_of": "2026"})
    with pytest.raises(ValueError, match="not unique"):
        finish(frame, ["key"], "usd_per_hour")
    assert finish(frame[:1], ["key"], "usd_per_hour").loc[0, ["unit", "basis"]].tolist() == [
        "usd_per_hour",
        "published",
    ]


def test_old_prices_of_the_families_that_were_cut_are_history():
    frame = pd.DataFrame(
        {
            "instance_type": ["p5.48xlarge", "ml.p4d.24xlarge", "p5.48xlarge", "p3.2xlarge"],
            "as_of": ["2025-05-31", "2025-05-03", "2025-06-06", "2023-01-01"],
        }
    )
    assert after_the_cut(frame).tolist() == [False, False, True, True]
