"""The parts of a workload, each with its units in its names, and what its fields must agree on."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from costlib.workload.fields import (
    Amount,
    Count,
    Family,
    InstanceType,
    Place,
    Quantity,
    Region,
    number,
    one_or_many,
    stage,
    without_repeats,
)
from costlib.workload.names import (
    PURCHASES,
    SERVICES,
    Attention,
    Method,
    ModelClass,
    Precision,
    Purchase,
    Recompute,
    Service,
    ZeroStage,
)


class AtKeys(ValueError):
    """What is wrong with single keys of a part, found when they are looked at together."""

    def __init__(self, problems: list[tuple[str, Any, str]]) -> None:
        """``problems``: key, its value, and what would be right."""
        self.problems = problems
        super().__init__("; ".join(f"{key} {problem}" for key, _, problem in problems))


class Part(BaseModel):
    """Frozen, and refuses keys that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Model(Part):
    """The network. The shape (layers, hidden, heads, sequence_length) sharpens FLOPs and memory."""

    parameters: Annotated[Count, Field(le=100_000_000_000_000)]
    layers: Annotated[Count, Field(le=10_000)] | None = None
    hidden: Annotated[Count, Field(le=1_000_000)] | None = None
    heads: Annotated[Count, Field(le=10_000)] | None = None
    sequence_length: Annotated[Count, Field(le=100_000_000)] | None = None
    vocabulary: Annotated[Count, Field(le=100_000_000)] | None = None

    @field_validator("heads", mode="after")
    @classmethod
    def _divide_hidden(cls, heads: int | None, info: ValidationInfo) -> int | None:
        # Checked at the field, so that it is told together with what is wrong in other fields.
        hidden = info.data.get("hidden")
        if heads and hidden and hidden % heads:
            raise ValueError(f"does not divide hidden ({hidden})")
        return heads


class Fit(Part):
    """How the run is laid out in memory. ``auto`` is left to the planner; batches are in sequences (or samples)."""

    method: Method = "full"
    lora_rank: Annotated[Count, Field(le=65_536)] | None = None
    lora_modules: Literal["attention", "all"] = "all"
    attention: Attention = "flash"
    recompute: Recompute = "auto"
    micro_batch: Annotated[Count, Field(le=1_000_000)] | None = None
    global_batch: Annotated[Count, Field(le=1_000_000_000)] | None = None
    zero_stage: Annotated[ZeroStage, BeforeValidator(stage)] = "auto"
    tensor_parallel: Annotated[Count, Field(le=1_024)] = 1
    pipeline_parallel: Annotated[Count, Field(le=1_024)] = 1
    feed_forward: Annotated[Count, Field(le=10_000_000)] | None = None
    #: Three matrices in the feed-forward, as SwiGLU has, instead of two.
    gated: bool = False
    #: Measured; instead of the shape, for networks that are no transformers.
    activation_gib_per_sample: Annotated[Quantity, Field(le=100_000)] | None = None

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        problems: list[tuple[str, Any, str]] = []
        if (self.lora_rank is None) != (self.method == "full"):
            wrong = "is needed with" if self.lora_rank is None else "goes with"
            problems.append(("lora_rank", self.lora_rank, f"{wrong} method lora or qlora, and only there"))
        if self.micro_batch and self.global_batch and self.global_batch % self.micro_batch:
            problems.append(("micro_batch", self.micro_batch, f"does not divide global_batch ({self.global_batch})"))
        if self.activation_gib_per_sample and self.recompute in ("selective", "full"):
            wrong = "needs the shape of a transformer; activation_gib_per_sample stands for none"
            problems.append(("recompute", self.recompute, wrong))
        if problems:
            raise AtKeys(problems)
        return self


class HoursOn(Part):
    """The run is known to take ``hours`` on ``count`` instances of one type."""

    instance_type: InstanceType
    hours: Annotated[Quantity, Field(le=1_000_000)]
    count: Count = 1
    precision: Precision | None = None


class SecondsPerSampleOn(Part):
    """One sample is known to take ``seconds`` on ``count`` instances of one type."""

    instance_type: InstanceType
    seconds: Annotated[Quantity, Field(le=10_000_000)]
    count: Count = 1
    precision: Precision | None = None


