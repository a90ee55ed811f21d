"""Model unet3d: a 3D U-Net that finds made anomalies in healthy scans, with a head for the whole case.

After the winner of 2021 (CGV): trained from scratch on the challenge's own scans; the brain as one volume, a larger
grid in 27 overlapping patches that know their place. The defaults train on a CPU; `channels: 64, stem: 1` is the
winner's size.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from challengeflow import InputError, PredictJob, TrainJob
from challengeflow_mood.anomalies.made_cases import Case
from challengeflow_mood.models import network_model, patches

if TYPE_CHECKING:
    from torch import nn

ON_ANOMALY = 0.7  # share of the patches of abnormal cases that are chosen to hold some of the anomaly


def train(job: TrainJob) -> None:
    """See `network_model.train`."""
    network_model.train(job, NETWORK)


def predict(job: PredictJob) -> None:
    """See `network_model.predict`."""
    network_model.predict(job, NETWORK)


def _build(parameters: Mapping[str, Any], grid: int) -> "nn.Module":
    from challengeflow_mood.models.unet3d_net import UNet3d

    patch = min(parameters["patch"], grid)
    unit = parameters["stem"] * 2 ** (parameters["levels"] - 1)
    if patch % unit:
        raise InputError(
            f"unet3d: a patch of {patch} voxels cannot be halved {parameters['levels'] - 1} times after a stem of "
            f"{parameters['stem']}; choose a patch (or a grid) that is a multiple of {unit}, or fewer levels"
        )
    places = len(patches.starts(grid, patch))
    return UNet3d(channels=parameters["channels"], levels=parameters["levels"], stem=parameters["stem"], places=places)


def _inputs(case: Case) -> np.ndarray:
    """What `network_model.seen` tells, and three coordinates, float32 (8, g, g, g)."""
    lines = np.linspace(-1, 1, len(case.volume), dtype=np.float32)
    return np.stack([*network_model.seen(case), *np.meshgrid(lines, lines, lines, indexing="ij")])


def _tensors(parameters: Mapping[str, Any], case: Case, random: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Inputs (8, P, P, P), the patch's place (), target and body (P, P, P) of one patch of a case."""
    grid = len(case.volume)
    patch = min(parameters["patch"], grid)
    starts = patches.starts(grid, patch)
    places = list(range(len(starts)))
    if case.anomaly.any() and random.random() < ON_ANOMALY:
        places = [place for place in places if patches.cut(case.anomaly, starts[place], patch).any()]
    place = places[random.integers(len(places))]
    parts = (patches.cut(each, starts[place], patch) for each in (_inputs(case), case.anomaly, case.mask > 0))
    inputs, target, body = (np.ascontiguousarray(part) for part in parts)
    return inputs, np.array(place, np.int64), target, body


def _logits(parameters: Mapping[str, Any], device: str, net: "nn.Module", case: Case) -> tuple[np.ndarray, float]:
    """Log-odds of every voxel, and those of the case: the highest of its patches."""
    import torch

    from challengeflow.networks import precision

    inputs, grid = _inputs(case), len(case.volume)
    patch = min(parameters["patch"], grid)
    maps, odds = [], []
    net.eval()
    with torch.inference_mode(), precision(device):
        for place, start in enumerate(patches.starts(grid, patch)):
            part = torch.from_numpy(np.ascontiguousarray(patches.cut(inputs, start, patch)))[None].to(device)
            voxels, whole = net(part, torch.tensor([place], device=device))
            maps.append(voxels[0].float().cpu().numpy())
            odds.append(float(whole[0]))
    return patches.joined(maps, grid, patch), max(odds)


NETWORK = network_model.Network(_build, _tensors, _logits)
