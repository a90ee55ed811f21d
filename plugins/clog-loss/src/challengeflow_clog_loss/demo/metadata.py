"""The demo's four CSV files in the competition's exact formats, made from a seed; and its videos, one by one."""

from pathlib import Path

import numpy as np

from challengeflow_clog_loss.data import tables
from challengeflow_clog_loss.demo import synthesis

PROJECTS = "ACDEFGHIJKLM"
POSITIVE = 0.5  # as in the real nano dataset, so that a few dozen videos tell good from bad
NARROW = 0.15
FRAMES = 28  # the median; that of the real videos is 56
FIRST_ID = 100_000
BUCKET = "s3://drivendata-competition-clog-loss"


def write_tables(folder: Path, seed: int, videos: int) -> None:
    """Write the CSV files of a demo whose nano dataset has `videos` training videos, and test_labels.csv."""
    random = np.random.default_rng([seed, 3])
    count, test_count = 2 * videos, videos // 2
    kinds = random.permutation(["train"] * count + ["test"] * test_count)  # the real ids are mixed as well
    train: list[tuple[object, ...]] = []
    test: list[tuple[object, ...]] = []
    labels, hidden = [], []
    stalled = _labels(random, count)
    test_stalled = np.arange(test_count) < round(POSITIVE * test_count)
    random.shuffle(test_stalled)
    for place, kind in enumerate(kinds):
        filename = f"{FIRST_ID + place}.mp4"
        frames = int(np.clip(FRAMES * np.exp(random.normal(0, 0.35)), 20, 64))
        url = f"{BUCKET}/{kind}/{filename}"
        if kind == "test":
            hidden.append((filename, int(test_stalled[len(test)])))
            test.append((filename, url, frames))
            continue
        number = len(train)
        label = int(stalled[number])
        crowd = np.round(np.clip(random.normal(0.75 if label else 0.12, 0.2), 0, 1), 6)
        subset = (number < 1.5 * videos, number < videos)
        train.append((filename, url, PROJECTS[number % len(PROJECTS)], frames, crowd, True, *map(bool, subset)))
        labels.append((filename, label))
    tables.write_table(folder / "train_metadata.csv", tables.TRAIN_COLUMNS, train)
    tables.write_table(folder / "train_labels.csv", tables.LABEL_COLUMNS, labels)
    tables.write_table(folder / "test_metadata.csv", tables.TEST_COLUMNS, test)
    tables.write_table(folder / "submission_format.csv", tables.FORMAT_COLUMNS, [(row[0], 0) for row in test])
    tables.write_table(folder / "test_labels.csv", tables.LABEL_COLUMNS, hidden)


def _labels(random: np.random.Generator, count: int) -> np.ndarray:
    """Labels of the training videos: each round of the projects has the same share of stalled ones."""
    order = np.concatenate([random.permutation(len(PROJECTS)) for _ in range(-(-count // len(PROJECTS)))])[:count]
    return order < round(POSITIVE * len(PROJECTS))


def write_video(path: Path, seed: int, sample: str, project: str, stalled: bool, frames: int) -> None:
    """Write one demo video; some are 418 instead of 512 pixels wide."""
    width = 418 if np.random.default_rng([seed, 4, *sample.encode()]).random() < NARROW else 512
    synthesis.write_video(path, seed, sample, project, stalled, frames, width)


def project_of(seed: int, sample: str, group: str) -> str:
    """The look a video has: that of its project; a test video, whose project is not told, has one of them."""
    if group in PROJECTS:
        return group
    return PROJECTS[int(np.random.default_rng([seed, 5, *sample.encode()]).integers(len(PROJECTS)))]
