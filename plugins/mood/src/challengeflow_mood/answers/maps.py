"""Writing maps: a NIfTI of the scan's own shape, affine and header, a plane at a time, whole or not at all.

The organisers' scorer casts to float16, so scores are rounded to its values first: no score changes and the file
halves.
"""

import base64
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import nibabel as nib
import numpy as np
from isal import igzip

from challengeflow_mood.data import alignment
from challengeflow_mood.data.official_layout import stem
from challengeflow_mood.scoring import decision
from challengeflow_mood.scoring.average_precision import LEVELS, levels_of

BUFFER = 1 << 22  # bytes given to the compressor at once


def map_name(file: str) -> str:
    """The name of a scan's map: its own, with .nii.gz in place of an ending that is no NIfTI's."""
    return file if file.endswith((".nii.gz", ".nii")) else stem(file) + ".nii.gz"


def planes(values: np.ndarray, mapping: dict[str, Any], least: float = 0.0) -> Iterator[tuple[int, np.ndarray]]:
    """A map on the grid (g, g, g) brought back to its scan: index along the last stored axis, and float32 scores (Y,
    X).

    In float16's values in [0, 1], as they are written and scored; NaN is 0. Planes that the grid does not reach are
    left out: they are 0; and so are those in which nothing can reach `least`. In the order of a NIfTI file, so that
    no full volume is ever in memory.
    """
    turned = {  # the scan seen from its last axis: planes come in the order of the file
        "stored": mapping["stored"][::-1],
        "axis": [2 - axis for axis in mapping["axis"]],
        **{key: mapping[key] for key in ("start", "step", "grid")},
    }
    for at, plane in alignment.planes_of_scan(np.nan_to_num(values, nan=0.0), turned, least):
        yield at, np.clip(plane, 0, 1).astype(np.float16).astype(np.float32)


def case_score(values: np.ndarray, facts: dict[str, Any]) -> float:
    """The sample score of a map on the grid (g, g, g): `decision.mean_of_highest` of the map that is written for its
    scan.

    Only where the map is high is it brought to the scan, so that a scan of 512^3 takes a fraction of writing it.
    facts: what `preprocess.prepare` tells of the scan.
    """
    values = np.nan_to_num(np.asarray(values, np.float32), nan=0.0)
    count = decision.voxels_behind(facts)
    on_grid = max(1, round(count / abs(math.prod(facts["mapping"]["step"]))))
    likely = float(np.partition(values.ravel(), -on_grid)[-on_grid])
    for least in (likely / 2, likely / 8, 0.0):
        levels = np.zeros(LEVELS, np.int64)
        for _, plane in planes(values, facts["mapping"], least):
            levels += np.bincount(levels_of(plane[plane >= least]), minlength=LEVELS)
        if levels.sum() >= count:
            break
    return decision.mean_of_highest(levels, count)


def write_map(values: np.ndarray | None, facts: dict[str, Any], target: Path) -> None:
    """Write a map on the grid (g, g, g) as the NIfTI `target` on the scan's own grid; None is a map of zeros.

    facts: `original` (stored shape), `affine`, `header` (base64 or None) and, for values, `mapping`. The file has the
    same bytes each time and appears whole, by a temporary name in the same folder.
    """
    part = target.with_name(f".{target.name}.part")
    try:
        with open(part, "wb") as raw:
            if target.name.endswith(".gz"):
                with igzip.IGzipFile(filename="", mode="wb", compresslevel=1, fileobj=raw, mtime=0) as file:
                    _write(file, values, facts)
            else:
                _write(raw, values, facts)
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def _write(file: BinaryIO | igzip.IGzipFile, values: np.ndarray | None, facts: dict[str, Any]) -> None:
    file.write(_header(facts))
    stored = facts["original"][:3]
    empty = np.zeros(stored[1::-1], "<f4")
    made = iter(()) if values is None else planes(values, facts["mapping"])
    at, plane = next(made, (-1, empty))
    waiting, size = [], 0
    for z in range(stored[2]):
        waiting.append((plane if z == at else empty).astype("<f4", copy=False).tobytes())
        size += len(waiting[-1])
        if size >= BUFFER:
            file.write(b"".join(waiting))
            waiting, size = [], 0
        if z == at:
            at, plane = next(made, (-1, empty))
    file.write(b"".join(waiting))


def _header(facts: dict[str, Any]) -> bytes:
    """The scan's header for a float32 map. The data type is set: a uint8 header would quantise the map to 256
    levels.
    """
    header = nib.Nifti1Header()
    if facts["header"] is not None:
        header = nib.Nifti1Header(base64.b64decode(facts["header"]), check=False)
    header.set_data_dtype("<f4")
    header.set_slope_inter(1, 0)
    header["cal_min"], header["cal_max"], header["vox_offset"] = 0, 1, 0
    shape = np.broadcast_to(np.float32(0), facts["original"])  # takes no memory
    image = nib.Nifti1Image(shape, np.asarray(facts["affine"]), header)
    image.header["vox_offset"] = 352  # the header and four bytes that say that no extension follows
    return image.header.binaryblock + bytes(4)
