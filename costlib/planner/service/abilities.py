"""What keeps a service from running the jobs: each reason with the fact that it rests on."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from costlib.errors import nearest
from costlib.planner.service.known import SERVICES, ServiceNumbers
from costlib.planner.service.question import Question


@dataclass(frozen=True)
class Reason:
    """Why a service is out, in a sentence, and where that stands.

    ``most_hours``: it is out for longer jobs only, and could run shorter ones; infinite where it is out for all.
    """

    text: str
    source: str
    most_hours: float = float("inf")

    def as_dict(self) -> dict[str, str]:
        """JSON-ready."""
        return {"reason": self.text, "source": self.source}


def reasons(question: Question, types: pd.DataFrame, numbers: ServiceNumbers) -> dict[str, tuple[Reason, ...]]:
    """For each of SERVICES what excludes it; empty where nothing does. ``types``: question.alternatives."""
    found: dict[str, list[Reason]] = {service: [] for service in SERVICES}
    needs, spot = question.jobs.needs, question.jobs.purchase == "spot"
    if types["sagemaker_usd_expected"].isna().all():
        if spot and types["ec2_usd_expected"].notna().any():
            text = (
                f"no price of managed spot training can be worked out for {question.instance_type} in {question.region}"
            )
        else:
            text = f"SageMaker sells no training on {question.instance_type} in {question.region}, by the prices held"
            table = question.market.table
            near = nearest(question.instance_type, table.index[table["sagemaker_usd_expected"].notna()])
            text += f"; near to it: {', '.join(near)}" if near else ""
        found["sagemaker"].append(Reason(text, "prices/sagemaker_instances, component Training"))
    longest = numbers.longest_training_hours
    if question.hours.expected > longest:
        text = f"a training job runs for {longest / 24:g} days at most; these take {question.hours.expected / 24:,.1f}"
        found["sagemaker"].append(Reason(text, numbers.words("sagemaker_limits", "longest training job"), longest))
    if "own_image" in needs:
        text = "a training job brings a container, not the machine's image, kernel or drivers"
        found["sagemaker"].append(Reason(text, numbers.words("sagemaker_limits", "own machine image")))
    if "managed_restart" in needs:
        text = "EC2 takes a spot instance back after its notice; what starts the job again is yours to build"
        found["ec2"].append(Reason(text, numbers.words("ec2_spot", "interruption_notice")))
    if question.instances > 1 and spot:
        text = "jobs over several instances are not supported on spot"
        found["batch"].append(Reason(text, numbers.words("batch_limits", "multi-node parallel jobs on spot")))
    return {service: tuple(why) for service, why in found.items()}


def remarks(question: Question, numbers: ServiceNumbers, pooled: bool, filled: float) -> dict[str, tuple[Reason, ...]]:
    """For each service what one has to know or do; ``pooled``: SageMaker keeps a warm pool.

    ``filled``: the share of an instance's memory that its jobs on AWS Batch take.
    """
    found: dict[str, list[Reason]] = {service: [] for service in SERVICES}
    arrays = -(-question.count // numbers.array_children)
    if arrays > 1:
        text = f"an array job has {numbers.array_children:,} children at most: {arrays} array jobs"
        found["batch"].append(Reason(text, numbers.words("batch_limits", "children of an array job")))
    low, high = numbers.grouped_minutes
    if question.hours.expected * 60 < low:
        text = f"jobs this short spend as long in the queue: AWS advises to group them to {low:g}-{high:g} minutes"
        found["batch"].append(Reason(text, numbers.words("aws_batch", "grouped jobs, at least")))
    if filled > numbers.memory_fraction:
        text = (
            f"the jobs' memory fills {100 * filled:.0f} % of an instance: its kernel and agent keep some of it, and the"
            " last job may not fit; ask for a little less"
        )
        where = numbers.words("aws_batch", "memory that an m4.large of 8192 MiB registers")
        found["batch"].append(Reason(text, where))
    if question.jobs.purchase == "spot" and "managed_restart" in question.jobs.needs:
        most = numbers.number("batch_limits", "attempts of a job")
        text = f"starts a job again after the instance was taken, with a retry strategy of up to {most:g} attempts"
        found["batch"].append(Reason(text, numbers.words("batch_limits", "attempts of a job")))
    if "efa" in question.jobs.needs:
        for service, topic in (("sagemaker", "sagemaker_limits"), ("batch", "batch_limits")):
            note = (
                "the container brings the EFA software" if service == "sagemaker" else "one placement group, own driver"
            )
            found[service].append(Reason(f"EFA: {note}", numbers.words(topic, "EFA")))
    if pooled:
        text = "a warm pool is billed while it waits; its default quota is 0: ask for one"
        found["sagemaker"].append(Reason(text, numbers.words("sagemaker_warm_pool", "max keep alive")))
    return {service: tuple(why) for service, why in found.items()}
