"""Hours of networks of a measured class: its own rows first, the A100's carried elsewhere."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from costlib.errors import InvalidInput, NotKnown
from costlib.planner.explain import plans
from costlib.planner.hours import hours_grid
from costlib.planner.search import search
from costlib.planner.sources import Sources
from costlib.workload import MODEL_CLASSES, ModelClass, Workload

IMAGES = 1_281_167 * 90


@pytest.fixture(scope="module")
def resnet(workload: Workload, sources: Sources) -> Workload:
    content = workload.to_mapping()
    content |= {"model": {"parameters": 25_600_000}, "precision": ["fp16", "tf32"]}
    content["work"] = {"samples": IMAGES, "model_class": "resnet50"}
    return Workload.from_mapping(content, sources.vocabulary)


def test_the_workload_knows_the_classes_that_are_measured(sources: Sources) -> None:
    assert sources.class_rates.classes == MODEL_CLASSES == get_args(ModelClass)
    with pytest.raises(NotKnown, match="resnet50"):
        sources.class_rates.band("resnet5", "A100 80GB SXM4", "fp16", 8)
    assert sources.class_rates.band("maskrcnn", "B200 SXM", "fp16", 8) is None


def test_a_type_with_rows_takes_samples_over_their_rate(resnet: Workload, sources: Sources) -> None:
    grid = hours_grid(resnet, sources)
    row = sources.offers.instance_types.index("p4d.24xlarge")
    # Lambda alone measured 8 A100 40GB: 9,476.45 images a second in fp16.
    hours = [grid.hours[end][row, 0, 0] for end in range(3)]
    assert hours[1] == pytest.approx(IMAGES / 9476.45 / 3600)
    assert hours[0] < hours[1] < hours[2]
    note = grid.notes[grid.note[row, 0, 0]]
    assert note.basis == "derived" and "measured resnet50 on A100 40GB SXM4" in note.rule
    assert grid.notes[grid.note[row, 1, 0]].basis == "estimate"
    assert grid.hours[1][row, 1, 0] > hours[1] / 2


def test_measurers_that_differ_widen_the_band(sources: Sources) -> None:
    # Three measured 8 A100 80GB: 10,786, 16,621 and 26,674 images a second.
    band = sources.class_rates.band("resnet50", "A100 80GB SXM4", "bf16", 8)
    one = sources.class_rates.band("resnet50", "A100 40GB SXM4", "bf16", 8)
    assert band is not None and one is not None
    assert band.expected == pytest.approx(16621 / 8)
    assert band.low < 10786 / 8 and band.high > 26674 / 8
    assert band.high / band.low > 2 * one.high / one.low


def test_types_without_rows_are_carried_over_and_say_so(resnet: Workload, sources: Sources) -> None:
    grid = hours_grid(resnet, sources)
    row = sources.offers.instance_types.index("g5.xlarge")
    note = grid.notes[grid.note[row, 0, 0]]
    assert note.basis == "estimate" and "carried over by the ratio of FLOP/s" in note.rule
    assert np.isfinite(grid.hours[1][row, 0, 0])
    assert np.isnan(grid.hours[1][sources.offers.instance_types.index("c7i.large")]).all()


def test_an_own_measurement_comes_first(resnet: Workload, sources: Sources) -> None:
    own = resnet.changed({"measured": {"p4d.24xlarge": {"samples_per_second": 5000, "precision": "fp16"}}})
    grid = hours_grid(own, sources)
    row = sources.offers.instance_types.index("p4d.24xlarge")
    assert grid.hours[1][row, 0, 0] == pytest.approx(IMAGES / 5000 / 3600)
    assert grid.notes[grid.note[row, 0, 0]].basis == "user"


def test_plans_say_which_rule_their_hours_are_from(resnet: Workload, sources: Sources) -> None:
    result = search(resnet.changed({"deadline_hours": None}), sources)
    best = plans(result, result.order[:1])[0]
    assert "resnet50" in best.hours_rule


def test_samples_need_one_way_to_time_them(resnet: Workload) -> None:
    for change, said in (
        ({"work.model_class": None}, "exactly one of seconds_per_sample_on, model_class"),
        ({"work": {"tokens": 1e9, "model_class": "resnet50"}}, "goes with samples"),
        ({"work.model_class": "resnet51"}, "resnet50"),
    ):
        with pytest.raises(InvalidInput, match=said):
            resnet.changed(change)
