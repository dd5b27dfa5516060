"""Public shapes are read as their configuration files give them."""

import pytest

from costlib.errors import NotKnown
from costlib.facts.model_shapes import model_shape, model_shapes
from costlib.tables import Snapshot


def test_a_published_shape() -> None:
    shape = model_shape(Snapshot.open(), "Llama-2-7b")
    # huggingface.co/meta-llama/Llama-2-7b-hf, config.json
    assert (shape.layers, shape.hidden, shape.heads) == (32, 4096, 32)
    assert (shape.feed_forward, shape.vocabulary) == (11008, 32000)
    assert shape.gated and "Llama-2-7b" in shape.source


def test_parameters_follow_from_the_shape() -> None:
    """A Llama-2 layer is 4 h x h and 3 h x f matrices and two norms; two embeddings and a last norm beside them."""
    for name in ("Llama-2-7b", "Llama-2-13b"):
        one = model_shape(Snapshot.open(), name)
        h, f = one.hidden, one.feed_forward
        assert one.parameters == one.layers * (4 * h * h + 3 * h * f + 2 * h) + 2 * one.vocabulary * h + h


def test_smallest_first_and_heads_divide() -> None:
    shapes = list(model_shapes(Snapshot.open()).values())
    assert [one.parameters for one in shapes] == sorted(one.parameters for one in shapes)
    assert all(one.hidden % one.heads == 0 for one in shapes)


def test_an_unknown_model_has_neighbours() -> None:
    with pytest.raises(NotKnown, match="Llama-2-7b"):
        model_shape(Snapshot.open(), "llama-2-7")
