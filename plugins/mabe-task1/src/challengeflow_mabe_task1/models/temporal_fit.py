"""Fitting a network over time: crops, early stopping on inner groups, a checkpoint after every epoch.

All randomness of an epoch comes from the seed, the part and the number of the epoch, so that a training that was
killed and goes on ends with the same bits as one that was not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from challengeflow import Progress
from challengeflow.networks import Training, precision
from challengeflow_mabe_task1.scoring.metric import confusion, f1

CLIP = 1.0
"""Largest norm of a gradient."""


@dataclass(frozen=True)
class Example:
    """One sequence: standardised inputs (F, S) float32, labels (S,) int64 with -1 for none.

    exchanged: the order (F,) of inputs of which half of the stretches are shown; None: they stay as they are.
    """

    inputs: np.ndarray
    labels: np.ndarray
    exchanged: np.ndarray | None = None


@dataclass(frozen=True)
class Fitting:
    """All that one fit depends on. weights: (K,) of the classes in the loss; watched: classes of the inner score."""

    parameters: Mapping[str, Any]
    weights: np.ndarray
    watched: Sequence[int]
    seed: Sequence[int]
    device: str
    work: Path
    progress: Progress


def fit(net: nn.Module, examples: Sequence[Example], inner: Sequence[Example], fitting: Fitting) -> list[dict]:
    """Train `net` in place; it ends with the weights of the epoch that scores best on `inner` (without: the last).

    Stops after `patience` epochs without a better inner score. Returns the curve: epoch, loss, score (on `inner`).
    """
    parameters = fitting.parameters
    net.to(fitting.device)
    optimizer = torch.optim.AdamW(
        net.parameters(), lr=parameters["learning_rate"], weight_decay=parameters["weight_decay"]
    )
    steps = steps_an_epoch(examples, parameters)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, parameters["learning_rate"], total_steps=parameters["epochs"] * steps
    )

    def epoch(number: int) -> dict[str, Any]:
        loss = _epoch(net, optimizer, schedule, examples, fitting, number, steps)
        return {"epoch": number, "loss": loss, "score": inner_score(net, inner, fitting) if inner else None}

    checkpoint = fitting.work / "checkpoint.pt"
    training = Training(
        net, optimizer, schedule, parameters["epochs"], parameters["patience"], fitting.device, checkpoint
    )
    return training.run(epoch, fitting.progress, "epoch")


def predict(net: nn.Module, inputs: np.ndarray, device: str) -> np.ndarray:
    """Class probabilities (S, K) float64 of one sequence of inputs (F, S)."""
    net.eval()
    with torch.inference_mode(), precision(device):
        logits = net(torch.from_numpy(inputs)[None].to(device))[-1]
    return torch.softmax(logits[0].double(), dim=0).T.cpu().numpy()


def inner_score(net: nn.Module, inner: Sequence[Example], fitting: Fitting) -> float:
    """Mean F1 of the watched classes over all steps of the inner sequences."""
    classes = len(fitting.weights)
    answers = [predict(net, one.inputs, fitting.device).argmax(axis=1) for one in inner]
    table = np.sum([confusion(one.labels, own, classes) for one, own in zip(inner, answers, strict=True)], axis=0)
    return float(np.mean(f1(table)[list(fitting.watched)]))


def _epoch(
    net: nn.Module,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    examples: Sequence[Example],
    fitting: Fitting,
    epoch: int,
    steps: int,
) -> float:
    """One pass over about as many steps as there are; returns the mean loss."""
    random = np.random.default_rng([*fitting.seed, epoch])
    torch.manual_seed(int(random.integers(2**31)))
    weights = torch.from_numpy(fitting.weights).float().to(fitting.device)
    total = 0.0
    net.train()
    for _ in range(steps):
        inputs, labels = (
            torch.from_numpy(own).to(fitting.device) for own in draw_batch(examples, fitting.parameters, random)
        )
        with precision(fitting.device):
            stages = net(inputs)
        loss = torch.stack([_loss(logits.float(), labels, weights) for logits in stages]).sum()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), CLIP)
        optimizer.step()
        schedule.step()
        total += float(loss.detach())
    return total / steps


def _loss(logits: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Weighted cross-entropy (B, K, S) against (B, S), over the steps that have a label.

    Written out: the library's own is not deterministic on a GPU.
    """
    known = labels >= 0
    chances = torch.log_softmax(logits, dim=1)
    one_hot = F.one_hot(labels.clamp(min=0), logits.shape[1]).transpose(1, 2)
    share = (one_hot * weights[None, :, None]).sum(dim=1) * known
    return -((chances * one_hot).sum(dim=1) * share).sum() / share.sum().clamp(min=1e-9)


def steps_an_epoch(examples: Sequence[Example], parameters: Mapping[str, Any]) -> int:
    """Batches that have about as many steps as all examples together."""
    return max(1, sum(len(one.labels) for one in examples) // (parameters["crop"] * parameters["batch"]))


def draw_batch(
    examples: Sequence[Example], parameters: Mapping[str, Any], random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Crops (B, F, S) and labels (B, S) of sequences drawn by length; shorter ones are filled up without labels."""
    lengths = np.array([len(one.labels) for one in examples])
    crop = int(min(parameters["crop"], lengths.max()))
    inputs = np.zeros((parameters["batch"], examples[0].inputs.shape[0], crop), np.float32)
    labels = np.full((parameters["batch"], crop), -1, np.int64)
    for place, which in enumerate(random.choice(len(examples), parameters["batch"], p=lengths / lengths.sum())):
        start = int(random.integers(max(1, lengths[which] - crop + 1)))
        one = examples[which]
        own = one.labels[start : start + crop]
        turned = one.exchanged is not None and random.random() < 0.5
        inputs[place, :, : len(own)] = one.inputs[one.exchanged if turned else slice(None), start : start + crop]
        labels[place, : len(own)] = own
    return inputs, labels
