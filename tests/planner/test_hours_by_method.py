"""Hours of adapters against those of full training, on the planner's grid."""

from __future__ import annotations

import numpy as np
import pytest

from costlib.facts.adapters import METHOD_RATIOS
from costlib.planner.hours import hours_grid
from costlib.planner.sources import Sources
from costlib.workload import Workload


@pytest.mark.parametrize("method", ["lora", "qlora"])
def test_adapters_save_the_gradients_of_frozen_weights_and_say_so(
    workload: Workload, sources: Sources, method: str
) -> None:
    full = hours_grid(workload, sources)
    adapters = hours_grid(workload.changed({"fit": {"method": method, "lora_rank": 16}}), sources)
    known = np.isfinite(full.hours[1])
    model = workload.model
    assert model.layers and model.hidden and model.sequence_length
    attention = 12 * model.layers * model.hidden * model.sequence_length
    flops = (4 * model.parameters + attention) / (6 * model.parameters + attention)
    ratio = METHOD_RATIOS[method]
    alone = known & (full.counts == 1)[None, :, None]
    for end, times in enumerate((ratio.low, ratio.expected, ratio.high)):
        assert adapters.hours[end][alone] == pytest.approx(full.hours[end][alone] * times * flops)
    # Several instances gain more: few gradients cross the network.
    several = known & ~alone
    assert (adapters.hours[1][several] <= full.hours[1][several] * ratio.expected * flops * (1 + 1e-9)).all()
    said = [note for note in adapters.notes if note.rule]
    assert said and all(ratio.rule in note.rule and ratio.source in note.source for note in said)
