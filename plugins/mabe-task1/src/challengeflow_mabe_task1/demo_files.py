"""The demo's files, in AIcrowd's exact layout, and the test labels that the organisers keep."""

from pathlib import Path

import numpy as np

from challengeflow_mabe_task1.demo_behaviour import VOCABULARY, annotate, draw_bouts
from challengeflow_mabe_task1.demo_motion import film, move

TRAIN, TEST = 18, 6
FPS = 30.0


def write(folder: Path, seed: int) -> None:
    """Simulate all sequences and write the four files; the same seed gives the same bytes."""
    train = {f"demo-train-{k:02d}": simulate(seed, k) for k in range(TRAIN)}
    test = {f"demo-test-{k:02d}": simulate(seed, 1000 + k) for k in range(TEST)}
    labels = {name: sequence.pop("annotations") for name, sequence in test.items()}
    _save(folder / "train.npy", {"vocabulary": list(VOCABULARY), "sequences": train})
    _save(folder / "test.npy", {"sequences": test})
    _save(folder / "sample_submission.npy", {name: [0] * len(each) for name, each in labels.items()})
    _save(folder / "test_labels.npy", labels)


def simulate(seed: int, number: int) -> dict:
    """One sequence as AIcrowd's files have it: keypoints (T, 2, 2, 7) float64 pixels, annotations, annotator_id."""
    random = np.random.default_rng([seed, number])
    frames = int(random.integers(2000, 3000))
    bouts = draw_bouts(frames, FPS, random)
    keypoints = film(move(bouts, frames, FPS, random), bouts, random)
    return {"keypoints": keypoints, "annotations": annotate(bouts, frames, random), "annotator_id": 0}


def _save(path: Path, value: dict) -> None:
    np.save(path, np.array(value, dtype=object), allow_pickle=True)
