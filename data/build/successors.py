"""Builds facts/successors: which family AWS's users are told to move to from an older one.

Left out: families whose successor no source that was read names (P2, P3, G3, Trainium and Inferentia among them).
"""

from __future__ import annotations

import pandas as pd

AWS = "aws.amazon.com/ec2/previous-generation (upgrade paths)"
LESSON = "emnode.com/learn/lesson/upgrade-ec2-instance-generation (m4, c4, r4 -> 5 -> 6i -> 7i; m5a -> m6a -> m7a)"
EBS = "github.com/aws/agent-toolkit-for-aws: aws-billing-and-cost-management/references/ebs-optimization.md"
#: What is billed, the older family, its successor, source, date, note.
ROWS = (
    ("instance", "m1", "m7i", AWS, "2024", "page of 2024, undated; M7g and M7a are named too"),
    ("instance", "m3", "m7i", AWS, "2024", "page of 2024, undated; M7g and M7a are named too"),
    ("instance", "t1", "t3", AWS, "2024", "page of 2024, undated; T4g and T3a are named too"),
    ("instance", "i2", "i3", AWS, "2024", "page of 2024, undated"),
    ("instance", "m4", "m5", LESSON, "2026", "page undated, read in 2026"),
    ("instance", "m5", "m6i", LESSON, "2026", "page undated, read in 2026"),
    ("instance", "m6i", "m7i", LESSON, "2026", "page undated, read in 2026"),
    ("instance", "c4", "c5", LESSON, "2026", "page undated, read in 2026"),
    ("instance", "c5", "c6i", LESSON, "2026", "page undated, read in 2026"),
    ("instance", "c6i", "c7i", LESSON, "2026", "page undated, read in 2026"),
    ("instance", "r4", "r5", LESSON, "2026", "page undated, read in 2026"),
    ("instance", "r5", "r6i", LESSON, "2026", "page undated, read in 2026"),
    ("instance", "r6i", "r7i", LESSON, "2026", "page undated, read in 2026"),
    ("instance", "m5a", "m6a", LESSON, "2026", "page undated, read in 2026"),
    ("instance", "m6a", "m7a", LESSON, "2026", "page undated, read in 2026"),
    ("volume", "gp2", "gp3", EBS, "2026", "3,000 operations and 125 MB a second are included at any size"),
)


def successors() -> pd.DataFrame:
    """A row an older family, in the columns of data/README.md."""
    frame = pd.DataFrame(ROWS, columns=["what", "family", "successor", "source", "as_of", "note"])
    frame["basis"], frame["rule"] = "published", ""
    return frame[["what", "family", "successor", "basis", "rule", "source", "as_of", "note"]]
