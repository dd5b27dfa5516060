"""Makes costlib/figures/coastline.json: ``python -m data.build.coastline LAND_110M_JSON``.

The input is Natural Earth's land at 1:110 million (public domain, naturalearthdata.com), as TopoJSON of the npm package
world-atlas 2.0.2. Its lines are thinned to what a chart of the world shows.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

OUT = Path(__file__).resolve().parent.parent.parent / "costlib" / "figures" / "coastline.json"
SOURCE = "Natural Earth 4.1.0, land at 1:110 million (public domain), by npm world-atlas 2.0.2 land-110m.json"
RULE = "points that lie within 0.4 degrees of the line through their neighbours are left out (Douglas and Peucker)"
TOLERANCE_DEGREES = 0.4
#: South of it there is Antarctica, and no region.
SOUTHMOST_DEGREES = -60.0

Floats = npt.NDArray[np.float64]


def arcs(topology: dict) -> list[Floats]:
    """The lines of a quantised topology as longitude and latitude, shape (points, 2)."""
    scale = np.array(topology["transform"]["scale"])
    origin = np.array(topology["transform"]["translate"])
    return [np.cumsum(np.array(arc, dtype=float), axis=0) * scale + origin for arc in topology["arcs"]]


def thinned(line: Floats, tolerance: float) -> Floats:
    """The points of a line that are further than ``tolerance`` from what the others draw; its ends stay."""
    if len(line) < 3:
        return line
    start, end = line[0], line[-1]
    along = end - start
    length = np.hypot(*along)
    away = line - start
    if length > 0:
        distance = np.abs(along[0] * away[:, 1] - along[1] * away[:, 0]) / length
    else:
        distance = np.hypot(away[:, 0], away[:, 1])
    furthest = int(np.argmax(distance))
    if distance[furthest] <= tolerance:
        return line[[0, -1]]
    return np.vstack([thinned(line[: furthest + 1], tolerance)[:-1], thinned(line[furthest:], tolerance)])


def without_jumps(line: Floats) -> list[Floats]:
    """A line in parts that do not cross from one edge of the chart to the other."""
    return np.split(line, np.nonzero(np.abs(np.diff(line[:, 0])) > 180.0)[0] + 1)


def main() -> None:
    """Reads the topology, and writes the lines."""
    lines = []
    for line in arcs(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))):
        if line[:, 1].max() < SOUTHMOST_DEGREES:
            continue
        for part in without_jumps(line):
            thin = thinned(part, TOLERANCE_DEGREES)
            if len(thin) > 2:
                lines.append([[round(float(x), 1), round(float(y), 1)] for x, y in thin])
    content = {"source": SOURCE, "rule": RULE, "lines": lines}
    OUT.write_text(json.dumps(content, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{len(lines)} lines, {sum(map(len, lines))} points")


if __name__ == "__main__":
    main()
