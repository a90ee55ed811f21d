"""MARS's poses (`NAME_pose_top_v1_8.json`): keypoints (T, 2 mice, x and y, 7 parts) and scores (T, 2 mice, 7 parts)."""

import json
from pathlib import Path

import numpy as np

from challengeflow import InputError
from challengeflow_mabe_task1.formats import text
from challengeflow_mabe_task1.formats.tracks import Poses

ANIMALS = ("black", "white")
"""MARS keeps the black resident first."""

PARTS = ("nose", "left ear", "right ear", "neck", "left hip", "right hip", "tail base")
"""Those of MARS's top view; files do not name them."""


def read(path: Path) -> Poses:
    """The tracks of a file. Raises InputError for another layout."""
    try:
        found = json.loads(text.read_text(path))
        points = np.asarray(found["keypoints"], np.float32)
        scores = np.asarray(found["scores"], np.float32) if "scores" in found else None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{path} is no pose file of MARS ({str(error).splitlines()[0]}); run MARS again") from None
    if points.ndim != 4 or points.shape[1:3] != (2, 2):
        raise InputError(f"{path} has keypoints of the shape {points.shape}; expected (frames, 2 mice, x and y, parts)")
    parts = PARTS if points.shape[3] == len(PARTS) else tuple(map(str, range(points.shape[3])))
    fits = scores is not None and scores.shape == (*points.shape[:2], points.shape[3])
    return Poses(ANIMALS, parts, points, scores if fits else None)
