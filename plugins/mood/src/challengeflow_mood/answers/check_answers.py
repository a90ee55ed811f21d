"""What the organisers' system would trip over, found before it does: maps and scores."""

import csv
import itertools
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from challengeflow import Answers, InputError
from challengeflow.arrays import Arrays
from challengeflow_mood.answers.maps import map_name
from challengeflow_mood.data import alignment
from challengeflow_mood.data.geometry import usable_affine
from challengeflow_mood.data.images import load_image, load_map
from challengeflow_mood.data.official_layout import is_scan
from challengeflow_mood.data.volumes import read_scan

LEAST = float(np.finfo(np.float16).tiny)  # below, float16 has few values, and at last none but 0
CLEARLY, HOWEVER = 0.2, 1.5  # correlation with the scan's body of a map that is turned, and how much more than as it is


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
    """A map of the scan's shape and affine, float32 or float64, finite, in [0, 1]; a wrong shape would be scored as all
    zero.
    """
    if not path.is_file():
        raise InputError(f"the map {path} is missing; expected one for this scan")
    try:
        image = load_map(path)
        values = np.asarray(image.dataobj, dtype=np.float32)
    except (OSError, ValueError, EOFError, nib.filebasedimages.ImageFileError) as error:
        raise InputError(f"the map {path} cannot be read ({error}); expected one for this scan") from None
    if list(image.shape) != list(shape):
        raise InputError(f"the map {path} has the shape {list(image.shape)}; expected the scan's own, {list(shape)}")
    if image.get_data_dtype() not in (np.float32, np.float64):
        raise InputError(
            f"the map {path} is stored as {image.get_data_dtype()}; expected float32, or scores are quantised"
        )
    if not np.allclose(image.affine, affine, rtol=1e-4, atol=1e-3):
        raise InputError(f"the map {path} has another affine than its scan; copy the scan's")
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= 1):  # also false for NaN
        raise InputError(f"the map {path} holds values from {low} to {high}; expected finite ones from 0 to 1")
    if 0 < high < LEAST:
        raise InputError(
            f"the map {path} holds values up to {high:.3g} alone, which the scorer's float16 does not tell apart; "
            "scale them"
        )


def wrong_outputs(task: str, inputs: Path, outputs: Path, unreadable: frozenset[str] = frozenset()) -> Iterator[str]:
    """A sentence for each answer that is missing or wrong, and for what a script left behind. `unreadable` scans need
    no map.
    """
    expected = set()
    for name in sorted(path.name for path in inputs.iterdir() if is_scan(path.name)):
        answer = f"{name}.txt" if task == "sample" else map_name(name)
        expected.add(answer)
        path = outputs / answer
        try:
            if task == "sample":
                _check_score_file(path, name)
            elif name not in unreadable:
                scan = load_image(inputs / name)
                check_map(path, list(scan.shape), usable_affine(scan.header, scan.affine))
        except InputError as error:
            yield str(error)
    for stray in sorted({path.name for path in outputs.iterdir()} - expected):
        yield f"{outputs / stray} was left behind; expected the answers alone"


def turned(scans: Path, outputs: Path) -> str:
    """How maps lie wrongly on their scans, in words; empty where they do not, or it cannot be told.

    A map tells where the body is: turned as it ought to be, it goes together with that better than as it is.
    """
    found: dict[str, list[float]] = defaultdict(list)
    count = 0
    for path in sorted(scans.iterdir()):
        body = alignment.foreground(read_scan(path).volume)
        values = np.asarray(load_map(outputs / map_name(path.name)).dataobj, np.float32)
        least = max(CLEARLY, HOWEVER * abs(_correlation(values, body)))
        count += 1
        for way, other in _ways(values):
            if (fit := abs(_correlation(other, body))) > least:
                found[way].append(fit)
    always = {way: sum(fits) for way, fits in found.items() if len(fits) == count}
    return max(always, key=always.__getitem__, default="")


def _ways(values: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    for axes in ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)):
        yield f"flipped along {', '.join('xyz'[axis] for axis in axes)}", np.flip(values, axes)
    for order in itertools.permutations(range(3)):
        other = values.transpose(order)
        if order != (0, 1, 2) and other.shape == values.shape:
            yield f"with axes in the order {', '.join('xyz'[axis] for axis in order)}", other


def _correlation(values: np.ndarray, body: np.ndarray) -> float:
    if values.std() == 0 or body.std() == 0:
        return 0.0
    return float(np.corrcoef(values.ravel(), body.ravel())[0, 1])


def all_alike(outputs: Path) -> bool:
    """Whether the answers, two at least, say nothing: the same number in every score, the same map to every scan, or
    one value in all of every map.
    """
    paths = sorted(outputs.iterdir())
    if len(paths) < 2:
        return False
    if paths[0].suffix == ".txt":
        return len({float(path.read_text().split("\n")[0]) for path in paths}) == 1
    first = np.asarray(load_map(paths[0]).dataobj)
    maps = (np.asarray(load_map(path).dataobj) for path in paths)
    return all(np.array_equal(each, first) or (each == first.flat[0]).all() for each in maps)


def _check_score_file(path: Path, scan: str) -> None:
    if not path.is_file():
        raise InputError(f"{path} is missing; expected one score for {scan}")
    check_score(path.read_text(errors="replace").split("\n")[0], str(path))
