#!/usr/bin/env python3
"""Measures a small training loop on this machine and adds the rows to a benchmark sheet.

Needs PyTorch and nothing else; copy it to the machine and run it there. One accelerator:

    python torch_script.py rows.csv --instance-type g5.xlarge --precisions fp32,bf16

Several accelerators or instances: the same words after `torchrun --nproc-per-node 8 torch_script.py`.

Give the shape of your own model (--layers, --hidden, ...): a rate of another model says nothing about yours, and the
planner refuses rows whose `parameters` are not the workload's.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

HEADER = (
    "instance_type", "count", "precision", "batch", "throughput_unit", "throughput", "peak_memory_gib",
    "gpu_utilisation_percent", "parameters", "note",
)  # fmt: skip
PRECISIONS = ("fp32", "tf32", "fp16", "bf16")
BYTES_PER_GIB = 2**30
SECONDS_BETWEEN_SAMPLES = 0.2


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    """What to measure, from the command line; exits with 2 on words that make no sense."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sheet", type=Path, help="CSV to add rows to; made if it is not there")
    parser.add_argument("--instance-type", required=True, help="what EC2 calls this machine")
    parser.add_argument("--model", choices=("transformer", "cnn"), default="transformer")
    parser.add_argument("--precisions", default="fp32,bf16", help=f"some of {','.join(PRECISIONS)}")
    parser.add_argument("--batch", type=int, default=8, help="samples in one step on each accelerator")
    parser.add_argument("--steps", type=int, default=50, help="steps that are timed")
    parser.add_argument("--warm-up", type=int, default=10, help="steps before them")
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--hidden", type=int, default=768, help="width of the transformer, channels of the CNN")
    parser.add_argument("--heads", type=int, default=12)
    parser.add_argument("--sequence-length", type=int, default=1024)
    parser.add_argument("--vocabulary", type=int, default=50304, help="of the CNN: classes")
    parser.add_argument("--image-size", type=int, default=224)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--note", default="")
    given = parser.parse_args(words)
    given.precisions = given.precisions.split(",")
    for name in given.precisions:
        if name not in PRECISIONS:
            parser.error(f"precision {name!r} is not one of {', '.join(PRECISIONS)}")
    for name in ("batch", "steps", "layers", "hidden", "heads", "sequence_length", "vocabulary", "image_size"):
        if getattr(given, name) < 1:
            parser.error(f"--{name.replace('_', '-')} must be at least 1")
    if given.warm_up < 0:
        parser.error("--warm-up must be at least 0")
    if given.model == "transformer" and given.hidden % given.heads:
        parser.error(f"--heads {given.heads} does not divide --hidden {given.hidden}")
    return given


def build(torch: Any, given: argparse.Namespace) -> tuple[Any, Callable[[Any], tuple[Any, Any]]]:
    """The network, and a function of a device that gives one batch of random input and targets."""
    nn = torch.nn
    if given.model == "cnn":
        width, layers = given.hidden, []
        for index in range(given.layers):
            layers += [
                nn.Conv2d(3 if index == 0 else width, width, 3, stride=2 if index == 0 else 1, padding=1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
            ]
        network = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, given.vocabulary))

        def images(device: Any) -> tuple[Any, Any]:
            pixels = torch.randn(given.batch, 3, given.image_size, given.image_size, device=device)
            return pixels, torch.randint(given.vocabulary, (given.batch,), device=device)

        return network, images

    class Transformer(nn.Module):  # type: ignore[name-defined]
        """Decoder only, learned positions, output tied to the embedding: the shape of GPT-2."""

        def __init__(self) -> None:
            super().__init__()
            self.tokens = nn.Embedding(given.vocabulary, given.hidden)
            self.positions = nn.Embedding(given.sequence_length, given.hidden)
            self.blocks = nn.ModuleList(
                nn.TransformerEncoderLayer(
                    given.hidden, given.heads, 4 * given.hidden, 0.0, "gelu", batch_first=True, norm_first=True
                )
                for _ in range(given.layers)
            )
            self.norm = nn.LayerNorm(given.hidden)

        def forward(self, words: Any) -> Any:
            state = self.tokens(words) + self.positions.weight[: words.shape[1]]
            mask = nn.Transformer.generate_square_subsequent_mask(words.shape[1], device=words.device)
            for block in self.blocks:
                state = block(state, src_mask=mask, is_causal=True)
            return self.norm(state) @ self.tokens.weight.T

    def text(device: Any) -> tuple[Any, Any]:
        words = torch.randint(given.vocabulary, (given.batch, given.sequence_length + 1), device=device)
        return words[:, :-1], words[:, 1:]

    return Transformer(), text


