"""How fast input is read and prepared where the user has not measured it: ranges, each with its source."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class InputRate:
    """Low, expected and high of one stage's rate in ``unit``; ``basis`` as in costlib.basis."""

    low: float
    expected: float
    high: float
    unit: str
    basis: str
    rule: str
    source: str


#: JPEG images of ImageNet's size. Low: the fastest of 13 published trainings at 224 px read 115,305,030 images in
#: 6.7833 h; on half a p4d.24xlarge, 48 vCPUs, that is 98 a vCPU with augmentation, if the CPU bound it. High: decoding
#: alone, one thread, the fastest library on the fastest CPU.
DECODED_IMAGES = InputRate(
    98.0,
    291.0,
    864.0,
    "images_per_second_per_vcpu",
    "estimate",
    "from a whole training loop that looked input-bound (48 vCPUs assumed) to decoding alone on one thread;"
    " expected is their geometric middle",
    "github.com/ultralytics/yolov5@5081342 README.md; arXiv 2605.08731 (imread-benchmark, single thread)",
)
#: AWS advises one concurrent request for each 85 to 90 MB/s that are wanted.
S3_CONNECTION = InputRate(
    85e6,
    87.5e6,
    90e6,
    "bytes_per_second_per_connection",
    "published",
    "",
    "docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance-design-patterns.html",
)
#: "At least": S3 scales further by itself, and by more prefixes.
S3_PREFIX = InputRate(
    5500.0,
    5500.0,
    5500.0,
    "get_requests_per_second_per_prefix",
    "published",
    "S3 gives at least 5,500 GETs a second and prefix",
    "docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html",
)
