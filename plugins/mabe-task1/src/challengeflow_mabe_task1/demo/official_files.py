"""The demos' files: tasks 1 to 3 in AIcrowd's exact layout, with the test labels that the organisers keep."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from challengeflow import InputError
from challengeflow_mabe_task1.demo.behaviour_states import MEAN_SECONDS, VOCABULARY, annotate, draw_bouts
from challengeflow_mabe_task1.demo.motion import film, move

TRAIN, TEST = 18, 6
ANNOTATORS = (1, 2, 3)
"""Of task 2, where each has a style of their own (`demo_behaviour.annotate`) and the same number of sequences."""

FPS = 30.0


def write(folder: Path, dataset: str, seed: int, behaviours: Sequence[str] | None) -> None:
    """Simulate the files of one dataset; the same seed gives the same bytes. behaviours: what task 3 asks for."""
    if dataset == "lab":
        from challengeflow_mabe_task1.demo import lab_folder

        lab_folder.write(folder, seed)
    elif dataset == "task3":
        _write_task3(folder, seed, list(behaviours or ["chase"]))
    else:
        annotators = ANNOTATORS if dataset == "task2" else (0,)
        train = {f"demo-train-{k:02d}": simulate(seed, k, annotators[k % len(annotators)]) for k in range(TRAIN)}
        test = {f"demo-test-{k:02d}": simulate(seed, 1000 + k, annotators[k % len(annotators)]) for k in range(TEST)}
        labels = {name: sequence.pop("annotations") for name, sequence in test.items()}
        _save_all(folder, {"vocabulary": list(VOCABULARY), "sequences": train}, {"sequences": test}, labels)


def simulate(seed: int, number: int, annotator: int = 0, behaviour: str | None = None) -> dict:
    """One sequence as AIcrowd's files have it: keypoints (T, 2, 2, 7) float64 pixels, annotations, annotator_id.

    behaviour: the one simulated state that is labelled (0, everything else 1), as in task 3.
    """
    random = np.random.default_rng([seed, number])
    frames = int(random.integers(2000, 3000))
    bouts = draw_bouts(frames, FPS, random)
    keypoints = film(move(bouts, frames, FPS, random), bouts, random)
    labels = annotate(bouts, frames, random, annotator, (behaviour,) if behaviour else VOCABULARY[:3])
    return {"keypoints": keypoints, "annotations": labels, "annotator_id": annotator}


def _write_task3(folder: Path, seed: int, behaviours: Sequence[str]) -> None:
    """A third of task 1's sequences for each behaviour: new behaviours come with few examples."""
    unknown = [name for name in behaviours if name not in MEAN_SECONDS]
    if unknown:
        raise InputError(f"the demo knows no behaviour {unknown[0]!r}; choose of {', '.join(MEAN_SECONDS)}")
    train, test, labels = {}, {}, {}
    for place, behaviour in enumerate(behaviours):
        start = 100 * (place + 1)
        own = {f"{behaviour}-train-{k:02d}": simulate(seed, start + k, 0, behaviour) for k in range(TRAIN // 3)}
        tests = {f"{behaviour}-test-{k:02d}": simulate(seed, start + 1000 + k, 0, behaviour) for k in range(TEST // 3)}
        labels[behaviour] = {name: sequence.pop("annotations") for name, sequence in tests.items()}
        train[behaviour] = {"vocabulary": [behaviour, "other"], "sequences": own}
        test[behaviour] = {"sequences": tests}
    _save_all(folder, train, test, labels)


def _save_all(folder: Path, train: dict, test: dict, labels: dict) -> None:
    _save(folder / "train.npy", train)
    _save(folder / "test.npy", test)
    _save(folder / "sample_submission.npy", _zeros(labels))
    _save(folder / "test_labels.npy", labels)


def _zeros(labels: dict) -> dict:
    """The same keys and lengths, all class 0."""
    return {name: _zeros(each) if isinstance(each, dict) else [0] * len(each) for name, each in labels.items()}


def _save(path: Path, value: dict) -> None:
    np.save(path, np.array(value, dtype=object), allow_pickle=True)