class Work(Part):
    """How much there is to do, in exactly one of three ways."""

    tokens: Annotated[Quantity, Field(le=1e17)] | None = None
    samples: Annotated[Quantity, Field(le=1e15)] | None = None
    #: Tokens in one optimizer step (the global batch): how often gradients are exchanged. Where it is not given,
    #: planner.step_tokens takes fit.global_batch or, said to be an estimate, the usual batch of the model's size.
    tokens_per_step: Annotated[Quantity, Field(le=1e12)] | None = None
    seconds_per_sample_on: SecondsPerSampleOn | None = None
    #: The network is of a class that was measured; samples are its images, or its sequences of 384 tokens.
    model_class: ModelClass | None = None
    hours_on: HoursOn | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        given = [name for name in ("tokens", "samples", "hours_on") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                "needs exactly one of: tokens; samples with seconds_per_sample_on or model_class; hours_on"
                f" (given: {', '.join(given) or 'none'})"
            )
        ways = [name for name in ("seconds_per_sample_on", "model_class") if getattr(self, name) is not None]
        if self.samples is None and ways:
            raise ValueError(f"{ways[0]} goes with samples")
        if self.samples is not None and len(ways) != 1:
            raise ValueError("samples needs exactly one of seconds_per_sample_on, model_class")
        return self

    @property
    def reference_run(self) -> HoursOn | None:
        """The known run that ``hours_on`` or ``seconds_per_sample_on`` describes; none for tokens."""
        if self.samples is not None and self.seconds_per_sample_on is not None:
            per_sample = self.seconds_per_sample_on
            return HoursOn.model_construct(
                instance_type=per_sample.instance_type,
                hours=self.samples * per_sample.seconds / 3600.0,
                count=per_sample.count,
                precision=per_sample.precision,
            )
        return self.hours_on


class Measured(Part):
    """The user's own benchmark on one instance type."""

    tokens_per_second: Annotated[Quantity, Field(le=1e12)] | None = None
    samples_per_second: Annotated[Quantity, Field(le=1e12)] | None = None
    count: Count = 1
    precision: Precision | None = None

    @model_validator(mode="after")
    def _one_rate(self) -> Self:
        if (self.tokens_per_second is None) == (self.samples_per_second is None):
            raise ValueError("needs exactly one of tokens_per_second, samples_per_second")
        return self


class Dataset(Part):
    """The data that must be where the GPUs are, and what else crosses between there and their home region.

    ``changed_gib_per_month`` is sent to a copy elsewhere each month; ``result_gib_per_run`` goes back to ``results_to``
    (the home region unless it says the internet); ``objects`` are those of the dataset, each copied by one request.
    ``residency``: the only countries (ISO 3166), continents, partitions and regions that the data may be in. What is
    not given is taken as nothing, and residency as no limit.
    """

    gib: Annotated[Amount, Field(le=1e9)]
    home_region: Region
    changed_gib_per_month: Annotated[Amount, Field(le=1e9)] | None = None
    result_gib_per_run: Annotated[Amount, Field(le=1e9)] | None = None
    results_to: Literal["home_region", "internet"] | None = None
    objects: Annotated[int, BeforeValidator(number), Field(ge=0, le=1_000_000_000_000)] | None = None
    residency: Annotated[tuple[Place, ...], BeforeValidator(one_or_many), AfterValidator(without_repeats)] | None = None

    @model_validator(mode="after")
    def _objects_have_a_size(self) -> Self:
        if self.objects and not self.gib:
            raise AtKeys([("objects", self.objects, "needs a dataset: gib is 0")])
        return self


class Checkpoint(Part):
    """What is saved to survive an interruption. Without ``interval_minutes`` the best interval is used."""

    gib: Annotated[Amount, Field(le=1e7)]
    restart_minutes: Annotated[Amount, Field(le=10_000)]
    interval_minutes: Annotated[Quantity, Field(le=100_000)] | None = None
    kept: Count = 1


class SpotHistory(Part):
    """What the user's own spot instances went through: how often they were interrupted in how many instance-hours.

    Of one type, region or zone, where these are given; else of all.
    """

    interruptions: Annotated[int, BeforeValidator(number), Field(ge=0, le=1_000_000_000)]
    instance_hours: Annotated[Quantity, Field(le=1e12)]
    instance_type: InstanceType | None = None
    region: Region | None = None
    az: Annotated[str, Field(min_length=1, max_length=40)] | None = None


class Spot(Part):
    """What the user knows of spot: the own ``history`` comes before the Spot advisor's bands.

    ``requeue_minutes``: from an interruption until there is capacity again; without it recorded gaps are taken.
    """

    history: Annotated[tuple[SpotHistory, ...], BeforeValidator(one_or_many)] = ()
    requeue_minutes: Annotated[Amount, Field(le=100_000)] | None = None

    @field_validator("history", mode="after")
    @classmethod
    def _once_each(cls, history: tuple[SpotHistory, ...]) -> tuple[SpotHistory, ...]:
        places = [(row.instance_type, row.region, row.az) for row in history]
        if len(set(places)) != len(places):
            raise ValueError("has two rows of the same type, region and zone: add up what they counted")
        return history


class SearchSpace(Part):
    """Where to look. ``all`` means everything that the price book holds."""

    regions: (
        Literal["all"] | Annotated[tuple[Region, ...], BeforeValidator(one_or_many), AfterValidator(without_repeats)]
    ) = "all"
    instance_families: (
        Literal["all"] | Annotated[tuple[Family, ...], BeforeValidator(one_or_many), AfterValidator(without_repeats)]
    ) = "all"
    max_instances: Annotated[Count, Field(le=512)] = 8
    services: Annotated[tuple[Service, ...], BeforeValidator(one_or_many), AfterValidator(without_repeats)] = SERVICES  # type: ignore[assignment]
    purchase: Annotated[tuple[Purchase, ...], BeforeValidator(one_or_many), AfterValidator(without_repeats)] = PURCHASES  # type: ignore[assignment]
