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
    """Write the clip's mean of each video, and over it what hiding does to the logit of the model in `folder`, all on
    one scale."""
    facts, net = clip_model.load(folder, module.build, job.device)
    parameters = facts["parameters"] | {"sampling": "centre"}
    shown = [clip_model.clips_of(clip_model.whole(row.arrays, parameters), parameters, None)[0] for row in rows]
    falls = [fall_by_place(net, clip, job.device) for clip in shown]
    most = max(1e-6, *(float(np.abs(fall).max()) for fall in falls))
    figure = canvas.new_figure(1.6 * len(rows), 4.1)
    axes = figure.subplots(2, len(rows), squeeze=False)
    for (top, bottom), row, clip, fall in zip(axes.T, rows, shown, falls, strict=True):
        mean = clip.grey.astype(np.float32).mean(axis=0)
        top.imshow(mean, cmap="gray")
        top.set_title(row.label, fontsize=canvas.POINTS)
        bottom.imshow(mean, cmap="gray")
        over = bottom.imshow(fall, cmap="RdBu_r", vmin=-most, vmax=most, alpha=0.55, interpolation="nearest")
        for axis in (top, bottom):
            axis.axis("off")
    figure.subplots_adjust(0.01, 0.17, 0.99, 0.86, 0.06, 0.04)
    scale = figure.colorbar(over, cax=figure.add_axes((0.05, 0.11, 0.9, 0.025)), orientation="horizontal")
    scale.set_label("by how much the score (logit) falls where a square is hidden", fontsize=canvas.POINTS)
    scale.ax.tick_params(labelsize=canvas.POINTS)
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
