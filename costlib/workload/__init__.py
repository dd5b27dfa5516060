"""What a person wants to run: one validated, frozen description, read from YAML or from widgets."""

from costlib.workload.description import Workload
from costlib.workload.fields import Vocabulary
from costlib.workload.jobs import JobKind, Jobs, StaffHours
from costlib.workload.names import (
    ATTENTIONS,
    JOB_NEEDS,
    METHODS,
    MODEL_CLASSES,
    OPTIMIZERS,
    PRECISIONS,
    PURCHASES,
    RECOMPUTES,
    SERVICES,
    ModelClass,
)
from costlib.workload.parts import Fit, HoursOn, Spot, SpotHistory

__all__ = [
    "ATTENTIONS",
    "JOB_NEEDS",
    "METHODS",
    "MODEL_CLASSES",
    "OPTIMIZERS",
    "PRECISIONS",
    "PURCHASES",
    "RECOMPUTES",
    "SERVICES",
    "Fit",
    "HoursOn",
    "JobKind",
    "Jobs",
    "ModelClass",
    "Spot",
    "SpotHistory",
    "StaffHours",
    "Vocabulary",
    "Workload",
]
