"""Fitting a network on made anomalies: cases made on the way, early stopping on inner groups and other kinds,
checkpoints.

All randomness of a step comes from the seed and the number of the step, so that a training that was killed and goes on
ends with the same bits as one that was not.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from challengeflow import Progress
from challengeflow.networks import Training, precision
from challengeflow_mood.anomalies.made_cases import Case, made_case
from challengeflow_mood.data.healthy_scans import Healthy
from challengeflow_mood.models.augmentation import augmented
from challengeflow_mood.scoring.average_precision import of_samples

ANOMALIES = 3  # at most, in a case: a step costs as much, and shows more
CLIP = 1.0  # largest norm of a gradient
CASE_SHARE = 0.2  # of the loss, for the answer about the whole case
EVERY = 5  # voxels that enter the inner score: one of so many
MISSED = (1.0, 0.05)  # weight of missed anomalies, at first and from the end of `MISSED_UNTIL` on
MISSED_UNTIL = 0.3


@dataclass(frozen=True)
class Fitting:
    """What a fit depends on.

    tensors: a case and a generator -> inputs (C, ...), further input, target, and body: what the network takes and
    should say;
    logits: the network's map of a whole case, log-odds (g, g, g), and the case's log-odds.
    """

    parameters: Mapping[str, Any]
    seed: int
    device: str
    threads: int
    work: Path
    progress: Progress
    tensors: Callable[[Case, np.random.Generator], tuple[np.ndarray, ...]]
    logits: Callable[[nn.Module, Case], tuple[np.ndarray, float]]


def fit(
    net: nn.Module, healthy: Healthy, kinds: Sequence[str], inner: Sequence[Case], fitting: Fitting
) -> list[dict[str, Any]]:
    """Train `net` in place on made anomalies of these kinds; it ends with the weights that score best on `inner`
    (without: the last ones).

    Stops after `patience` checks without a better inner score. Returns the learning curve: step, loss, score (on
    `inner`).
    """
    parameters = fitting.parameters
    net.to(fitting.device)
    optimizer = torch.optim.AdamW(
        net.parameters(), lr=parameters["learning_rate"], weight_decay=parameters["weight_decay"]
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _pace(step, parameters["steps"]))
    size = parameters["check_every"]

    def up_to_check(number: int) -> dict[str, Any]:
        steps = range(number * size, min((number + 1) * size, parameters["steps"]))
        batches = _ahead(healthy, kinds, fitting, steps)
        loss = _steps(net, optimizer, schedule, batches, fitting, steps)
        return {"step": steps.stop, "loss": loss, "score": inner_score(net, inner, fitting) if inner else None}

    checks, checkpoint = math.ceil(parameters["steps"] / size), fitting.work / "checkpoint.pt"
    training = Training(net, optimizer, schedule, checks, parameters["patience"], fitting.device, checkpoint)
    return training.run(up_to_check, fitting.progress, f"check after {size} steps")


def inner_score(net: nn.Module, inner: Sequence[Case], fitting: Fitting) -> float:
    """Mean of the average precision over voxels of the bodies and over cases."""
    voxels, truths, cases = [], [], []
    for case in inner:
        logits, odds = fitting.logits(net, case)
        body = case.mask > 0
        voxels.append(_sigmoid(logits[body][::EVERY]) * _sigmoid(odds))
        truths.append(case.anomaly[body][::EVERY])
        cases.append(_sigmoid(odds))
    labels = np.array([bool(case.kind) for case in inner])
    return (of_samples(np.concatenate(voxels), np.concatenate(truths)) + of_samples(np.array(cases), labels)) / 2


def _steps(
    net: nn.Module,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    batches: Iterable[list[np.ndarray]],
    fitting: Fitting,
    steps: range,
) -> float:
    """Optimiser steps with the numbers `steps`, a batch each; returns the mean loss."""
    total = 0.0
    net.train()
    for step, batch in zip(steps, batches, strict=True):
        inputs, further, target, body = (torch.from_numpy(each).to(fitting.device) for each in batch)
        with precision(fitting.device):
            logits, odds = net(inputs, further)
        loss = _loss(logits.float(), odds.float(), target, body, step / fitting.parameters["steps"])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), CLIP)
        optimizer.step()
        schedule.step()
        total += float(loss.detach())
    return total / max(1, len(steps))


def _ahead(healthy: Healthy, kinds: Sequence[str], fitting: Fitting, steps: range) -> Iterator[list[np.ndarray]]:
    """The batches of `steps`, made by `threads` threads, in order, a few of them in the making while one is used."""
    with ThreadPoolExecutor(fitting.threads) as pool:
        waiting = []
        for step in steps:
            waiting.append(pool.submit(_batch, healthy, kinds, fitting, step))
            if len(waiting) > 2 * fitting.threads:
                yield waiting.pop(0).result()
        for future in waiting:
            yield future.result()


def _batch(healthy: Healthy, kinds: Sequence[str], fitting: Fitting, step: int) -> list[np.ndarray]:
    parameters, made = fitting.parameters, []
    for number in range(parameters["batch"]):
        random = np.random.default_rng([fitting.seed, step, number])
        case = made_case(healthy, kinds, parameters["abnormal"], random, most=ANOMALIES)
        made.append(fitting.tensors(augmented(case, random) if parameters["augment"] else case, random))
    return [np.stack(each) for each in zip(*made, strict=True)]


def _loss(
    logits: torch.Tensor, odds: torch.Tensor, target: torch.Tensor, body: torch.Tensor, done: float
) -> torch.Tensor:
    """Cross-entropy over voxels of the body and over cases, and a term for missed anomalies that fades (as the
    winner's).

    Its weight falls from 1 to 0.05, geometrically, over the first 30 % of the steps.
    """
    target = target.float()
    each = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    voxels = (each * body).sum() / body.sum().clamp(min=1)
    missed = (each * target).sum() / target.sum().clamp(min=1)
    abnormal = target.flatten(1).amax(dim=1)
    overlap = (torch.sigmoid(logits) * target * body).flatten(1).sum(dim=1)
    sizes = ((torch.sigmoid(logits) + target) * body).flatten(1).sum(dim=1)
    dice = ((1 - 2 * overlap / sizes.clamp(min=1)) * abnormal).sum() / abnormal.sum().clamp(min=1)
    cases = F.binary_cross_entropy_with_logits(odds, abnormal)
    weight = MISSED[0] * (MISSED[1] / MISSED[0]) ** min(1.0, done / MISSED_UNTIL)
    return voxels + weight * missed + 0.5 * dice + CASE_SHARE * cases


def _pace(step: int, steps: int) -> float:
    """Share of the learning rate: up over the first tenth of the steps, then down to 0 along half a cosine."""
    warm = max(1, steps // 10)
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warm) / max(1, steps - warm))))


def _sigmoid(values: np.ndarray | float) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(np.asarray(values, np.float64), -50, 50)))
