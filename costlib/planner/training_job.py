"""What of a workload its share of peak and its network depend on."""

from __future__ import annotations

from costlib.facts.adapters import METHOD_RATIOS
from costlib.models.achieved_flops import whole_run_weight
from costlib.models.memory_states import adapter_parameters
from costlib.models.throughput import training_flops
from costlib.planner.achieved_share import TrainingJob
from costlib.workload import Fit, Workload


def training_job(workload: Workload, as_large_run: bool = True) -> TrainingJob:
    """The job of a workload; with a part of its shape missing FLOPs are counted without attention.

    Not ``as_large_run``: as benchmarks are timed, without what large runs lose.
    """
    model, fit = workload.model, workload.fit or Fit()
    shape = (model.layers, model.hidden, model.sequence_length)
    trained = METHOD_RATIOS[fit.method].trained_fraction
    tokens = workload.work.tokens
    whole_run = float(whole_run_weight(model.parameters, tokens)) if as_large_run and tokens is not None else 0.0
    return TrainingJob(
        model.parameters,
        model.sequence_length,
        "6n" if None in shape else "model_flops",
        float(training_flops(model.parameters, 1.0, *shape, trained_fraction=trained)),
        exchanged_parameters(workload),
        workload.optimizer,
        whole_run,
    )


def exchanged_parameters(workload: Workload) -> float:
    """Parameters whose gradients one accelerator exchanges a step: those that it trains."""
    fit, model = workload.fit or Fit(), workload.model
    trained = float(model.parameters)
    if fit.method != "full" and fit.lora_rank and model.layers and model.hidden:
        shape = (fit.lora_rank, model.layers, model.hidden, fit.feed_forward, fit.gated, fit.lora_modules)
        trained = float(adapter_parameters(*shape))
    return trained / (fit.tensor_parallel * fit.pipeline_parallel)
