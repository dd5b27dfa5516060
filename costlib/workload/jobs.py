"""The jobs of a workload, for a comparison of services: how many, how long, how much of an instance each needs."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from costlib.workload.fields import Amount, Count, InstanceType, Quantity, Region, number, one_or_many, without_repeats
from costlib.workload.names import JobNeed
from costlib.workload.parts import AtKeys, Part


def _unique(needs: tuple[JobNeed, ...]) -> tuple[JobNeed, ...]:
    return without_repeats(needs) if needs else needs


class StaffHours(Part):
    """People's hours for the whole set of jobs if a service runs it; what is left out is taken as none."""

    ec2: Annotated[Amount, Field(le=1e6)] | None = None
    batch: Annotated[Amount, Field(le=1e6)] | None = None
    sagemaker: Annotated[Amount, Field(le=1e6)] | None = None


class JobKind(Part):
    """Further jobs of the same set with another share and length, packed beside the others."""

    count: Annotated[Count, Field(le=100_000)]
    hours_each: Annotated[Quantity, Field(le=100_000)]
    vcpu: Annotated[Quantity, Field(le=10_000)] | None = None
    gpu: Annotated[Count, Field(le=1_000)] | None = None
    memory_gib: Annotated[Quantity, Field(le=100_000)] | None = None


class Jobs(Part):
    """A set of equal jobs. Without ``hours_each`` a job is one run of the workload by its cheapest on-demand plan.

    ``count`` is ``runs_per_month`` where it is left out; ``instance_type`` and ``instances`` are the plan's, ``region``
    the dataset's. ``vcpu``, ``gpu``, ``memory_gib``: a job's share of one instance; without any it takes whole ones.
    ``parallel``: at most so many at once (else all); ``over_hours``: they come spread over so many hours (else all at
    the start); ``standing``: on EC2 a fleet for ``parallel`` jobs stands for those hours. ``scale_down_minutes``: AWS
    Batch keeps idle instances so long; ``idle_tail_minutes``: until somebody ends an EC2 instance; ``image_minutes``:
    image pull, as measured. ``staff_usd_per_hour`` and ``staff_hours``: what people's time costs, and how much of it.
    """

    count: Annotated[Count, Field(le=1_000_000)] | None = None
    hours_each: Annotated[Quantity, Field(le=100_000)] | None = None
    instance_type: InstanceType | None = None
    instances: Annotated[Count, Field(le=512)] | None = None
    region: Region | None = None
    parallel: Annotated[Count, Field(le=1_000_000)] | None = None
    over_hours: Annotated[Quantity, Field(le=100_000)] | None = None
    standing: bool = False
    vcpu: Annotated[Quantity, Field(le=10_000)] | None = None
    gpu: Annotated[Count, Field(le=1_000)] | None = None
    memory_gib: Annotated[Quantity, Field(le=100_000)] | None = None
    purchase: Literal["on_demand", "spot"] = "on_demand"
    needs: Annotated[tuple[JobNeed, ...], BeforeValidator(one_or_many), AfterValidator(_unique)] = ()
    volume_gib: Annotated[Amount, Field(le=65_536)] | None = None
    max_vcpus: Annotated[Count, Field(le=10_000_000)] | None = None
    scale_down_minutes: Annotated[float, BeforeValidator(number), Field(ge=0, le=10_080)] | None = None
    idle_tail_minutes: Annotated[Amount, Field(le=100_000)] | None = None
    image_minutes: Annotated[Amount, Field(le=1_000)] | None = None
    staff_usd_per_hour: Annotated[Quantity, Field(le=10_000)] | None = None
    staff_hours: StaffHours | None = None
    also: Annotated[tuple[JobKind, ...], Field(max_length=20)] = ()

    @property
    def shared(self) -> bool:
        """Whether a job takes a share of an instance, not whole ones."""
        return (self.vcpu, self.gpu, self.memory_gib) != (None, None, None)

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        problems: list[tuple[str, Any, str]] = []
        if self.hours_each is not None and self.instance_type is None:
            problems.append(("instance_type", None, "is needed with hours_each: on what do the jobs take so long?"))
        if self.instance_type is not None and self.hours_each is None:
            problems.append(("hours_each", None, "is needed with instance_type: how long do the jobs take on it?"))
        if self.shared and (self.instances or 1) > 1:
            problems.append(("instances", self.instances, "of a job with a share of one instance must be 1"))
        if self.shared and self.hours_each is None:
            problems.append(("hours_each", None, "is needed with a share of an instance"))
        if self.also and not self.shared:
            problems.append(("also", len(self.also), "kinds need vcpu, gpu or memory_gib of the first one, too"))
        if self.standing:
            for key in ("over_hours", "parallel"):
                if getattr(self, key) is None:
                    problems.append((key, None, "is needed for a standing fleet"))
        if self.scale_down_minutes is not None and 0 < self.scale_down_minutes < 20:
            problems.append(
                ("scale_down_minutes", self.scale_down_minutes, "must be 0 or at least 20, as AWS Batch asks")
            )
        if (self.staff_hours is None) != (self.staff_usd_per_hour is None):
            key = "staff_hours" if self.staff_hours is None else "staff_usd_per_hour"
            problems.append((key, None, "is needed for the cost of people's time"))
        if problems:
            raise AtKeys(problems)
        return self
