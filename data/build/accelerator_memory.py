"""What one training process sees of an accelerator's memory, and what cannot run on it: read from public sources."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

OOM = "as PyTorch's out-of-memory messages print it"
NEURON = (
    "huggingface.co/docs/optimum-neuron/guides/distributed_training: 32 cores of a trn1.32xlarge with 16 GB each, every"
    " core a worker of its own"
)
NEURON_2 = (
    "awsdocs-neuron.readthedocs-hosted.com/en/latest/training/best-practices.html: 96 GiB a chip, four logical cores by"
    " default, about 24 GiB a rank before runtime overhead"
)
FORTUNES = f"a table of failed fine-tunings in a public repository, not named, {OOM}"
NO_KERNELS = (
    "huggingface.co/docs/bitsandbytes/v0.50.0/installation: NVIDIA, AMD, Intel XPU, Apple Silicon, Gaudi and CPU; no"
    " Neuron"
)
INFERENCE = (
    "awsdocs-neuron.readthedocs-hosted.com/en/latest/neuron-intro/pytorch-setup/pytorch-install-prev.html: training on"
    " Trn1 and Trn2, inference on Inf2, Trn1 and Trn2"
)


class Seen(NamedTuple):
    """GiB that one process sees, how many processes share an accelerator, basis, source, and the rule if derived."""

    usable_gib: float
    source: str
    processes: int = 1
    basis: str = "measured"
    rule: str = ""


#: By accelerator. Of several figures the least that is said of exactly this part.
SEEN = {
    "V100 SXM2 16GB": Seen(15.75, f"github.com/pytorch/pytorch issue 16036, p3.2xlarge, {OOM}"),
    "V100 SXM2 32GB": Seen(31.74, f"github.com/liucongg/ChatGLM-Finetuning issue 73, V100 32GB, {OOM}"),
    "T4": Seen(14.56, f"github.com/Zheng-Chong/CatVTON issue 133, Tesla T4, {OOM}"),
    "A10G": Seen(22.06, f"notes on serving LLMs in a public repository, not named, A10G, {OOM}"),
    "L4": Seen(22.03, "a report in a public repository, not named: NVIDIA L4, visible to PyTorch"),
    "L40S": Seen(44.39, f"deployment notes in a public repository, not named, L40S, {OOM}"),
    "A100 40GB SXM4": Seen(39.39, f"notes in a public repository, not named, A100 40GB, {OOM}"),
    "A100 80GB SXM4": Seen(79.14, f"github.com/lianqi1008/Control-GIC issue 6, A100 80GB, {OOM}"),
    "H100 80GB SXM5": Seen(79.18, f"{FORTUNES} (1xH100 HBM3)"),
    "H200 141GB SXM": Seen(139.80, f"{FORTUNES} (8xH200)"),
    "B200 SXM": Seen(178.35, f"notes on one node of 8 B200 in a public repository, not named, {OOM}"),
    "B300 SXM": Seen(267.69, f"notes on two nodes of 8 B300 in a public repository, not named, {OOM}"),
    "GB200 (per GPU)": Seen(
        184.3,
        "NVIDIA GB200, 189471 MiB (nvidia-smi, public repositories, not named)",
        basis="derived",
        rule="nvidia-smi's figure times 178.35 / 179.06, what PyTorch and nvidia-smi (183359 MiB) say of a B200",
    ),
    "RTX PRO 6000 Blackwell Server Edition": Seen(
        94.97, "github.com/antirez/ds4 issue 431, RTX Pro 6000 Blackwell 96GB, total as CUDA prints it"
    ),
    "Trainium1": Seen(16.0, NEURON, processes=2, basis="published"),
    "Trainium2": Seen(24.0, NEURON_2, processes=4, basis="published"),
}
#: Of the parts above the one that loses the largest share of its nameplate, 14.56 of 16 GiB.
LEAST_SHARE = 14.56 / 16.0
RULE = "nameplate times 14.56 / 16, the least share that a process sees of any part held (T4)"

#: What an accelerator lacks for training, in the words of a workload (methods, optimizers), or training itself.
LACKS = {
    "Inferentia2": ("training", INFERENCE),
    **{name: ("qlora adam_8bit", NO_KERNELS) for name in ("Trainium1", "Trainium2", "Trainium3")},
}


def with_memory(accelerators: pd.DataFrame) -> pd.DataFrame:
    """facts/accelerators with what a process sees of them (GiB; RULE where none was found), and what they lack."""
    unseen = [
        Seen(round(size * LEAST_SHARE, 2), "memory_gib of this row", basis="estimate", rule=RULE)
        for size in accelerators["memory_gib"]
    ]
    names = accelerators["accelerator"]
    seen = [SEEN.get(name, guess) for name, guess in zip(names, unseen, strict=True)]
    lacks = [LACKS.get(name, ("", "")) for name in names]
    return accelerators.assign(
        usable_gib=[one.usable_gib for one in seen],
        processes=[one.processes for one in seen],
        usable_basis=[one.basis for one in seen],
        usable_rule=[one.rule for one in seen],
        usable_source=[one.source for one in seen],
        lacks=[words for words, _ in lacks],
        lacks_source=[source for _, source in lacks],
    )
