"""Curves that the report draws: precision over recall, calibration, and how the members learnt."""

import csv
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.metrics import precision_recall_curve

from challengeflow import Member

POINTS = 100
BINS = 10


def of_scores(
    where: str, names: Sequence[str], scored: Sequence[int], scores: np.ndarray, labels: np.ndarray
) -> list[dict[str, Any]]:
    """Entries of pictures.json; scores: (T, C), labels: (T,), -1 for none. No entry for a class without frames."""
    known = labels >= 0
    precision, calibration = [], []
    for k in scored:
        truth, score = labels[known] == k, scores[known, k].astype(np.float64)
        if not truth.any():
            continue
        right, found, _ = precision_recall_curve(truth, score)
        # Recall falls from 1 to 0: the first point at or below each of some evenly spread values.
        thinned = np.unique(np.searchsorted(-found, np.linspace(-1, 0, POINTS)))
        precision.append(_line(names[k], found[thinned], right[thinned]))
        share, said = calibration_curve(truth, np.clip(score, 0, 1), n_bins=BINS)
        calibration.append(_line(names[k], said, share))
    if not precision:
        return []
    return [
        {
            "title": f"Precision and recall, {where}",
            "caption": "Frame by frame, for every threshold of the scores before the decision.",
            "x_label": "recall",
            "y_label": "precision",
            "lines": precision,
        },
        {
            "title": f"Calibration, {where}",
            "caption": f"How often a behaviour is there when the score says so, {BINS} bins; the diagonal is perfect.",
            "x_label": "score",
            "y_label": "share of frames",
            "lines": [*calibration, _line("perfect", np.array([0, 1]), np.array([0, 1]))],
        },
    ]


def learning(members: Sequence[Member]) -> list[dict[str, Any]]:
    """The learning curves of the folds' networks, where the models keep some: an entry for loss and one for score."""
    found: dict[str, list[dict[str, Any]]] = {"loss": [], "score": []}
    for member in members:
        for folder in member.models:
            if (folder / "curve.csv").is_file():
                with open(folder / "curve.csv", newline="") as file:
                    _learnt(list(csv.DictReader(file)), f"{member.model}, {folder.name}", found)
    captions = {"loss": "Training loss", "score": "Score on inner groups that training leaves out"}
    return [
        {
            "title": f"Learning curve: {what.replace('_', ' ')}",
            "caption": f"{captions[what]}, by epoch; a line for each network of each fold.",
            "x_label": "epoch",
            "y_label": what.replace("_", " "),
            "lines": lines,
        }
        for what, lines in found.items()
        if lines
    ]


def _learnt(rows: Sequence[dict[str, str]], name: str, found: dict[str, list[dict[str, Any]]]) -> None:
    for part in dict.fromkeys(row["part"] for row in rows):
        own = [row for row in rows if row["part"] == part and row.get("stage", "training") == "training"]
        for what, lines in found.items():
            kept = [row for row in own if row[what]]
            if kept:
                epochs = np.array([int(row["epoch"]) for row in kept])
                lines.append(_line(f"{name}, part {part}", epochs, np.array([float(row[what]) for row in kept])))


def _line(name: str, x: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    return {"name": name, "x": np.round(x, 5).tolist(), "y": np.round(y, 5).tolist()}
