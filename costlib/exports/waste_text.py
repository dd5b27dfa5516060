"""Waste of a bill as tables for a terminal, and as JSON-ready values. Names come from the bill: see terminal.plain."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence

from costlib.billing.bill import Bill
from costlib.billing.waste import Waste
from costlib.billing.waste_finding import CERTAINTIES, KINDS, Finding
from costlib.exports.bill_json import DECIMALS, said_of
from costlib.exports.bill_text import MOST, money, words
from costlib.exports.terminal import plain, table

HEADS = ("kind", "resource", "account", "region", "since", "until", "in the bill", "a month", "at stake", "certainty")


def waste_json(bill: Bill, found: Waste) -> dict[str, object]:
    """Everything that was found, each finding with what its kind means."""
    said = found.as_dict()
    for finding in said["findings"]:
        finding["meaning"] = KINDS[finding["kind"]]
        for name in ("usd", "usd_per_month", "at_stake_usd"):
            finding[name] = None if finding[name] is None else round(finding[name], DECIMALS)
    said["usd_per_month"] = {name: round(usd, DECIMALS) for name, usd in said["usd_per_month"].items()}
    return {**said_of(bill), **said}


def waste_text(bill: Bill, found: Waste) -> str:
    """A table of the findings, then each with its evidence and what would mend it."""
    sums = ", ".join(f"{money(found.usd_per_month[name])} {name}" for name in CERTAINTIES)
    made = [
        f"{plain(bill.source)}: {found.cost.replace('_', ' ')} through {found.through}, "
        f"{bill.currency or 'currency not known'}",
        f"{len(found.findings)} findings; a month: {sums}. Nothing was changed.",
    ]
    if found.findings:
        shown = found.findings[:MOST]
        made += ["", table(HEADS, [_row(one) for one in shown], right=("in the bill", "a month", "at stake"))]
        if len(found.findings) > MOST:
            made.append(f"... and {len(found.findings) - MOST:,} more (--json has all)")
        made += ["", *_details(shown)]
    made += [f"note: {plain(textwrap.shorten(note, 300))}" for note in found.notes]
    return "\n".join(made)


def _row(one: Finding) -> tuple[str, ...]:
    return (
        one.kind, _name(one.resource), words(one.account_id), words(one.region), one.first_day, one.last_day,
        money(one.usd), money(one.usd_per_month), money(one.at_stake_usd), one.certainty,
    )  # fmt: skip


def _name(resource: str) -> str:
    """The end of an ARN; anything else as it is."""
    text = plain(resource)
    return words(text.rsplit(":", 1)[-1] if text.startswith("arn:") else text)


def _details(findings: Sequence[Finding]) -> list[str]:
    made = []
    for one in findings:
        made.append(f"{one.kind}, {KINDS[one.kind]}: {_name(one.resource)}")
        made.append(f"  {plain(one.evidence)}")
        made.append(f"  {plain(one.advice)} ({one.certainty}; {plain(one.rule)})")
        # A command holds names that were checked and quoted: it is shown whole, to be copied.
        made += [f"  $ {one.fix_command}"] if one.fix_command else []
        made += [f"  {json.dumps(one.fix_json)}"] if one.fix_json else []
    return [*made, ""]
