"""Commitments: how AWS applies them, the best portfolio, its cash by month, a ladder, layers, and one offer alone.

The public names of models/commitments_*.py.
"""

from __future__ import annotations

from costlib.models.commitments_apply import Applied, apply_discounts
from costlib.models.commitments_cash import cash_by_month, paid_back_month
from costlib.models.commitments_forecast import Outlook, outlook_from
from costlib.models.commitments_inputs import Commitment, Line, Rates, Usage
from costlib.models.commitments_ladder import Climb, Rule, best_above, climbed, ladder_plan, next_rung, whole_by_month
from costlib.models.commitments_layers import Layers, layered
from costlib.models.commitments_offer import BreakEven, break_even, break_even_month, newsvendor_amount
from costlib.models.commitments_portfolio import Portfolio, best_portfolio
from costlib.models.commitments_problem import Block, Terms
from costlib.models.commitments_scenarios import (
    Scenarios,
    beyond,
    grown,
    migrated,
    price_cut,
    scenarios_of,
    stopped,
    together,
)
from costlib.models.commitments_tables import commitments_of
from costlib.models.commitments_usage import usage_from

__all__ = [
    "Applied",
    "Block",
    "Climb",
    "BreakEven",
    "Commitment",
    "Layers",
    "Line",
    "Outlook",
    "Portfolio",
    "Rates",
    "Rule",
    "Scenarios",
    "Terms",
    "Usage",
    "apply_discounts",
    "best_above",
    "beyond",
    "best_portfolio",
    "break_even",
    "break_even_month",
    "cash_by_month",
    "commitments_of",
    "climbed",
    "grown",
    "ladder_plan",
    "layered",
    "migrated",
    "newsvendor_amount",
    "next_rung",
    "outlook_from",
    "paid_back_month",
    "price_cut",
    "scenarios_of",
    "stopped",
    "together",
    "usage_from",
    "whole_by_month",
]
