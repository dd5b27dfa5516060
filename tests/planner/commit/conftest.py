"""A small team's usage, and the embedded prices."""

import numpy as np
import pytest

from costlib.models.commitments import Line, Usage
from costlib.prices.book import PriceBook

HOURS = 13 * 168
HOUR = np.arange(HOURS)
AT_WORK = (HOUR % 24 >= 8) & (HOUR % 24 < 18) & ((HOUR // 24) % 7 < 5)


@pytest.fixture(scope="session")
def book() -> PriceBook:
    return PriceBook.open()


@pytest.fixture(scope="session")
def usage() -> Usage:
    """13 weeks: an endpoint day and night, boxes at work, training in bursts, a SageMaker job at work."""
    lines = (
        Line("g5.12xlarge", "us-east-1"),
        Line("g5.xlarge", "us-east-1"),
        Line("p4d.24xlarge", "us-east-1"),
        Line("ml.g5.2xlarge", "us-east-1", "sagemaker"),
    )
    quantity = np.stack(
        [4 + 2 * np.sin(HOUR * 2 * np.pi / 24), 1 + 8 * AT_WORK, 2 * ((HOUR // 168) % 3 == 0), 1 + 3 * AT_WORK], axis=1
    )
    return Usage(lines, quantity)
