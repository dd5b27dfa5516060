"""What a person wants to run: one validated, frozen description, read from YAML or from widgets."""

from costlib.workload.description import Workload
from costlib.workload.fields import Vocabulary
from costlib.workload.names import (
    ATTENTIONS,
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
    "METHODS",
    "MODEL_CLASSES",
    "OPTIMIZERS",
    "PRECISIONS",
    "PURCHASES",
    "RECOMPUTES",
    "SERVICES",
    "Fit",
    "HoursOn",
    "ModelClass",
    "Spot",
    "SpotHistory",
    "Vocabulary",
    "Workload",
]
