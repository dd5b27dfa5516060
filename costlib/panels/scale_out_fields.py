"""The controls of the scaling page as plain data, and the lists of numbers that are typed into it."""

from __future__ import annotations

from collections.abc import Mapping

from costlib.errors import Fault, InvalidInput
from costlib.panels.controls import Control, beside
from costlib.planner.cluster_steps import LAYOUTS
from costlib.planner.equal_work import BOUGHT
from costlib.workload import PRECISIONS

GLOBAL_BATCH = "global_batch"
CRITICAL = ("not known", "a number", "own points", "bert_large", "resnet50")
JOBS = ("run", "trees")

SECTIONS: dict[str, tuple[Control, ...]] = {
    "Run": (
        Control("model.parameters", "Parameters (count)", "All weights, for example 1.558e9"),
        Control("work.tokens", "Training tokens (count)", "All tokens over all epochs, for example 3.36e10"),
        Control(GLOBAL_BATCH, "Global batch (samples a step)", "Sequences in one optimizer step, on all accelerators"
                " together", claims=("work.tokens_per_step", "fit.global_batch")),
        Control("dataset.home_region", "Region", "Where the instances are bought", "name", ("regions",)),
        Control("deadline_hours", "Deadline (hours)", "Marked in the chart of clusters; empty: none"),
    ),
    "Cluster": (
        Control("instance_type", "Instance type", "Whose scaling is drawn", "name", ("instance_types",)),
        Control("precision", "Precision on it", "Clusters of other types take the fastest that the run lists", "choice",
                PRECISIONS),
        Control("search.max_instances", "Up to (instances)", "How far the curves go, 1 to 512"),
        Control("layout", "Weights", "Sharded: ZeRO-3 or FSDP, half as much traffic again", "choice", LAYOUTS),
        Control("purchase", "Bought", "For the chart of clusters", "choice", BOUGHT),
        Control("search.instance_families", "Families compared", "Such as: g6e, p4d, p5; empty: all", "names"),
    ),
}  # fmt: skip

BATCH: tuple[Control, ...] = (
    Control("count", "On instances (count)", "Of the type above"),
    Control("micro_batch", "Micro-batch (samples)", "Of one replica at a time; empty: the largest that fits"),
    Control("efficiency_percent", "Saturates at (% of the limit)", "Share of the limiting throughput, below 100"),
    Control("points", "Measured: batch, samples a second", "One line a batch, of one replica; your own measurement"
            " takes the place of the estimate", "lines"),
    Control("critical_from", "Critical batch", "The global batch that doubles the samples to the target; MLPerf's are"
            " fitted to its results", "choice", CRITICAL),
    Control("critical_batch", "Critical batch (samples)", "For example from the gradient noise scale"),
    Control("target_points", "Batch, samples to the target", "One line a batch: how many samples your runs took",
            "lines"),
)  # fmt: skip

SMALL: tuple[Control, ...] = (
    Control("job", "Job", "The run above, or boosted trees on a table", "choice", JOBS),
    Control("data_rows", "Rows of the table (count)", "100 trees of depth 10, about a dozen columns"),
)

CONTROLS = {control.key: control for controls in (*SECTIONS.values(), BATCH, SMALL) for control in controls}
_NAMES = {
    "layout": {
        "auto": "sharded where they must be",
        "replicated": "on every accelerator",
        "sharded": "sharded over all (ZeRO-3, FSDP)",
    },
    "purchase": {"on_demand": "on-demand", "spot": "spot"},
    "critical_from": {"bert_large": "BERT-large (MLPerf)", "resnet50": "ResNet-50 (MLPerf)"},
    "job": {"run": "the run above", "trees": "boosted trees"},
}
PLACEHOLDERS = {
    "points": "8, 210\n16, 350\n32, 520",
    "target_points": "256, 2400000\n1024, 2700000",
    "search.instance_families": "all",
    "micro_batch": "the largest that fits",
    "deadline_hours": "none",
}


def option_name(key: str, option: str) -> str:
    """How an option of a control is written for people."""
    return _NAMES.get(key, {}).get(option, option)


def control_of(fault: Fault) -> str | None:
    """The key of the control that a fault stands beside; None if it concerns the whole."""
    return beside(fault, CONTROLS)


def pairs_of(key: str, text: str) -> tuple[list[float], list[float]]:
    """The numbers of a list with two a line, such as "8, 210". Raises InvalidInput with a fault for each wrong line."""
    first: list[float] = []
    second: list[float] = []
    faults = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        parts = [part.strip().replace(" ", "") for part in line.split(",")]
        values = [_positive(part) for part in parts]
        if len(values) != 2 or None in values:
            faults.append(Fault(key, line.strip(), f"(line {number}) is not two positive numbers with a comma between"))
        elif values[0] in first:
            faults.append(Fault(key, line.strip(), f"(line {number}) gives this batch twice"))
        else:
            first.append(float(values[0] or 0))
            second.append(float(values[1] or 0))
    if not faults and len(first) < 2:
        faults.append(Fault(key, text.strip() or None, "needs at least two lines, each of another batch"))
    if faults:
        raise InvalidInput(faults)
    return first, second


def positive_of(
    key: str, values: Mapping[str, str], faults: list[Fault], whole: bool = False, most: float | None = None
) -> float | None:
    """A positive number from its control; None if empty. What is not one becomes a fault."""
    text = values[key].replace(" ", "")
    if not text:
        return None
    number = _positive(text)
    if number is None or (whole and not number.is_integer()) or (most is not None and number > most):
        problem = f"must be a {'whole ' if whole else ''}number above 0" + (f", at most {most:g}" if most else "")
        faults.append(Fault(key, values[key], problem))
        return None
    return number


def _positive(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 < number < float("inf") else None
