"""JABS poses (`NAME_pose_est_v3.h5` and later): twelve keypoints of each mouse, told apart by an identity.

Of /poseest: points (T, N, 12, yx), confidence (T, N, 12), and the identity of each of the N instances of a frame:
version 3 in instance_track_id (of the first instance_count), later ones in instance_embed_id (from 1; 0: none).
"""

from pathlib import Path
from typing import Any

import numpy as np

from challengeflow import InputError
from challengeflow_mabe_task1.formats.tracks import Poses

PARTS = (
    "nose",
    "left ear",
    "right ear",
    "base neck",
    "left front paw",
    "right front paw",
    "center spine",
    "left rear paw",
    "right rear paw",
    "base tail",
    "mid tail",
    "tip tail",
)


def read(file: Any, path: Path) -> Poses:
    """The tracks of an open file. Raises InputError where arrays are missing or do not fit."""
    group = file["poseest"]
    if "points" not in group or "confidence" not in group:
        raise InputError(f"{path} has no poseest/points and poseest/confidence; run JABS's pose estimation again")
    points, confidence = group["points"][:], group["confidence"][:].astype(np.float32)
    if points.ndim == 3:  # version 2: one mouse
        points, confidence = points[:, None], confidence[:, None]
    if points.ndim != 4 or points.shape[2:] != (len(PARTS), 2) or confidence.shape != points.shape[:3]:
        raise InputError(f"{path} has points of the shape {points.shape}; expected (frames, mice, 12, 2)")
    owners = _identities(group, points.shape[:2], path)
    names = np.unique(owners[owners >= 0])
    if not len(names):
        raise InputError(f"{path} has no mouse with an identity; join its tracks in JABS first")
    if len(names) > 100:
        raise InputError(f"{path} has {len(names)} identities; join its tracks in JABS first")
    tracks = np.full((len(points), len(names), 2, len(PARTS)), np.nan, np.float32)
    sure = np.zeros((len(points), len(names), len(PARTS)), np.float32)
    for place, name in enumerate(names):
        frames, instances = np.nonzero(owners == name)
        if len(frames) > len(np.unique(frames)):
            raise InputError(
                f"{path} has several mice of the identity {name} in one frame; join its tracks in JABS again"
            )
        tracks[frames, place] = points[frames, instances, :, ::-1].transpose(0, 2, 1)
        sure[frames, place] = confidence[frames, instances]
    tracks[np.repeat(~(sure > 0)[:, :, None], 2, axis=2)] = np.nan
    return Poses(tuple(f"mouse {name}" for name in names), PARTS, tracks, sure)


def _identities(group: Any, shape: tuple[int, ...], path: Path) -> np.ndarray:
    """The identity (T, N) of each instance, -1 for none."""
    if "instance_embed_id" in group:
        owners = group["instance_embed_id"][:].astype(np.int64) - 1
    elif "instance_track_id" in group and "instance_count" in group:
        owners = group["instance_track_id"][:].astype(np.int64)
        owners[np.arange(owners.shape[1]) >= group["instance_count"][:].reshape(-1, 1)] = -1
    elif shape[1] > 1:
        raise InputError(f"{path} has up to {shape[1]} mice and no identities; use JABS's poses of version 3 or later")
    else:
        owners = np.broadcast_to(np.arange(shape[1]), shape).copy()
    if owners.shape != shape:
        raise InputError(f"{path} has identities of the shape {owners.shape} for points of {shape}")
    return owners
