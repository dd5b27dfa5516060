"""Times look-ups and a full search on one core: ``python -m tests.bench.planner``.

A full search is all types and regions of the snapshot, both services, all purchase options, three precisions and
counts 1 to 8. Times on a shared machine are sizes; each stands beside a yardstick timed in the same run: one pass
of plain NumPy arithmetic over as many numbers, and an interpreter that starts and does nothing. Writes
build/bench/planner.json.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from tests.bench.one_core import run

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLE = ROOT / "data" / "examples" / "gpt2-1.5b.yaml"


def cpu_seconds_of(code: str, runs: int = 7) -> float:
    """Median CPU seconds (user and system) of a fresh interpreter that runs ``code``."""
    times = []
    for _ in range(runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return median(times)


def seconds_of(work: Callable[[], object], runs: int = 15) -> float:
    """Median wall seconds of ``work``."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return median(times)


def measure() -> dict[str, float]:
    """All figures; seconds unless the name says otherwise."""
    import numpy as np

    from costlib.planner.explain import plans
    from costlib.planner.fit import fit_report
    from costlib.planner.ladder import ladder
    from costlib.planner.search import search
    from costlib.planner.sources import Sources
    from costlib.prices.book import PriceBook
    from costlib.workload import Workload

    def open_and_look_up() -> None:
        PriceBook.open().on_demand("p5.48xlarge", "us-east-1")

    start = time.perf_counter()
    sources = Sources.open()
    workload = Workload.from_yaml(EXAMPLE, sources.vocabulary)
    result = search(workload, sources)
    first_answer = time.perf_counter() - start

    again = seconds_of(lambda: search(workload, sources))
    numbers = np.random.default_rng(0).random(result.enumerated)
    yardstick = seconds_of(lambda: numbers * 1.5 + numbers)
    bare = cpu_seconds_of("pass")
    imported = cpu_seconds_of("import costlib")
    return {
        "import_costlib_cpu_seconds": imported,
        "import_costlib_over_bare_interpreter_cpu_seconds": imported - bare,
        "price_book_open_seconds": seconds_of(PriceBook.open),
        "price_book_open_and_first_look_up_seconds": seconds_of(open_and_look_up),
        "first_search_with_opening_seconds": first_answer,
        "search_seconds": again,
        "candidates_enumerated": result.enumerated,
        "candidates_costed": len(result.candidates),
        "candidates_enumerated_per_second": result.enumerated / again,
        "candidates_costed_per_second": len(result.candidates) / again,
        "search_over_one_numpy_pass_ratio": again / yardstick,
        "ladder_seconds": seconds_of(lambda: ladder(result)),
        "memory_and_hours_of_a_million_configurations_seconds": seconds_of(a_million_configurations(), runs=5),
        "fit_report_seconds": seconds_of(lambda: fit_report(workload, sources), runs=5),
        "hundred_itemised_plans_seconds": seconds_of(lambda: plans(result, result.order[:100])),
    }


def a_million_configurations() -> Callable[[], object]:
    """Memory and hours of a million layouts that differ in everything, words included, as one call."""
    import numpy as np

    from costlib.models.memory import training_memory
    from costlib.models.throughput import training_flops, training_hours
    from costlib.planner.achieved_share import AchievedShares
    from costlib.tables import Snapshot

    count = 1_000_000
    shares = AchievedShares.open(Snapshot.open())
    parts = [("A100 80GB SXM4", "NVIDIA Ampere"), ("H100 80GB SXM5", "NVIDIA Hopper"), ("L4", "NVIDIA Ada")]
    accelerators, architectures = (np.array(names, object) for names in zip(*parts, strict=True))
    shares.shares("A100 80GB SXM4", "NVIDIA Ampere", False, 1e9, 8)  # fitted once, whatever is asked
    random = np.random.default_rng(0)
    hidden, tokens = 128 * random.integers(8, 65, count), 1024 * random.integers(1, 9, count)
    parameters, devices = random.uniform(1e8, 1e11, count), 2.0 ** random.integers(0, 8, count)
    words = {
        "precision": np.array(["fp32", "bf16", "fp16", "fp8"])[random.integers(0, 4, count)],
        "optimizer": np.array(["adam", "sgd", "adam_8bit"])[random.integers(0, 3, count)],
        "recompute": np.array(["none", "selective", "full"])[random.integers(0, 3, count)],
        "attention": np.array(["standard", "flash"])[random.integers(0, 2, count)],
    }
    stage, batch, part = (random.integers(low, high, count) for low, high in ((0, 4), (1, 33), (0, 3)))

    def both() -> object:
        memory = training_memory(
            parameters, batch, layers=48, hidden=hidden, heads=8, sequence_length=tokens, vocabulary=50257,
            zero_stage=stage, data_parallel=devices, **words,
        )  # fmt: skip
        flops = training_flops(parameters, 1e10, 48, hidden, tokens)
        reached = shares.shares(
            accelerators[part], architectures[part], words["precision"] == "fp8", parameters, devices, tokens
        )
        hours = training_hours(flops, devices, 312.0, *reached)
        return memory.total_low, memory.total, memory.total_high, hours

    return both


if __name__ == "__main__":
    run(measure, "planner")
