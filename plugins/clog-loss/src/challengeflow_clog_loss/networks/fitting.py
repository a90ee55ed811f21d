"""Fitting a network on clips: epochs of balanced batches, early stopping on inner groups, a checkpoint after every epoch.

All randomness of an epoch comes from the seed and the number of the epoch, so that a training that was killed and goes
on ends with the same bits as one that was not.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn

from challengeflow.progress import Progress
from challengeflow_clog_loss.networks import augmentation, training_set
from challengeflow_clog_loss.networks.clips import Clip

T = TypeVar("T")
LARGEST_GRADIENT = 1.0
AHEAD = 2  # batches that are made while the network is busy


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
    """Train `net` in place through all stages; each ends with the weights that rank the inner videos best (without: the last).

    Returns the learning curve: stage, epoch, loss and inner AUC.
    """
    net.to(fitting.device)
    path = fitting.work / "checkpoint.pt"
    kept = torch.load(path, map_location=fitting.device, weights_only=True) if path.exists() else None
    curve: list[dict] = kept["curve"] if kept else []
    for stage in range(kept["stage"] if kept else 0, len(fitting.stages)):
        _fit_stage(net, fitting, stage, curve, kept if kept and kept["stage"] == stage else None)
    return curve


def _fit_stage(net: nn.Module, fitting: Fitting, stage: int, curve: list[dict], kept: dict | None) -> None:
    parameters = fitting.parameters
    videos, epochs = fitting.stages[stage]
    count = parameters["batches"] or max(len(videos) // parameters["batch"], 1)
    optimizer = torch.optim.AdamW(
        net.parameters(), lr=parameters["learning_rate"], weight_decay=parameters["weight_decay"]
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, parameters["learning_rate"], total_steps=epochs * count, pct_start=0.2
    )
    parts = {"net": net, "optimizer": optimizer, "schedule": schedule}
    best = _copy(net)
    if kept:
        best = kept["best"]
        for name, part in parts.items():
            part.load_state_dict(kept[name])
    own = [row for row in curve if row["stage"] == stage]
    for epoch in fitting.progress(range(len(own), epochs), f"epoch of stage {stage}", epochs - len(own)):
        if _waited(own) >= parameters["patience"]:
            break
        random = np.random.default_rng([fitting.seed, stage, epoch])
        loss = _epoch(net, optimizer, schedule, fitting, videos, count, random)
        score = inner_score(net, fitting) if len(fitting.inner) else None
        if score is None or all(score > row["inner_auc"] for row in own):
            best = _copy(net)
        own.append({"stage": stage, "epoch": epoch, "loss": loss, "inner_auc": score})
        curve.append(own[-1])
        state = {name: part.state_dict() for name, part in parts.items()}
        _save(fitting.work / "checkpoint.pt", state | {"curve": curve, "best": best, "stage": stage})
    net.load_state_dict(best)


def _epoch(net, optimizer, schedule, fitting: Fitting, videos: np.ndarray, count: int, random) -> float:
    """`count` batches; returns the mean loss."""
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
        drawn, _ahead(lambda batch: _augmented(batch, fitting), drawn, fitting.threads), strict=True
    ):
        truth = torch.tensor(fitting.stalled[[video for video, _ in batch]], dtype=torch.float32, device=fitting.device)
        inputs = torch.stack([augmentation.changed(as_tensor(clip, fitting.device), change) for clip, change in clips])
        with precision(fitting.device):
            logits = net(inputs)
        loss = nn.functional.binary_cross_entropy_with_logits(logits.float(), truth)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), LARGEST_GRADIENT)
        optimizer.step()
        schedule.step()
        total += float(loss.detach())
    return total / count


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
    from sklearn.metrics import roc_auc_score

    clips = _ahead(lambda video: fitting.read(video, None), fitting.inner, fitting.threads)
    scores = [predict(net, own, fitting.device, ((False, False, False),)) for own in clips]
    return float(roc_auc_score(fitting.stalled[fitting.inner], scores))


def predict(net: nn.Module, clips: Sequence[Clip], device: str, flips: Sequence[tuple[bool, bool, bool]]) -> float:
    """Mean logit of a video: over its clips and over flips of time, rows and columns."""
    net.eval()
    inputs = torch.stack([as_tensor(clip, device) for clip in clips])
    with torch.inference_mode(), precision(device):
        logits = [net(augmentation.flipped(inputs, flip)).double().mean() for flip in flips]
    return float(torch.stack(logits).mean())


def as_tensor(clip: Clip, device: str) -> torch.Tensor:
    """Grey and mask of a clip, float32 (2, frames, size, size)."""
    grey = torch.from_numpy(clip.grey).to(device).float()
    return torch.stack([grey, torch.from_numpy(clip.mask).to(device).float().expand_as(grey)])


def precision(device: str) -> AbstractContextManager:
    """Mixed precision on a GPU, full precision on a CPU."""
    return torch.autocast(device_type=device, dtype=torch.bfloat16, enabled=device == "cuda")


def _ahead(make: Callable[[Any], T], items: Iterable, threads: int) -> Iterator[T]:
    """`make(item)` of each item in order, a few of them ahead in threads."""
    with ThreadPoolExecutor(threads) as pool:
        items = iter(items)
        waiting = [pool.submit(make, item) for item in islice(items, AHEAD + threads)]
        while waiting:
            yield waiting.pop(0).result()
            waiting += [pool.submit(make, item) for item in islice(items, 1)]


def _copy(net: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in net.state_dict().items()}


def _waited(curve: Sequence[Mapping[str, Any]]) -> int:
    """Epochs since the best inner score; 0 where there is none."""
    scores = [row["inner_auc"] for row in curve]
    return 0 if not scores or scores[0] is None else len(scores) - 1 - int(np.argmax(scores))


def _save(path: Path, value: dict) -> None:
    part = path.with_suffix(".new")
    torch.save(value, part)
    os.replace(part, path)
