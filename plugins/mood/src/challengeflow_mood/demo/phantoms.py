"""Head and abdomen phantoms: cubes of float32 in [0, 1] with varied anatomy, healthy.

Each subject differs in size, pose, smooth deformation, folding, contrast, bias field and noise, so that no single
number of a scan (mean, variance, file size) tells a healthy one from an abnormal one.
"""

import numpy as np
from scipy import ndimage


def phantom(dataset: str, size: int, random: np.random.Generator) -> np.ndarray:
    """A healthy scan of `dataset` ("brain" or "abdom"), float32 (size, size, size), axes right, anterior, superior."""
    return _brain(size, random) if dataset == "brain" else _abdomen(size, random)


def smooth_field(size: int, cells: int, random: np.random.Generator) -> np.ndarray:
    """A smooth random field (size, size, size), about standard normal, with `cells` + 1 random knots a side."""
    field = random.standard_normal((cells + 3,) * 3).astype(np.float32)
    at = np.linspace(0.7, cells + 1.3, size)
    low = np.floor(at).astype(int)
    share = (at - low).astype(np.float32)
    share = share * share * (3 - 2 * share)
    for _ in range(3):  # separable interpolation: each pass interpolates the leading axis and turns it to the back
        weight = share.reshape(-1, *([1] * (field.ndim - 1)))
        field = np.moveaxis(field[low] * (1 - weight) + field[low + 1] * weight, 0, -1)
    return field * np.float32(1.6)


def _coordinates(size: int, random: np.random.Generator, scale: float, bend: float) -> list[np.ndarray]:
    """Anatomical coordinates of each voxel: a small affine and a smooth deformation of the cube [-1, 1]^3."""
    line = np.linspace(-1, 1, size, dtype=np.float32)
    grid = np.meshgrid(line, line, line, indexing="ij", sparse=True)
    turn = random.uniform(-0.06, 0.06, size=3)
    matrix = np.array([[1, turn[2], -turn[1]], [-turn[2], 1, turn[0]], [turn[1], -turn[0], 1]])
    matrix = (matrix / random.uniform(1 - scale, 1 + scale, size=(3, 1))).astype(np.float32)
    move = random.uniform(-0.05, 0.05, size=3).astype(np.float32)
    return [
        sum(matrix[row, column] * grid[column] for column in range(3))
        - move[row]
        + bend * smooth_field(size, 3, random)
        for row in range(3)
    ]


def _ball(at: list[np.ndarray], centre: tuple, radii: tuple) -> np.ndarray:
    """Distance from an ellipsoid's centre in units of its radii: below 1 is inside."""
    return np.sqrt(sum(((x - c) / r) ** 2 for x, c, r in zip(at, centre, radii, strict=True)))


def _shared(at: list[np.ndarray], size: int, cells: int) -> np.ndarray:
    """A smooth pattern all subjects share in anatomical coordinates, as the main folds of a cortex are."""
    pattern = smooth_field(size, cells, np.random.default_rng(7))
    return ndimage.map_coordinates(pattern, [(x + 1) * (size - 1) / 2 for x in at], order=1, mode="reflect")


def _finish(image: np.ndarray, size: int, random: np.random.Generator, bias: float, noise: tuple) -> np.ndarray:
    """Partial volume, bias field and noise."""
    image = ndimage.gaussian_filter(image, random.uniform(0.5, 0.75))
    image *= 1 + bias * smooth_field(size, 2, random)
    image += random.uniform(*noise) * random.standard_normal(image.shape, dtype=np.float32)
    return image


