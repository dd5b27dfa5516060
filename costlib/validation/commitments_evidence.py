"""Commitments beside what is known: AWS's worked examples, an exhaustive search, and made-up years held out."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pandas as pd

from costlib.models.lookback import DAYS
from costlib.tables import Snapshot
from costlib.validation import commitments, commitments_grid, commitments_guide
from costlib.validation.evidence_rows import Demand, Evidence, rows_of

NOTEBOOK = "06_commit"
#: Traces a kind, and a seed that no constant was chosen on.
TRACES_PER_KIND, SEED = 40, 10
#: What is asked of a rule against each look-back rule: the share of traces in which it is no dearer by more than the
#: tolerance, and at all; how much less its 95th percentile of regret is; how much above the mean cost it may be.
WITHIN = Demand(f"no worse (within {100 * commitments.TOLERANCE_FRACTION:g} % of cost) in", at_least=0.95)
EXACT = Demand("no dearer at all in", at_least=0.95)
LESS = Demand("95th percentile of regret less by", at_least=0.30)
ABOVE = Demand("mean cost above by", at_least=-np.inf, at_most=0.01)
TARGETS = (WITHIN, EXACT, LESS, ABOVE)
#: The rules that are asked, and what must hold of each.
ASKED = {"portfolio": (WITHIN,), "ladder": (LESS, ABOVE), "ladder_from_nothing": (LESS, ABOVE)}


@lru_cache(maxsize=1)
def held_out() -> pd.DataFrame:
    """The back-test that is shown: costs of each trace by each rule; about 3 s, once."""
    return commitments.backtest(TRACES_PER_KIND, SEED)


def targets(check: pd.DataFrame) -> pd.DataFrame:
    """What of each rule in ASKED comes of each of TARGETS: ``rule, target, value, met``, from a ``commitment_check``.

    ``value`` is against the look-back rule that is hardest to beat.
    """
    of_all = check[check["kind"] == "all"].set_index("rule")
    lookback = of_all.loc[[f"lookback_{days}" for days in DAYS]]
    rows = []
    for rule in ASKED:
        own = of_all.loc[rule]
        values = (
            min(own[f"no_worse_than_{days}"] for days in DAYS),
            min(own[f"no_dearer_than_{days}"] for days in DAYS),
            1.0 - own["regret_p95"] / lookback["regret_p95"].min(),
            own["mean_cost"] / lookback["mean_cost"].min() - 1.0,
        )
        rows += [
            (rule, target.statistic, value, target.holds(value)) for target, value in zip(TARGETS, values, strict=True)
        ]
    return pd.DataFrame(rows, columns=["rule", "target", "value", "met"])


def guides(_snapshot: Snapshot) -> Evidence:
    """AWS's worked examples, number by number."""
    frame = commitments_guide.guide_check()
    return Evidence(
        "commitments",
        "AWS's worked examples",
        NOTEBOOK,
        "USD an hour or instances, as stated",
        f"{int(frame['exact'].sum())} of {len(frame)} numbers that AWS's guides work by hand are reproduced to their"
        " last digit; errors are that digit's rounding",
        rows_of(frame, label="label", group="group", reference="reference", predicted="predicted", source="source"),
        (Demand("as stated, to the last digit", at_least=1.0),),
        {"as stated, to the last digit": float(frame["exact"].mean())},
    )


def search(_snapshot: Snapshot) -> Evidence:
    """The best portfolio of small cases against an exhaustive search."""
    frame = commitments_grid.grid_check()
    return Evidence(
        "commitments",
        "portfolio against exhaustive search",
        NOTEBOOK,
        "USD",
        f"{len(frame)} small cases of two plans over three instance types and four scenarios; largest gap"
        f" {100 * frame['above'].max():.2g} %; below zero the search's grid was too coarse",
        rows_of(frame, label="label", group="group", reference="reference", predicted="predicted"),
        (Demand("most above the search", at_least=-np.inf, at_most=commitments_grid.WITHIN),),
        {"most above the search": float(frame["above"].max())},
    )


def years_held_out(rule: str) -> Callable[[Snapshot], Evidence]:
    """A rule in ASKED on the held-out years, against hindsight; its demands are against the look-back rules."""

    def made(_snapshot: Snapshot) -> Evidence:
        frame = held_out()
        frame = frame.assign(label=frame["kind"].str.replace("_", " ") + " " + (frame["trace"] + 1).astype(str))
        found = targets(commitments.commitment_check(frame))
        own = found[found["rule"] == rule]
        return Evidence(
            "commitments",
            f"{rule.replace('_', ' ')} on years held out",
            NOTEBOOK,
            "cost, as a share of the history's usage on demand",
            f"{len(frame)} made-up traces, two years known, two held out; reference: each year's best commitment in"
            " hindsight, so that an error is regret (of next to nothing where usage ended early). Demands are against"
            " the look-back rule that is hardest to beat",
            rows_of(frame, label="label", group="kind", reference="hindsight", predicted=rule),
            ASKED[rule],
            dict(zip(own["target"], own["value"], strict=True)),
        )

    return made
