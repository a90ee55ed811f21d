"""Reading a scan: float32 only, values in [0, 1], and what is needed to write a map of its own shape and affine."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from challengeflow import InputError
from challengeflow.outside.sizes import most_bytes
from challengeflow_mood.data import intensity
from challengeflow_mood.data.images import open_scan

MIN_SIDE = 8
BYTES_A_VOXEL = 12  # three float32 arrays live at once while a scan is prepared


@dataclass(frozen=True)
class Scan:
    """One scan: volume (X, Y, Z) float32 in [0, 1], in its stored orientation, and which voxels are padding (None: none
    is).

    geometry: JSON alone. `file` (name), `original` (full stored shape), `affine` (one that can be used), `header` (a
    NIfTI header in base64, or None), `scaling` ([low, high] that became 0 and 1), `padding` (how many voxels; they are
    0).
    """

    volume: np.ndarray
    padding: np.ndarray | None
    geometry: dict[str, Any]


def read_scan(path: Path) -> Scan:
    """Read a scan, a file or the folder of a DICOM series; `intensity.scale` says what becomes of its values.

    Raises InputError with the reason when the file is missing, cannot be read, is not three-dimensional, is constant,
    or would not fit into the memory that the stage may take, or the machine has; that is told from the header, before
    any voxel is read.
    """
    if not path.exists():
        raise InputError("file missing")
    opened = open_scan(path)
    shape = check_form(opened.shape)
    volume = opened.read().reshape(shape[:3], order="F")
    padding, scaling = intensity.scale(volume)
    geometry = {
        "file": path.name,
        "original": list(shape),
        "affine": opened.affine.tolist(),
        "header": opened.header,
        "scaling": scaling,
        "padding": 0 if padding is None else int(np.count_nonzero(padding)),
    }
    return Scan(volume, padding, geometry)


def check_form(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a scan that can be used. Raises InputError for any other, and where there is no memory for it."""
    if len(shape) < 3 or any(n != 1 for n in shape[3:]):
        raise InputError(f"has the shape {shape}; expected one three-dimensional volume")
    if min(shape[:3]) < MIN_SIDE:
        raise InputError(f"has the shape {shape}; expected at least {MIN_SIDE} voxels along each axis")
    if (needed := memory_needed(shape)) > (there := most_bytes()):
        raise InputError(
            f"has the shape {shape}: preparing it takes about {needed / 1e9:.1f} GB, and here it may take "
            f"{there / 1e9:.1f}; resample it to fewer voxels"
        )
    return shape


def memory_needed(shape: tuple[int, ...]) -> int:
    """Bytes that preparing a scan of this shape takes at most, about."""
    return math.prod(shape) * BYTES_A_VOXEL
