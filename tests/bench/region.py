"""Times the answer of all regions on one core, beside a plain loop over them: ``python -m tests.bench.region``.

The answer is a search of all regions, ways to buy and types, and its rankings; the plain loop searches each region
alone and takes its first plan. Both are timed in the same run, as times on a shared machine are sizes. Writes
build/bench/region.json.
"""

from __future__ import annotations

import time

from tests.bench.one_core import run
from tests.bench.planner import seconds_of

#: An answer takes less than this on a quiet machine.
MOST_SECONDS = 0.05


def measure() -> dict[str, float]:
    """All figures; seconds unless the name says otherwise."""
    import numpy as np

    from costlib.errors import CostlibError
    from costlib.models.transfer import follow
    from costlib.planner.region.answer import region_answer
    from costlib.planner.region.stability import PriceFacts
    from costlib.planner.search import search
    from costlib.planner.sources import Sources
    from costlib.workload import Workload
    from tests.planner.region.conftest import FAR

    sources = Sources.open()
    far = Workload.from_yaml_text(FAR, sources.vocabulary)
    facts = PriceFacts.of(sources.book)
    answer = region_answer(far, sources, facts=facts)

    def plain_loop() -> int:
        found = 0
        for region in answer.regions:
            try:
                alone = search(far.changed({"search.regions": [region]}, sources.vocabulary), sources)
                found += int(len(alone.order) > 0 and alone.cost_usd[alone.order[0]] > 0)
            except CostlibError:
                continue
        return found

    began = time.perf_counter()
    with_plans = plain_loop()
    plainly = time.perf_counter() - began
    ours = seconds_of(lambda: region_answer(far, sources, facts=facts))
    rng = np.random.default_rng(0)
    usd, begin = rng.uniform(1, 2, (365, 30)), np.zeros(30)
    move = rng.uniform(0, 1, (30, 30))
    np.fill_diagonal(move, 0.0)
    return {
        "region_answer_seconds": ours,
        "region_answer_limit_seconds": MOST_SECONDS,
        "regions_with_plans": with_plans,
        "candidates_costed": len(answer.result.candidates),
        "plain_loop_over_regions_seconds": plainly,
        "times_faster_than_plain_loop": plainly / ours,
        "answer_as_data_seconds": seconds_of(answer.as_dict, runs=5),
        "follow_a_year_of_days_over_30_regions_seconds": seconds_of(lambda: follow(usd, move, begin)),
    }


if __name__ == "__main__":
    run(measure, "region")
