"""Pictures of accelerator memory: what it is made of, and how it grows with the sequence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from costlib.display import escape
from costlib.figures.style import INK, MUTED, finish
from costlib.planner.memory_views import PARTS
from costlib.units import bytes_to_gib

#: What stays from step to step in blues, what comes and goes in warm colours and greens, what is lost in greys.
COLOURS = {
    "weights": "#0072B2",
    "gradients": "#56B4E9",
    "optimizer_states": "#1f4e79",
    "adapters": "#CC79A7",
    "activations": "#E69F00",
    "recomputed_layer": "#F0E442",
    "logits": "#D55E00",
    "gathered_weights": "#009E73",
    "framework_reserve": "#9aa5b1",
    "fragmentation": "#cbd2d9",
}
ATTENTION_COLOURS = {"standard": "#D55E00", "flash": "#0072B2"}
BAR_PX = 30
#: A label needs this share of the axis for itself: of a wide one, and of a high one.
WIDE_SHARE, HIGH_SHARE = 0.022, 0.045
MOST_LETTERS = 24


@dataclass(frozen=True)
class MemoryLine:
    """Memory that one or more accelerators have; ``chosen`` ones stand out."""

    names: tuple[str, ...]
    usable_bytes: float
    chosen: bool = False

    @property
    def label(self) -> str:
        """GiB and whose: ``22.4 GiB A10G + 1``."""
        name = self.names[0] if len(self.names[0]) <= MOST_LETTERS else f"{self.names[0][:MOST_LETTERS]}…"
        others = f" + {len(self.names) - 1}" if len(self.names) > 1 else ""
        return f"{bytes_to_gib(self.usable_bytes):.3g} GiB {escape(name)}{others}"


def components(rows: pd.DataFrame, lines: Sequence[MemoryLine], note: str) -> go.Figure:
    """GiB of one accelerator, a stacked bar for each row of planner.memory_views.by_change, with its range.

    Lines are accelerators' usable memory, as far as they stand near the bars. ``note`` is written under the chart.
    """
    names = [escape(name) for name in rows["change"]]
    made = go.Figure()
    for part in PARTS:
        gib = bytes_to_gib(rows[part].to_numpy(float))
        if gib.any():
            words = part.replace("_", " ")
            made.add_trace(
                go.Bar(
                    x=gib,
                    y=names,
                    orientation="h",
                    name=words,
                    uid=part,
                    marker={"color": COLOURS[part], "line": {"color": "white", "width": 0.5}},
                    hovertemplate=f"%{{y}}: {words} %{{x:.2f}} GiB<extra></extra>",
                )
            )
    low, expected, high = (bytes_to_gib(rows[name].to_numpy(float)) for name in ("low", "expected", "high"))
    made.add_trace(
        go.Scatter(
            x=expected,
            y=names,
            mode="markers",
            uid="range",
            showlegend=False,
            marker={"color": INK, "size": 4},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": high - expected,
                "arrayminus": expected - low,
                "color": INK,
                "thickness": 1.5,
                "width": 4,
            },
            customdata=np.column_stack([low, high]),
            hovertemplate=("%{y}: %{x:.1f} GiB expected (%{customdata[0]:.1f} – %{customdata[1]:.1f})<extra></extra>"),
        )
    )
    # Behind the bar whatever its unit: figures that can be read off.
    made.add_trace(
        go.Scatter(
            x=high,
            y=names,
            mode="text",
            text=[f"  <b>{_gib(middle)}</b> ({_gib(least)} – {_gib(most)})"
                  for least, middle, most in zip(low, expected, high, strict=True)],
            textposition="middle right",
            textfont={"size": 11},
            uid="totals",
            showlegend=False,
            hoverinfo="skip",
        )
    )  # fmt: skip
    widest = _right_end(float(expected[0]), float(high.max()), lines)
    for line, labelled in _spaced(lines, widest):
        made.add_vline(
            x=bytes_to_gib(line.usable_bytes),
            line={"color": INK if line.chosen else MUTED, "width": 2 if line.chosen else 1, "dash": "dash"},
        )
        if labelled:
            made.add_annotation(
                x=bytes_to_gib(line.usable_bytes),
                y=1,
                yref="paper",
                text=f"<b>{line.label}</b>" if line.chosen else line.label,
                textangle=-35,
                xanchor="left",
                yanchor="bottom",
                showarrow=False,
                font={"size": 11, "color": INK if line.chosen else MUTED},
            )
    made.update_layout(barmode="stack", bargap=0.3, title="What one accelerator holds, and what would shrink it")
    made.update_xaxes(title={"text": "GiB an accelerator", "standoff": 6}, range=[0, widest])
    made.update_yaxes(automargin=True, autorange="reversed", tickfont={"size": 12})
    finish(made, note, height_px=260 + BAR_PX * len(rows))
    made.update_layout(
        margin={"t": 150},
        title={"y": 0.98, "yanchor": "top"},
        legend={"orientation": "v", "traceorder": "normal", "x": 1.01, "xanchor": "left", "y": 1, "yanchor": "top"},
    )
    return made


def by_sequence(rows: pd.DataFrame, asked_tokens: int, lines: Sequence[MemoryLine], note: str) -> go.Figure:
    """GiB of one accelerator against tokens of a sequence, a line for each attention, with its range as a band.

    The axis ends where memory does that anyone sells, or a little above the flatter line: the steep one may leave it.
    """
    made = go.Figure()
    for attention, colour in ATTENTION_COLOURS.items():
        mine = rows[rows["attention"] == attention].sort_values("sequence_length")
        if mine.empty:
            continue
        tokens = mine["sequence_length"].to_numpy()
        low, expected, high = (bytes_to_gib(mine[name].to_numpy(float)) for name in ("low", "expected", "high"))
        made.add_trace(
            go.Scatter(
                x=np.concatenate([tokens, tokens[::-1]]),
                y=np.concatenate([high, low[::-1]]),
                fill="toself",
                mode="none",
                fillcolor=colour,
                opacity=0.15,
                uid=f"{attention} band",
                showlegend=False,
                hoverinfo="skip",
            )
        )
        made.add_trace(
            go.Scatter(
                x=tokens,
                y=expected,
                name=f"{attention} attention",
                uid=attention,
                mode="lines",
                line={"color": colour, "width": 3},
                customdata=np.column_stack([low, high]),
                hovertemplate=(
                    f"{attention} attention, %{{x:,}} tokens: %{{y:.1f}} GiB"
                    " (%{customdata[0]:.1f} – %{customdata[1]:.1f})<extra></extra>"
                ),
            )
        )
    highest = _top(rows, asked_tokens, lines)
    for line, labelled in _spaced(lines, highest, HIGH_SHARE):
        made.add_hline(
            y=bytes_to_gib(line.usable_bytes),
            line={"color": INK if line.chosen else MUTED, "width": 2 if line.chosen else 1, "dash": "dash"},
        )
        if labelled:
            made.add_annotation(
                x=1,
                xref="paper",
                y=bytes_to_gib(line.usable_bytes),
                text=f"<b>{line.label}</b>" if line.chosen else line.label,
                xanchor="left",
                showarrow=False,
                font={"size": 11, "color": INK if line.chosen else MUTED},
            )
    made.add_vline(x=asked_tokens, line={"color": INK, "width": 1, "dash": "dot"})
    made.add_annotation(
        x=asked_tokens, y=1, yref="paper", yanchor="top", xanchor="left", text=f"asked: {asked_tokens:,}",
        showarrow=False, font={"size": 11, "color": INK},
    )  # fmt: skip
    made.update_layout(title="Memory against the length of a sequence")
    made.update_xaxes(title={"text": "tokens of a sequence", "standoff": 6}, rangemode="tozero", tickformat=",d")
    made.update_yaxes(title="GiB an accelerator", range=[0, highest * 1.05])
    finish(made, note, height_px=440)
    made.update_layout(margin={"t": 80, "r": 230}, title={"y": 0.98, "yanchor": "top"})
    return made


def _gib(amount: float) -> str:
    return f"{amount:,.0f}" if amount >= 100 else f"{amount:.1f}"


def _right_end(asked_gib: float, highest_gib: float, lines: Sequence[MemoryLine]) -> float:
    """The axis shows every bar, the next memory above what is asked for, and the chosen one; and room for figures."""
    sizes = [bytes_to_gib(line.usable_bytes) for line in lines]
    above = min((size for size in sizes if size >= asked_gib), default=0.0)
    chosen = max((bytes_to_gib(line.usable_bytes) for line in lines if line.chosen), default=0.0)
    return max(highest_gib * 1.18, above * 1.05, chosen * 1.05)


def _top(rows: pd.DataFrame, asked_tokens: int, lines: Sequence[MemoryLine]) -> float:
    """Where the axis of the curves ends, in GiB: what is asked for and the flatter line are always in it."""
    highest = rows.groupby("attention")["expected"].max()
    asked = rows.loc[rows["sequence_length"] == asked_tokens, "expected"]
    most_sold = max((line.usable_bytes for line in lines), default=0.0)
    wanted = max(1.5 * most_sold, 2.0 * float(highest.min()), 1.5 * float(asked.max()) if len(asked) else 0.0)
    return bytes_to_gib(min(float(highest.max()), wanted))


def _spaced(lines: Sequence[MemoryLine], widest_gib: float, share: float = WIDE_SHARE) -> list[tuple[MemoryLine, bool]]:
    """The lines that the axis shows, each with whether there is room for its label; chosen ones come first."""
    shown = [line for line in lines if bytes_to_gib(line.usable_bytes) <= widest_gib]
    taken: list[float] = []
    made = []
    for line in sorted(shown, key=lambda line: (not line.chosen, line.usable_bytes)):
        place = bytes_to_gib(line.usable_bytes) / widest_gib
        free = all(abs(place - other) >= share for other in taken)
        if free:
            taken.append(place)
        made.append((line, free))
    return made
