"""Two snapshots' prices side by side: what came, went and moved, and what looks like a slip.

The sentinel is what a refresh is held to before its prices are used: a price ten times as high or a tenth, zero where
there was a price, and prices that are gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from costlib.prices.integrity import RULES
from costlib.tables import Snapshot

#: Changes by more than this factor are taken for slips of the decimal point: AWS's largest cut in the tables' time is
#: 45 % (P4 and P5, June 2025), and the least slip is tenfold.
SLIP_FACTOR = 5.0
#: Differences below this share are those of sources that round.
ROUNDING_FRACTION = 5e-5
KINDS = ("new", "gone", "changed")
FLAGS = ("about ten times", "about a tenth", "zero", "missing", "far off")


@dataclass(frozen=True)
class Comparison:
    """``rows``: ``table, key, kind, old_usd, new_usd, ratio, flag, old_as_of, new_as_of``, the largest changes first.

    ``key`` names the row in words; ``kind`` is new, gone or changed; ``flag`` is empty, or of FLAGS.
    """

    old_id: str
    new_id: str
    rows: pd.DataFrame

    @cached_property
    def by_table(self) -> pd.DataFrame:
        """A row a table with any difference: ``table, new, gone, changed, median_ratio, flagged``."""
        if self.rows.empty:
            return pd.DataFrame(columns=["table", *KINDS, "median_ratio", "flagged"])
        counts = self.rows.pivot_table(index="table", columns="kind", values="key", aggfunc="count").fillna(0)
        found = counts.reindex(columns=list(KINDS), fill_value=0).astype(int)
        changed = self.rows[self.rows["kind"] == "changed"]
        found["median_ratio"] = changed.groupby("table")["ratio"].median()
        found["flagged"] = (self.rows["flag"] != "").groupby(self.rows["table"]).sum()
        return found.reset_index()

    @property
    def flagged(self) -> pd.DataFrame:
        """What the sentinel holds back, as ``rows``."""
        return self.rows[self.rows["flag"] != ""].reset_index(drop=True)


def compare(old: Snapshot, new: Snapshot) -> Comparison:
    """Every price of two snapshots. Raises DataCorrupt for a table that is not whole."""
    frames = []
    for name in RULES:
        held = [snapshot.read(name) if name in snapshot.tables else None for snapshot in (old, new)]
        before, after = (frame for frame in held)
        if before is None and after is None:
            continue
        empty = pd.DataFrame(columns=["usd", "as_of", *RULES[name].keys])
        frames.append(compare_tables(name, empty if before is None else before, empty if after is None else after))
    rows = pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)
    size = np.abs(np.log(rows["ratio"].to_numpy(float)))
    order = np.lexsort((rows["key"], rows["table"], -np.nan_to_num(size, nan=-1.0, posinf=np.inf), rows["flag"] == ""))
    return Comparison(old.snapshot_id, new.snapshot_id, rows.iloc[order].reset_index(drop=True))


def compare_tables(name: str, old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """The same of one table (of integrity.RULES); tables without prices have no rows."""
    key = list(RULES[name].keys)
    columns = ["table", "key", "kind", "old_usd", "new_usd", "ratio", "flag", "old_as_of", "new_as_of"]
    if "usd" not in old or "usd" not in new:
        return pd.DataFrame(columns=columns)
    named = [
        frame.assign(key=_words(frame, key), usd=pd.to_numeric(frame["usd"], errors="coerce"))[["key", "usd", "as_of"]]
        for frame in (old, new)
    ]
    both = named[0].merge(named[1], on="key", how="outer", suffixes=("_old", "_new"), indicator=True)
    before, after = both["usd_old"].to_numpy(float), both["usd_new"].to_numpy(float)
    here = (both["_merge"] == "both").to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = after / before
        moved = here & ~(np.abs(ratio - 1.0) <= ROUNDING_FRACTION) & ~(np.isnan(before) & np.isnan(after))
        moved &= ~((before == 0) & (after == 0))
    kind = np.where(both["_merge"] == "right_only", "new", np.where(both["_merge"] == "left_only", "gone", "changed"))
    flag = np.select(
        [
            kind == "gone",
            (kind != "new") & (after == 0) & (before > 0),
            here & np.isnan(after),
            here & (ratio >= 8) & (ratio <= 12.5),
            here & (ratio <= 1 / 8) & (ratio >= 1 / 12.5),
            here & ((ratio > SLIP_FACTOR) | (ratio < 1 / SLIP_FACTOR)),
        ],
        ["missing", "zero", "missing", "about ten times", "about a tenth", "far off"],
        "",
    )
    found = pd.DataFrame(
        {
            "table": name,
            "key": both["key"],
            "kind": kind,
            "old_usd": before,
            "new_usd": after,
            "ratio": ratio,
            "flag": flag,
            "old_as_of": both["as_of_old"],
            "new_as_of": both["as_of_new"],
        }
    )
    return found[moved | ~here].reset_index(drop=True)


def _words(frame: pd.DataFrame, key: list[str]) -> pd.Series:
    """The key of each row as one text; what is missing is nothing."""
    words = pd.Series("", index=frame.index)
    for name in key:
        own = frame[name].astype("string").fillna("")
        words = words.str.cat(own, sep=" ")
    return words.str.split().str.join(" ").astype(object)
