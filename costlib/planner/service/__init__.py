"""Which service runs a set of jobs for the least: SageMaker training jobs, EC2 by hand, or AWS Batch."""
