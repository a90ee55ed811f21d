"""SLEAP's analysis export (HDF5). Arrays are (track, xy, node, frame), Matlab's order, unless they say otherwise."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from challengeflow import InputError
from challengeflow_mabe_task1.formats.tracks import Poses

ORDER = ("frame", "track", "xy", "node")


def read(file: Any, path: Path) -> Poses:
    """The tracks of an open analysis file. Raises InputError where names and arrays do not fit."""
    points = _ordered(file["tracks"], ("track", "xy", "node", "frame"), ORDER).astype(np.float32)
    parts = tuple(name.decode() for name in file["node_names"][:])
    names = [name.decode() for name in file["track_names"][:]] if "track_names" in file else []
    animals = tuple(names or [f"track_{number}" for number in range(points.shape[1])])
    if points.shape[1:] != (len(animals), 2, len(parts)):
        raise InputError(
            f"{path} has tracks of the shape {points.shape} for {len(animals)} animals and {len(parts)} parts; export "
            "'Analysis HDF5' from SLEAP again"
        )
    confidence = None
    if "point_scores" in file:
        scores = _ordered(file["point_scores"], ("track", "node", "frame"), ("frame", "track", "node"))
        confidence = scores.astype(np.float32)
    return Poses(animals, parts, points, confidence)


def _ordered(data: Any, usual: tuple[str, ...], wanted: tuple[str, ...]) -> np.ndarray:
    stated = tuple(json.loads(data.attrs["dims"])) if "dims" in data.attrs else usual
    order = stated if sorted(stated) == sorted(wanted) else usual
    return np.transpose(data[:], [order.index(name) for name in wanted])
