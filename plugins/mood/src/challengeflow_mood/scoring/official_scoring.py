"""The organisers' `evalresults.py` on folders of files: the same digits in constant memory, and why a case scored
nothing.

Files are driven by the labels, as there: what else lies among the predictions is ignored. A missing, misshaped or
unreadable prediction counts as all zero; a label that cannot be read drops its case. sklearn refuses
a NaN, and labels of cases that are not 0 and 1 alone, which voids the whole score there: `average_precision` is None
then, and `repaired` says what it would be with zeros in place of NaN and with 1 as the one label that counts.
"""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from challengeflow import InputError
from challengeflow_mood.data.images import load_map
from challengeflow_mood.scoring.average_precision import LEVELS, count_levels, from_levels, of_samples

SLAB = 16  # planes of a volume at a time
DRAWS, DRAWN, SEED = 10, 2, 123  # the organisers' bootstrap: ten draws of two cases, Python's random seeded with 123


@dataclass(frozen=True)
class ScoredCase:
    """One case: its label file's name, the reason why its prediction counts as zero ("" if it does not), and its
    counts.

    histogram: (2, LEVELS) int64 of a map; for the sample task of the one score. void: whether it held a NaN.
    """

    name: str
    reason: str
    void: bool
    label: int
    score: float
    histogram: np.ndarray | None


@dataclass(frozen=True)
class FolderScore:
    """The score of a folder. dropped: label files that could not be read, as the organisers drop them."""

    task: str
    cases: tuple[ScoredCase, ...]
    dropped: tuple[str, ...]

    @property
    def average_precision(self) -> float | None:
        return None if self.wrong_labels or any(case.void for case in self.cases) else self.repaired

    @property
    def wrong_labels(self) -> str:
        """Why sklearn refuses the labels of the sample task; empty where it does not.

        Two values of which none is 1 are an error there, and so are three; one alone, whatever it is, is none.
        """
        found = sorted({case.label for case in self.cases})
        if self.task == "pixel" or len(found) < 2 or (len(found) == 2 and 1 in found):
            return ""
        odd = [label for label in found if label not in (0, 1)]
        names = [case.name for case in self.cases if case.label in odd]
        return f"the labels are {', '.join(map(str, found))}; expected 0 and 1 alone (look at {names[0]})"

    @property
    def repaired(self) -> float:
        return _score(self.task, self.cases)

    def lost(self) -> dict[str, float]:
        """Case -> average precision lost by it, for each that counts as zero: the score without the case, less the
        score.
        """
        found = {}
        for case in self.cases:
            if case.reason:
                others = [other for other in self.cases if other is not case]
                found[case.name] = (_score(self.task, others) if others else 0.0) - self.repaired
        return found

    def draws(self) -> list[float]:
        """Average precisions of the organisers' bootstrap (`bootstrap_dir`); empty where a draw holds no readable
        label.
        """
        case_of = {case.name: case for case in self.cases}
        names = sorted([*case_of, *self.dropped])
        drawn = [[case_of[names[at]] for at in draw if names[at] in case_of] for draw in organiser_draws(len(names))]
        return [_score(self.task, cases) for cases in drawn] if all(drawn) else []


def organiser_draws(cases: int) -> list[list[int]]:
    """Indices of the cases in each draw of the organisers' bootstrap, cases sorted by file name."""
    if cases < DRAWN:
        return []
    generator = random.Random(SEED)
    return [generator.sample(range(cases), k=DRAWN) for _ in range(DRAWS)]


def score_folder(predictions: Path, labels: Path, task: str) -> FolderScore:
    """Score every file of `labels` by the one of the same name in `predictions`; task "pixel" or "sample".

    Raises InputError where a folder is missing or no label can be read.
    """
    if task not in ("pixel", "sample"):
        raise InputError(f"the task is {task!r}; expected 'pixel' or 'sample'")
    for folder, what in ((predictions, "predictions"), (labels, "labels")):
        if not folder.is_dir():
            raise InputError(f"{folder} is no folder; expected the folder of the {what}")
    score = _score_map if task == "pixel" else _score_sample
    cases, dropped = [], []
    for path in sorted(labels.iterdir()):
        case = score(predictions / path.name, path)
        if case is None:
            dropped.append(path.name)
        else:
            cases.append(case)
    if not cases:
        raise InputError(f"{labels} holds no label of the {task} task that can be read; expected toy_label/{task}")
    return FolderScore(task, tuple(cases), tuple(dropped))


