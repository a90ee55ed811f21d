"""What the organisers' system would trip over, found before it does: scripts, maps and scores."""

import csv
import math
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from challengeflow import Answers, InputError
from challengeflow.arrays import Arrays
from challengeflow_mood.maps import map_name
from challengeflow_mood.official_layout import is_scan

SCRIPTS = tuple(f"run_{task}_{dataset}.sh" for task in ("sample", "pixel") for dataset in ("brain", "abdom"))


def check_maps(folder: Path, answers: Mapping[str, Answers]) -> None:
    """Check the submission `maps`: a row for every case, and a sound map for each that could be read.

    Raises InputError naming the first row or file that is wrong.
    """
    with open(folder / "scores.csv", newline="") as file:
        rows = {(row["dataset"], row["case"]): row for row in csv.DictReader(file)}
    for dataset, answer in answers.items():
        for shard in answer.shards:
            prepared = Arrays(shard.prepared)
            for sample in shard.samples:
                row = rows.pop((dataset, sample.id), None)
                if row is None:
                    raise InputError(
                        f"{folder / 'scores.csv'} has no row for the case {sample.id!r} of {dataset}; package again"
                    )
                check_score(row["score"], f"the case {sample.id!r} in {folder / 'scores.csv'}")
                facts = prepared.attributes(sample.id)
                if facts["status"] == "ok":
                    check_map(folder / "maps" / f"{sample.id}.nii.gz", facts["original"], facts["affine"])
    if rows:
        raise InputError(f"{folder / 'scores.csv'} has a row for {next(iter(rows))[1]!r}, which is no test case")


def check_score(text: str, what: str) -> None:
    """One number in [0, 1], as Python's `float` reads it; the scorer counts anything else as 0 and dies of a NaN."""
    try:
        value = float(text)
    except ValueError:
        raise InputError(f"the score of {what} is {text!r}; expected one number from 0 to 1") from None
    if not (math.isfinite(value) and 0 <= value <= 1):
        raise InputError(f"the score of {what} is {text!r}; expected a number from 0 to 1")


def check_map(path: Path, shape: list[int], affine: Any) -> None:
    """A map of the scan's shape and affine, float32, finite, in [0, 1]; a wrong shape would be scored as all zero."""
    try:
        image = nib.load(path)
        values = np.asarray(image.dataobj, dtype=np.float32)
    except (OSError, ValueError, EOFError, nib.filebasedimages.ImageFileError) as error:
        raise InputError(f"the map {path} cannot be read ({error}); expected one for this scan") from None
    if list(image.shape) != list(shape):
        raise InputError(f"the map {path} has the shape {list(image.shape)}; expected the scan's own, {list(shape)}")
    if image.get_data_dtype() != np.float32:
        raise InputError(
            f"the map {path} is stored as {image.get_data_dtype()}; expected float32, or scores are quantised"
        )
    if not np.allclose(image.affine, affine, rtol=1e-4, atol=1e-3):
        raise InputError(f"the map {path} has another affine than its scan; copy the scan's")
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= 1):  # also false for NaN
        raise InputError(f"the map {path} holds values from {low} to {high}; expected finite ones from 0 to 1")


def check_scripts(context: Path) -> None:
    """The four scripts: present, executable, POSIX shell, Unix line ends, nothing that needs bash or a fixed place."""
    for name in SCRIPTS:
        path = context / name
        if not path.is_file():
            raise InputError(f"{path} is missing; the organisers run it by this name")
        data = path.read_bytes()
        if not data.startswith(b"#!/bin/sh\n"):
            raise InputError(
                f"{path} does not begin with '#!/bin/sh' and a Unix line end; it is run both directly and by sh"
            )
        if b"\r" in data:
            raise InputError(f"{path} has Windows line ends; write it with Unix ones")
        if stat.S_IMODE(path.stat().st_mode) & 0o555 != 0o555:
            raise InputError(f"{path} is not executable by everyone; chmod 0755 it")
        for word in (b"[[", b"source ", b"function ", b"pipefail"):
            if word in data:
                raise InputError(f"{path} uses {word.decode().strip()!r}, which sh does not know; write POSIX shell")


def check_outputs(task: str, inputs: Path, outputs: Path, unreadable: frozenset[str] = frozenset()) -> int:
    """Check what a script wrote for every scan in `inputs`; the number of scans. `unreadable` ones need no map.

    Raises InputError naming the first file that is missing, wrong, or not asked for.
    """
    names = sorted(path.name for path in inputs.iterdir() if is_scan(path.name))
    expected = set()
    for name in names:
        answer = f"{name}.txt" if task == "sample" else map_name(name)
        expected.add(answer)
        path = outputs / answer
        if task == "sample":
            if not path.is_file():
                raise InputError(f"{path} is missing; expected one score for {name}")
            check_score(path.read_text().split("\n")[0], str(path))
        elif name not in unreadable:
            scan = nib.load(inputs / name)
            check_map(path, list(scan.shape), scan.affine)
    strays = sorted({path.name for path in outputs.iterdir()} - expected)
    if strays:
        raise InputError(f"{outputs / strays[0]} was left behind; expected the answers alone")
    return len(names)
