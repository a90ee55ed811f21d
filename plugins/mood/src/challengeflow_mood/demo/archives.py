"""The demo's archives, in the organisers' exact layout: {dataset}_train.zip and {dataset}_toy.zip.

The toy cases' anomalies are of other kinds than those of the proxy split, so that the test asks for more than the
proxy can promise.
"""

import gzip
import os
import zipfile
import zlib
from collections.abc import Callable

import nibabel as nib
import numpy as np
from scipy import ndimage

from challengeflow import DownloadJob, InputError
from challengeflow_mood.demo.phantoms import phantom, smooth_field

WIDTH = {"brain": 180.0, "abdom": 288.0}  # mm a side of a phantom
SIDE = {"brain": 1.0, "abdom": 1.125}
HEALTHY_SHARE = 0.4
Lesion = tuple[np.ndarray, np.ndarray]
"""New values of a whole scan, and where they count; bool."""
VISIBLE = 0.06  # mean change of grey value within a lesion


def write_archive(job: DownloadJob) -> None:
    """Write the archive `train` or `toy` of a dataset into `job.output`; finished scans are kept in `job.work`."""
    count = job.parameters[f"demo_{job.archive}"]
    size = round(job.parameters["demo_size"] * SIDE[job.dataset])
    job.work.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(job.output / f"{job.dataset}_{job.archive}.zip", "w") as archive:
        for number in job.progress(range(count), "phantom"):
            cached = job.work / f"{job.archive}-{number}.zip"
            if not cached.exists():
                part = job.work / f"{cached.name}.part"
                make = train_case if job.archive == "train" else toy_case
                with zipfile.ZipFile(part, "w") as small:
                    for name, data in make(job.dataset, number, size, job.seed).items():
                        _add(small, name, data)
                os.replace(part, cached)
            with zipfile.ZipFile(cached) as small:
                for name in small.namelist():
                    _add(archive, name, small.read(name))


def train_case(dataset: str, number: int, size: int, seed: int) -> dict[str, bytes]:
    """The files of one healthy train scan: name in the archive -> content."""
    random = np.random.default_rng([seed, zlib.crc32(f"{dataset} train {number}".encode())])
    return {f"{dataset}_train/{number:05d}.nii.gz": _nifti(phantom(dataset, size, random), dataset)}


def toy_case(dataset: str, number: int, size: int, seed: int) -> dict[str, bytes]:
    """The files of one toy case: the scan and its two labels. Two of five are healthy; the kinds take turns."""
    random = np.random.default_rng([seed, zlib.crc32(f"{dataset} toy {number}".encode())])
    volume = phantom(dataset, size, random)
    mask = np.zeros(volume.shape, np.uint8)
    abnormal = (number + 1) * (1 - HEALTHY_SHARE) // 1 > number * (1 - HEALTHY_SHARE) // 1
    if abnormal:
        kind = list(LESIONS)[int(number * (1 - HEALTHY_SHARE)) % len(LESIONS)]
        volume, mask = with_lesion(volume, kind, random)
    name = f"toy_{number}.nii.gz"
    return {
        f"toy/{name}": _nifti(volume, dataset),
        f"toy_label/sample/{name}.txt": f"{int(abnormal)}\n".encode(),
        f"toy_label/pixel/{name}": _nifti(mask, dataset),
    }


def with_lesion(volume: np.ndarray, kind: str, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A copy of a phantom with one lesion of `kind`, and its mask (uint8): where it lies and shows."""
    body = volume > 0.1
    places = np.argwhere(body)
    low, high = places.min(axis=0), places.max(axis=0)
    inner = places[(np.abs(places - (low + high) / 2) < 0.3 * (high - low)).all(axis=1)]
    size = volume.shape[0]
    for _ in range(60):
        centre = inner[random.integers(len(inner))]
        radii = random.uniform(0.08, 0.14, size=3) * size
        grid = np.ogrid[tuple(slice(0, n) for n in volume.shape)]
        distance = np.sqrt(sum(((g - c) / r) ** 2 for g, c, r in zip(grid, centre, radii, strict=True)))
        distance = distance.astype(np.float32) + 0.12 * smooth_field(size, 8, random)
        changed, reach = LESIONS[kind](volume, distance, centre, random)
        mask = reach & body & (np.abs(changed - volume) > 0.03)
        mask = ndimage.binary_closing(mask) & reach & body
        if mask.sum() >= 60 and np.abs(changed - volume)[reach & body].mean() > VISIBLE:
            return np.where(reach & body, np.clip(changed, 0.01, 1), volume).astype(np.float32), mask.astype(np.uint8)
    raise InputError(f"the demo found no place for a lesion of kind {kind!r}; choose another seed")


def tumour(volume: np.ndarray, distance: np.ndarray, centre: np.ndarray, random: np.random.Generator) -> Lesion:
    """A ring that enhances around a darker core, with a soft rim."""
    ring = np.exp(-(((distance - 0.75) / 0.2) ** 2))
    inside = np.clip((1.05 - distance) / 0.2, 0, 1)
    level = 0.35 + 0.35 * ring + 0.05 * random.standard_normal(volume.shape, dtype=np.float32)
    return volume * (1 - inside) + inside * level, distance < 1


def blur(volume: np.ndarray, distance: np.ndarray, centre: np.ndarray, random: np.random.Generator) -> Lesion:
    """Structure lost: tissue smoothed away and slightly swollen in grey value."""
    return ndimage.gaussian_filter(volume, 2.5) + random.choice([-1, 1]) * 0.06, distance < 1


def turned(volume: np.ndarray, distance: np.ndarray, centre: np.ndarray, random: np.random.Generator) -> Lesion:
    """A piece of the same scan, turned by a quarter about a random axis."""
    radius = int(np.ceil(volume.shape[0] * 0.14))
    padded = np.pad(volume, radius, mode="edge")
    cube = padded[tuple(slice(c, c + 2 * radius + 1) for c in centre)]
    cube = np.rot90(cube, random.choice([1, 3]), axes=tuple(random.choice(3, size=2, replace=False)))
    padded[tuple(slice(c, c + 2 * radius + 1) for c in centre)] = cube
    inner = slice(radius, -radius)
    return padded[inner, inner, inner], distance < 1


def scar(volume: np.ndarray, distance: np.ndarray, centre: np.ndarray, random: np.random.Generator) -> Lesion:
    """A thin curved sheet of fluid or calcium."""
    normal = random.standard_normal(3)
    normal /= np.linalg.norm(normal)
    grid = np.ogrid[tuple(slice(0, n) for n in volume.shape)]
    height = sum((g - c) * n for g, c, n in zip(grid, centre, normal, strict=True))
    height = height + 1.5 * smooth_field(volume.shape[0], 6, random)
    return np.full_like(volume, random.choice([0.15, 0.85])), (distance < 1.15) & (np.abs(height) < 1.6)


LESIONS: dict[str, Callable[..., Lesion]] = {lesion.__name__: lesion for lesion in (tumour, blur, turned, scar)}


def _nifti(volume: np.ndarray, dataset: str) -> bytes:
    image = nib.Nifti1Image(volume, np.diag([WIDTH[dataset] / len(volume)] * 3 + [1.0]))
    return gzip.compress(image.to_bytes(), 1, mtime=0)


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
