"""Whatever a model of hours is given, it answers or refuses by name: no traceback of numpy's comes through."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from costlib.errors import InvalidInput
from costlib.models.batch import StepCurve, step_curve
from costlib.models.scaling import Cluster, step_seconds
from costlib.models.throughput import training_flops, training_hours

MODULES = (
    "achieved_flops", "batch", "cpu_or_gpu", "input_pipeline", "roofline", "scaling", "throughput",
    "usual_batch",
)  # fmt: skip
BAD: dict[str, Any] = {
    "nan": np.nan, "inf": np.inf, "-inf": -np.inf, "negative": -1.0, "zero": 0.0, "empty": [], "partly": [np.nan, 1.0],
    "ragged": [[1.0], [2.0, 3.0]], "text": "x", "digits": "3", "none": None, "three": [1.0, 2.0, 3.0],
    "complex": 1 + 2j, "matrix": np.ones((2, 3)), "all negative": [-5.0, -6.0],
}  # fmt: skip
#: What is good for an argument of that name, where 2.0 is not.
GOOD: dict[str, Any] = {
    "cluster": Cluster(8.0, 2.0, 3e11, 1e10), "curve": StepCurve(0.1, 0.01, 0.0), "batch": [1.0, 2.0, 4.0],
    "samples_per_second": [1.0, 1.8, 3.0], "samples_to_target": [10.0, 12.0, 15.0], "measured_sizes": [1.0, 2.0],
    "measured_seconds": [1.0, 3.0], "share": [0.3, 0.4], "architecture": [0, 0], "accelerator": [0, 0],
    "terms": (np.zeros(2), 0.0, np.zeros(2), 0.0), "away": [0.1, 0.2], "weight": [1.0, 0.5], "publication": [0, 1],
    "large_batch": 8.0, "large_squared_norm": 1.0, "global_batch": 64.0, "predicted_log_odds": [0.0, 0.0], "sources": 3,
    "trained_fraction": 0.5, "achieved_fraction_low": 0.2, "achieved_fraction_expected": 0.3,
    "achieved_fraction_high": 0.4, "efficiency": 0.9, "gpu_fraction": 0.5, "memory_fraction": 0.5,
    "io_wait_fraction": 0.1, "cpu_fraction": 0.2, "target_fraction": 0.9, "reachable_fraction": 0.9, "is_fp8": False,
}  # fmt: skip
#: Not numbers: flags, and what other models make.
NO_NUMBERS = {"sharded", "calibration", "accumulate", "curve"}


def models() -> list[tuple[str, Callable[..., Any]]]:
    found = []
    for name in MODULES:
        module = importlib.import_module(f"costlib.models.{name}")
        for model_name, model in inspect.getmembers(module, inspect.isfunction):
            if not model_name.startswith("_") and model.__module__ == module.__name__:
                found.append((f"{name}.{model_name}", model))
    return found


def good_for(model: Callable[..., Any]) -> dict[str, Any]:
    given = {}
    for name, parameter in inspect.signature(model).parameters.items():
        if name in NO_NUMBERS - {"curve"}:
            given[name] = parameter.default
        elif name == "share" and model.__name__ == "log_odds":
            given[name] = 0.3
        else:
            given[name] = GOOD.get(name, 2.0)
    return given


@pytest.mark.parametrize(("name", "model"), models(), ids=[name for name, _ in models()])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_model_answers_or_refuses_by_name(name: str, model: Callable[..., Any]) -> None:
    given = good_for(model)
    model(**given)
    for argument in set(given) - NO_NUMBERS:
        for kind, value in BAD.items():
            asked = Cluster(8.0, value, 3e11, 1e10) if argument == "cluster" else value
            try:
                model(**{**given, argument: asked})
            except InvalidInput as refused:
                assert refused.faults[0].field, (name, argument, kind)
            else:
                # None passes where it stands for an argument left out; text and ragged lists nowhere.
                default = inspect.signature(model).parameters[argument].default
                assert kind not in ("ragged", "text", "digits", "complex"), (name, argument, kind)
                assert kind != "none" or default is None, (name, argument, kind)


def test_a_refusal_names_the_argument_and_what_is_wrong_with_it() -> None:
    with pytest.raises(InvalidInput) as refused:
        training_flops("many", [[1.0], [2.0, 3.0]])
    assert [fault.field for fault in refused.value.faults] == ["parameters", "tokens"]
    with pytest.raises(InvalidInput, match=r"accelerators: \(3,\) is the shape given"):
        training_hours([1.0, 2.0], [1, 2, 3], 312, 0.3, 0.4, 0.5)
    with pytest.raises(InvalidInput, match=r"achieved_fraction_low: 0.5 is above achieved_fraction_expected, 0.4"):
        training_hours(1e18, 8, 312, 0.5, 0.4, 0.6)
    with pytest.raises(InvalidInput, match="samples_per_second: nan must be a finite number"):
        step_curve([1, 2, 4], [10, np.nan, 30])
    with pytest.raises(InvalidInput, match=r"cluster\.nodes"):
        step_seconds([1.0, 2.0], 1e9, Cluster(8, [1, 2, 3], 3e11, 1e10))


def test_what_is_not_known_stays_so() -> None:
    hours = training_hours([1e18, np.nan], 8, [312, 312], 0.3, 0.4, [0.5, np.nan])
    assert np.isfinite(hours.low[0]) and np.isnan([hours.low[1], hours.expected[1], hours.high[1]]).all()
    assert np.isnan(training_flops(np.nan, 1e9)) and np.isnan(training_flops(1e9, np.nan, 2, 3, 4))


def test_hours_come_by_name_and_scalars_are_arrays() -> None:
    alone = training_hours(1e20, 8, 312, 0.3, 0.4, 0.5)
    assert alone.low < alone.expected < alone.high and alone._fields == ("low", "expected", "high")
    assert alone.expected == pytest.approx(1e20 / (8 * 312e12 * 0.4 * 3600))
    many = training_hours([1e20, 2e20], [8, 16], 312, 0.3, 0.4, 0.5)
    assert many.expected == pytest.approx([alone.expected] * 2) and float(many.high[0]) == float(alone.high)
