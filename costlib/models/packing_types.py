"""What the rules of packing share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from costlib.models.checks import Floats

Ints = npt.NDArray[np.int64]
#: The instance and the start of each job, and the end of each instance; hours from the start of the billing.
Arrangement = tuple[Ints, Floats, Floats]
