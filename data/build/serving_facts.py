"""Builds facts/serving_facts: limits and defaults of the ways to serve a model, each with the page that says so."""

from __future__ import annotations

import pandas as pd

_CDK = (
    "https://docs.aws.amazon.com/cdk/api/latest/python/aws_cdk.aws_applicationautoscaling/BaseTargetTrackingProps.html"
)
_ALARMS = "https://github.com/aws/containers-roadmap/issues/1208"
_LOAD_TEST = "https://docs.amazonaws.cn/en_us/sagemaker/latest/dg/endpoint-scaling-loadtest.html"
_SERVERLESS = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariantServerlessConfig.html"
_INVOKE = "https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints-invoke.html"
_ASYNC = "https://docs.amazonaws.cn/en_us/sagemaker/latest/dg/async-inference.html"
_LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.md"
_ZIP = "https://aws.amazon.com/blogs/compute/deploying-ai-models-for-inference-with-aws-lambda-using-zip-packaging"
_COLD = "https://theneuralbase.com/aws-sagemaker/learn/intermediate/cold-start-considerations/"
_COLD_LOW = "https://randeepbhatia.com/courses/aws-serverless-ml/sagemaker-serverless"
_KEPT = "https://ianwhitestone.work/serverless-ml-deployments/"
_START = "facts/service_facts, sagemaker_startup: endpoint create to InService, ml.g6.xlarge + vLLM + 2B model"

_ROWS = (
    ("application_auto_scaling", "scale_out_cooldown_seconds", 300, "seconds", "published", "", _CDK, "",
     "the default for SageMaker endpoint variants and ECS services"),
    ("application_auto_scaling", "scale_in_cooldown_seconds", 300, "seconds", "published", "", _CDK, "",
     "the default for SageMaker endpoint variants and ECS services"),
    ("application_auto_scaling", "high_minutes", 3, "minutes", "measured", "", _ALARMS, "2020-12-30",
     "3 of 3 data points of a minute, as users see it in the alarms that the service makes; not to be changed"),
    ("application_auto_scaling", "low_minutes", 15, "minutes", "measured", "", _ALARMS, "2020-12-30",
     "15 of 15 data points of a minute, as users see it in the alarms that the service makes"),
    ("application_auto_scaling", "low_fraction", 0.9, "fraction", "measured", "",
     "a public workshop on ECS scaling, not named: alarms at 30 and 27 % CPU", "",
     "EC2 Auto Scaling's own alarms stand at 70 % of the target"),
    ("sagemaker_endpoint", "start_minutes", 10, "minutes", "measured", "", _START, "2026-09-25",
     "9.9 to 10.1 minutes, one model; smaller images are quicker, larger models slower"),
    ("sagemaker_endpoint", "first_safety_fraction", 0.5, "fraction", "published", "", _LOAD_TEST, "",
     "AWS advises to begin with a target of half of what a load test allows"),
    ("sagemaker_serverless", "least_memory_mb", 1024, "mb", "published", "", _SERVERLESS, "", "in steps of 1,024 MB"),
    ("sagemaker_serverless", "most_memory_mb", 6144, "mb", "published", "", _SERVERLESS, "", "in steps of 1,024 MB"),
    ("sagemaker_serverless", "most_concurrency", 200, "count", "published", "", _SERVERLESS, "", "of one endpoint"),
    ("sagemaker_serverless", "most_seconds", 60, "seconds", "published", "", _INVOKE, "", "of one request"),
    ("sagemaker_serverless", "most_payload_mb", 4, "mb", "published", "", _INVOKE, "", "request and response"),
    ("sagemaker_async", "most_seconds", 3600, "seconds", "published", "", _ASYNC, "", "of one request"),
    ("sagemaker_async", "most_payload_mb", 1024, "mb", "published", "", _ASYNC, "", "up to 1 GB"),
    ("lambda", "least_memory_mb", 128, "mb", "published", "",
     "https://gist.github.com/yogeshnile/31933101645f182252f088a1a43d318e", "2021-09-25", "a table of AWS's limits"),
    ("lambda", "most_memory_mb", 10240, "mb", "published", "", _LAMBDA, "", ""),
    ("lambda", "most_seconds", 900, "seconds", "published", "", _LAMBDA, "", "of one invocation"),
    ("lambda", "most_concurrency", 1000, "count", "published", "",
     "https://docs.aws.Amazon.com/lambda/latest/dg/limits.html", "", "default quota of an account and region"),
    ("cold_start", "low_seconds", 1, "seconds", "estimate",
     "the low end of what third parties write, without a measurement", _COLD_LOW, "", "1 to 5 seconds"),
    ("cold_start", "usual_seconds", 16.5, "seconds", "measured", "", _ZIP, "",
     "one function that loads a 1.5 B model, 4 bit, from S3; 1.6 s with SnapStart"),
    ("cold_start", "high_seconds", 120, "seconds", "estimate",
     "the high end of what third parties write, without a measurement", _COLD, "", "30 to 120 seconds"),
    ("cold_start", "kept_idle_seconds", 900, "seconds", "estimate",
     "AWS promises no time; a third party's footnote", _KEPT, "", "about 15 minutes"),
)  # fmt: skip
COLUMNS = ["topic", "fact", "value", "unit", "basis", "rule", "source", "as_of", "note"]


def serving_facts() -> pd.DataFrame:
    """facts/serving_facts, by topic and fact."""
    return pd.DataFrame(_ROWS, columns=COLUMNS).sort_values(["topic", "fact"], ignore_index=True)
