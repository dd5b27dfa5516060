"""Which service: what each costs by lines, where the cheapest one flips, and jobs packed on instances."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from costlib import display
from costlib.figures.style import INK, MUTED, SERVICE_COLOURS, finish, legend_under_title
from costlib.planner.service.batch_plan import BatchPlan
from costlib.planner.service.compare import Comparison
from costlib.planner.service.flips import Flip, Map
from costlib.planner.service.known import SERVICES
from costlib.planner.service.lines import ITEM_NAMES

LINE_COLOURS = {
    "compute": "#0072B2",
    "service_premium": "#CC79A7",
    "start_up": "#999999",
    "unused_shares": "#F0E442",
    "idle": "#E69F00",
    "rounding": "#1f2933",
    "spot_rework": "#D55E00",
    "storage": "#56B4E9",
    "staff": "#009E73",
}
KIND_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9")
#: Share of the longest bar below which a line cannot be seen, and is left to the table.
SEEN = 5e-4
#: Below this the two best services are told as about the same.
ABOUT_THE_SAME = 0.02
NAMES = display.SERVICE_NAMES


def bars(found: Comparison, banner: str) -> go.Figure:
    """One stacked bar a service, a line a colour; its total and range at its end, and "cannot" where one is out."""
    shown = [service for service in SERVICES if service in found.ways]
    shown.sort(key=lambda service: (bool(found.out[service]), found.ways[service].usd.expected))
    labels = [f"{NAMES[one]}{' (cannot)' if found.out[one] else ''}" for one in shown]
    made = go.Figure()
    widest = max(found.ways[one].usd.expected for one in shown)
    for item, colour in LINE_COLOURS.items():
        lines = [next((line for line in found.ways[one].lines if line.item == item), None) for one in shown]
        if max(0.0 if line is None else line.usd.expected for line in lines) < SEEN * widest:
            continue
        made.add_trace(
            go.Bar(
                orientation="h",
                y=labels,
                x=[0.0 if line is None else line.usd.expected for line in lines],
                name=ITEM_NAMES[item],
                uid=item,
                marker={
                    "color": colour,
                    "opacity": [0.35 if found.out[one] else 1.0 for one in shown],
                    "line": {"color": "white", "width": 0.5},
                },
                customdata=[
                    ["", "", ""]
                    if line is None
                    else [
                        display.usd(line.usd.expected),
                        display.usd_band(*sorted((line.usd.low, line.usd.high))),
                        line.basis,
                    ]
                    for line in lines
                ],
                hovertemplate=f"{ITEM_NAMES[item]}: %{{customdata[0]}} (%{{customdata[1]}})<br>known as:"
                " %{customdata[2]}<extra></extra>",
            )
        )
    totals = [found.ways[one].usd for one in shown]
    made.update_layout(
        barmode="stack",
        title="What the jobs cost on each service, expected (low – high)",
        annotations=[
            {
                "y": label, "x": total.expected, "showarrow": False, "xanchor": "left", "xshift": 4,
                "text": f"<b>{display.usd(total.expected)}</b>  ({display.usd_band(total.low, total.high)})",
                "font": {"size": 12, "color": INK},
            }
            for label, total in zip(labels, totals, strict=True)
        ],
    )  # fmt: skip
    made.update_xaxes(
        title="USD for all jobs", tickprefix="$", tickformat=",~r", range=[0, widest * 1.35], title_standoff=4
    )
    made.update_yaxes(autorange="reversed", automargin=True)
    finish(made, banner, height_px=150 + 62 * len(shown))
    made.update_layout(legend={"orientation": "v", "x": 1.01, "xanchor": "left", "y": 1, "yanchor": "top"})
    return made


def flip_map(made_map: Map, hours: float, count: int, flips: tuple[Flip, ...], banner: str) -> go.Figure:
    """The cheapest service over job length and count; pale where the next is about as cheap; your own jobs marked."""
    made = go.Figure()
    codes = made_map.service.astype(float)
    steps = len(made_map.services)
    scale = []
    for index, service in enumerate(made_map.services):
        scale += [[index / steps, SERVICE_COLOURS[service]], [(index + 1) / steps, SERVICE_COLOURS[service]]]
    names = np.array([NAMES[service] for service in made_map.services], dtype=object)
    saved = np.where(np.isnan(made_map.saved_fraction), 0.0, made_map.saved_fraction)
    made.add_trace(
        go.Heatmap(
            x=made_map.job_hours, y=made_map.jobs, z=codes, zmin=-0.5, zmax=steps - 0.5, colorscale=scale, uid="map",
            showscale=False, opacity=0.8, customdata=np.dstack([names[made_map.service], 100 * saved, made_map.usd]),
            hovertemplate="%{x:.3~g} h, %{y:,.0f} jobs: %{customdata[0]} at $%{customdata[2]:,.2f},"
            " %{customdata[1]:.1f} % below the next<extra></extra>",
        )
    )  # fmt: skip
    pale = np.where(made_map.saved_fraction < ABOUT_THE_SAME, 1.0, np.nan)
    if np.isfinite(pale).any():
        made.add_trace(
            go.Heatmap(
                x=made_map.job_hours, y=made_map.jobs, z=pale, colorscale=[[0, "white"], [1, "white"]], opacity=0.45,
                showscale=False, hoverinfo="skip", uid="pale",
            )
        )  # fmt: skip
    for index, service in enumerate(made_map.services):
        if (made_map.service == index).any():
            mark = {"color": SERVICE_COLOURS[service], "size": 12, "symbol": "square"}
            made.add_trace(
                go.Scatter(x=[None], y=[None], mode="markers", marker=mark, name=NAMES[service], uid=service)
            )
    if np.isfinite(pale).any():
        mark = {"color": "#e4e7eb", "size": 12, "symbol": "square", "line": {"color": MUTED, "width": 1}}
        name = f"pale: less than {100 * ABOUT_THE_SAME:g} % below the next"
        made.add_trace(go.Scatter(x=[None], y=[None], mode="markers", marker=mark, name=name, uid="pale-key"))
    for what, at in (("job_hours", [flip.at for flip in flips if flip.what == "job_hours"]),
                     ("job_count", [flip.at for flip in flips if flip.what == "job_count"])):  # fmt: skip
        if at:
            made.add_trace(
                go.Scatter(
                    x=at if what == "job_hours" else [hours] * len(at),
                    y=[count] * len(at) if what == "job_hours" else at,
                    mode="markers", uid=what, name="flip, worked out", legendgroup="flip",
                    showlegend=what == "job_hours",
                    marker={"color": "white", "size": 10, "symbol": "diamond", "line": {"color": INK, "width": 1.5}},
                    hovertemplate="flip at %{x:.3~g} h, %{y:,.4~g} jobs<extra></extra>",
                )
            )  # fmt: skip
    made.add_trace(
        go.Scatter(
            x=[hours], y=[count], mode="markers+text", text=["your jobs"], textposition="top center", uid="own",
            showlegend=False, textfont={"color": INK, "size": 13, "weight": "bold"},
            marker={"color": "#F0E442", "size": 16, "symbol": "star", "line": {"color": INK, "width": 1.5}},
            hovertemplate="your jobs: %{x:.3~g} h, %{y:,.0f} of them<extra></extra>",
        )
    )  # fmt: skip
    made.update_layout(title="Which service is cheapest, by job length and count")
    # A heatmap does not stretch an axis to its cells on a logarithmic scale.
    for update, values, title in ((made.update_xaxes, made_map.job_hours, "Hours a job"),
                                  (made.update_yaxes, made_map.jobs, "Jobs (count)")):  # fmt: skip
        ends = [float(np.log10(values[0])), float(np.log10(values[-1]))]
        update(type="log", title={"text": title, "standoff": 6}, range=ends, dtick=1, minorloglabels="none")
    made.update_xaxes(tickformat="~g")
    made.update_yaxes(tickformat=",~r")
    finish(made, banner, height_px=470)
    return legend_under_title(made)


def packing(plan: BatchPlan, banner: str) -> go.Figure:
    """Every job as a bar from its start to its end, on its instance; jobs side by side share the instance's height."""
    jobs = plan.jobs
    lane, lanes = _lanes(
        jobs["instance"].to_numpy(int), jobs["start_hours"].to_numpy(float), jobs["end_hours"].to_numpy(float)
    )
    minutes = plan.makespan_hours < 3
    unit, name = (60.0, "minutes") if minutes else (1.0, "hours")
    height = 0.86 / lanes[jobs["instance"].to_numpy(int)]
    middle = jobs["instance"].to_numpy(float) + 1 - 0.43 + (lane + 0.5) * height
    made = go.Figure()
    instances = np.arange(plan.packing.instances)
    started = jobs.groupby("instance")["start_hours"].min().reindex(instances).to_numpy(float)
    made.add_trace(
        go.Bar(
            orientation="h", y=instances + 1.0, x=started * unit, base=0, width=0.86, uid="start",
            name="boot and image", marker={"color": "#cbd2d9"},
            hovertemplate=f"boot and image: %{{x:.1f}} {name}<extra></extra>",
        )
    )  # fmt: skip
    for number, (_, rows) in enumerate(jobs.groupby("kind")):
        at = rows.index.to_numpy()
        made.add_trace(
            go.Bar(
                orientation="h", y=middle[at], x=(rows["end_hours"] - rows["start_hours"]).to_numpy() * unit,
                base=rows["start_hours"].to_numpy() * unit, width=height[at] * 0.94, uid=f"kind-{number}",
                name="your jobs" if number == 0 else "further jobs",
                marker={"color": KIND_COLOURS[number % len(KIND_COLOURS)], "line": {"width": 0}},
                customdata=np.column_stack([rows["jobs"], rows["instance"] + 1]),
                hovertemplate="%{customdata[0]} job(s) on instance %{customdata[1]}, from %{base:.1f}"
                f" for %{{x:.1f}} {name}<extra></extra>",
            )
        )  # fmt: skip
    made.update_layout(
        barmode="overlay", title=f"Packed on {plan.packing.instances} × {display.escape(plan.instance_type)}"
    )
    made.update_xaxes(title={"text": name.capitalize(), "standoff": 4}, rangemode="tozero")
    made.update_yaxes(title="Instance", autorange="reversed", dtick=max(1, len(instances) // 12), tick0=1)
    finish(made, banner, height_px=int(min(620, 190 + 26 * len(instances))))
    return legend_under_title(made)


def _lanes(instance: np.ndarray, start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each job the first free lane of its instance, and how many lanes each instance has."""
    lane = np.zeros(len(instance), int)
    free: dict[int, list[float]] = {}
    for job in np.lexsort((start, instance)):
        ends = free.setdefault(int(instance[job]), [])
        spot = next((index for index, until in enumerate(ends) if until <= start[job] + 1e-9), len(ends))
        if spot == len(ends):
            ends.append(0.0)
        ends[spot] = float(end[job])
        lane[job] = spot
    return lane, np.array([len(free[place]) for place in sorted(free)])
