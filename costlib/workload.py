"""What a person wants to run: one validated, frozen description, read from YAML or from widgets."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from costlib.errors import Fault, InvalidInput, nearest, unknown

PRECISIONS = ("fp32", "tf32", "fp16", "bf16", "fp8")
SERVICES = ("ec2", "sagemaker")
PURCHASES = ("on_demand", "spot", "reserved", "savings_plan", "capacity_block")
#: Networks whose samples a second are measured (facts/training_throughput).
MODEL_CLASSES = ("bert_base_squad", "bert_large_squad", "maskrcnn", "resnet50", "ssd300")
OPTIMIZERS = ("adam", "sgd", "adam_8bit", "adafactor")
METHODS = ("full", "lora", "qlora")
ATTENTIONS = ("flash", "standard")
RECOMPUTES = ("none", "selective", "full")

Precision = Literal["fp32", "tf32", "fp16", "bf16", "fp8"]
Service = Literal["ec2", "sagemaker"]
Purchase = Literal["on_demand", "spot", "reserved", "savings_plan", "capacity_block"]
ModelClass = Literal["bert_base_squad", "bert_large_squad", "maskrcnn", "resnet50", "ssd300"]
Optimizer = Literal["adam", "sgd", "adam_8bit", "adafactor"]
Method = Literal["full", "lora", "qlora"]
Attention = Literal["flash", "standard"]
Recompute = Literal["auto", "none", "selective", "full"]
ZeroStage = Literal["auto", 0, 1, 2, 3]


@dataclass(frozen=True)
class Vocabulary:
    """The names that a price book knows; a workload that uses others is refused with close matches."""

    instance_types: frozenset[str]
    families: frozenset[str]
    regions: frozenset[str]


def _number(value: Any) -> Any:
    """Takes the numbers that YAML 1.1 reads as text (1.5e9); refuses truth values, infinities and units."""
    if isinstance(value, bool):
        raise ValueError("is a truth value; a number is expected")
    if isinstance(value, str):
        try:
            value = float(value.replace("_", ""))
        except ValueError:
            raise ValueError("is not a number; the unit is in the key, write only the figure") from None
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("is not a finite number")
        if value.is_integer():
            return int(value)
    return value


def _one_or_many(value: Any) -> Any:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


def _stage(value: Any) -> Any:
    """A form gives digits as text; a truth value is no stage, though Python counts with it."""
    if isinstance(value, bool):
        raise ValueError("is a truth value; auto, 0, 1, 2 or 3 is expected")
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def _without_repeats(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(set(values)) != len(values):
        raise ValueError("names the same thing twice")
    if not values:
        raise ValueError("is empty; name at least one")
    return values


def _known(kind: str, what: str) -> Callable[[str, ValidationInfo], str]:
    def check(value: str, info: ValidationInfo) -> str:
        vocabulary = (info.context or {}).get("vocabulary")
        if vocabulary is not None and value not in getattr(vocabulary, kind):
            close = nearest(value, getattr(vocabulary, kind))
            hint = f" (did you mean {', '.join(close)}?)" if close else ""
            raise ValueError(f"is not {what} of the price book{hint}")
        return value

    return check


Quantity = Annotated[float, BeforeValidator(_number), Field(gt=0)]
Amount = Annotated[float, BeforeValidator(_number), Field(ge=0)]
Count = Annotated[int, BeforeValidator(_number), Field(ge=1)]
InstanceType = Annotated[str, AfterValidator(_known("instance_types", "an instance type"))]
Family = Annotated[str, AfterValidator(_known("families", "an instance family"))]
Region = Annotated[str, AfterValidator(_known("regions", "a region"))]


class _AtKeys(ValueError):
    """What is wrong with single keys of a part, found when they are looked at together."""

    def __init__(self, problems: list[tuple[str, Any, str]]) -> None:
        """``problems``: key, its value, and what would be right."""
        self.problems = problems
        super().__init__("; ".join(f"{key} {problem}" for key, _, problem in problems))


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Model(_Part):
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


class Fit(_Part):
    """How the run is laid out in memory. ``auto`` is left to the planner; batches are in sequences (or samples)."""

    method: Method = "full"
    lora_rank: Annotated[Count, Field(le=65_536)] | None = None
    lora_modules: Literal["attention", "all"] = "all"
    attention: Attention = "flash"
    recompute: Recompute = "auto"
    micro_batch: Annotated[Count, Field(le=1_000_000)] | None = None
    global_batch: Annotated[Count, Field(le=1_000_000_000)] | None = None
    zero_stage: Annotated[ZeroStage, BeforeValidator(_stage)] = "auto"
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
            raise _AtKeys(problems)
        return self


class HoursOn(_Part):
    """The run is known to take ``hours`` on ``count`` instances of one type."""

    instance_type: InstanceType
    hours: Annotated[Quantity, Field(le=1_000_000)]
    count: Count = 1
    precision: Precision | None = None


class SecondsPerSampleOn(_Part):
    """One sample is known to take ``seconds`` on ``count`` instances of one type."""

    instance_type: InstanceType
    seconds: Annotated[Quantity, Field(le=10_000_000)]
    count: Count = 1
    precision: Precision | None = None


class Work(_Part):
    """How much there is to do, in exactly one of three ways."""

    tokens: Annotated[Quantity, Field(le=1e17)] | None = None
    samples: Annotated[Quantity, Field(le=1e15)] | None = None
    #: Tokens in one optimizer step (the global batch): how often gradients are exchanged.
    tokens_per_step: Annotated[Quantity, Field(le=1e12)] = 524_288
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


class Measured(_Part):
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


class Dataset(_Part):
    """The data that must be where the GPUs are."""

    gib: Annotated[Amount, Field(le=1e9)]
    home_region: Region


class Checkpoint(_Part):
    """What is saved to survive an interruption. Without ``interval_minutes`` the best interval is used."""

    gib: Annotated[Amount, Field(le=1e7)]
    restart_minutes: Annotated[Amount, Field(le=10_000)]
    interval_minutes: Annotated[Quantity, Field(le=100_000)] | None = None
    kept: Count = 1


class SearchSpace(_Part):
    """Where to look. ``all`` means everything that the price book holds."""

    regions: (
        Literal["all"] | Annotated[tuple[Region, ...], BeforeValidator(_one_or_many), AfterValidator(_without_repeats)]
    ) = "all"
    instance_families: (
        Literal["all"] | Annotated[tuple[Family, ...], BeforeValidator(_one_or_many), AfterValidator(_without_repeats)]
    ) = "all"
    max_instances: Annotated[Count, Field(le=512)] = 8
    services: Annotated[tuple[Service, ...], BeforeValidator(_one_or_many), AfterValidator(_without_repeats)] = SERVICES  # type: ignore[assignment]
    purchase: Annotated[tuple[Purchase, ...], BeforeValidator(_one_or_many), AfterValidator(_without_repeats)] = (
        PURCHASES  # type: ignore[assignment]
    )


class Workload(_Part):
    """A training workload; the keys are those of the YAML file, and units are in their names."""

    kind: Literal["training"]
    name: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]*$")]
    model: Model
    work: Work
    measured: Mapping[InstanceType, Measured] = Field(default_factory=dict)
    precision: Annotated[tuple[Precision, ...], BeforeValidator(_one_or_many), AfterValidator(_without_repeats)]
    optimizer: Optimizer = "adam"
    dataset: Dataset
    checkpoint: Checkpoint
    deadline_hours: Annotated[Quantity, Field(le=100_000)] | None = None
    runs_per_month: Annotated[Quantity, Field(le=100_000)] = 1
    search: SearchSpace = SearchSpace()
    fit: Fit | None = None

    @field_validator("fit", mode="after")
    @classmethod
    def _suits_model(cls, fit: Fit | None, info: ValidationInfo) -> Fit | None:
        model = info.data.get("model")
        if fit is None or model is None:
            return fit
        problems: list[tuple[str, Any, str]] = []
        missing = [name for name in ("layers", "hidden", "sequence_length") if getattr(model, name) is None]
        if missing and fit.activation_gib_per_sample is None:
            wrong = f"is needed without model.{', model.'.join(missing)}"
            problems.append(("activation_gib_per_sample", None, wrong))
        if fit.attention == "standard" and model.heads is None and fit.activation_gib_per_sample is None:
            problems.append(("attention", "standard", "needs model.heads"))
        for key, whole in (("tensor_parallel", "heads"), ("pipeline_parallel", "layers")):
            parts, wholes = getattr(fit, key), getattr(model, whole)
            if wholes and wholes % parts:
                problems.append((key, parts, f"does not divide model.{whole} ({wholes})"))
        if fit.lora_rank and (model.hidden is None or model.layers is None):
            problems.append(("lora_rank", fit.lora_rank, "needs model.layers and model.hidden"))
        elif fit.lora_rank and fit.lora_rank > model.hidden:
            problems.append(("lora_rank", fit.lora_rank, f"is above model.hidden ({model.hidden})"))
        if problems:
            raise _AtKeys(problems)
        return fit

    @model_validator(mode="after")
    def _rates_match_work(self) -> Self:
        wanted = "tokens_per_second" if self.work.tokens is not None else "samples_per_second"
        if self.work.hours_on is not None and self.measured:
            raise ValueError("measured rates need work in tokens or samples, not hours_on")
        wrong = [name for name, rate in self.measured.items() if getattr(rate, wanted) is None]
        if wrong:
            raise ValueError(f"measured.{wrong[0]} must give {wanted}, as work does")
        return self

    @classmethod
    def from_mapping(cls, content: Any, vocabulary: Vocabulary | None = None) -> Workload:
        """A workload from plain values. Raises InvalidInput with every fault at once."""
        try:
            return cls.model_validate(content, context={"vocabulary": vocabulary})
        except ValidationError as error:
            raise InvalidInput(_faults(error)) from None

    @classmethod
    def from_yaml_text(cls, text: str, vocabulary: Vocabulary | None = None, name: str = "workload") -> Workload:
        """A workload from YAML. Raises InvalidInput for broken YAML (with its line) and for its content."""
        import yaml

        try:
            content = yaml.load(text, Loader=_unique_key_loader())
        except (yaml.YAMLError, ValueError, TypeError) as error:
            # Dates and times that do not exist come as ValueError.
            mark = getattr(error, "problem_mark", None)
            where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "the text"
            problem = getattr(error, "problem", None) or str(error)
            raise InvalidInput([Fault(name, where, f"is not valid YAML: {problem}")]) from None
        return cls.from_mapping(content, vocabulary)

    @classmethod
    def from_yaml(cls, path: str | os.PathLike[str], vocabulary: Vocabulary | None = None) -> Workload:
        """A workload from a YAML file. Raises InvalidInput."""
        try:
            text = Path(path).read_text(encoding="utf-8")
        except OSError as error:
            raise InvalidInput([Fault("workload", str(path), f"cannot be read: {error.strerror}")]) from None
        except UnicodeDecodeError:
            raise InvalidInput([Fault("workload", str(path), "is not UTF-8 text")]) from None
        return cls.from_yaml_text(text, vocabulary, name=str(path))

    def to_mapping(self) -> dict[str, Any]:
        """Plain values for YAML or JSON; what was not given is left out."""
        return self.model_dump(mode="json", exclude_none=True, exclude_defaults=False)

    def to_yaml(self) -> str:
        """The workload as YAML that reads back to an equal workload."""
        import yaml

        return yaml.safe_dump(self.to_mapping(), sort_keys=False, allow_unicode=True)

    def changed(self, changes: Mapping[str, Any], vocabulary: Vocabulary | None = None) -> Workload:
        """A copy with some values replaced, by dotted key (``{"search.max_instances": 4}``). Validates again."""
        content = self.to_mapping()
        for dotted, value in changes.items():
            *parents, last = dotted.split(".")
            target = content
            for parent in parents:
                target = target.setdefault(parent, {})
                if not isinstance(target, dict):
                    raise InvalidInput([Fault(dotted, value, f"cannot be set: {parent} has no parts")])
            if value is None:
                target.pop(last, None)
            else:
                target[last] = value
        return Workload.from_mapping(content, vocabulary)


def _unique_key_loader() -> Any:
    """A YAML loader that refuses a key given twice, where the plain one silently keeps the last."""
    import yaml

    class Loader(yaml.SafeLoader):
        pass

    def mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = loader.construct_object(key_node)
            if isinstance(key, (list, dict, set)):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a plain word", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", key_node.start_mark
                )
            seen.add(key)
        return loader.construct_mapping(node, deep=True)

    def number(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Any:
        # YAML 1.1 reads 1:30 as 90 and 010 as 8, which nobody means.
        text = node.value.lstrip("+-").replace("_", "")
        if ":" in text or (len(text) > 1 and text[0] == "0" and text.isdigit()):
            problem = f"{node.value} is not a plain number"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        made = loader.construct_yaml_int if node.tag.endswith(":int") else loader.construct_yaml_float
        return made(node)

    Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)
    Loader.add_constructor("tag:yaml.org,2002:int", number)
    Loader.add_constructor("tag:yaml.org,2002:float", number)
    return Loader


def _faults(error: ValidationError) -> list[Fault]:
    """Pydantic's findings in our words: dotted field, value, what would be right, close matches."""
    faults = []
    for finding in error.errors():
        # A union of "all" and a list reports each branch; the branch names are no part of the field.
        parts = [str(part) for part in finding["loc"] if part != "[key]"]
        names = [part for part in parts if not part.startswith(("literal[", "function-", "tuple["))]
        if finding["type"] == "literal_error" and "literal['all']" in parts:
            continue
        field = ".".join(names) or "workload"
        value = finding["input"]
        kind, context = finding["type"], finding.get("ctx", {})
        if kind == "extra_forbidden":
            faults.append(unknown(field, names[-1], _keys_at(names[:-1]), "key here"))
        elif kind == "missing":
            faults.append(Fault(field, None, "is missing"))
        elif kind == "literal_error":
            faults.append(unknown(field, value, _options(str(context["expected"])), "choice"))
        elif kind in ("greater_than", "greater_than_equal"):
            sign = "above" if kind == "greater_than" else "at least"
            faults.append(Fault(field, value, f"must be {sign} {next(iter(context.values()))}"))
        elif kind == "less_than_equal":
            faults.append(Fault(field, value, f"must be at most {context['le']:,}: check its unit"))
        elif kind in ("model_type", "mapping_type", "dict_type", "model_attributes_type"):
            faults.append(Fault(field, _short(value), "is not a mapping of keys to values"))
        elif kind == "value_error" and isinstance(context["error"], _AtKeys):
            faults += [Fault(f"{field}.{key}", given, problem) for key, given, problem in context["error"].problems]
        elif kind == "value_error":
            faults.append(Fault(field, _short(value), str(context["error"])))
        elif kind == "string_pattern_mismatch":
            faults.append(Fault(field, value, "may hold letters, digits, space, '.', '_' and '-'"))
        else:
            faults.append(Fault(field, _short(value), finding["msg"][0].lower() + finding["msg"][1:]))
    return faults


def _short(value: Any) -> Any:
    return "…" if isinstance(value, (dict, BaseModel)) and len(repr(value)) > 60 else value


def _options(expected: str) -> list[str]:
    return [part.strip(" '") for part in expected.replace(" or ", ",").split(",")]


#: The part that describes each place of the workload, for the keys that may stand there.
_PARTS: dict[str, type[BaseModel]] = {
    "model": Model,
    "work": Work,
    "work.hours_on": HoursOn,
    "work.seconds_per_sample_on": SecondsPerSampleOn,
    "dataset": Dataset,
    "checkpoint": Checkpoint,
    "search": SearchSpace,
    "fit": Fit,
}


def _keys_at(names: list[str]) -> list[str]:
    """The keys that are allowed at one place of the workload."""
    if names[:1] == ["measured"]:
        return list(Measured.model_fields)
    return list(_PARTS.get(".".join(names), Workload).model_fields)
