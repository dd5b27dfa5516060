"""Shapes of public models, as their own configuration files give them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from costlib.errors import NotKnown, unknown
from costlib.tables import Snapshot


@dataclass(frozen=True)
class ModelShape:
    """One model: counts, widths in elements; ``gated``: three matrices in the feed-forward instead of two."""

    model: str
    parameters: int
    layers: int
    hidden: int
    heads: int
    feed_forward: int
    vocabulary: int
    gated: bool
    source: str


def model_shapes(snapshot: Snapshot) -> dict[str, ModelShape]:
    """Every public shape that is held, by the model's name; smallest first."""
    table = snapshot.read("reference/model_shapes").sort_values(["parameters", "model"])
    return {str(row["model"]): _shape(row) for row in table.to_dict("records")}


def model_shape(snapshot: Snapshot, model: str) -> ModelShape:
    """One model's shape. Raises NotKnown with the nearest names."""
    shapes = model_shapes(snapshot)
    if model not in shapes:
        raise NotKnown([unknown("model", model, shapes, "public model")])
    return shapes[model]


def _shape(row: dict[Any, Any]) -> ModelShape:
    counts = ("parameters", "layers", "hidden", "heads", "feed_forward", "vocabulary")
    return ModelShape(
        model=str(row["model"]),
        gated=str(row["gated"]) == "True",
        source=str(row["source"]),
        **{name: int(row[name]) for name in counts},
    )
