"""Features of a recording at a few steps a second: what a network over time reads, and how answers become frames."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from challengeflow_mabe_task1.features.pose_cleaning import BLOCK
from challengeflow_mabe_task1.features.pose_recipe import Recipe, exchanged, feature_blocks
from challengeflow_mabe_task1.features.pose_windows import window_statistics
from challengeflow_mabe_task1.scoring.steps import labels_of_steps

LONG = 600.0
"""Seconds by which times are divided, so that they are about one."""


def step_length(rate: float, fps: float) -> int:
    """Frames of a step where there are to be `rate` steps a second; at least one."""
    return max(1, round(fps / rate))


def step_features(recipe: Recipe, keypoints: np.ndarray, attributes: Mapping[str, Any], rate: float) -> np.ndarray:
    """Inputs (S, F) float32: mean and spread of every feature over the frames of each step, then the time.

    NaN where nothing was seen. Only steps are kept, so that an hour of video takes megabytes.
    """
    length = step_length(rate, attributes["fps"])
    parts = []
    for _, features in feature_blocks(recipe, keypoints, attributes, block=max(1, BLOCK // length) * length):
        whole = np.pad(features, ((0, -len(features) % length), (0, 0)), constant_values=np.nan)
        last = np.arange(length - 1, len(whole), length)
        parts.append(window_statistics(whole, [(length - 1, 0)], last))
    steps = np.concatenate(parts)
    return np.concatenate([steps, _times(len(steps), length / attributes["fps"], recipe.causal)], axis=1)


def exchanged_steps(recipe: Recipe, width: int) -> np.ndarray:
    """The order (width,) of the columns of `step_features` that puts the animals in each other's place."""
    order = exchanged(recipe)
    return np.concatenate([order, len(order) + order, np.arange(2 * len(order), width)])


def step_labels(labels: np.ndarray, length: int) -> np.ndarray:
    """The label (S,) of the frame in the middle of each step, or of any where few have one; -1 stays: no label."""
    starts = np.arange(0, len(labels), length)
    return labels_of_steps(labels, starts, np.minimum(starts + length // 2, len(labels) - 1))


def to_frames(scores: np.ndarray, frames: int, length: int, causal: bool) -> np.ndarray:
    """Scores (S, C) of steps -> scores (frames, C): straight lines between the middles of steps.

    Causal: the scores of the last step that is over; before the first one is, all classes alike.
    """
    if causal:
        over = (np.arange(frames) + 1) // length - 1
        known = np.concatenate([np.full((1, scores.shape[1]), 1 / scores.shape[1]), scores])
        return known[np.minimum(over, len(scores) - 1) + 1]
    middles = np.arange(len(scores)) * length + (length - 1) / 2
    return np.stack([np.interp(np.arange(frames), middles, column) for column in scores.T], axis=1)


def _times(steps: int, seconds: float, causal: bool) -> np.ndarray:
    """Time (S, n) since the start and, unless causal, to the end: as such and with the ends spread out.

    Recordings have a course: animals are put together, get used to each other, are taken apart.
    """
    since = np.arange(steps) * seconds
    times = [since] if causal else [since, since[::-1]]
    columns = [column for time in times for column in (time / LONG, np.tanh(time / (LONG / 10)))]
    return np.stack(columns, axis=1).astype(np.float32)
