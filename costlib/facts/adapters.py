"""How training adapters (LoRA, QLoRA) fares against training in full: measured ratios, few and with their range."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MethodRatio:
    """Times of the FLOPs rule's hours: ``low``, ``expected`` and ``high``, what they are from, and who measured them.

    ``trained_fraction`` is the share of the weights that gets gradients, for models.throughput.training_flops.
    """

    trained_fraction: float
    low: float
    expected: float
    high: float
    rule: str
    source: str


#: LoRA reaches 0.77 (A100, Llama-3-8B, 4,079 tokens/s beside 3,550 in full) to 1.04 (GB200, Llama-3-70B, 1,731 TFLOP/s
#: beside 1,671) of the share that full training reaches, both counted without the frozen weights' gradients. Expected
#: is their geometric middle. (Where all activations are recomputed, 6 of 8 parts of the time are left for the 4 of 6 of
#: the FLOPs: 0.89 too.)
_LORA_LOW, _LORA_EXPECTED, _LORA_HIGH = 1 / 1.04, 1 / 0.89, 1 / 0.77
_LORA_SOURCE = (
    "github.com/VectorInstitute/vectorlm@9045f08 docs/reference_throughput.md (A100);"
    " github.com/NVIDIA-NeMo/Megatron-Bridge@067f987 docs/performance-summary.md (GB200)"
)
#: 4-bit base weights are unpacked in every layer: hours over those in bf16, least, median and most of 6 pairs of runs.
_QLORA_LOW, _QLORA_EXPECTED, _QLORA_HIGH = 1.38, 1.44, 1.51
_QLORA_SOURCE = (
    "github.com/h2oai/h2o-llmstudio@a4971c1 documentation/docs/get-started/llm-studio-performance.md (A100 80GB)"
)
_LORA_RULE = "4 N a token, at 0.77 to 1.04 of full training's share"

METHOD_RATIOS = {
    "full": MethodRatio(1.0, 1.0, 1.0, 1.0, "", ""),
    "lora": MethodRatio(0.0, _LORA_LOW, _LORA_EXPECTED, _LORA_HIGH, f"LoRA: {_LORA_RULE}", _LORA_SOURCE),
    "qlora": MethodRatio(
        0.0,
        _LORA_LOW * _QLORA_LOW,
        _LORA_EXPECTED * _QLORA_EXPECTED,
        _LORA_HIGH * _QLORA_HIGH,
        f"QLoRA: {_LORA_RULE}, and 1.38 to 1.51 times LoRA's hours",
        f"{_LORA_SOURCE}; {_QLORA_SOURCE}",
    ),
}