def _score(task: str, cases: Sequence[ScoredCase]) -> float:
    if task == "pixel":
        histograms = [case.histogram for case in cases if case.histogram is not None]
        return from_levels(sum(histograms, np.zeros((2, LEVELS), np.int64)))
    return of_samples(np.array([case.score for case in cases]), np.array([case.label for case in cases]))


def _score_sample(prediction: Path, label: Path) -> ScoredCase | None:
    try:
        with open(label) as file:
            truth = int(file.readline())
    except (OSError, ValueError):
        return None
    reason, value = "", 0.0
    try:
        with open(prediction) as file:
            first = file.readline()
        value = float(first)
    except FileNotFoundError:
        reason = "missing"
    except OSError as error:
        reason = f"cannot be read: {error}"
    except UnicodeDecodeError:
        reason = "is no text"
    except ValueError:
        reason = f"its first line {first.strip()!r} is no number"
    void = math.isnan(value)
    value = 0.0 if void else min(max(value, 0.0), 1.0)
    return ScoredCase(label.name, "NaN" if void else reason, void, truth, value, None)


def _score_map(prediction: Path, label: Path) -> ScoredCase | None:
    try:
        mask = _read_mask(label)
    except Exception:  # whatever breaks the reader there drops the case there
        return None
    reason, void = "", False
    histogram = np.zeros((2, LEVELS), np.int64)
    try:
        for start, slab in _read_slabs(prediction, mask.shape):
            void = void or bool(np.isnan(slab).any())
            histogram += count_levels(slab, mask[..., start : start + slab.shape[-1]])
    except FileNotFoundError:
        reason = "missing"
    except InputError as error:
        reason = str(error)
    except Exception as error:
        reason = f"cannot be read: {type(error).__name__}: {error}"
    if reason:
        void = False  # a NaN before a file breaks off: there the whole file counts as zero
        found = int(np.count_nonzero(mask))
        histogram[:] = 0
        histogram[:, 0] = mask.size - found, found
    return ScoredCase(label.name, "NaN" if void else reason, void, int(mask.any()), 0.0, histogram)


def _read_mask(path: Path) -> np.ndarray:
    """A label as bool in Fortran order: rounded, cast to whole numbers, clipped to 0 and 1."""
    image = load_map(path)
    mask = np.empty(image.shape, bool, order="F")
    with np.errstate(invalid="ignore"):  # NaN and infinity become the lowest whole number, as there
        for start, slab in _stored_slabs(image, np.float64):
            mask[..., start : start + SLAB] = np.rint(slab.astype(np.float64)).astype(np.int64) >= 1
    return mask


def _read_slabs(path: Path, shape: tuple[int, ...]) -> Iterator[tuple[int, np.ndarray]]:
    """The float16 values that `get_fdata(dtype=float16)` gives, some planes of the last axis at a time."""
    image = load_map(path)
    if image.shape != shape:
        raise InputError(f"has the shape {image.shape}; expected {shape}")
    for start, slab in _stored_slabs(image, np.float16):
        with np.errstate(over="ignore"):
            yield start, slab.astype(np.promote_types(slab.dtype, np.float16), copy=False).astype(np.float16)


def _stored_slabs(image: nib.spatialimages.SpatialImage, dtype: type) -> Iterator[tuple[int, np.ndarray]]:
    """Index and values of some planes of the last axis: as stored, straight from the file; of a scaled image, as
    `dtype`.

    nibabel alone would hold a compressed file twice.
    """
    proxy: Any = image.dataobj
    last = image.shape[-1]
    if (getattr(proxy, "slope", None), getattr(proxy, "inter", None), getattr(proxy, "order", None)) != (1, 0, "F"):
        values = image.get_fdata(dtype=dtype, caching="unchanged")
        yield from ((start, values[..., start : start + SLAB]) for start in range(0, last, SLAB))
        return
    with nib.openers.ImageOpener(proxy.file_like) as file:
        file.seek(proxy.offset)
        for start in range(0, last, SLAB):
            shape = (*image.shape[:-1], min(SLAB, last - start))
            data = file.read(math.prod(shape) * proxy.dtype.itemsize)
            yield start, np.frombuffer(data, proxy.dtype).reshape(shape, order="F")
