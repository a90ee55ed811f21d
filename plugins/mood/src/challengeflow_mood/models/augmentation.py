"""Random changes that leave a healthy scan healthy: training sees each prepared scan in many forms."""

from dataclasses import replace

import numpy as np
from scipy import ndimage

from challengeflow_mood.anomalies.made_cases import Case
from challengeflow_mood.demo.phantoms import smooth_field

FARTHEST = 3.0  # of 64 voxels


def augmented(case: Case, random: np.random.Generator) -> Case:
    """The case mirrored, bent, with another contrast, shading, blur and noise; each by chance. Its anomaly goes
    along.
    """
    if random.random() < 0.5:
        case = replace(case, volume=case.volume[::-1], mask=case.mask[::-1], anomaly=case.anomaly[::-1])
    if random.random() < 0.6:
        case = _bent(case, random)
    volume, body = case.volume, case.mask > 0
    volume = np.clip(volume, 0, 1) ** np.float32(random.uniform(0.7, 1.4))
    if random.random() < 0.5:
        volume = volume * (1 + np.float32(random.uniform(0.02, 0.1)) * smooth_field(len(volume), 2, random))
    if random.random() < 0.3:
        volume = ndimage.gaussian_filter(volume, random.uniform(0.3, 0.7))
    if random.random() < 0.5:
        noise = random.standard_normal(volume.shape, dtype=np.float32)
        volume = np.where(body, volume + np.float32(random.uniform(0.003, 0.03)) * noise, volume)
    return replace(case, volume=np.clip(volume, 0, 1).astype(np.float32))


def _bent(case: Case, random: np.random.Generator) -> Case:
    """A small affine map about the middle and a smooth deformation, of up to 3 of 64 voxels in root mean square: as if
    another head.
    """
    size = len(case.volume)
    line = np.arange(size, dtype=np.float32) - (size - 1) / 2
    at = np.stack(np.meshgrid(line, line, line, indexing="ij"))
    matrix = np.eye(3) * random.uniform(0.92, 1.08, size=3) + random.uniform(-0.06, 0.06, size=(3, 3))
    at = np.einsum("ij,jxyz->ixyz", matrix.astype(np.float32), at) + (size - 1) / 2
    far = random.uniform(0.2, FARTHEST) * size / 64
    fields = [smooth_field(size, int(random.integers(3, 6)), random) for _ in range(3)]
    at += np.stack([far * random.uniform(0.5, 1) * field for field in fields])
    volume, mask, anomaly = (
        ndimage.map_coordinates(np.asarray(values, np.float32), at, order=1)
        for values in (case.volume, case.mask, case.anomaly)
    )
    return replace(case, volume=volume, mask=(mask > 0.5).astype(np.uint8), anomaly=(anomaly > 0.5).astype(np.uint8))
