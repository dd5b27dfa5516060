"""Prices and facts of services, and a comparison for each kind of work: all of it is frozen."""

from __future__ import annotations

from typing import Any

import pytest

from costlib.planner.service.compare import Comparison, compare
from costlib.planner.service.kinds import KINDS
from costlib.planner.service.market import ServiceSources
from costlib.planner.sources import Sources
from costlib.workload import Workload


@pytest.fixture(scope="session")
def desk(sources: Sources) -> ServiceSources:
    return ServiceSources.open(sources)


@pytest.fixture(scope="session")
def kinds(workload: Workload, desk: ServiceSources) -> dict[str, Comparison]:
    return {name: compare(workload.changed({"jobs": jobs}), desk) for name, jobs in KINDS.items()}


@pytest.fixture(scope="session")
def compared(workload: Workload, desk: ServiceSources):  # type: ignore[no-untyped-def]
    """The comparison of jobs, given as the workload's part of that name."""

    def made(**jobs: Any) -> Comparison:
        return compare(workload.changed({"jobs": jobs}, desk.sources.vocabulary), desk)

    return made
