"""Instance size flexibility: how much of a Reserved Instance each size of a family takes.

Source: Amazon EC2 User Guide, "How Reserved Instances are applied" (apply_ri.md of awsdocs/amazon-ec2-user-guide).
Sizes that its table leaves out follow its own rule, an xlarge counts 8: 48xlarge counts 48 x 8.
"""

from __future__ import annotations

import re

from costlib.errors import Fault, InvalidInput

#: Factors of the named sizes, and of one xlarge.
NAMED = {"nano": 0.25, "micro": 0.5, "small": 1.0, "medium": 2.0, "large": 4.0, "xlarge": 8.0}
XLARGE = 8.0
#: Bare metal counts as the virtual size of the same family that it equals.
METAL = {
    "a1": 32.0,
    **dict.fromkeys(("m5zn", "z1d"), 96.0),
    **dict.fromkeys(("c6g", "c6gd", "i3", "m6g", "m6gd", "r6g", "r6gd", "x2gd"), 128.0),
    "c5n": 144.0,
    **dict.fromkeys(("c5", "c5d", "i3en", "m5", "m5d", "m5dn", "m5n", "r5", "r5b", "r5d", "r5dn", "r5n"), 192.0),
}
#: Families whose Reserved Instances cover their own size only.
WITHOUT_FLEXIBILITY = frozenset({"g4ad", "g4dn", "g5", "g5g"})


def family_of(instance_type: str) -> str:
    """The family of a type: ``g5`` of ``g5.xlarge`` and of ``ml.g5.xlarge``."""
    return instance_type.removeprefix("ml.").split(".")[0]


def normalization_factor(instance_type: str) -> float:
    """Normalized units of one instance for one hour.

    Raises InvalidInput for a name without a size, or with a size that has no factor.
    """
    found = _factor(instance_type)
    if found is None:
        raise InvalidInput(
            [Fault("instance_type", instance_type, "has no normalization factor: its size is not known")]
        )
    return found


def _factor(instance_type: str) -> float | None:
    family, _, size = instance_type.removeprefix("ml.").partition(".")
    if size in NAMED:
        return NAMED[size]
    found = re.fullmatch(r"(\d+)xlarge", size)
    if found:
        return int(found[1]) * XLARGE
    # metal-24xl and its like carry the virtual size in their name.
    found = re.fullmatch(r"metal-(\d+)xl", size)
    if found:
        return int(found[1]) * XLARGE
    return METAL.get(family) if size == "metal" else None


def is_size_flexible(instance_type: str, platform: str = "linux", tenancy: str = "shared") -> bool:
    """Whether a regional Reserved Instance covers the other sizes of its family: Linux on shared hardware only.

    A size without a known factor is taken to cover, and to be covered by, its own alone.
    """
    alike = platform == "linux" and tenancy == "shared" and family_of(instance_type) not in WITHOUT_FLEXIBILITY
    return alike and _factor(instance_type) is not None
