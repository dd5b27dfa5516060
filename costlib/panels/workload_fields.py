"""The controls of the workload form as plain data, and the way between their values and a workload."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from costlib.errors import Fault
from costlib.panels.plan_state import Draft
from costlib.workload import ATTENTIONS, METHODS, OPTIMIZERS, PRECISIONS, PURCHASES, RECOMPUTES, SERVICES

WORK_KINDS = {
    "tokens": "tokens to train on",
    "samples": "samples, each of a known time",
    "hours_on": "hours on a known instance",
}
DISCOUNTS = {"ec2": "EC2", "sagemaker": "SageMaker", "s3": "S3", "transfer": "data transfer"}


@dataclass(frozen=True)
class Control:
    """One control: ``key`` is the dotted key of the workload (or ``work.kind``, ``measured``, ``discounts.…``).

    ``kind``: text, number, name, names, places, choice, choices, steps or lines. ``work_kind``: shown for that kind of
    work only. ``claims``: fields whose faults also belong here.
    """

    key: str
    label: str
    tip: str
    kind: str = "number"
    options: tuple[str, ...] = ()
    work_kind: str = ""
    claims: tuple[str, ...] = ()


def _known_run(prefix: str, work_kind: str, what: str, unit: str) -> tuple[Control, ...]:
    return (
        Control(f"{prefix}.instance_type", "On instance type", f"Where {what} was measured", "name",
                ("instance_types",), work_kind, (prefix,)),
        Control(f"{prefix}.{unit}", f"{what.capitalize()} ({unit})", f"{what.capitalize()}, as you measured it",
                work_kind=work_kind),
        Control(f"{prefix}.count", "On instances (count)", "How many instances it was measured on; empty: 1",
                work_kind=work_kind),
        Control(f"{prefix}.precision", "In precision", "Number format it was measured in, if known", "choice",
                ("", *PRECISIONS), work_kind),
    )  # fmt: skip


SECTIONS: dict[str, tuple[Control, ...]] = {
    "Model": (
        Control("name", "Name", "How the workload is called in reports and files", "text"),
        Control("model.parameters", "Parameters (count)", "Trainable weights, for example 1.558e9"),
        Control("model.layers", "Layers (count)", "Transformer blocks; the shape sharpens FLOPs and memory"),
        Control("model.hidden", "Hidden size (width)", "Width of the residual stream"),
        Control("model.heads", "Attention heads (count)", "Must divide the hidden size", claims=("model",)),
        Control("model.sequence_length", "Sequence length (tokens)", "Context of one training sample"),
        Control("model.vocabulary", "Vocabulary (tokens)", "Entries of the tokenizer"),
    ),
    "Work of one run": (
        Control("work.kind", "Work is known as", "What you know about how much there is to do", "choice",
                tuple(WORK_KINDS), claims=("work",)),
        Control("work.tokens", "Training tokens (count)", "All tokens over all epochs, for example 3.36e10",
                work_kind="tokens"),
        Control("work.samples", "Samples (count)", "All samples over all epochs", work_kind="samples"),
        Control("work.tokens_per_step", "Tokens a step (count)",
                "Global batch of a step; empty: that under memory, or what is usual for the size",
                work_kind="tokens"),
        *_known_run("work.seconds_per_sample_on", "samples", "time of one sample", "seconds"),
        *_known_run("work.hours_on", "hours_on", "time of the run", "hours"),
        Control("optimizer", "Optimizer", "Decides how much memory the states need", "choice", OPTIMIZERS),
        Control("precision", "Precisions to consider", "Number formats that training may use", "choices",
                PRECISIONS),
    ),
    "Data and time": (
        Control("dataset.gib", "Dataset (GiB)", "Stored in S3 and copied to the region of the run"),
        Control("dataset.home_region", "Dataset's home region", "Where the data are now", "name", ("regions",)),
        Control("dataset.changed_gib_per_month", "Changes (GiB a month)", "Sent to a copy elsewhere; empty: none"),
        Control("dataset.result_gib_per_run", "Results (GiB a run)", "Sent back from another region; empty: none"),
        Control("dataset.results_to", "Results go to", "Empty: the home region", "choice",
                ("", "home_region", "internet")),
        Control("dataset.objects", "Objects of the dataset (count)", "Each is copied by a request; empty: not costed"),
        Control("dataset.residency", "Data may be in",
                "Countries, continents, partitions or regions with commas between; empty: anywhere", "places"),
        Control("campaign_months", "Campaign (months)", "How long a copy is kept; empty: each month makes its own"),
        Control("checkpoint.gib", "Checkpoint (GiB)", "Size of one checkpoint"),
        Control("checkpoint.restart_minutes", "Restart (minutes)",
                "From a new instance to training again: loading code, data and the checkpoint"),
        Control("checkpoint.interval_minutes", "Checkpoint every (minutes)", "Empty: the best interval is used"),
        Control("checkpoint.kept", "Checkpoints kept (count)", "How many are stored at once"),
        Control("deadline_hours", "Deadline (hours)", "From start to finish of one run; empty: none"),
        Control("runs_per_month", "Runs a month (count)", "Shares commitments and stored data between runs"),
    ),
    "Where to look": (
        Control("search.max_instances", "At most (instances)", "Counts up to this are searched", "steps"),
        Control("search.regions", "Regions", "Names with commas between; empty: all", "names", ("regions",)),
        Control("search.instance_families", "Instance families", "Such as p4d, p5, g6e; empty: all", "names",
                ("families",)),
        Control("search.services", "Services", "Where the training may run", "choices", SERVICES),
        Control("search.purchase", "Purchase options", "How capacity may be bought", "choices", PURCHASES),
    ),
    "Own numbers": (
        Control("measured", "Own measurements (a second)",
                "One a line: instance type, tokens a second (samples a second for work in samples),"
                " and if you like instances and precision. Example: p4d.24xlarge, 32000, 1, bf16", "lines"),
        *(Control(f"discounts.{service}", f"Own discount on {name} (%)",
                  f"Percent off every {name} price that you pay; 0 to below 100")
          for service, name in DISCOUNTS.items()),
    ),
    "Memory": (
        Control("fit.method", "Training", "All weights, or adapters on frozen ones (LoRA; QLoRA: 4-bit ones)", "choice",
                ("", *METHODS), claims=("fit",)),
        Control("fit.lora_rank", "Rank of the adapters (count)", "For LoRA and QLoRA"),
        Control("fit.lora_modules", "Adapters on", "Matrices that get one", "choice", ("", "all", "attention")),
        Control("fit.micro_batch", "Micro-batch (sequences or samples)", "On one accelerator at a time; empty: 1"),
        Control("fit.global_batch", "Global batch (sequences or samples)", "One optimizer step; empty: not held to"),
        Control("fit.recompute", "Recompute activations", "auto: as little as goes", "choice",
                ("", "auto", *RECOMPUTES)),
        Control("fit.attention", "Attention", "flash does not keep the scores", "choice", ("", *ATTENTIONS)),
        Control("fit.zero_stage", "ZeRO stage", "3 is FSDP's full shard; auto: as little as goes", "choice",
                ("", "auto", "0", "1", "2", "3")),
        Control("fit.tensor_parallel", "Tensor parallel (accelerators)", "Must divide the heads; empty: 1"),
        Control("fit.pipeline_parallel", "Pipeline parallel (stages)", "Must divide the layers; empty: 1"),
        Control("fit.feed_forward", "Feed-forward (width)", "Empty: four times the hidden size"),
        Control("fit.gated", "Gated feed-forward", "Three matrices, as SwiGLU has", "choice", ("", "True", "False")),
        Control("fit.activation_gib_per_sample", "Activations of a sample (GiB)",
                "Measured; instead of the shape, for networks that are no transformers"),
    ),
}  # fmt: skip

CONTROLS = {control.key: control for controls in SECTIONS.values() for control in controls}


def values_of(draft: Draft) -> dict[str, Any]:
    """What each control shows for a draft."""
    content = draft.workload.to_mapping()
    values: dict[str, Any] = {key: _shown(control, _at(content, key)) for key, control in CONTROLS.items()}
    values["work.kind"] = next(kind for kind in WORK_KINDS if _at(content, f"work.{kind}") is not None)
    values["measured"] = "\n".join(
        ", ".join(
            _number_text(part) if isinstance(part, (int, float)) else str(part)
            for part in (
                name,
                rate.get("tokens_per_second", rate.get("samples_per_second")),
                rate.get("count", 1),
                *([rate["precision"]] if rate.get("precision") else []),
            )
        )
        for name, rate in content.get("measured", {}).items()
    )
    for service in DISCOUNTS:
        values[f"discounts.{service}"] = _number_text(draft.discount_percent.get(service, 0))
    return values


def content_of(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, float], list[Fault]]:
    """The workload as plain values, the discounts, and what could not be read at all.

    What is left empty is left out; the rest is for Workload to check.
    """
    kind = values["work.kind"]
    content: dict[str, Any] = {"kind": "training"}
    for key, control in CONTROLS.items():
        if key in ("work.kind", "measured") or key.startswith("discounts."):
            continue
        if control.work_kind in ("", kind):
            value = _given(control, values[key])
            if value is not None:
                _put(content, key, value)
    rate_key = "tokens_per_second" if kind == "tokens" else "samples_per_second"
    measured, faults = _measured_of(str(values["measured"]), rate_key)
    if measured:
        content["measured"] = measured
    discounts: dict[str, float] = {}
    for service in DISCOUNTS:
        key = f"discounts.{service}"
        text = str(values[key]).replace(" ", "")
        try:
            discounts[service] = float(text or 0)
        except ValueError:
            faults.append(Fault(key, values[key], "is not a number"))
    return content, discounts, faults


def control_of(fault: Fault) -> str | None:
    """The key of the control that a fault stands beside; None if it concerns the whole."""
    candidates = [
        (len(claim), key)
        for key, control in CONTROLS.items()
        for claim in (key, *control.claims)
        if fault.field == claim or fault.field.startswith(claim + ".")
    ]
    return max(candidates)[1] if candidates else None


def _measured_of(text: str, rate_key: str) -> tuple[dict[str, Any], list[Fault]]:
    measured: dict[str, Any] = {}
    faults = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        name, *rest = [part.strip() for part in line.split(",")]
        if not 1 <= len(rest) <= 3 or not all(rest):
            problem = f"(line {number}) is not: instance type, rate a second, instances, precision"
            faults.append(Fault("measured", line, problem))
        elif name in measured:
            faults.append(Fault("measured", line, f"(line {number}) names {name} twice"))
        else:
            keys = (rate_key, "count", "precision")
            measured[name] = {
                key: part if key == "precision" else part.replace(" ", "")
                for key, part in zip(keys, rest, strict=False)
            }
    return measured, faults


def _at(content: Mapping[str, Any], key: str) -> Any:
    value: Any = content
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _put(content: dict[str, Any], key: str, value: Any) -> None:
    *parents, last = key.split(".")
    for parent in parents:
        content = content.setdefault(parent, {})
    content[last] = value


def _shown(control: Control, value: Any) -> Any:
    if control.kind == "number":
        return "" if value is None else _number_text(value)
    if control.kind == "choices":
        return tuple(value or ())
    if control.kind in ("names", "places"):
        return "" if value in (None, "all") else ", ".join(value)
    if control.kind == "steps":
        return value
    return "" if value is None else str(value)


def _number_text(value: float) -> str:
    """Digits in groups of three with spaces between, which every reader takes the same way."""
    if isinstance(value, float) and not value.is_integer():
        return repr(value)
    return f"{int(value):,}".replace(",", " ")


def _given(control: Control, value: Any) -> Any:
    """What the user gave, as the workload's reader takes it; None for an empty control."""
    if control.kind == "choices":
        return list(value)
    if control.kind == "steps":
        return value
    text = str(value).strip()
    if control.kind in ("names", "places"):
        names = [name.strip() for name in text.split(",") if name.strip()]
        if control.kind == "places":
            return names or None
        return "all" if names in ([], ["all"]) else names
    if control.kind == "number":
        text = text.replace(" ", "")
    return text or None
