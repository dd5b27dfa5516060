"""Builds the labelled series that anomalies are tested on: ``python -m data.build.cost_series ANOMALY_DIR``.

A snapshot of its own, under data/anomalies, with its own PROVENANCE.json: labelled series stay as they are. The same
input gives the same bytes.
"""

from __future__ import annotations

import argparse
import itertools
import json
from pathlib import Path

import pandas as pd

from data.build.writing import DATA_DIR, write_snapshot

_NAB = "https://github.com/numenta/NAB, data/{}"
_BASELINES = (
    "scores of NAB's result files and of three plain detectors on these series, by the alert rule of the README"
)


def daily_cost(path: Path) -> pd.DataFrame:
    """One row a series: its costs in whole cents, and its anomalies as ``type:first-last`` by day number."""
    rows = []
    for (seed, family), one in pd.read_parquet(path).sort_values("day").groupby(["seed", "family"]):
        labels = [(int(day), str(kind)) for day, kind in one.loc[one["is_anomaly"] == 1, ["day", "type"]].to_numpy()]
        runs = []
        # Days in a row of one type are one anomaly.
        for (kind, _), days in itertools.groupby(enumerate(labels), lambda at: (at[1][1], at[1][0] - at[0])):
            numbers = [day for _, (day, _) in days]
            runs.append(f"{kind}:{numbers[0]}-{numbers[-1]}")
        rows.append(
            {
                "seed": seed,
                "family": family,
                "cost_usd": " ".join(f"{cost:.2f}" for cost in one["cost"]),
                "anomalies": " ".join(runs),
                "basis": "estimate",
                "rule": "simulated from a seed, with anomalies put in; the generator is not held",
                "source": "labelled daily costs of four kinds, made for tests of detectors",
            }
        )
    return pd.DataFrame(rows)


def nab_series(folder: Path) -> pd.DataFrame:
    """One row a series: values, minutes between samples (``minutes*times``), and windows as ``from/to``."""
    windows = json.loads((folder / "windows.json").read_text(encoding="utf-8"))
    rows = []
    for name, held in sorted(windows.items()):
        one = pd.read_csv(folder / name, dtype={"value": str}, parse_dates=["timestamp"])
        gaps = (one["timestamp"].diff().dropna() / pd.Timedelta(minutes=1)).astype(int)
        runs = [(minutes, len(list(group))) for minutes, group in itertools.groupby(gaps)]
        rows.append(
            {
                "series": Path(name).stem,
                "first_sample": f"{one['timestamp'].iloc[0]:%Y-%m-%d %H:%M}",
                "gap_minutes": " ".join(f"{minutes}*{times}" for minutes, times in runs),
                "value": " ".join(one["value"]),
                "windows": " ".join("/".join(edge[:16].replace(" ", "T") for edge in pair) for pair in held),
                "basis": "measured",
                "source": _NAB.format(name),
                "as_of": f"{one['timestamp'].iloc[0]:%Y-%m-%d}",
            }
        )
    return pd.DataFrame(rows)


def nab_detectors(path: Path) -> pd.DataFrame:
    """One row a detector: its scores on the held series."""
    content = json.loads(path.read_text(encoding="utf-8"))
    kinds = {"published_detectors_same_rule": "published", "tuned_on_public": "tuned_on_these"}
    rows = [
        {
            "detector": name,
            "kind": kind,
            **scores,
            "basis": "derived",
            "rule": _BASELINES,
            "source": "https://github.com/numenta/NAB",
        }
        for key, kind in kinds.items()
        for name, scores in content[key].items()
    ]
    return pd.DataFrame(rows)


def build(anomaly: Path, out: Path) -> None:
    """Writes the tables and PROVENANCE.json under ``out``."""
    frames = {
        "series/daily_cost": daily_cost(anomaly / "daily_cost_public.parquet"),
        "series/nab_series": nab_series(anomaly / "nab"),
        "series/nab_detectors": nab_detectors(anomaly / "baselines.json"),
    }
    write_snapshot(frames, out)


def main() -> None:
    """Reads the folder from the command line."""
    parser = argparse.ArgumentParser(prog="python -m data.build.cost_series", description=__doc__)
    parser.add_argument("anomaly", type=Path, help="folder with daily_cost_public.parquet, nab/ and baselines.json")
    build(parser.parse_args().anomaly, DATA_DIR / "anomalies")


if __name__ == "__main__":
    main()
