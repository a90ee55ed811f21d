"""Controls: what a perfect, a constant and a random answer score. Every honest model lies between them.

They are not trained. `control-perfect` alone opens the gold of the very samples it answers; it is never packaged.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from challengeflow.arrays import Arrays, Predictions
from challengeflow.scoring import write_json


def perfect(gold: Path) -> Iterator[tuple[str, np.ndarray]]:
    """The gold itself, as float32 scores."""
    answers = Predictions(gold)
    return ((sample, np.asarray(answers[sample], np.float32)) for sample in answers)


def random(prepared: Path, seed: int) -> Iterator[tuple[str, np.ndarray]]:
    """Uniform scores in [0, 1), drawn anew for each sample from the seed and its id, so in any order the same."""
    shapes = Arrays(prepared)
    for sample in shapes:
        digest = hashlib.sha256(f"{seed}/{sample}".encode()).digest()
        generator = np.random.default_rng(int.from_bytes(digest[:8], "big"))
        yield sample, generator.random(shapes.attributes(sample)["shape"], np.float32)


def write_prior(folder: Path, gold: Sequence[Path]) -> None:
    """Write the mean of the training gold (over samples, and over frames where there are some).

    Where training carries no gold there is no prior to know: 0.5.
    """
    write_json(folder / "prior.json", {"mean": _mean(gold).tolist()})


def prior(prepared: Path, folder: Path) -> Iterator[tuple[str, np.ndarray]]:
    """The constant that `write_prior` left in `folder`, for all samples."""
    constant = np.array(json.loads((folder / "prior.json").read_text())["mean"])
    shapes = Arrays(prepared)
    for sample in shapes:
        yield sample, np.broadcast_to(constant, shapes.attributes(sample)["shape"]).astype(np.float32)


def _mean(gold: Sequence[Path]) -> np.ndarray:
    total, count = np.zeros(()), 0
    for folder in gold:
        answers = Predictions(folder)
        for sample in answers:
            scores = np.asarray(answers[sample], np.float64)
            # (T, classes) has a prior for each class; a scalar or a volume has one.
            rows = scores if scores.ndim == 2 else scores.ravel()
            total = total + rows.sum(axis=0)
            count += len(rows)
    return total / count if count else np.float64(0.5)
