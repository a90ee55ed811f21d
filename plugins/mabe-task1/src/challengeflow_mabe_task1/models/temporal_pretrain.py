"""Self-supervised pretraining of a network over time: what was hidden must be told from what happened elsewhere.

Stretches of the inputs are hidden; from the states around it, each hidden step has to be picked out among the other
hidden steps of the batch (InfoNCE, van den Oord et al. 2018, arXiv:1807.03748; hidden stretches as of wav2vec 2.0,
Baevski et al. 2020, arXiv:2006.11477). No label takes part.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from challengeflow.networks import precision, save_checkpoint
from challengeflow_mabe_task1.models.temporal_fit import CLIP, Example, Fitting, draw_batch, steps_an_epoch

SPAN = 10
"""Steps hidden at a time: two seconds at five steps a second."""

HIDDEN = 0.4
"""Share of the steps that is hidden, about."""

CANDIDATES = 512
"""Most hidden steps of a batch to tell apart."""

WIDTH = 64
TEMPERATURE = 0.1


class Matcher(nn.Module):
    """The network's trunk with what only pretraining needs: states and inputs of a step brought to one space."""

    def __init__(self, net: Any, inputs: int):
        super().__init__()
        self.trunk: nn.Module = net.trunk
        self.query = nn.Linear(net.width, WIDTH)
        self.key = nn.Linear(inputs, WIDTH)

    def forward(self, x: Tensor, hidden: Tensor) -> Tensor:
        """Inputs (B, F, S) and hidden steps (B, S) -> how well each state (N) fits each hidden input (N), (N, N)."""
        states = self.trunk(x * ~hidden[:, None])
        places = hidden.nonzero()[:CANDIDATES]
        batch, step = places[:, 0], places[:, 1]
        queries = F.normalize(self.query(states[batch, :, step]).float(), dim=1)
        keys = F.normalize(self.key(x[batch, :, step]).float(), dim=1)
        return queries @ keys.T / TEMPERATURE


def fit(net: nn.Module, examples: Sequence[Example], fitting: Fitting) -> list[dict]:
    """Pretrain the trunk of `net` in place for `pretraining_epochs`. Returns the curve: epoch, loss."""
    parameters, device = fitting.parameters, fitting.device
    torch.manual_seed(int(np.random.default_rng([*fitting.seed, 0]).integers(2**31)))
    matcher = Matcher(net, examples[0].inputs.shape[0]).to(device)
    optimizer = torch.optim.AdamW(
        matcher.parameters(), lr=parameters["learning_rate"], weight_decay=parameters["weight_decay"]
    )
    curve: list[dict] = []
    checkpoint = fitting.work / "pretraining.pt"
    if checkpoint.exists():
        kept = torch.load(checkpoint, map_location=device, weights_only=True)
        matcher.load_state_dict(kept["matcher"])
        optimizer.load_state_dict(kept["optimizer"])
        curve = kept["curve"]
    epochs, first = parameters["pretraining_epochs"], len(curve)
    for epoch in fitting.progress(range(first, epochs), "pretraining epoch", epochs - first):
        curve.append({"epoch": epoch, "loss": _epoch(matcher, optimizer, examples, fitting, epoch)})
        save_checkpoint(
            checkpoint, {"matcher": matcher.state_dict(), "optimizer": optimizer.state_dict(), "curve": curve}
        )
    return curve


def _epoch(
    matcher: Matcher, optimizer: torch.optim.Optimizer, examples: Sequence[Example], fitting: Fitting, epoch: int
) -> float:
    random = np.random.default_rng([*fitting.seed, epoch, 1])
    torch.manual_seed(int(random.integers(2**31)))
    steps = steps_an_epoch(examples, fitting.parameters)
    total = 0.0
    matcher.train()
    for _ in range(steps):
        inputs, _ = draw_batch(examples, fitting.parameters, random)
        hidden = torch.from_numpy(_hidden(inputs.shape[0], inputs.shape[2], random)).to(fitting.device)
        with precision(fitting.device):
            fits = matcher(torch.from_numpy(inputs).to(fitting.device), hidden)
        loss = -torch.diagonal(torch.log_softmax(fits, dim=1)).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(matcher.parameters(), CLIP)
        optimizer.step()
        total += float(loss.detach())
    return total / steps


def _hidden(sequences: int, steps: int, random: np.random.Generator) -> np.ndarray:
    """Which steps are hidden, as bool (B, S): spans that start at random, at least one."""
    span = min(SPAN, steps)
    starts = random.random((sequences, steps - span + 1)) < HIDDEN / span
    starts[0, int(random.integers(starts.shape[1]))] = True
    hidden = np.zeros((sequences, steps), bool)
    for place in range(span):
        hidden[:, place : place + starts.shape[1]] |= starts
    return hidden
