"""Fitting a network on clips: epochs of balanced batches, early stopping on inner groups, a checkpoint every epoch.

All randomness of an epoch comes from the seed and the number of the epoch, so that a training that was killed and goes
on ends with the same bits as one that was not.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn

from challengeflow import Progress
from challengeflow.networks import Training, precision
from challengeflow.scoring import roc_auc
from challengeflow_clog_loss.models.networks import augmentation, training_set
from challengeflow_clog_loss.models.networks.clips import Clip

T = TypeVar("T")
LARGEST_GRADIENT = 1.0
AHEAD = 2  # batches that are made while the network is busy
AT_ONCE = 8  # clips that a network answers in one pass: one alone takes up to four times as long
UNFLIPPED = (False, False, False)
Flip = tuple[bool, bool, bool]
"""Whether time, rows and columns are turned round."""


@dataclass(frozen=True)
class Fitting:
    """All that one fit depends on. read: a video's number and, in training, a random generator -> its clips.

    stages: numbers of the training videos of each stage of the recipe, with its epochs; inner: those to stop early on.
    """

    parameters: Mapping[str, Any]
    read: Callable[[int, np.random.Generator | None], Sequence[Clip]]
    stalled: np.ndarray
    stages: Sequence[tuple[np.ndarray, int]]
    inner: np.ndarray
    seed: int
    device: str
    threads: int
    work: Path
    progress: Progress


def fit(net: nn.Module, fitting: Fitting) -> list[dict]:
    """Train `net` in place; each stage ends with the weights that rank the inner videos best (without any: the last).

    Returns the learning curve: stage, epoch, loss and score (the inner AUC).
    """
    parameters, curve = fitting.parameters, []
    for stage, (videos, epochs) in enumerate(fitting.stages):
        count = parameters["batches"] or max(len(videos) // parameters["batch"], 1)
        largest = parameters["learning_rate"]
        net.to(fitting.device)
        optimizer = torch.optim.AdamW(net.parameters(), lr=largest, weight_decay=parameters["weight_decay"])
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, largest, total_steps=epochs * count, pct_start=0.2)
        training = Training(
            net=net,
            optimizer=optimizer,
            schedule=schedule,
            rounds=epochs,
            patience=parameters["patience"],
            device=fitting.device,
            checkpoint=fitting.work / f"stage-{stage}.pt",
        )
        epoch = partial(_epoch, training, fitting, stage, videos, count)
        curve += [
            {"stage": stage, "epoch": number} | row
            for number, row in enumerate(training.run(epoch, fitting.progress, f"epoch of stage {stage}"))
        ]
    return curve


def _epoch(training: Training, fitting: Fitting, stage: int, videos: np.ndarray, count: int, number: int) -> dict:
    """`count` batches; returns the mean loss and the inner score."""
    net, random = training.net, np.random.default_rng([fitting.seed, stage, number])
    torch.manual_seed(int(random.integers(2**31)))  # for dropout
    stalled = fitting.stalled[videos]
    drawn = [
        [(videos[place], int(random.integers(2**31))) for place in batch]
        for batch in training_set.batches(
            stalled, fitting.parameters["batch"], fitting.parameters["stalled_share"], count, random
        )
    ]
    total = 0.0
    net.train()
    for batch, clips in zip(
        drawn, ahead(lambda batch: _augmented(batch, fitting), drawn, fitting.threads), strict=True
    ):
        truth = torch.tensor(fitting.stalled[[video for video, _ in batch]], dtype=torch.float32, device=fitting.device)
        inputs = torch.stack([augmentation.changed(as_tensor(clip, fitting.device), change) for clip, change in clips])
        with precision(fitting.device):
            logits = net(inputs)
        loss = nn.functional.binary_cross_entropy_with_logits(logits.float(), truth)
        training.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), LARGEST_GRADIENT)
        training.optimizer.step()
        training.schedule.step()
        total += float(loss.detach())
    return {"loss": total / count, "score": inner_score(net, fitting) if len(fitting.inner) else None}


def _augmented(batch: Sequence[tuple[int, int]], fitting: Fitting) -> list[tuple[Clip, augmentation.Change]]:
    made = []
    for video, seed in batch:
        random = np.random.default_rng(seed)
        (clip,) = fitting.read(video, random)
        change = augmentation.draw(random, len(clip.grey)) if fitting.parameters["augmentation"] else augmentation.NONE
        made.append((clip, change))
    return made


def inner_score(net: nn.Module, fitting: Fitting) -> float:
    """Area under the ROC curve of the inner videos, without flips."""
    net.eval()
    clips = ahead(lambda video: fitting.read(video, None), fitting.inner, fitting.threads)
    scores = np.array(list(predict([net], clips, fitting.device)))
    return roc_auc(fitting.stalled[fitting.inner], scores[:, 0])


def predict(
    nets: Sequence[nn.Module], videos: Iterable[Sequence[Clip]], device: str, flips: Sequence[Flip] = (UNFLIPPED,)
) -> Iterator[np.ndarray]:
    """Mean logit (nets,) float64 of each video by each network: over its clips, and flips of time, rows and columns.

    The networks are in evaluation mode.
    """
    for _, own in groupby(_logits(nets, videos, device, flips), key=itemgetter(0)):
        yield np.mean([logits for _, logits in own], axis=0)


def _logits(
    nets: Sequence[nn.Module], videos: Iterable[Sequence[Clip]], device: str, flips: Sequence[Flip]
) -> Iterator[tuple[int, np.ndarray]]:
    """Number of a video and logits (nets,) of each flip of each of its clips, `AT_ONCE` of them by one pass.

    The last pass is filled up, so that the bits of a video do not depend on how many there are beside it.
    """
    views = (
        (number, augmentation.flipped(tensor, flip))
        for number, clips in enumerate(videos)
        for tensor in (as_tensor(clip, device) for clip in clips)
        for flip in flips
    )
    while some := list(islice(views, AT_ONCE)):
        batch = torch.stack([view for _, view in some + some[-1:] * (AT_ONCE - len(some))])
        with torch.inference_mode(), precision(device):
            logits = torch.stack([net(batch).double() for net in nets], dim=1)
        yield from zip((number for number, _ in some), logits.cpu().numpy(), strict=False)


def as_tensor(clip: Clip, device: str) -> torch.Tensor:
    """Grey and mask of a clip, float32 (2, frames, size, size)."""
    grey = torch.from_numpy(clip.grey).to(device).float()
    return torch.stack([grey, torch.from_numpy(clip.mask).to(device).float().expand_as(grey)])


def ahead(make: Callable[[Any], T], items: Iterable, threads: int) -> Iterator[T]:
    """`make(item)` of each item in order, a few of them ahead in threads."""
    with ThreadPoolExecutor(threads) as pool:
        items = iter(items)
        waiting = [pool.submit(make, item) for item in islice(items, AHEAD + threads)]
        while waiting:
            yield waiting.pop(0).result()
            waiting += [pool.submit(make, item) for item in islice(items, 1)]
