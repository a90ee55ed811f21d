"""What models in PyTorch share: bits that repeat, weights without pickle, a training that stops early and survives a
kill.

The core does not need PyTorch; a plugin whose models do brings it as an extra. All randomness of a round should come
from the seed and the number of the round: then a training that was killed and goes on ends with the same bits as one
that was not.
"""

import importlib
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from challengeflow.contract.errors import InputError
from challengeflow.contract.jobs import PredictJob, TrainJob
from challengeflow.contract.progress import Progress


def prepare(job: TrainJob | PredictJob, package: str, also: Sequence[str] = ()) -> None:
    """Make torch repeat itself: to the bit on a CPU.

    Raises InputError that says how to get it, with the extra of `package`.

    also: modules of other libraries that the extra brings and the model needs.

    Numeric threads are the model's parameter `threads`, whatever the job is given: sums over another number of threads
    differ in their last bits.
    """
    for module in ("torch", *also):
        try:
            importlib.import_module(module)
        except ImportError:
            library = "PyTorch" if module == "torch" else module
            raise InputError(
                f"the model {job.model} needs {library}, which is not installed; install the plugin with it: "
                f"pip install '{package}'"
            ) from None
    import torch

    torch.set_num_threads(job.parameters["threads"])
    # Not use_deterministic_algorithms, which says the same and imports the compiler: 1.1 CPU seconds and 70 MB a job.
    torch.set_deterministic_debug_mode("error" if job.device == "cpu" else "default")


def precision(device: str) -> AbstractContextManager[Any]:
    """A context of mixed precision (bfloat16) on a GPU, of full precision on a CPU."""
    import torch

    return torch.autocast(device_type=device, dtype=torch.bfloat16, enabled=device == "cuda")


def weights(net: Any) -> dict[str, np.ndarray]:
    """The weights of a torch.nn.Module as plain arrays, for `challengeflow.arrays.Writer`."""
    return {name: value.detach().cpu().numpy() for name, value in net.state_dict().items()}


def put_weights(net: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Put weights into a network of the same form; torch raises RuntimeError for another one."""
    import torch

    net.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in arrays.items()})


@dataclass(frozen=True)
class Training:
    """A training in rounds (epochs, say). net, optimizer, schedule: of torch; checkpoint: a file in the job's `work`.

    patience: rounds without a better score after which it stops.
    """

    net: Any
    optimizer: Any
    schedule: Any
    rounds: int
    patience: int
    device: str
    checkpoint: Path

    def run(self, train_round: Callable[[int], dict[str, Any]], progress: Progress, what: str) -> list[dict[str, Any]]:
        """Train, from the checkpoint on if there is one.

        The network ends with the weights of the round that scored best.

        train_round: number of a round -> its row of the learning curve, with `score` (higher is better, from samples
        that take no part in the training), or None where nothing is held out: then the last weights stay.
        Returns the curve. A checkpoint is written after every round.
        """
        import torch

        parts = {"net": self.net, "optimizer": self.optimizer, "schedule": self.schedule}
        self.net.to(self.device)
        curve, best = [], _copied(self.net)
        if self.checkpoint.exists():
            kept = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
            curve, best = kept["curve"], kept["best"]
            for name, part in parts.items():
                part.load_state_dict(kept[name])
        first = len(curve)
        for number in progress(range(first, self.rounds), what, self.rounds - first):
            if _waited(curve) >= self.patience:
                break
            row = train_round(number)
            if row["score"] is None or all(row["score"] > earlier["score"] for earlier in curve):
                best = _copied(self.net)
            curve.append(row)
            save_checkpoint(self.checkpoint, _states(parts) | {"curve": curve, "best": best})
        self.net.load_state_dict(best)
        return curve


def save_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Write tensors, numbers, lists and dictionaries, whole or not at all.

    `torch.load(path, weights_only=True)` reads them.
    """
    import torch

    part = path.with_suffix(".new")
    torch.save(dict(state), part)
    os.replace(part, path)


def _states(parts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part.state_dict() for name, part in parts.items()}


def _copied(net: Any) -> dict[str, Any]:
    return {name: value.clone() for name, value in net.state_dict().items()}


def _waited(curve: Sequence[Mapping[str, Any]]) -> int:
    """Rounds since the best score; 0 where there is none."""
    scores = [row["score"] for row in curve]
    return 0 if not scores or scores[0] is None else len(scores) - 1 - int(np.argmax(scores))
