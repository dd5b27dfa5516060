"""The whole description, validated and frozen, from YAML or from widgets and back."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from costlib.errors import Fault, InvalidInput
from costlib.workload.faults import faults_of
from costlib.workload.fields import InstanceType, Quantity, Vocabulary, one_or_many, without_repeats
from costlib.workload.jobs import Jobs
from costlib.workload.names import Optimizer, Precision
from costlib.workload.parts import AtKeys, Checkpoint, Dataset, Fit, Measured, Model, Part, SearchSpace, Spot, Work
from costlib.workload.yaml_loader import careful_loader


class Workload(Part):
    """A training workload; the keys are those of the YAML file, and units are in their names."""

    kind: Literal["training"]
    name: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]*$")]
    model: Model
    work: Work
    measured: Mapping[InstanceType, Measured] = Field(default_factory=dict)
    precision: Annotated[tuple[Precision, ...], BeforeValidator(one_or_many), AfterValidator(without_repeats)]
    optimizer: Optimizer = "adam"
    dataset: Dataset
    checkpoint: Checkpoint
    deadline_hours: Annotated[Quantity, Field(le=100_000)] | None = None
    runs_per_month: Annotated[Quantity, Field(le=100_000)] = 1
    campaign_months: Annotated[Quantity, Field(le=600)] | None = None
    search: SearchSpace = SearchSpace()
    fit: Fit | None = None
    spot: Spot | None = None
    jobs: Jobs | None = None

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
        for key, name, whole in (
            ("tensor_parallel", "model.heads", model.heads),
            ("tensor_parallel", "model.hidden", model.hidden if model.heads is None else None),
            ("tensor_parallel", "model.sequence_length", model.sequence_length),
            ("tensor_parallel", "fit.feed_forward", fit.feed_forward),
            ("pipeline_parallel", "model.layers", model.layers),
        ):
            parts = getattr(fit, key)
            if whole and whole % parts:
                problems.append((key, parts, f"does not divide {name} ({whole})"))
        work = info.data.get("work")
        if work is not None and work.tokens_per_step and fit.global_batch and model.sequence_length:
            tokens = fit.global_batch * model.sequence_length
            if tokens != work.tokens_per_step:
                wrong = (
                    f"of {model.sequence_length:,} tokens each are {tokens:,} tokens a step, but work.tokens_per_step"
                    f" says {work.tokens_per_step:,.15g}; give one of them, or make them agree"
                )
                problems.append(("global_batch", fit.global_batch, wrong))
        if fit.lora_rank and (model.hidden is None or model.layers is None):
            problems.append(("lora_rank", fit.lora_rank, "needs model.layers and model.hidden"))
        elif fit.lora_rank and fit.lora_rank > model.hidden:
            problems.append(("lora_rank", fit.lora_rank, f"is above model.hidden ({model.hidden})"))
        if problems:
            raise AtKeys(problems)
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
            raise InvalidInput(faults_of(error, cls)) from None

    @classmethod
    def from_yaml_text(cls, text: str, vocabulary: Vocabulary | None = None, name: str = "workload") -> Workload:
        """A workload from YAML. Raises InvalidInput for broken YAML (with its line) and for its content."""
        import yaml

        try:
            content = yaml.load(text, Loader=careful_loader())
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
