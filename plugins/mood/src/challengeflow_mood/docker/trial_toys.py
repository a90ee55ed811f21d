"""Toy cases that a package is tried on: the organisers' own, or made ones that show what theirs would not.

Made ones are no cubes and lie off their middle, so that a map that is flipped or transposed is seen; and one is of full
size.
"""

import shutil
import zlib
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np

from challengeflow import InputError
from challengeflow_mood.data.official_layout import Entry, find_layout
from challengeflow_mood.demo.archives import LESIONS, WIDTH, with_lesion
from challengeflow_mood.demo.phantoms import phantom
from challengeflow_mood.docker.build_context import DATASETS, TASKS

CASES = 3  # made ones
SIDE = 48
BORDER = ((2, 9), (16, 3), (1, 5))  # voxels before and behind, along each axis
ENLARGED = {"brain": (4, 3, 4), "abdom": (8, 7, 5)}
"""How many voxels of a case of full size, along each axis, come from one."""


@dataclass(frozen=True)
class Toys:
    """Toy cases of a dataset: a folder of scans, folders of labels by task where they are known, and a folder with one
    scan of full size where that was made.
    """

    scans: Path
    labels: dict[str, Path]
    full: Path | None = None


def toy_cases(data: Path | None, folder: Path) -> dict[str, Toys]:
    """Toy cases of both datasets in `folder`: the official ones under `data` (folders or zips), or made ones."""
    return {dataset: _toys(data, dataset, folder / dataset) for dataset in DATASETS}


def _toys(data: Path | None, dataset: str, folder: Path) -> Toys:
    places = {"toy": folder / "toy", "sample": folder / "toy_label/sample", "pixel": folder / "toy_label/pixel"}
    for place in (*places.values(), folder / "full"):
        place.mkdir(parents=True)
    if data is None:
        _make(dataset, places, folder / "full")
    else:
        layout = find_layout([data], dataset)
        if not layout.toy:
            raise InputError(
                f"{data} holds no toy case of {dataset}; expected {dataset}/toy/*.nii.gz or {dataset}_toy.zip"
            )
        for part, entries in (("toy", layout.toy), ("sample", layout.sample_labels), ("pixel", layout.pixel_labels)):
            for name, entry in entries.items():
                _copy(entry, places[part] / name)
    labels = {task: places[task] for task in TASKS if any(places[task].iterdir())}
    return Toys(places["toy"], labels, folder / "full" if data is None else None)


def _make(dataset: str, places: dict[str, Path], full: Path) -> None:
    """Made cases, the first one healthy, and the last one once more in full size."""
    affine = np.diag([*(WIDTH[dataset] / SIDE * np.array([0.95, 1.05, 1.0])), 1.0])
    for number in range(CASES):
        random = np.random.default_rng(zlib.crc32(f"{dataset} trial {number}".encode()))
        volume = phantom(dataset, SIDE, random)
        mask = np.zeros(volume.shape, np.uint8)
        if number:
            volume, mask = with_lesion(volume, list(LESIONS)[number - 1], random)
        name = f"toy_{number}.nii.gz"
        volume = np.pad(volume, BORDER)
        nib.save(nib.Nifti1Image(volume, affine), places["toy"] / name)
        nib.save(nib.Nifti1Image(np.pad(mask, BORDER), affine), places["pixel"] / name)
        (places["sample"] / f"{name}.txt").write_text(f"{int(mask.any())}\n")
    for axis, times in enumerate(ENLARGED[dataset]):
        volume = np.repeat(volume, times, axis)
    affine = affine @ np.diag([*(1 / np.array(ENLARGED[dataset])), 1.0])
    nib.save(nib.Nifti1Image(volume, affine), full / "whole.nii.gz")


def _copy(entry: Entry, target: Path) -> None:
    """The file itself and no link to it: a link would lead nowhere inside."""
    with entry.opened() as path:
        shutil.copyfile(path, target)
