"""Shares out what nobody owns, by a stated rule, into a chargeback table whose cents add up."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from costlib.billing.attribution import UNTAGGED
from costlib.errors import Fault, InvalidInput, nearest, unknown

RULES = {
    "even": "each owner takes the same part",
    "proportional": "each owner takes its share of what all owners spent themselves",
    "telemetry": "each owner takes its share of the measured use that was given (GPU-hours, requests, ...)",
}


def chargeback(
    costs: pd.DataFrame,
    rule: str = "proportional",
    shared: Collection[str] = (UNTAGGED,),
    telemetry: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """``owner, direct, shared, total, share`` in whole cents, from frames of ``owner, cost`` (as ``attributed`` gives).

    The costs of owners named in ``shared`` are handed out to the others by ``rule`` (RULES). Totals are rounded so that
    they add up to the bill's cents (largest remainders). An owner in ``telemetry`` without cost of its own takes its
    part, too. Raises InvalidInput for an unknown rule, nobody to share with, or telemetry that measures nothing.
    """
    if rule not in RULES:
        raise InvalidInput([unknown("rule", rule, RULES, "rule for shared cost")])
    direct = costs.groupby("owner")["cost"].sum().astype(float)
    strange = [name for name in shared if name not in direct.index and name != UNTAGGED]
    faults = [Fault("shared", name, "owns no cost in this bill", nearest(name, direct.index)) for name in strange]
    if (rule == "telemetry") != (telemetry is not None):
        problem = "needs measured use by owner" if rule == "telemetry" else "takes no telemetry"
        faults.append(Fault("rule", rule, problem))
    pool = float(direct[direct.index.isin(list(shared))].sum())
    owners = direct[~direct.index.isin(list(shared))]
    if telemetry is not None:
        bad = [name for name, use in telemetry.items() if not np.isfinite(use) or use < 0]
        faults += [Fault("telemetry", name, "has a use below 0, or no number") for name in bad]
        faults += [Fault("telemetry", name, "is among the shared owners") for name in telemetry if name in shared]
        if not bad and sum(telemetry.values()) <= 0:
            faults.append(Fault("telemetry", None, "measures no use at all"))
        owners = owners.reindex(owners.index.union(list(telemetry)), fill_value=0.0)
    if not len(owners):
        faults.append(Fault("shared", ", ".join(shared), "leaves nobody to share the cost"))
    if faults:
        raise InvalidInput(faults)
    parts = _weights(owners, rule, telemetry) * pool
    total_cents = _cents(owners + parts)
    direct_cents = _cents(owners)
    made = pd.DataFrame(
        {
            "owner": owners.index,
            "direct": direct_cents / 100.0,
            "shared": (total_cents - direct_cents) / 100.0,
            "total": total_cents / 100.0,
        }
    )
    whole = total_cents.sum()
    made["share"] = total_cents / whole if whole else np.nan
    return made.sort_values(["total", "owner"], ascending=[False, True], ignore_index=True)


def _weights(owners: pd.Series[float], rule: str, telemetry: Mapping[str, float] | None) -> pd.Series[float]:
    if telemetry is not None:
        use = pd.Series(dict(telemetry), dtype=float).reindex(owners.index).fillna(0.0)
        return use / use.sum()
    # Credits can make an owner's cost negative; it then takes no part, rather than a part the wrong way round.
    spent = owners.clip(lower=0.0)
    if rule == "proportional" and spent.sum() > 0:
        return spent / spent.sum()
    return pd.Series(1.0 / len(owners), index=owners.index)


def _cents(amounts: pd.Series[float]) -> np.ndarray:
    """Whole cents that add up to the rounded sum: the largest remainders are rounded up."""
    exact = amounts.to_numpy(float) * 100.0
    # A hair below a whole cent is that cent: floats lose a millionth of it.
    floors = np.floor(exact + 1e-6)
    left = int(round(float(exact.sum()) - float(floors.sum())))
    order = np.argsort(-(exact - floors), kind="stable")
    floors[order[:left]] += 1.0
    return floors
