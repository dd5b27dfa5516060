"""Rows of facts/service_facts that were read one by one: start-up times, limits of services, what they can do.

What a page of AWS's documentation says has no date of its own; such rows say that the page is undated.
"""

from __future__ import annotations

import botocore
import pandas as pd

COLUMNS = ["topic", "fact", "value", "unit", "source_kind", "basis", "rule", "source", "as_of", "note"]
UNDATED = "undated page"
QUOTAS = "docs.aws.amazon.com/batch/latest/userguide/service_limits.html"
FIXED = f"{UNDATED}; a quota that cannot be changed, for each region"
SOCI = (
    'AWS Machine Learning Blog, "Reducing container cold start times using SOCI index on DLAMI and DLC" (copies in'
    " public pages)"
)
HUGGING_FACE = "github.com/huggingface/blog/pull/96 (log of a training job, 13:04:04 to 13:06:33)"
MERLIN = "github.com/NVIDIA-Merlin/Transformers4Rec/issues/794 (log of a training job)"
AMI_RULE = f"no member of CreateTrainingJobRequest names an AMI or a host, in botocore {botocore.__version__}"

#: Each row in the order of COLUMNS.
ROWS: tuple[tuple[str, ...], ...] = (
    ("ec2_launch", "boot to SSH, small instances", "3", "seconds", "third_party_measurement", "measured", "",
     "svc-083", "", "undated; the part that is billed: billing starts at running"),
    ("ec2_launch", "pending to running, small instances", "16.5", "seconds", "third_party_measurement", "measured", "",
     "svc-083", "", "undated; 16.4-16.6 s whatever the family; not billed"),
    ("ec2_launch", "running to SSH, c5.xlarge", "22.8", "seconds", "third_party_measurement", "derived",
     "17.2 + 5.6, the billed parts of the run", "svc-084", "2021-08-12", ""),
    ("ec2_launch", "API and pending, c5.xlarge", "6.4", "seconds", "third_party_measurement", "derived",
     "1.5 + 4.9, the parts before running", "svc-084", "2021-08-12", "not billed"),
    ("image_pull", "training image, 2021", "149", "seconds", "third_party_measurement", "measured", "",
     HUGGING_FACE, "2021-04-01",
     "SageMaker, two instances; 2,882 billable seconds of both are all from the downloads to the end, so the pull is"
     " billed"),
    ("image_pull", "training image, 2024", "171", "seconds", "third_party_measurement", "measured", "",
     f"{MERLIN[:-1]}, 22:16:08 to 22:18:59)", "2024-12-09", "SageMaker"),
    ("image_pull", "15-20 GB with docker, quick", "240", "seconds", "aws_blog", "published", "", SOCI, "2026-06",
     '"can take 4-6 minutes per instance"'),
    ("image_pull", "15-20 GB with docker, slow", "360", "seconds", "aws_blog", "published", "", SOCI, "2026-06",
     '"can take 4-6 minutes per instance"'),
    ("sagemaker_startup", "provisioning, one job", "49", "seconds", "third_party_measurement", "measured", "",
     f"{MERLIN[:-1]}, 22:15:03 to 22:15:52)", "2024-12-09", "from Starting to Downloading; not billed"),
    ("sagemaker_startup", "warm pool start, at most", "20", "seconds", "aws_blog", "published", "", "svc-089",
     "2022-12", "the number of the row in words"),
    ("sagemaker_limits", "longest training job", "28", "days", "aws_docs", "published", "",
     "docs.aws.amazon.com/sdk-for-kotlin/api/latest/sagemaker, StoppingCondition.maxRuntimeInSeconds", "",
     f"{UNDATED}; the default is 1 day"),
    ("sagemaker_limits", "longest warm pool", "28", "days", "aws_docs", "published", "",
     "docs.amazonaws.cn/sagemaker/latest/dg/train-warm-pools.html", "", f"{UNDATED}; over all jobs that reuse it"),
    ("sagemaker_limits", "keep alive that the API takes", "21600", "seconds", "aws_sdk", "published", "",
     f"botocore {botocore.__version__}, SageMaker's service model: KeepAlivePeriodInSeconds", "",
     "undated; CONFLICT with the guide's 3,600, which is held to"),
    ("sagemaker_limits", "own machine image", "none", "rule", "aws_sdk", "derived", AMI_RULE,
     f"botocore {botocore.__version__}, SageMaker's service model: CreateTrainingJobRequest", "",
     "undated; a job brings a container image, its host is SageMaker's"),
    ("sagemaker_limits", "volume of types with NVMe disks", "none", "rule", "aws_docs", "published", "",
     "docs.aws.amazon.com/sdk-for-kotlin/api/latest/sagemaker, ResourceConfig.volumeSizeInGb", "",
     f"{UNDATED}; no EBS volume is provisioned for them, ml.p4d, ml.g4dn and ml.g5 among them"),
    ("sagemaker_limits", "EFA", "yes", "rule", "aws_docs", "published", "",
     "awsdocs/amazon-sagemaker-developer-guide@1bf06f9b:doc_source/your-algorithms-training-efa.md", "",
     "undated; the container brings the EFA software"),
    ("batch_limits", "children of an array job", "10000", "jobs", "aws_docs", "published", "", QUOTAS, "", FIXED),
    ("batch_limits", "job queues", "50", "queues", "aws_docs", "published", "", QUOTAS, "", FIXED),
    ("batch_limits", "compute environments", "50", "environments", "aws_docs", "published", "", QUOTAS, "", FIXED),
    ("batch_limits", "compute environments of a queue", "3", "environments", "aws_docs", "published", "", QUOTAS, "",
     FIXED),
    ("batch_limits", "jobs in SUBMITTED state", "1000000", "jobs", "aws_docs", "published", "", QUOTAS, "", FIXED),
    ("batch_limits", "SubmitJob calls", "50", "calls a second", "aws_docs", "published", "", QUOTAS, "", FIXED),
    ("batch_limits", "attempts of a job", "10", "attempts", "aws_docs", "published", "",
     "awsdocs/aws-batch-user-guide@2b466f08:doc_source/job_retries.md", "",
     "undated; after an EC2 instance's failure or termination too"),
    ("batch_limits", "multi-node parallel jobs on spot", "none", "rule", "aws_docs", "published", "",
     "docs.aws.amazon.com/batch/latest/userguide/mnp-ce.html", "", f"{UNDATED}; nor in unmanaged environments"),
    ("batch_limits", "own machine image", "yes", "rule", "aws_docs", "published", "",
     "docs.aws.amazon.com/batch/latest/userguide/compute_resource_AMIs.html", "", UNDATED),
    ("batch_limits", "EFA", "yes", "rule", "aws_docs", "published", "",
     "docs.amazonaws.cn/en_us/batch/latest/userguide/efa.md", "",
     f"{UNDATED}; in one cluster placement group, with a driver in the AMI"),
    ("aws_batch", "least scale-down delay", "20", "minutes", "aws_docs", "published", "",
     "docs.aws.amazon.com/batch/latest/APIReference/API_ComputeScalingPolicy.html", "",
     f"{UNDATED}; 0 switches it off; idle instances are billed meanwhile"),
    ("aws_batch", "most scale-down delay", "10080", "minutes", "aws_docs", "published", "",
     "docs.aws.amazon.com/batch/latest/APIReference/API_ComputeScalingPolicy.html", "", UNDATED),
    ("aws_batch", "grouped jobs, at least", "3", "minutes", "aws_docs", "published", "", "svc-093", "2023-06-15",
     "the numbers of the row in words"),
    ("aws_batch", "grouped jobs, at most", "5", "minutes", "aws_docs", "published", "", "svc-093", "2023-06-15",
     "the numbers of the row in words"),
    ("aws_batch", "container start on a running instance", "10", "seconds", "issue_report", "measured", "",
     "github.com/linz/geostore/issues/81", "2020-12-02", '"more than 10 seconds", for each container of an array'),
    ("aws_batch", "memory that an m4.large of 8192 MiB registers", "7985", "MiB", "aws_docs", "published", "",
     "awsdocs/aws-batch-user-guide@2741065f:doc_source/memory-management.md", "",
     "undated; the rest is the platform's and the kernel's, and the AMI keeps 32 MiB of it for the agent"),
    ("aws_batch", "scaling up, slow", "600", "seconds", "issue_report", "measured", "",
     "github.com/HumanCellAtlas/matrix-service/issues/339", "2019-07-10",
     '"up to 10 mins"; not billed; said to be better since 2021 (github.com/awsdocs/aws-batch-user-guide/issues/10)'),
    ("aws_batch", "charge for the service", "0", "usd", "aws_docs", "published", "",
     "svc-073", "", "undated; one pays for the instances"),
)  # fmt: skip


def rows() -> pd.DataFrame:
    """The rows as a table, with the columns of facts/service_facts."""
    return pd.DataFrame([dict(zip(COLUMNS, row, strict=True)) for row in ROWS])
