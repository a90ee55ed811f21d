"""What a network looked at: how far its score falls or rises when a part of the region is hidden in all frames.

After Zeiler and Fergus 2014 (arXiv 1311.2901).
"""

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from challengeflow import DrawJob
from challengeflow_clog_loss.models.networks import clip_model, clips
from challengeflow_clog_loss.pictures import canvas
from challengeflow_clog_loss.pictures.frame_strips import Row

PARTS = 6  # hidden squares along each side; neighbours overlap by half


def draw(path: Path, job: DrawJob, folder: Path, module: ModuleType, rows: Sequence[Row]) -> None:
    """Write the clip's mean of each video, and over it what hiding does to the logit of the model in `folder`."""
    facts, net = clip_model.load(folder, module.build, job.device)
    figure = canvas.new_figure(1.6 * len(rows), 3.7)
    axes = figure.subplots(2, len(rows), squeeze=False)
    for column, row in enumerate(rows):
        parameters = facts["parameters"] | {"sampling": "centre"}
        clip = clip_model.clips_of(clip_model.whole(row.arrays, parameters), parameters, None)[0]
        fall = fall_by_place(net, clip, job.device)
        mean = clip.grey.astype(np.float32).mean(axis=0)
        top, bottom = axes[:, column]
        top.imshow(mean, cmap="gray")
        top.set_title(row.label, fontsize=7)
        bottom.imshow(mean, cmap="gray")
        most = max(float(np.abs(fall).max()), 1e-6)
        bottom.imshow(fall, cmap="RdBu_r", vmin=-most, vmax=most, alpha=0.55, interpolation="nearest")
        bottom.set_title(f"red: up to {most:.1f}", fontsize=7)
        for axis in (top, bottom):
            axis.axis("off")
    figure.tight_layout()
    canvas.save(figure, path)


def fall_by_place(net: Any, clip: clips.Clip, device: str) -> np.ndarray:
    """How far the logit falls where a square is hidden, (rows, columns): mean over the squares that hide a pixel."""
    from challengeflow_clog_loss.models.networks import fitting

    shape = clip.grey.shape[1:]
    sides = [max(2 * length // (PARTS + 1), 1) for length in shape]
    tops, lefts = (np.linspace(0, length - side, PARTS).astype(int) for length, side in zip(shape, sides, strict=True))
    places = [(slice(top, top + sides[0]), slice(left, left + sides[1])) for top in tops for left in lefts]
    hidden = ([clip if place is None else _hidden(clip, place)] for place in (None, *places))
    whole, *partly = (float(logit) for (logit,) in fitting.predict([net.eval()], hidden, device))
    fall, count = np.zeros((2, *shape))
    for place, logit in zip(places, partly, strict=True):
        fall[place] += whole - logit
        count[place] += 1
    return fall / np.maximum(count, 1)


def _hidden(clip: clips.Clip, place: tuple[slice, slice]) -> clips.Clip:
    grey = clip.grey.copy()
    grey[:, *place] = 0
    return clips.Clip(grey, clip.mask)
