"""Four of the recorded traces, of two campaigns, looked at once an hour: enough to replay, and quick."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from costlib.facts.spot_traces import SpotTraces
from costlib.units import SECONDS_PER_HOUR

NAMES = (
    "aws1026-us-west-2a_v100_8", "aws1026-us-west-2b_v100_8", "aws1128-us-west-2a_k80_1", "aws1128-us-west-2b_k80_1",
)  # fmt: skip
#: A campaign, and a trace, of 649 hours; and the others, of 356 hours.
LONG, SHORT = "aws1026: 8 x v100, 2 zones", "aws1128: 1 x k80, 2 zones"
LONG_TRACE, SHORT_TRACE = NAMES[0], NAMES[2]


@lru_cache(maxsize=1)
def few_traces() -> SpotTraces:
    """The rows of NAMES, with every sixth of their ten-minute steps."""
    traces = SpotTraces.open()
    table = traces.table[traces.table["trace"].isin(NAMES)].reset_index(drop=True)
    hourly = [traces.of(name)[::6] for name in table["trace"]]
    return SpotTraces(
        table.assign(
            step_seconds=int(SECONDS_PER_HOUR),
            steps=[len(flags) for flags in hourly],
            run_lengths=[_run_lengths(flags) for flags in hourly],
        )
    )


def _run_lengths(flags: np.ndarray) -> str:
    """Steps without, with, without … capacity, as SpotTraces reads them."""
    changes = np.nonzero(np.diff(np.concatenate([[False], flags])))[0]
    return " ".join(map(str, np.diff(np.concatenate([[0], changes, [len(flags)]]))))
