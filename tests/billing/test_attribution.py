"""Whose cost it was, and how what nobody owns is shared out."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costlib.billing.attribution import UNTAGGED, attributed
from costlib.billing.bill import Bill, open_bill
from costlib.billing.sharing import chargeback
from costlib.errors import InvalidInput
from tests.billing.conftest import focus, written

JOB = "arn:aws:sagemaker:us-east-1:1:training-job/bert"
END = "arn:aws:sagemaker:us-east-1:1:endpoint/chat"


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> Bill:
    rows = focus(
        {"Tags": '{"team": "a", "project": "p", "model": "m"}', "EffectiveCost": 6.0, "ResourceId": JOB},
        {"Tags": '{"team": "b"}', "EffectiveCost": 2.0, "ResourceId": END, "SubAccountId": "333"},
        {"EffectiveCost": 1.5, "RegionId": "eu-west-1"},
        {"ChargeCategory": "Tax", "EffectiveCost": 0.5, "Tags": ""},
    )
    return open_bill(written(rows, tmp_path_factory.mktemp("bill") / "b.csv"))


@pytest.mark.parametrize(
    ("by", "owners"),
    [
        ("tag:team", {"a": 6.0, "b": 2.0, UNTAGGED: 2.0}),
        ("team", {"a": 6.0, "b": 2.0, UNTAGGED: 2.0}),
        ("project", {"p": 6.0, UNTAGGED: 4.0}),
        ("model", {"m": 6.0, UNTAGGED: 4.0}),
        ("account", {"222": 8.0, "333": 2.0}),
        ("training_job", {"bert": 6.0, UNTAGGED: 4.0}),
        ("endpoint", {"chat": 2.0, UNTAGGED: 8.0}),
        ("region", {"us-east-1": 8.5, "eu-west-1": 1.5}),
    ],
)
def test_owners(bill: Bill, by: str, owners: dict[str, float]) -> None:
    found = attributed(bill, by)
    assert found.set_index("owner")["cost"].to_dict() == owners
    assert found["rows"].sum() == 4


def test_unknown_owners_and_costs(bill: Bill) -> None:
    for by in ("tag:teem", "proyect", ""):
        with pytest.raises(InvalidInput):
            attributed(bill, by)
    with pytest.raises(InvalidInput, match="did you mean effective_cost"):
        attributed(bill, "team", cost="efective_cost")


def direct(**owners: float) -> pd.DataFrame:
    return pd.DataFrame({"owner": list(owners), "cost": list(owners.values())}).replace({"owner": {"nobody": UNTAGGED}})


def totals(table: pd.DataFrame) -> dict[str, float]:
    return table.set_index("owner")["total"].to_dict()


def test_rules_by_hand() -> None:
    costs = direct(a=60.0, b=20.0, nobody=20.0)
    assert totals(chargeback(costs, "even")) == {"a": 70.0, "b": 30.0}
    assert totals(chargeback(costs, "proportional")) == {"a": 75.0, "b": 25.0}
    use = {"a": 1.0, "b": 0.0, "c": 3.0}
    assert totals(chargeback(costs, "telemetry", telemetry=use)) == {"a": 65.0, "b": 20.0, "c": 15.0}
    shared = chargeback(costs, "even", shared=(UNTAGGED, "b"))
    assert totals(shared) == {"a": 100.0} and shared["share"].tolist() == [1.0]


def test_cents_are_handed_out_whole() -> None:
    table = chargeback(direct(a=1.0, b=1.0, c=1.0, nobody=0.01), "even")
    assert totals(table) == {"a": 1.01, "b": 1.0, "c": 1.0}


def test_a_credit_takes_no_part_the_wrong_way_round() -> None:
    table = chargeback(direct(a=10.0, b=-5.0, nobody=4.0), "proportional")
    assert totals(table) == {"a": 14.0, "b": -5.0}


@given(
    st.dictionaries(st.sampled_from(["a", "b", "c", "d", "nobody"]), st.floats(0, 1e6), min_size=2),
    st.sampled_from(["even", "proportional"]),
)
def test_the_chargeback_adds_up_to_the_cent(costs: dict[str, float], rule: str) -> None:
    frame = direct(**costs)
    table = chargeback(frame, rule)
    # The nearest whole cents: half a cent, and a millionth for floats of some millions.
    assert table["total"].sum() == pytest.approx(float(frame["cost"].sum()), abs=0.005 + 1e-6)
    assert (table["direct"] + table["shared"]).to_list() == pytest.approx(table["total"].to_list())
    assert (table["total"] * 100).round(6).mod(1).isin([0.0, 1.0]).all()


def test_refusals() -> None:
    costs = direct(a=1.0, nobody=1.0)
    faults = {
        "rule": {"rule": "fair"},
        "shared": {"shared": ("a", UNTAGGED)},
        "telemetry": {"rule": "telemetry", "telemetry": {"a": 0.0}},
    }
    for field, options in faults.items():
        with pytest.raises(InvalidInput) as caught:
            chargeback(costs, **options)  # type: ignore[arg-type]
        assert caught.value.faults[0].field == field
    with pytest.raises(InvalidInput, match="needs measured use"):
        chargeback(costs, "telemetry")
    with pytest.raises(InvalidInput, match="owns no cost"):
        chargeback(costs, shared=(UNTAGGED, "z"))
    with pytest.raises(InvalidInput, match="below 0"):
        chargeback(costs, "telemetry", telemetry={"a": float("nan")})