def _brain(size: int, random: np.random.Generator) -> np.ndarray:
    at = _coordinates(size, random, scale=0.07, bend=0.017)
    x, y, z = at
    sulci = 0.9 * _shared(at, size, 14) + 0.25 * smooth_field(size, 14, random)
    cerebrum = _ball(at, (0, 0, 0.08), (0.62, 0.78, 0.60))
    depth = cerebrum + 0.035 * sulci
    white, grey, fluid = (m + random.uniform(-0.05, 0.05) for m in (0.72, 0.50, 0.18))
    image = np.zeros((size,) * 3, np.float32)
    rim = random.uniform(0.96, 1.0)
    image[cerebrum < 1.03] = fluid
    image[depth < rim] = grey
    image[depth < rim - random.uniform(0.11, 0.15)] = white
    image[(sulci > 1.15) & (cerebrum > 0.7) & (cerebrum < 1.03)] = fluid
    image[(np.abs(x) < 0.018) & (cerebrum < 1) & ((z > 0.3) | (np.abs(y) > 0.45))] = fluid
    wide = random.uniform(0.8, 1.3)
    for side in (-1, 1):
        image[_ball(at, (side * 0.21, 0.05, 0.02), (0.075, 0.16, 0.14)) < 1] = grey + 0.05
        image[_ball(at, (side * 0.12, -0.06, 0.16), (0.045 * wide, 0.34, 0.085 * wide)) < 1] = fluid
        image[_ball(at, (side * 0.27, -0.38, 0.02), (0.05 * wide, 0.14, 0.05 * wide)) < 1] = fluid
    cerebellum = _ball(at, (0, -0.45, -0.52), (0.44, 0.30, 0.24))
    leaves = 0.5 + 0.5 * np.sin(38 * np.hypot(y + 0.45, z + 0.4) + 2 * sulci)
    inside = cerebellum < 1
    image[inside] = (grey + (white - grey) * leaves * 0.7)[inside]
    image[_ball(at, (0, -0.16, -0.58), (0.13, 0.13, 0.36)) < 1] = white - 0.03
    head = image > 0
    return np.where(head, np.clip(_finish(image, size, random, 0.05, (0.015, 0.035)), 0.01, 1), 0).astype(np.float32)


def _abdomen(size: int, random: np.random.Generator) -> np.ndarray:
    at = _coordinates(size, random, scale=0.07, bend=0.018)
    x, y, z = at
    fatness = random.uniform(0.09, 0.12)
    body = np.sqrt((x / 0.82) ** 2 + (y / 0.62) ** 2) + 0 * z
    fat, muscle, organ, bone = (m + random.uniform(-0.025, 0.025) for m in (0.40, 0.53, 0.58, 0.82))
    image = np.zeros((size,) * 3, np.float32)
    image[body < 1] = fat
    image[body < 1 - fatness] = muscle
    image[body < 0.93 - fatness] = fat + 0.03
    image[_ball(at, (0.42, 0.08, 0.42), (0.34, 0.36, 0.40)) < 1] = organ
    image[_ball(at, (-0.46, -0.12, 0.45), (0.17, 0.22, 0.24)) < 1] = organ - 0.02
    for side in (-1, 1):
        kidney = _ball(at, (side * 0.36, -0.24, -0.02 - 0.05 * side), (0.13, 0.12, 0.24))
        image[kidney < 1] = organ + 0.06
        image[kidney < 0.45] = fat + 0.06
        psoas = np.hypot((x - side * 0.2) / 0.1, (y + 0.26) / 0.1)
        image[(psoas < 1) & (z < 0.1)] = muscle
    loops = 0.95 * _shared(at, size, 9) + 0.2 * smooth_field(size, 9, random)
    bowel = (_ball(at, (0, 0.16, -0.42), (0.56, 0.30, 0.5)) < 1) & (loops > -0.25)
    image[bowel] = (muscle + 0.04 * np.clip(loops, -1, 1))[bowel]
    image[bowel & (loops > random.uniform(1.35, 1.45)) & (y > 0.12)] = 0.04
    stomach = _ball(at, (-0.2, 0.22, 0.42), (0.24, 0.2, 0.22)) + 0.1 * loops
    image[stomach < 1] = muscle - 0.02
    image[(stomach < 0.9) & (y > random.uniform(0.29, 0.32))] = 0.03
    spine = np.hypot(x / 0.15, (y + 0.34) / 0.13)
    discs = np.abs(np.mod(z * 3.2 + 0.3, 1) - 0.5) < 0.13
    image[spine < 1] = bone - 0.12
    image[(spine < 1) & (spine > 0.8)] = bone
    image[(spine < 1) & discs] = muscle + 0.03
    image[np.hypot(x / 0.07, (y + 0.51) / 0.06) < 1] = muscle - 0.04
    image[(np.hypot(x / 0.1, (y + 0.53) / 0.09) < 1) & (np.hypot(x / 0.065, (y + 0.51) / 0.055) >= 1)] = bone
    image[np.hypot((x + 0.06) / 0.055, (y + 0.14) / 0.055) < 1] = organ + 0.02
    image[np.hypot((x - 0.09) / 0.055, (y + 0.15) / 0.05) < 1] = organ - 0.03
    ribs = (np.abs(body - 0.91 + fatness) < 0.035) & (np.abs(np.mod(z * 4 + 1.5 * y, 1) - 0.5) < 0.16) & (z > 0.1)
    image[ribs] = bone
    inside = body < 1
    image = _finish(image, size, random, 0.02, (0.012, 0.028))
    air = random.uniform(0, 0.03, size=image.shape).astype(np.float32)
    return np.where(inside, np.clip(image, 0.0, 1), air).astype(np.float32)
