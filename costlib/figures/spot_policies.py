"""Policies on recorded capacity: their dollars side by side, and one job step by step."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from costlib.display import escape
from costlib.figures.style import GRID, INK, MUTED, PURCHASE_COLOURS, finish, legend_under_title

Ints = npt.NDArray[np.int64]

POLICY_NAMES = {
    "on_demand": "on-demand",
    "spot_only": "spot alone",
    "safety_net": "safety net",
    "uniform_progress": "Uniform Progress",
    "lookahead": "lookahead",
    "optimum": "optimum (knows the trace)",
}
MOVE_NAMES = {"stay": "stay", "on_preemption": "move when preempted", "when_cheaper": "move when cheaper"}
CAPACITY = "recorded capacity"
#: What a job does in a step, by its number in a tape (models.replay_terms).
MODES = (("waits", GRID), ("on spot", PURCHASE_COLOURS["spot"]), ("on demand", PURCHASE_COLOURS["on_demand"]))


def by_policy(table: pd.DataFrame, note: str) -> go.Figure:
    """A bar a policy: mean USD of the instances, P10 to P90, and the share that met the deadline.

    ``table``: planner.spot.recorded.by_policy.
    """
    names = [POLICY_NAMES[name] for name in table["policy"]]
    met = [f"{share:.0%} in time".replace("%", " %") for share in table["met_fraction"]]
    made = go.Figure(
        go.Bar(
            y=names,
            x=table["usd"],
            orientation="h",
            uid="usd",
            marker={"color": [MUTED if share < 0.995 else PURCHASE_COLOURS["spot"] for share in table["met_fraction"]]},
            error_x={
                "type": "data", "symmetric": False, "array": table["usd_high"] - table["usd"],
                "arrayminus": table["usd"] - table["usd_low"], "color": INK, "thickness": 1.2, "width": 4,
            },
            customdata=np.column_stack([met, 100 * table["saved_fraction"], table["hours"], table["preemptions"]]),
            hovertemplate="%{y}: $%{x:,.2f}, %{customdata[1]:.0f} % below on-demand; %{customdata[0]};"
            " %{customdata[2]:,.1f} h, %{customdata[3]:,.1f} preemptions<extra></extra>",
        )
    )  # fmt: skip
    most = float(np.nanmax(np.append(table["usd_high"], table["usd"])))
    for name, words in zip(names, met, strict=True):
        made.add_annotation(x=1.14 * most, y=name, text=words, showarrow=False, font={"size": 12, "color": INK})
    made.update_layout(title="What each policy would have cost on the recorded capacity", showlegend=False)
    made.update_xaxes(title={"text": "USD of the instances: mean, and P10 – P90 of the jobs", "standoff": 6},
                      tickprefix="$", range=[0, 1.28 * most], separatethousands=True)  # fmt: skip
    made.update_yaxes(autorange="reversed", automargin=True)
    return finish(made, note, height_px=380)


def by_moves(table: pd.DataFrame, note: str) -> go.Figure:
    """A bar for staying in each zone and for each way to move between them; ``table``: planner.spot.zones.by_moves."""
    names = [
        f"stay in {escape(row['zones'])}" if row["moves"] == "stay" else MOVE_NAMES[row["moves"]]
        for row in table.to_dict("records")
    ]
    made = go.Figure(
        go.Bar(
            y=names,
            x=table["usd"],
            orientation="h",
            uid="moves",
            marker={"color": [MUTED if moves == "stay" else PURCHASE_COLOURS["spot"] for moves in table["moves"]]},
            error_x={
                "type": "data", "symmetric": False, "array": table["usd_high"] - table["usd"],
                "arrayminus": table["usd"] - table["usd_low"], "color": INK, "thickness": 1.2, "width": 4,
            },
            customdata=np.column_stack([100 * table["saved_fraction"], 100 * table["spot_fraction"], table["hours"]]),
            hovertemplate="%{y}: $%{x:,.2f}, %{customdata[0]:.0f} % below on-demand; %{customdata[1]:.0f} % of the"
            " hours on spot, %{customdata[2]:,.1f} h<extra></extra>",
        )
    )  # fmt: skip
    made.update_layout(title="One zone or several: what staying and moving would have cost", showlegend=False)
    made.update_xaxes(title={"text": "USD of the instances: mean, and P10 – P90 of the jobs", "standoff": 6},
                      tickprefix="$", rangemode="tozero", separatethousands=True)  # fmt: skip
    made.update_yaxes(autorange="reversed", automargin=True)
    return finish(made, note, height_px=180 + 34 * len(table))


def tapes(
    available: npt.NDArray[np.bool_],
    step_hours: float,
    modes: Mapping[str, npt.NDArray[np.int8]],
    deadline_hours: float,
    note: str,
) -> go.Figure:
    """One job under each policy over its hours: a strip for recorded capacity, and one for what each policy did."""
    made = go.Figure()
    shown: set[int] = set()
    for name, strip in {CAPACITY: available.astype(np.int8), **modes}.items():
        first, lengths, kinds = _stretches(strip)
        row = POLICY_NAMES.get(name, name)
        for mode, (label, colour) in enumerate(MODES):
            mine = kinds == mode
            if not mine.any():
                continue
            said = label if name != CAPACITY else ("gone", "there")[mode]
            made.add_trace(
                go.Bar(
                    y=[row] * int(mine.sum()),
                    x=lengths[mine] * step_hours,
                    base=first[mine] * step_hours,
                    orientation="h",
                    marker={"color": colour, "line": {"width": 0}},
                    name=label,
                    legendgroup=label,
                    showlegend=mode not in shown and name != CAPACITY,
                    hovertemplate=f"{row}: {said} for %{{x:,.1f}} h from hour %{{base:,.1f}}<extra></extra>",
                )
            )
            if name != CAPACITY:
                shown.add(mode)
    made.add_vline(x=deadline_hours, line={"color": INK, "dash": "dot", "width": 1.5}, annotation_text="deadline")
    made.update_layout(title="One job on recorded capacity, step by step", barmode="overlay", bargap=0.35)
    made.update_xaxes(title={"text": "Hours from the start", "standoff": 6}, range=[0, 1.04 * deadline_hours])
    made.update_yaxes(autorange="reversed", automargin=True)
    return legend_under_title(finish(made, note, height_px=330))


def _stretches(strip: npt.NDArray[np.int8]) -> tuple[Ints, Ints, Ints]:
    """First step, steps and mode of each stretch of one mode."""
    first = np.concatenate([[0], np.nonzero(np.diff(strip))[0] + 1]).astype(np.int64)
    return first, np.diff(np.append(first, len(strip))), strip[first].astype(np.int64)
