"""The demo of one's own data: a lab's folder as trackers and annotators leave it.

DeepLabCut's csv of two animals (not in the same order in every file), labels of Bento, BORIS and a plain table, some
recordings not labelled yet, and a recordings.csv that says what the files do not.
"""

import csv
from pathlib import Path

import numpy as np

from challengeflow_mabe_task1.data.recordings_table import NAME as TABLE
from challengeflow_mabe_task1.demo.behaviour_states import Bout, draw_bouts
from challengeflow_mabe_task1.demo.motion import film, move
from challengeflow_mabe_task1.formats import bento
from challengeflow_mabe_task1.formats.bouts import Bout as LabelBout

LABELLED, UNLABELLED = 12, 4
PARTS = ("snout", "ear_l", "ear_r", "neck", "hip_l", "hip_r", "tail_base")
NAMES = {"attack": "fight", "investigation": "sniff", "mount": "mount", "chase": "chase"}
"""What the lab calls the simulated states it looks for."""

HEADER = ("recording", "poses", "labels", "group", "fps", "pixels_per_cm", "resident", "intruder")

BORIS_COLUMNS = (
    "Observation id",
    "Observation date",
    "Description",
    "Media file",
    "Total length",
    "FPS",
    "Subject",
    "Behavior",
    "Behavioral category",
    "Modifiers",
    "Behavior type",
    "Start (s)",
    "Stop (s)",
    "Duration (s)",
    "Comment start",
    "Comment stop",
)


def write(folder: Path, seed: int) -> None:
    """Simulate the folder; the same seed gives the same bytes. Two recordings each are of one resident (the group)."""
    rows = []
    for number in range(LABELLED + UNLABELLED):
        random = np.random.default_rng([seed, 7, number])
        fps, frames = (25.0, 30.0)[number % 2], int(random.integers(1800, 2400))
        bouts = draw_bouts(frames, fps, random)
        keypoints = film(move(bouts, frames, fps, random), bouts, random)
        name = f"cage{number // 2}-day{number % 2}"
        poses = f"{name}DLC_dlcrnetms5_homecageOct3shuffle1_50000_el.csv"
        _write_poses(folder / poses, keypoints, random)
        own = _write_labels(folder, name, number, bouts, frames, fps) if number < LABELLED else ""
        rows.append((name, poses, own, f"cage{number // 2}", f"{fps:g}", "11.5", "black", "white"))
    with open(folder / TABLE, "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([HEADER, *rows])


def _write_poses(path: Path, keypoints: np.ndarray, random: np.random.Generator) -> None:
    """DeepLabCut's csv: hidden points have a low likelihood and wander; the white animal comes first in some files."""
    likelihood = np.clip(random.normal(0.97, 0.02, keypoints[:, :, 0].shape), 0, 1)
    hidden = random.random(likelihood.shape) < 0.03
    likelihood[hidden] = random.uniform(0, 0.4, hidden.sum())
    points = np.where(hidden[:, :, None], keypoints + random.normal(0, 40, keypoints.shape), keypoints)
    order = random.permutation(2)
    columns = [
        (("black", "white")[animal], part, coordinate)
        for animal in order
        for part in PARTS
        for coordinate in ("x", "y", "likelihood")
    ]
    table = np.concatenate([points, likelihood[:, :, None]], axis=2)[:, order]  # (T, 2, 3, P)
    values = table.transpose(0, 1, 3, 2).reshape(len(points), -1)
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["scorer", *["DLC_dlcrnetms5_homecageOct3shuffle1_50000"] * len(columns)])
        for level, names in zip(("individuals", "bodyparts", "coords"), zip(*columns, strict=True), strict=True):
            writer.writerow([level, *names])
        np.savetxt(
            file, np.column_stack([np.arange(len(values)), values]), fmt=["%d"] + ["%.2f"] * len(columns), delimiter=","
        )


def _write_labels(folder: Path, name: str, number: int, bouts: list[Bout], frames: int, fps: float) -> str:
    """Labels of one recording, in the form of the program that its annotator uses; returns the file's name."""
    found = [LabelBout(NAMES[bout.state], bout.start, bout.stop) for bout in bouts if bout.state in NAMES]
    if number % 3 == 0:
        bento.write(folder / f"{name}.annot", found, frames, fps, f"{name}.mp4")
        return f"{name}.annot"
    if number % 3 == 1:
        _write_boris(folder / f"{name}_boris.csv", name, found, frames, fps)
        return f"{name}_boris.csv"
    with open(folder / f"{name}_labels.csv", "w", newline="") as file:
        rows = ((bout.behaviour, bout.start, bout.stop) for bout in found)
        csv.writer(file, lineterminator="\n").writerows([("behaviour", "start_frame", "stop_frame"), *rows])
    return f"{name}_labels.csv"


def _write_boris(path: Path, name: str, bouts: list[LabelBout], frames: int, fps: float) -> None:
    """BORIS's aggregated events, as it exports them."""
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(BORIS_COLUMNS)
        for bout in bouts:
            start, stop = bout.start / fps, bout.stop / fps
            facts = [name, "", "", name, f"{frames / fps:.3f}", f"{fps:g}", "No focal subject"]
            times = [f"{start:.3f}", f"{stop:.3f}", f"{stop - start:.3f}"]
            writer.writerow([*facts, bout.behaviour, "", "", "STATE", *times, "", ""])
