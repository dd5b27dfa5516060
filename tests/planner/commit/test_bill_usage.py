"""Usage out of a bill: what ran but for spot, with what is left out told."""

import numpy as np
import pytest

from costlib.errors import InvalidInput
from costlib.paths import data_dir
from costlib.planner.commit.bill_usage import usage_of_bill
from costlib.prices.book import PriceBook

BILLS = data_dir() / "examples" / "bills"


def test_the_example_bill_is_usage_that_can_be_committed_to(book: PriceBook) -> None:
    found = usage_of_bill(BILLS, book)
    lines = {(line.instance_type, line.service): at for at, line in enumerate(found.usage.lines)}
    assert ("ml.g5.xlarge", "sagemaker") in lines and ("m5.xlarge", "ec2") in lines
    assert len(found.hours) == len(found.usage.quantity) and (found.usage.quantity >= 0).all()
    assert not np.isnan(found.usage.quantity).any()
    said = " ".join(found.notes)
    assert "spot is left where it is" in said and "--held" in said and "are left out: ml.t3.medium" in said


def test_what_ran_on_spot_is_not_in_it(book: PriceBook) -> None:
    from costlib.billing.bill import open_bill
    from costlib.billing.usage import hourly_usage

    bill = open_bill(str(BILLS))
    with_spot = hourly_usage(bill).frame
    kept = usage_of_bill(BILLS, book)
    at = [line.instance_type for line in kept.usage.lines].index("m5.xlarge")
    own = with_spot[with_spot["instance_type"] == "m5.xlarge"]["quantity"].sum()
    assert kept.usage.quantity[:, at].sum() == pytest.approx(float(own))
    g5 = [number for number, line in enumerate(kept.usage.lines) if line.instance_type == "g5.12xlarge"]
    all_g5 = float(with_spot[with_spot["instance_type"] == "g5.12xlarge"]["quantity"].sum())
    assert 0 < kept.usage.quantity[:, g5].sum() < all_g5


def test_what_is_no_bill_is_refused(book: PriceBook) -> None:
    with pytest.raises(InvalidInput):
        usage_of_bill(data_dir() / "README.md", book)
