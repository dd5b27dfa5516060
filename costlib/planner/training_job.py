"""What of a workload its share of peak and its network depend on."""

from __future__ import annotations

from costlib.facts.adapters import METHOD_RATIOS
from costlib.models.memory_states import adapter_parameters
from costlib.models.throughput import training_flops
from costlib.planner.achieved_share import TrainingJob
from costlib.workload import Fit, Workload


def training_job(workload: Workload) -> TrainingJob:
    """The job of a workload; with a part of its shape missing FLOPs are counted without attention."""
    model, fit = workload.model, workload.fit or Fit()
    shape = (model.layers, model.hidden, model.sequence_length)
    trained = METHOD_RATIOS[fit.method].trained_fraction
    return TrainingJob(
        model.parameters,
        model.sequence_length,
        "6n" if None in shape else "model_flops",
        float(training_flops(model.parameters, 1.0, *shape, trained_fraction=trained)),
        exchanged_parameters(workload),
        workload.optimizer,
    )


def exchanged_parameters(workload: Workload) -> float:
    """Parameters whose gradients one accelerator exchanges a step: those that it trains."""
    fit, model = workload.fit or Fit(), workload.model
    trained = float(model.parameters)
    if fit.method != "full" and fit.lora_rank and model.layers and model.hidden:
        shape = (fit.lora_rank, model.layers, model.hidden, fit.feed_forward, fit.gated, fit.lora_modules)
        trained = float(adapter_parameters(*shape))
    return trained / (fit.tensor_parallel * fit.pipeline_parallel)
