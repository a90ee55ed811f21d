"""Curves of a scored variant, as numbers that the report draws: precision, calibration, thresholds, learning."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from challengeflow_clog_loss.scoring.scored_videos import Videos

POINTS = 60


def precision_recall(videos: Videos, target: float) -> dict[str, Any] | None:
    """Precision by sensitivity at the target prevalence and as in the videos; None with a single class."""
    if not 0 < videos.stalled.sum() < len(videos.stalled):
        return None
    order = np.argsort(-videos.chance, kind="stable")
    sensitivity = np.cumsum(videos.stalled[order]) / videos.stalled.sum()
    false_alarms = np.cumsum(~videos.stalled[order]) / (~videos.stalled).sum()
    some = np.unique(np.searchsorted(sensitivity, np.linspace(0.02, 1, POINTS)).clip(0, len(order) - 1))
    lines = []
    for share in dict.fromkeys((round(float(videos.stalled.mean()), 3), target)):
        right, wrong = share * sensitivity[some], (1 - share) * false_alarms[some]
        lines.append(_line(f"{share:.1%} stalled", sensitivity[some], right / (right + wrong)))
    return _curve(
        "Precision and sensitivity",
        "Out of fold, by threshold: how many stalled vessels are found, and how many of those called stalled are.",
        ("sensitivity", "precision"),
        lines,
    )


def calibration(detail: Mapping[str, Any]) -> dict[str, Any]:
    """Share that is stalled by calibrated probability."""
    rows = detail["calibration"]
    probability = [row["probability"] for row in rows]
    lines = [_line("videos", probability, [row["stalled"] for row in rows]), _line("perfect", [0, 1], [0, 1])]
    caption = (
        f"Out of fold, at {detail['target_prevalence']:.1%} stalled; each point is {rows[0]['videos']} videos or so."
    )
    return _curve("Calibration", caption, ("calibrated probability", "share stalled"), lines)


def thresholds(detail: Mapping[str, Any]) -> dict[str, Any]:
    """Expected MCC by the share that is answered stalled, up to all, with the threshold that was chosen among them."""
    chosen = detail["chosen_threshold"]
    rows = sorted([*detail["thresholds"], chosen], key=lambda row: row["answered_stalled"])
    most = max(row["expected_mcc"] for row in rows)
    lines = [
        _line("expected MCC", [row["answered_stalled"] for row in rows], [row["expected_mcc"] for row in rows]),
        _line("chosen", [chosen["answered_stalled"]] * 2, [0, most]),
    ]
    caption = (
        f"At {detail['target_prevalence']:.1%} stalled, out of fold; the table in decision.json has the thresholds."
    )
    return _curve("How many to call stalled", caption, ("share answered stalled", "expected MCC"), lines)


def learning(folders: Sequence[Path]) -> list[dict[str, Any]]:
    """Loss, and AUC on inner projects, by epoch, of the networks among the model folders."""
    losses, ranks = [], []
    for folder in (folder for folder in folders if (folder / "curve.csv").exists()):
        with open(folder / "curve.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        epochs = list(range(1, len(rows) + 1))
        losses.append(_line(folder.name, epochs, [float(row["loss"]) for row in rows]))
        known = [(epoch, float(row["score"])) for epoch, row in zip(epochs, rows, strict=True) if row["score"]]
        if known:
            ranks.append(_line(folder.name, *zip(*known, strict=True)))
    named = (
        ("Learning curve", "Loss on training batches.", "cross-entropy", losses),
        (
            "Learning curve, inner projects",
            "Ranking of projects held out for early stopping.",
            "area under the curve",
            ranks,
        ),
    )
    return [_curve(title, caption, ("epoch", label), lines) for title, caption, label, lines in named if lines]


def _line(name: str, x: Sequence[float], y: Sequence[float]) -> dict[str, Any]:
    return {"name": name, "x": [round(float(v), 5) for v in x], "y": [round(float(v), 5) for v in y]}


def _curve(title: str, caption: str, labels: tuple[str, str], lines: list[dict[str, Any]]) -> dict[str, Any]:
    return {"title": title, "caption": caption, "x_label": labels[0], "y_label": labels[1], "lines": lines}
