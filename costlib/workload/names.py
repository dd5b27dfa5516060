"""The words that a workload may use, as tuples for code and as types for its fields."""

from __future__ import annotations

from typing import Literal

PRECISIONS = ("fp32", "tf32", "fp16", "bf16", "fp8")
SERVICES = ("ec2", "sagemaker")
PURCHASES = ("on_demand", "spot", "reserved", "savings_plan", "capacity_block")
#: Networks whose samples a second are measured (facts/training_throughput).
MODEL_CLASSES = ("bert_base_squad", "bert_large_squad", "maskrcnn", "resnet50", "ssd300")
OPTIMIZERS = ("adam", "sgd", "adam_8bit", "adafactor")
METHODS = ("full", "lora", "qlora")
ATTENTIONS = ("flash", "standard")
RECOMPUTES = ("none", "selective", "full")
#: What jobs may need of the service that runs them: an own machine image (kernel, drivers), EFA between instances, a
#: service that starts a job again after spot was taken back.
JOB_NEEDS = ("own_image", "efa", "managed_restart")

Precision = Literal["fp32", "tf32", "fp16", "bf16", "fp8"]
Service = Literal["ec2", "sagemaker"]
Purchase = Literal["on_demand", "spot", "reserved", "savings_plan", "capacity_block"]
ModelClass = Literal["bert_base_squad", "bert_large_squad", "maskrcnn", "resnet50", "ssd300"]
Optimizer = Literal["adam", "sgd", "adam_8bit", "adafactor"]
Method = Literal["full", "lora", "qlora"]
Attention = Literal["flash", "standard"]
Recompute = Literal["auto", "none", "selective", "full"]
ZeroStage = Literal["auto", 0, 1, 2, 3]
JobNeed = Literal["own_image", "efa", "managed_restart"]
