"""The voxel-wise net beside a network: a perceptron on what residual-boosting sees of a voxel, and on what registration
leaves there.

A network on whole scans learns from one case a step, and of a few heads what it learns is little; what hand-made
features tell of a voxel is learnt in a minute, from voxels of many cases at once. Both give log-odds, which are added.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from challengeflow import Progress
from challengeflow_mood.anomalies.made_cases import Case, made_case
from challengeflow_mood.data.healthy_scans import Healthy
from challengeflow_mood.models import registration
from challengeflow_mood.models.augmentation import augmented
from challengeflow_mood.models.voxel_features import voxel_features
from challengeflow_mood.models.voxel_rows import map_of, voxel_rows

FEATURES = 57
HIDDEN, DROPOUT = 128, 0.5
PASSES, BATCH = 12, 2048  # over all rows; rows in a step
LEARNING_RATE, WEIGHT_DECAY = 0.003, 0.1
FARTHEST = 8.0  # standard deviations at which a feature is cut off
LEAST_SPREAD = 1e-3


class VoxelNet(nn.Module):
    """Features (v, 57), as they are -> log-odds (v,). It knows mean and spread of the features it learnt from."""

    mean: Tensor
    spread: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(FEATURES))
        self.register_buffer("spread", torch.ones(FEATURES))
        self.layers = nn.Sequential(
            *(nn.Linear(FEATURES, HIDDEN), nn.LeakyReLU(0.1), nn.Dropout(DROPOUT)),
            *(nn.Linear(HIDDEN, HIDDEN), nn.LeakyReLU(0.1), nn.Dropout(DROPOUT)),
            nn.Linear(HIDDEN, 1),
        )

    def forward(self, rows: Tensor) -> Tensor:
        standard = ((rows - self.mean) / self.spread).clamp(-FARTHEST, FARTHEST) / 2
        return self.layers(standard)[:, 0]


def fit(
    healthy: Healthy, kinds: Sequence[str], parameters: Mapping[str, Any], seed: int, progress: Progress
) -> VoxelNet:
    """A net fitted on voxels of made cases, half of them healthy, of scans that come with the anatomy of others. On the
    CPU.

    parameters: those of the model; `cases` says how many, `augment` whether each is mirrored, bent, shaded and blurred
    at random.
    """
    rows, labels = _rows(healthy, kinds, parameters, seed, progress)
    torch.manual_seed(seed)
    net = VoxelNet()
    net.mean.copy_(rows.mean(dim=0))
    net.spread.copy_(rows.std(dim=0).clamp(min=LEAST_SPREAD))
    optimizer = torch.optim.AdamW(net.parameters(), weight_decay=WEIGHT_DECAY)
    batches = max(1, len(rows) // BATCH)
    pace = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=PASSES * batches)
    net.train()
    for _ in progress(range(PASSES), "pass of the voxel-wise net"):
        for chosen in torch.randperm(len(rows)).tensor_split(batches):
            loss = F.binary_cross_entropy_with_logits(net(rows[chosen]), labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            pace.step()
    return net.eval()


def log_odds(net: VoxelNet, case: Case) -> np.ndarray:
    """Log-odds of every voxel of a case, float32 (g, g, g): see `map_of`."""
    rows, where = _seen(case)
    with torch.inference_mode():
        odds = net(torch.from_numpy(rows)).numpy()
    return map_of(odds, where)


def _seen(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Features (V, 57), float32, of the voxels that matter, and where they are, bool (g, g, g)."""
    rows, where = voxel_features(case.known_anatomy, case.volume, case.mask)
    bent = registration.features(case.known_anatomy, case.volume, case.mask, where)
    return np.concatenate([rows, bent], axis=1, dtype=np.float32), where


def _rows(
    healthy: Healthy, kinds: Sequence[str], parameters: Mapping[str, Any], seed: int, progress: Progress
) -> tuple[Tensor, Tensor]:
    """Features (n, 57) and labels (n,), float32, of voxels of made cases; the scans take turns, and every second case
    is healthy.
    """
    rows, labels = [], []
    for number in progress(range(parameters["cases"]), "made case for the voxel-wise net"):
        random = np.random.default_rng([seed, 3, number])
        case = made_case(healthy, kinds, float(number % 2), random, which=number // 2 % len(healthy))
        case = augmented(case, random) if parameters["augment"] else case
        features, truth = voxel_rows(case, *_seen(case), random)
        rows.append(features)
        labels.append(truth)
    return torch.from_numpy(np.concatenate(rows)), torch.from_numpy(np.concatenate(labels).astype(np.float32))
