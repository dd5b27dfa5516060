"""How a benchmark runs: on one core, its figures printed and written as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

BENCH_DIR = Path(__file__).resolve().parent.parent.parent / "build" / "bench"


def run(measure: Callable[[], Mapping[str, float]], name: str) -> None:
    """Measures, prints, and writes build/bench/NAME.json."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    figures = measure()
    for title, value in figures.items():
        print(f"{title:70} {value:,.4g}" if value < 1e6 else f"{title:70} {value:,.0f}")
    BENCH_DIR.mkdir(parents=True, exist_ok=True)
    (BENCH_DIR / f"{name}.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