def measure(torch: Any, given: argparse.Namespace, precision: str, device: Any, workers: int) -> dict[str, Any]:
    """One row of the sheet. Raises RuntimeError if the precision cannot run here, or training does not stay finite."""
    cuda = device.type == "cuda"
    if precision == "tf32" and not (cuda and torch.cuda.get_device_capability(device)[0] >= 8):
        raise RuntimeError("this device has no tf32")
    # Emulated bf16 runs, slowly, and says nothing about anything.
    if precision == "bf16" and cuda and torch.cuda.get_device_capability(device)[0] < 8:
        raise RuntimeError("this device has no bf16")
    torch.backends.cuda.matmul.allow_tf32 = precision != "fp32"
    torch.backends.cudnn.allow_tf32 = precision != "fp32"
    torch.manual_seed(0)
    network, batch_of = build(torch, given)
    parameters = sum(weights.numel() for weights in network.parameters())
    network = network.to(device)
    if workers > 1:
        network = torch.nn.parallel.DistributedDataParallel(network, device_ids=[device.index] if cuda else None)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4)
    half = {"fp16": torch.float16, "bf16": torch.bfloat16}.get(precision)
    scaler = torch.amp.GradScaler(device.type, enabled=precision == "fp16")
    # The batch stays on the device: what is measured is the accelerator, not the loading of data.
    inputs, targets = batch_of(device)

    def step() -> Any:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device.type, dtype=half, enabled=half is not None):
            answers = network(inputs)
            loss = torch.nn.functional.cross_entropy(answers.flatten(0, -2), targets.flatten())
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        return loss

    def settle() -> None:
        if cuda:
            torch.cuda.synchronize(device)
        if workers > 1:
            torch.distributed.barrier()

    if cuda:
        torch.cuda.reset_peak_memory_stats(device)
    for _ in range(given.warm_up):
        step()
    settle()
    with utilisation(device.index or 0 if cuda else None) as busy:
        started = time.perf_counter()
        for _ in range(given.steps):
            loss = step()
        settle()
        seconds = time.perf_counter() - started
    last = float(loss.detach())
    if not math.isfinite(last):
        raise RuntimeError(f"the loss became {last}: the rate is of a run that failed")
    samples = given.batch * workers * given.steps
    is_text = given.model == "transformer"
    memory = torch.cuda.max_memory_reserved(device) / BYTES_PER_GIB if cuda else None
    return {
        "instance_type": given.instance_type,
        "count": max(1, workers // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))),
        "precision": precision,
        "batch": given.batch * workers,
        "throughput_unit": "tokens_per_second" if is_text else "samples_per_second",
        "throughput": f"{samples * (given.sequence_length if is_text else 1) / seconds:.6g}",
        "peak_memory_gib": "" if memory is None else f"{memory:.3f}",
        "gpu_utilisation_percent": f"{sum(busy) / len(busy):.1f}" if busy else "",
        "parameters": parameters,
        "note": given.note or f"{given.model}, torch {torch.__version__}",
    }


@contextlib.contextmanager
def utilisation(index: int | None) -> Iterator[list[float]]:
    """A list that fills with the GPU's utilisation in percent while the block runs; stays empty without a GPU."""
    found: list[float] = []
    if index is None:
        yield found
        return
    # nvidia-smi counts all devices of the machine, whatever CUDA_VISIBLE_DEVICES leaves to this process.
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    name = visible.split(",")[index] if visible else str(index)
    words = ["nvidia-smi", f"--id={name}", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(SECONDS_BETWEEN_SAMPLES):
            try:
                answer = subprocess.run(words, capture_output=True, text=True, timeout=5, check=True)
                found.append(float(answer.stdout.strip()))
            except (OSError, subprocess.SubprocessError, ValueError):
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield found
    finally:
        done.set()
        watcher.join()


def add_row(sheet: Path, row: dict[str, Any]) -> None:
    """Adds a row under the columns that the sheet has; a new sheet gets all of them."""
    columns = list(HEADER)
    if sheet.exists() and sheet.stat().st_size:
        text = sheet.read_text(encoding="utf-8-sig")
        columns = next(csv.reader(text.splitlines()))
        if not text.endswith("\n"):
            with sheet.open("a", encoding="utf-8") as file:
                file.write("\n")
        missing = [name for name in HEADER[:6] if name not in columns]
        if missing:
            sys.exit(f"{sheet} is not a benchmark sheet: it has no column {', '.join(missing)}")
        with sheet.open("a", encoding="utf-8", newline="") as file:
            csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n").writerow(row)
        return
    with sheet.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerow(row)


def main(words: list[str] | None = None) -> int:
    """Measures every precision asked for. Exit code 0: all were measured; 1: one was not, and is named."""
    given = arguments(words)
    try:
        import torch
    except ImportError:
        print("PyTorch is needed: pip install torch", file=sys.stderr)
        return 1
    if given.device == "cuda" and not torch.cuda.is_available():
        print("this machine has no GPU that PyTorch can use", file=sys.stderr)
        return 1
    cuda = given.device != "cpu" and torch.cuda.is_available()
    workers = int(os.environ.get("WORLD_SIZE", "1"))
    rank = int(os.environ.get("RANK", "0"))
    if cuda and workers == 1 and torch.cuda.device_count() > 1:
        number = torch.cuda.device_count()
        print(
            f"this machine has {number} GPUs and a row is of the whole machine: start with"
            f" torchrun --nproc-per-node {number}, or leave one visible (CUDA_VISIBLE_DEVICES=0)",
            file=sys.stderr,
        )
        return 1
    if workers > 1:
        torch.distributed.init_process_group("nccl" if cuda else "gloo")
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0"))) if cuda else torch.device("cpu")
    if cuda:
        torch.cuda.set_device(device)
    rates: dict[str, float] = {}
    failed = False
    for precision in given.precisions:
        try:
            row = measure(torch, given, precision, device, workers)
        except RuntimeError as error:
            print(f"{precision}: not measured: {error}", file=sys.stderr)
            failed = True
            continue
        if rank == 0:
            add_row(given.sheet, row)
            rates[precision] = float(row["throughput"])
            print(f"{precision}: {row['throughput']} {row['throughput_unit'].replace('_', ' ')}")
    base = next((name for name in ("fp32", "tf32") if name in rates), None)
    for precision, rate in rates.items():
        if base is not None and precision != base:
            print(f"{precision} is {rate / rates[base]:.2f} times as fast as {base}")
    if workers > 1:
        torch.distributed.destroy_process_group()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
