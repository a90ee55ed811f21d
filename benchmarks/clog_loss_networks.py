"""What one step of each Clog Loss network costs at its full size on this machine: seconds of CPU and peak memory.

    python benchmarks/clog_loss_networks.py [--device cuda] [MODEL ...]
    python benchmarks/clog_loss_networks.py densenet3d --batch 2

Each model runs in a process of its own, with its declared parameters, on one thread (on a GPU in mixed precision): one
training step (forward, backward, optimiser) of its own batch, or of `--batch` clips where that one does not fit, and
one pass of prediction, which takes as many clips as the model's stage does. Clips are random numbers.
"""

import argparse
import resource
import subprocess
import sys
import time
from importlib import import_module

from challengeflow_clog_loss.models.declarations import MODELS

NETWORKS = {model.name: model for model in MODELS if "frames" in model.parameters}


def measure(name: str, device: str, batch: int | None) -> str:
    """One line of figures."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    from challengeflow.networks import precision
    from challengeflow_clog_loss.models.networks.fitting import AT_ONCE
    from challengeflow_clog_loss.video.straightened import ACROSS

    torch.set_num_threads(1)
    parameters = {key: schema["default"] for key, schema in NETWORKS[name].parameters.items()}
    net = import_module(NETWORKS[name].module).build(parameters).to(device)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-4)
    rows = ACROSS if parameters["view"] == "straightened" else parameters["size"]
    batch = batch or parameters["batch"]
    clips = torch.rand(batch, 2, parameters["frames"], rows, parameters["size"], device=device)
    shown = torch.rand(AT_ONCE, *clips.shape[1:], device=device)
    truth = torch.arange(batch, device=device).remainder(2).float()

    def step() -> None:
        net.train()
        with precision(device):
            logits = net(clips)
        binary_cross_entropy_with_logits(logits.float(), truth).backward()
        optimizer.step()
        optimizer.zero_grad()

    def predict() -> None:
        net.eval()
        with torch.inference_mode(), precision(device):
            net(shown).sum().item()

    train, forward = _seconds(step, device) / batch, _seconds(predict, device) / AT_ONCE
    memory = torch.cuda.max_memory_allocated() / 2**20 if device == "cuda" else _peak()
    weights = sum(weight.numel() for weight in net.parameters()) / 1e6
    shape = "x".join(str(length) for length in clips.shape[2:])
    return (
        f"{name:<16} {weights:6.2f} M weights, clips {shape:<12} training {1000 * train:8.0f} ms a clip by "
        f"{batch}, prediction {1000 * forward:7.0f} ms a clip by {AT_ONCE}, peak {memory:6.0f} MiB"
    )


def _seconds(work, device: str) -> float:
    """CPU seconds of this process (on a GPU: seconds) of the quicker of two runs."""
    import torch

    clock = time.process_time if device == "cpu" else time.perf_counter
    best = float("inf")
    for _ in range(2):
        started = clock()
        work()
        if device == "cuda":
            torch.cuda.synchronize()
        best = min(best, clock() - started)
    return best


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("models", nargs="*", metavar="MODEL")
    options.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    options.add_argument("--batch", type=int, metavar="N", help="clips of a training step")
    given = options.parse_args()
    if len(given.models) == 1:
        print(measure(given.models[0], given.device, given.batch), flush=True)
    else:
        further = ["--batch", str(given.batch)] if given.batch else []
        for model in given.models or NETWORKS:
            subprocess.run([sys.executable, __file__, model, "--device", given.device, *further], check=True)
