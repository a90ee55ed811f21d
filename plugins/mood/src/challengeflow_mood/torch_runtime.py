"""What models in PyTorch share: making it repeat itself, weights without pickle, and one sentence where it is missing.

Numeric threads are the parameter `threads`, whatever the job is given: sums over another number of threads differ in their last bits.
"""

from pathlib import Path
from typing import Any

import numpy as np

from challengeflow import InputError, PredictJob, TrainJob
from challengeflow.arrays import Arrays, Writer


def prepare(job: TrainJob | PredictJob) -> None:
    """Make torch repeat itself, or say how to get it."""
    try:
        import torch
    except ImportError:
        raise InputError(
            f"the model {job.model} needs PyTorch, which is not installed; install the plugin with it: "
            "pip install 'challengeflow-mood[torch]'"
        ) from None
    torch.set_num_threads(job.parameters["threads"])
    torch.use_deterministic_algorithms(job.device == "cpu")


def save_weights(folder: Path, net: Any) -> None:
    """Write the weights of a torch.nn.Module as plain arrays."""
    with Writer(folder) as out:
        out.add("net", {}, **{name: value.detach().cpu().numpy() for name, value in net.state_dict().items()})


def load_weights(folder: Path, net: Any) -> None:
    """Read weights that `save_weights` wrote into a network of the same form."""
    import torch

    kept = Arrays(folder)["net"]
    net.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in kept.items()})
