"""Model timm-slices: an encoder of timm looks at the axial slices, each with its neighbours; taught by made anomalies.

The encoder starts from random weights and sees the challenge's own scans alone, as its rules demand.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from challengeflow import InputError, PredictJob, TrainJob
from challengeflow_mood.anomalies.made_cases import Case
from challengeflow_mood.models import network_model

if TYPE_CHECKING:
    from torch import nn

ON_ANOMALY = 0.5  # share of the slices of abnormal cases that are chosen to hold some of the anomaly
AT_ONCE = 32  # slices


def train(job: TrainJob) -> None:
    """See `network_model.train`."""
    network_model.train(job, NETWORK)


def predict(job: PredictJob) -> None:
    """See `network_model.predict`."""
    network_model.predict(job, NETWORK)


def _build(parameters: Mapping[str, Any], grid: int) -> "nn.Module":
    from challengeflow.timm_import import timm
    from challengeflow_mood.models.timm_slices_net import TimmSlices

    encoder = parameters["encoder"]
    if "." in encoder:
        raise InputError(
            f"timm-slices: the encoder {encoder!r} names pretrained weights; {network_model.NO_OTHER_DATA}"
        )
    if encoder not in timm("timm-slices", "challengeflow-mood[timm]").list_models():
        raise InputError(f"timm-slices: timm has no encoder {encoder!r}; timm.list_models() lists them")
    return TimmSlices(encoder=encoder, channels=parameters["channels"])


def _inputs(case: Case, heights: np.ndarray) -> np.ndarray:
    """Of slices what `network_model.seen` tells, grey of the ones below and above, and height, float32 (K, 8, g, g)."""
    seen = np.moveaxis(network_model.seen(case), 3, 0)
    grey, last = seen[:, 0], len(seen) - 1
    parts = [*np.moveaxis(seen[heights], 1, 0), grey[np.maximum(heights - 1, 0)], grey[np.minimum(heights + 1, last)]]
    level = np.broadcast_to((2 * heights / last - 1).astype(np.float32)[:, None, None], parts[0].shape)
    return np.stack([*parts, level], axis=1)


def _tensors(parameters: Mapping[str, Any], case: Case, random: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Inputs (K, 8, g, g), an unused 0, target and body (K, g, g) of K slices of a case."""
    body = np.flatnonzero(case.mask.any(axis=(0, 1)))
    body = body if len(body) else np.arange(case.mask.shape[2])
    heights = random.choice(body, parameters["slices"])
    abnormal = np.flatnonzero(case.anomaly.any(axis=(0, 1)))
    if len(abnormal):
        on = random.random(len(heights)) < ON_ANOMALY
        on[0] = True
        heights[on] = random.choice(abnormal, int(on.sum()))
    target, inside = (np.moveaxis(each, 2, 0)[heights] for each in (case.anomaly, case.mask > 0))
    return _inputs(case, heights), np.array(0, np.int64), np.ascontiguousarray(target), np.ascontiguousarray(inside)


def _logits(parameters: Mapping[str, Any], device: str, net: "nn.Module", case: Case) -> tuple[np.ndarray, float]:
    """Log-odds of every voxel, and those of the case: the highest of its slices."""
    import torch

    from challengeflow.networks import precision

    maps, odds = [], []
    net.eval()
    with torch.inference_mode(), precision(device):
        inputs = torch.from_numpy(_inputs(case, np.arange(case.volume.shape[2])))
        for part in inputs.split(AT_ONCE):
            voxels, highest = net(part[None].to(device), torch.zeros(1, dtype=torch.long, device=device))
            maps.append(voxels[0].float().cpu().numpy())
            odds.append(float(highest[0]))
    return np.moveaxis(np.concatenate(maps), 0, 2), max(odds)


NETWORK = network_model.Network(_build, _tensors, _logits)
