"""Reading a scan: float32 only, values in [0, 1], and what is needed to write a map of its own shape and affine."""

import base64
import math
import os
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from challengeflow import InputError
from challengeflow_mood.data.images import load_image, voxels

IN_RANGE = (-0.01, 1.01)  # MOOD's own files are scaled to [0, 1]; rounding may step over
PERCENTILES = (0.1, 99.9)
MAX_NONFINITE = 0.01
MIN_SIDE = 8
BYTES_A_VOXEL = 12  # three float32 arrays live at once while a scan is prepared


def read_scan(path: Path) -> tuple[np.ndarray, dict[str, Any]]:
    """Read a NIfTI or MGH file as float32 (X, Y, Z) in [0, 1], in its stored orientation, and its geometry.

    Values outside [0, 1] (8-bit greys, Hounsfield units) are scaled by their 0.1 and 99.9 percentiles and clipped.
    The geometry holds JSON alone: `file` (name), `original` (full stored shape), `affine`, `header` (a NIfTI header in
    base64, or None), `scaling` ([low, high] that became 0 and 1), `nonfinite` (NaN or infinite voxels, now 0).
    Raises InputError with the reason when the file is missing, cannot be read, is not three-dimensional, is constant,
    or would not fit into the memory of this machine; that is told from the header, before any voxel is read.
    """
    if not path.exists():
        raise InputError("file missing")
    image = load_image(path)
    shape = tuple(int(n) for n in image.shape)
    if len(shape) < 3 or any(n != 1 for n in shape[3:]):
        raise InputError(f"has the shape {shape}; expected one three-dimensional volume")
    if min(shape[:3]) < MIN_SIDE:
        raise InputError(f"has the shape {shape}; expected at least {MIN_SIDE} voxels along each axis")
    needed, there = memory_needed(shape), os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > there:
        raise InputError(
            f"has the shape {shape}: preparing it takes about {needed / 1e9:.1f} GB, and this machine has "
            f"{there / 1e9:.1f}; "
            "resample it to fewer voxels"
        )
    volume = voxels(image, path).reshape(shape[:3], order="F")
    geometry = {
        "file": path.name,
        "original": list(shape),
        "affine": np.asarray(image.affine, np.float64).tolist(),
        "header": _header_text(image),
        "nonfinite": _fill_nonfinite(volume),
    }
    geometry["scaling"] = _scale(volume)
    return volume, geometry


def memory_needed(shape: tuple[int, ...]) -> int:
    """Bytes that preparing a scan of this shape takes at most, about."""
    return math.prod(shape) * BYTES_A_VOXEL


def _header_text(image: nib.spatialimages.SpatialImage) -> str | None:
    if isinstance(image.header, nib.Nifti1Header) and not isinstance(image.header, nib.Nifti2Header):
        header = nib.Nifti1Header(image.header.binaryblock, endianness=image.header.endianness, check=False)
        return base64.b64encode(header.as_byteswapped("<").binaryblock).decode()
    return None


def _fill_nonfinite(volume: np.ndarray) -> int:
    """Set NaN and infinite voxels to 0, in place; their count. Too many are an error: the scan holds nothing."""
    count = 0
    for plane in np.moveaxis(volume, 2, 0):
        wrong = ~np.isfinite(plane)
        if wrong.any():
            count += int(wrong.sum())
            plane[wrong] = 0
    if count > MAX_NONFINITE * volume.size:
        raise InputError(f"{count} of {volume.size} voxels are NaN or infinite")
    return count


def _scale(volume: np.ndarray) -> list[float]:
    """Bring `volume` to [0, 1] in place; returns the values that became 0 and 1."""
    low, high = float(volume.min()), float(volume.max())
    if high <= low:
        raise InputError(f"is constant: every voxel is {low:g}")
    if low >= IN_RANGE[0] and high <= IN_RANGE[1]:
        low, high = 0.0, 1.0
    else:
        step = tuple(slice(None, None, max(1, n // 128)) for n in volume.shape)
        low, high = (float(value) for value in np.percentile(volume[step], PERCENTILES))
        if high <= low:
            low, high = float(volume.min()), float(volume.max())
        volume -= np.float32(low)
        volume /= np.float32(high - low)
    np.clip(volume, 0, 1, out=volume)
    return [low, high]
