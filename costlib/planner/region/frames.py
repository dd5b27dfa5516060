"""The rankings as tables: for pictures, and for files that readers take away."""

from __future__ import annotations

import numpy as np
import pandas as pd

from costlib.planner.lines import ITEMS
from costlib.planner.region.answer import RegionAnswer


def region_frame(answer: RegionAnswer, way: str) -> pd.DataFrame:
    """One row a region, ranked ones first: where it is, rank, plan, each line in USD a run, break-even, reasons.

    Lines are the plan's (``compute_usd``, ``data_transfer_usd``, …); ``rank`` is 0 without one. ``latitude`` and
    ``longitude`` are nan where the place is not held.
    """
    ranking, even = answer.rankings[way], answer.even(way)
    order = answer.listed(way)
    rows = [answer.row(way, number, even) for number in order]
    frame = pd.DataFrame([{key: value for key, value in row.items() if not isinstance(value, dict)} for row in rows])
    frame["reasons"] = ["; ".join(row["reasons"]) for row in rows]  # type: ignore[arg-type]
    for name in ("rank", "rank_by_price_only", "count"):
        frame[name] = frame[name].fillna(0).astype(np.int64)
    places = answer.result.sources.region_places.table.reindex(frame["region"])
    usd = {f"{item.name}_usd": ranking.best.usd[item.name][order] for item in ITEMS if item.name != "compute"}
    more = {
        **usd,
        "instances_usd": ranking.best.usd["compute"][order],
        "latitude": places["latitude"].to_numpy(float),
        "longitude": places["longitude"].to_numpy(float),
        "break_even_gib": even.gib[order],
        "break_even_runs": even.runs[order],
    }
    return pd.concat([frame, pd.DataFrame(more)], axis=1)


def size_frame(answer: RegionAnswer, way: str, most_lines: int = 6) -> pd.DataFrame:
    """Lines over the size of the dataset: region, base_usd, usd_per_gib (a run), is_home, from_gib.

    ``from_gib`` is nan where a region is cheapest at no size. The regions that are cheapest at some size, the home
    region, and the first of the ranking: ``most_lines`` in all, or as many as are cheapest somewhere.
    """
    lines, ranking = answer.gravity(way), answer.rankings[way]
    starts = {region: size for size, region in answer.by_size(way)}
    wanted = [answer.regions.index(region) for region in starts]
    if answer.home >= 0 and ranking.rank[answer.home]:
        wanted.append(answer.home)
    wanted += [int(number) for number in ranking.order]
    wanted = list(dict.fromkeys(wanted))[: max(most_lines, len(starts) + 1)]
    return pd.DataFrame(
        {
            "region": [answer.regions[number] for number in wanted],
            "base_usd": lines.base_usd[wanted],
            "usd_per_gib": lines.usd_per_gib[wanted],
            "is_home": [number == answer.home for number in wanted],
            "from_gib": [starts.get(answer.regions[number], np.nan) for number in wanted],
        }
    )
