"""The command `challengeflow make-toy`: a toy set in the organisers' exact layout, from healthy scans or from phantoms.

OUT/{brain|abdom}/toy/toy_0.nii.gz                        the scan, float32 in [0, 1]
OUT/{brain|abdom}/toy_label/sample/toy_0.nii.gz.txt       0 or 1
OUT/{brain|abdom}/toy_label/pixel/toy_0.nii.gz            the mask, uint8
OUT/{brain|abdom}/recipes.json                            what makes each anomaly again
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from challengeflow import InputError, Progress
from challengeflow_mood.anomalies import PROXY
from challengeflow_mood.anomalies.insertion import Body, insert
from challengeflow_mood.anomalies.kinds import KINDS
from challengeflow_mood.data.alignment import foreground
from challengeflow_mood.data.official_layout import Entry, find_layout
from challengeflow_mood.data.own_scans import find_scans
from challengeflow_mood.data.volumes import read_scan
from challengeflow_mood.demo.archives import WIDTH
from challengeflow_mood.demo.phantoms import phantom


def main(arguments: list[str]) -> int:
    """Run the command; 0. Raises InputError for what the user can mend."""
    options = _parser().parse_args(arguments)
    kinds = options.kinds.split(",")
    for kind in kinds:
        if kind not in KINDS:
            raise InputError(f"there is no kind of anomaly {kind!r}; known are {', '.join(KINDS)}")
    if not 0 <= options.healthy < 1:
        raise InputError(f"--healthy is {options.healthy:g}; expected a share from 0 to below 1")
    if options.scans is None:
        scans = _phantoms(options.dataset, options.cases, options.size, options.seed)
    else:
        scans = _scans(options.scans, options.dataset, options.cases)
    count = write(scans, options.out / options.dataset, kinds, options.healthy, options.seed)
    print(f"{count} toy cases are in {options.out / options.dataset}")
    return 0


def write(
    scans: Iterator[tuple[np.ndarray, np.ndarray, str]], folder: Path, kinds: list[str], healthy: float, seed: int
) -> int:
    """Write cases made of `scans` (volume in [0, 1], affine, name) into `folder`; how many there are.

    The share `healthy` of them stays as it is; the kinds take turns. The scan before is the foreign one of a kind that
    needs one.
    """
    for part in ("toy", "toy_label/sample", "toy_label/pixel"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    recipes: dict[str, Any] = {}
    made, before = 0, None
    for number, (volume, affine, source) in enumerate(Progress("make-toy")(scans, "case")):
        name, mask = f"toy_{number}.nii.gz", np.zeros(volume.shape, np.uint8)
        recipes[name] = {"of": source}
        healthy_volume = volume
        if (number + 1) * (1 - healthy) // 1 > number * (1 - healthy) // 1:
            kind = kinds[made % len(kinds)]
            random = np.random.default_rng([seed, number])
            foreign = volume[::-1] if before is None else before  # the first one: its own other side
            volume, mask, recipes[name]["recipe"] = insert(volume, Body(foreground(volume)), kind, random, foreign)
            recipes[name]["foreign"] = None if before is None else f"toy_{number - 1}.nii.gz"
            made += 1
        before = healthy_volume
        nib.save(nib.Nifti1Image(volume, affine), folder / "toy" / name)
        nib.save(nib.Nifti1Image(mask, affine), folder / "toy_label" / "pixel" / name)
        (folder / "toy_label" / "sample" / f"{name}.txt").write_text(f"{int(mask.any())}\n")
    (folder / "recipes.json").write_text(json.dumps(recipes, indent=1) + "\n")
    return len(recipes)


def _scans(source: Path, dataset: str, most: int | None) -> Iterator[tuple[np.ndarray, np.ndarray, str]]:
    """Healthy scans: the official train scans under a folder or in a zip, or every scan of a folder of one's own."""
    entries: dict[str, Entry] = find_layout([source], dataset).train or find_scans(source)[0]
    for name, entry in list(entries.items())[:most]:
        with entry.opened() as path:
            scan = read_scan(path)
        yield scan.volume, np.asarray(scan.geometry["affine"]), name


def _phantoms(dataset: str, count: int | None, size: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray, str]]:
    for number in range(count or 4):
        volume = phantom(dataset, size, np.random.default_rng([seed, number]))
        yield volume, np.diag([*[WIDTH[dataset] / size] * 3, 1.0]), f"phantom {number}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="challengeflow make-toy", description="Make a toy set with known anomalies, in the organisers' layout."
    )
    parser.add_argument("dataset", choices=("brain", "abdom"))
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument(
        "--scans", type=Path, help="healthy scans: a folder or zip of one's own, or the official train scans"
    )
    parser.add_argument("--cases", type=int, help="how many; all scans, or 4 phantoms, without it")
    parser.add_argument("--size", type=int, default=64, help="voxels a side of a phantom")
    parser.add_argument(
        "--kinds", default=",".join(PROXY), help="kinds of anomaly, comma-separated; by default those never trained on"
    )
    parser.add_argument("--healthy", type=float, default=0.5, help="share of cases without an anomaly")
    parser.add_argument("--seed", type=int, default=1)
    return parser
