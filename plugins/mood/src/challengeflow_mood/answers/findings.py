"""Findings: the connected regions of a map that stand out, in millimetres and world coordinates, for people who read
scans.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from challengeflow.tables import write_table
from challengeflow_mood.data import alignment

MOST = 0.5  # share of what was scanned: a region that is larger is no lesion
EXTENT = 0.5  # a region reaches as far as half the score that makes it a finding


@dataclass(frozen=True)
class Finding:
    """One region, strongest first. Coordinates: millimetres to the right, front and top (NIfTI's world), of the peak
    and the centre.

    what: "region", or "scan" where the scan is the finding. volume_mm3 (of what was scanned) and extent_mm (along
    right, front, top) are those of the region on the prepared grid.
    """

    dataset: str
    case: str
    number: int
    what: str
    peak: float
    volume_mm3: float
    peak_x: float
    peak_y: float
    peak_z: float
    centre_x: float
    centre_y: float
    centre_z: float
    extent_x_mm: float
    extent_y_mm: float
    extent_z_mm: float


def findings(
    dataset: str, case: str, values: np.ndarray, facts: dict[str, Any], score: float, foreign: bool = False
) -> list[Finding]:
    """Regions of the map `values` (g, g, g) in [0, 1] whose peak reaches `score`; touching faces, edges and corners
    count as one.

    facts: `mapping` (see `alignment.align`) and `affine` of the scan. Where the scan is foreign as a whole, or one
    region is most of what was scanned, the finding is the scan.
    """
    values = np.nan_to_num(np.asarray(values, np.float32), nan=0.0)
    stands_out = values > 0 if foreign else values >= EXTENT * score
    labels, count = ndimage.label(stands_out, structure=np.ones((3, 3, 3)))
    peaks = ndimage.maximum_position(values, labels, range(1, count + 1)) if count else []
    world, inside = grid_to_world(facts), alignment.measured(None, facts["mapping"])
    voxel = np.abs(np.linalg.norm(world[:3, :3], axis=0))  # mm along each grid axis
    found = []
    for label, peak in enumerate(peaks, 1):
        if values[peak] < score:
            continue
        places = np.argwhere(labels == label)
        extent = (places.max(axis=0) - places.min(axis=0) + 1) * voxel
        volume = float(inside[labels == label].sum()) * abs(np.linalg.det(world[:3, :3]))
        centre = world[:3, :3] @ places.mean(axis=0) + world[:3, 3]
        at = world[:3, :3] @ np.asarray(peak) + world[:3, 3]
        what = (
            "scan" if foreign or volume > MOST * float(inside.sum()) * abs(np.linalg.det(world[:3, :3])) else "region"
        )
        found.append((float(values[peak]), what, volume, *at, *centre, *extent))
    found.sort(reverse=True)
    if any(what == "scan" for _, what, *_ in found):
        found = [max((each for each in found if each[1] == "scan"), key=lambda each: each[2])]
    return [
        Finding(dataset, case, number, what, round(peak, 4), *(round(float(value), 1) for value in rest))
        for number, (peak, what, *rest) in enumerate(found, 1)
    ]


def grid_to_world(facts: dict[str, Any]) -> np.ndarray:
    """The affine (4, 4) from grid indices to world coordinates in millimetres."""
    mapping = facts["mapping"]
    to_stored = np.zeros((4, 4))
    for k, axis in enumerate(mapping["axis"]):
        to_stored[axis, k] = mapping["step"][k]
        to_stored[axis, 3] = mapping["start"][k]
    to_stored[3, 3] = 1
    return np.asarray(facts["affine"], float) @ to_stored


def write_findings(path: Path, found: Iterable[Finding]) -> None:
    """The table, a row a finding."""
    write_table(path, [field.name for field in fields(Finding)], map(astuple, found))
