"""Builds the spot traces and their references: ``python -m data.build.spot_traces SPOT_DIR``.

They are a snapshot of their own, under data/traces, with its own PROVENANCE.json: prices and facts age and are
refreshed; recorded traces stay. The same input gives the same bytes.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd

from data.build.writing import DATA_DIR, write_snapshot

_SPOT_TRACES = "https://github.com/skypilot-org/spot-traces @221da1ab, {}"
_STRATEGY = "https://github.com/Michaelvll/skypilot-spot-strategy @1c369735, {}"
_SKYNOMAD = "https://github.com/andylizf/skynomad-artifact @62b9aaa, {}"
#: Campaign: provider, what was recorded, source, collection in it, date of its first sample, and what that date is.
CAMPAIGNS = {
    "aws0215": ("aws", "availability", _SPOT_TRACES, "availability/1-node/aws-02-15-2023", "2023-02-15", ""),
    "aws1026": ("aws", "availability", _SPOT_TRACES, "availability/1-node/aws-10-26-2022", "2022-10-26", ""),
    "aws16n": ("aws", "availability", _SPOT_TRACES, "availability/16-node/aws-08-27-2023", "2023-08-27", ""),
    "awscpu": (
        "aws", "preemption", _SPOT_TRACES, "preemption/1-node/aws-04-19-2023", "2023-04-19",
        "dated by the folder's name; its README says 2023-05-01",
    ),
    "aws0422p": ("aws", "preemption", _SPOT_TRACES, "preemption/1-node/aws-04-22-2023", "2023-04-22", ""),
    "gcpcpu": ("gcp", "preemption", _SPOT_TRACES, "preemption/1-node/gcp-04-30-2023", "2023-04-30", ""),
    "aws4n": ("aws", "preemption", _SPOT_TRACES, "preemption/4-node/aws-08-03-2023", "2023-08-03", ""),
    "aws1128": ("aws", "availability", _STRATEGY, "availability/1-node/aws-2022-11-28T22-23", "2022-11-28", ""),
    "aws1213": ("aws", "availability", _STRATEGY, "availability/1-node/aws-2022-12-13T19-23", "2022-12-13", ""),
    "gcph100": (
        "gcp", "availability", _SKYNOMAD, "availability/h100/gcp-10-2025", "2025-10-04",
        "a machine of 8 GPUs; available: at least 1 of 16 was launched",
    ),
}  # fmt: skip

#: Columns of the reference runs that are the terms, in order; then policies as named there and here.
TERMS = {
    "trace": "trace",
    "start_tick": "start_step",
    "job_hours": "work_hours",
    "deadline_ratio": "deadline_ratio",
    "overhead_s": "changeover_seconds",
    "ckpt_interval_s": "checkpoint_interval_seconds",
    "ckpt_write_s": "checkpoint_write_seconds",
}
POLICIES = {
    "on_demand": "on_demand",
    "greedy": "safety_net",
    "up": "uniform_progress",
    "up_plain": "uniform_progress_plain",
    "up_paper": "uniform_progress_literal",
    "omniscient": "omniscient",
}
CHECKPOINTS = {
    "mtbi_h": "mtbi_hours",
    "write_s": "write_seconds",
    "restart_s": "restart_seconds",
    "interval_kind": "interval_kind",
    "model": "model",
    "interval_s": "interval_seconds",
    "tau_young_s": "young_seconds",
    "tau_daly_s": "daly_seconds",
    "tau_exact_opt_s": "best_seconds",
    "job_work_h": "work_hours",
    "exact_E_h": "expected_hours",
    "mc_runs": "simulated_runs",
    "mc_mean_h": "simulated_mean_hours",
    "mc_se_h": "simulated_standard_error_hours",
    "mc_ci95_lo_h": "simulated_low_hours",
    "mc_ci95_hi_h": "simulated_high_hours",
}


def run_lengths(flags: np.ndarray) -> str:
    """Lengths of the stretches of equal flags, in order, with spaces; the first is of 0 and may be empty."""
    edges = np.nonzero(np.diff(np.concatenate([[0], flags])))[0]
    return " ".join(map(str, np.diff(np.concatenate([[0], edges, [len(flags)]]))))


def availability(folder: Path) -> pd.DataFrame:
    """One row a trace; ``run_lengths`` holds it whole."""
    rows = []
    for path in sorted(folder.glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        flags = np.asarray(content["avail"])
        campaign, _, rest = path.stem.partition("-")
        zone, _, machine = rest.partition("_")
        accelerator, _, number = machine.rpartition("_")
        provider, kind, source, collection, date, note = CAMPAIGNS[campaign]
        nodes = {"aws16n": 16, "aws4n": 4}.get(campaign, 1)
        rows.append(
            {
                "trace": path.stem,
                "campaign": campaign,
                "provider": provider,
                "zone": zone,
                "machine": accelerator or machine,
                "number": int(number) if accelerator and number.isdigit() else pd.NA,
                "nodes": nodes,
                "kind": kind,
                "step_seconds": content["gap_seconds"],
                "steps": len(flags),
                "available_fraction": round(float(flags.mean()), 6),
                "run_lengths": run_lengths(flags),
                "basis": "measured",
                "source": source.format(collection),
                "as_of": date,
                "note": note,
            }
        )
    return pd.DataFrame(rows).astype({"number": "Int64"})


def replays(path: Path) -> pd.DataFrame:
    """One row a trace, start and terms: the cost over on-demand's, and the hours to finish, of each policy."""
    given = pd.read_csv(path).drop_duplicates([*TERMS, "policy"])
    wide = given.pivot(index=list(TERMS), columns="policy", values=["relative_cost", "finish_h"])
    costs = {f"cost_ratio_{ours}": wide["relative_cost", theirs] for theirs, ours in POLICIES.items()}
    hours = {
        f"finish_hours_{ours}": wide["finish_h", theirs] for theirs, ours in POLICIES.items() if theirs != "omniscient"
    }
    return pd.DataFrame({**costs, **hours}).reset_index().rename(columns=TERMS)


def build(spot: Path, out: Path) -> None:
    """Writes the tables and PROVENANCE.json under ``out``."""
    grid = pd.read_csv(spot / "checkpoint_reference.csv")[list(CHECKPOINTS)].rename(columns=CHECKPOINTS)
    frames = {
        "spot/availability": availability(spot / "traces"),
        "spot/replay_reference": replays(spot / "results_public.csv"),
        "spot/checkpoint_reference": grid,
    }
    write_snapshot(frames, out)


def main() -> None:
    """Reads the folder from the command line."""
    parser = argparse.ArgumentParser(prog="python -m data.build.spot_traces", description=__doc__)
    parser.add_argument("spot", type=Path, help="folder with traces/, results_public.csv and checkpoint_reference.csv")
    build(parser.parse_args().spot, DATA_DIR / "traces")


if __name__ == "__main__":
    main()
