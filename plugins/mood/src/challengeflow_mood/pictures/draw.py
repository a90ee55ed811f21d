"""Pictures of what was scored: best and worst cases in three planes, one case slice by slice, precision over recall,
and scores of healthy against abnormal cases.

Shown is the prepared grid: the patient's right, or in the sagittal plane the front, is to the right; front or top is
up. The map is laid over the scan from transparent to yellow; the outline is the known anomaly.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from challengeflow import DrawJob, Shard
from challengeflow.arrays import Arrays, Predictions
from challengeflow.scoring import write_json
from challengeflow_mood.data import alignment

SHOWN = 3  # best cases, and as many worst ones
SLICES = 16  # of the case that is shown slice by slice
BINS = 20
DOTS_PER_INCH = 90
OUTLINE = "#35d0ff"
PLANES = ("axial", "coronal", "sagittal")


@dataclass(frozen=True)
class Shown:
    """One case on the prepared grid: volume and map (g, g, g) in [0, 1], known anomaly (g, g, g) bool, and its row of
    scores.
    """

    volume: np.ndarray
    scores: np.ndarray
    anomaly: np.ndarray
    row: dict[str, Any]


def draw(job: DrawJob) -> None:
    """Write PNG files and pictures.json into `job.output`."""
    splits = json.loads(job.scores.read_text())["splits"]
    alarm = json.loads(job.decision.read_text())["alarm"]["score"]
    entries = []
    for split, scores in splits.items():
        table = scores["detail"]["case_table"]
        found = [row for row in table if row["label"] and row["pixel_ap"] is not None]
        ranked = sorted(found, key=lambda row: (-row["pixel_ap"], row["case"]))
        worst = ranked[SHOWN:][-SHOWN:][::-1]
        for name, rows in (("best", ranked[:SHOWN]), ("worst", worst)):
            cases = [case for row in rows if (case := _shown(job, split, row)) is not None]
            if cases:
                entries.append(_overlays(job.output, split, name, cases))
                if name == "worst" or not worst:
                    entries.append(_scrubber(job.output, split, cases[0]))
        entries += _histogram(split, table, alarm)
    entries += _curves(splits)
    write_json(job.output / "pictures.json", entries)


def _shown(job: DrawJob, split: str, row: dict[str, Any]) -> Shown | None:
    """The arrays of a scored case; None where its scan could not be read or its map is none of this challenge's."""
    for shard in job.shards:
        if shard.split == split and row["case"] in {sample.id for sample in shard.samples}:
            return _arrays(shard, row)
    return None


def _arrays(shard: Shard, row: dict[str, Any]) -> Shown | None:
    name, prepared = row["case"], Arrays(shard.prepared)
    facts, scores = prepared.attributes(name), Predictions(shard.predictions)[name]
    if facts["status"] != "ok" or list(scores.shape) != facts["shape"]:
        return None
    mapping = facts["mapping"]
    share = alignment.to_grid(np.asarray(Predictions(shard.gold)[name], np.float32).reshape(mapping["stored"]), mapping)
    anomaly = share > 0.5 * min(1.0, float(share.max()))  # a thin one fills no voxel of the grid
    return Shown(np.asarray(prepared[name]["volume"], np.float32), np.asarray(scores[0], np.float32), anomaly, row)


def _overlays(folder: Path, split: str, name: str, cases: list[Shown]) -> dict[str, Any]:
    """A row a case, its three planes through the middle of the anomaly, without the map and with it."""
    figure = _figure(9.6, 1.85 * len(cases))
    axes = figure.subplots(len(cases), 6, squeeze=False)
    for line, case in zip(axes, cases, strict=True):
        at = _middle(case.anomaly)
        for number, plane in enumerate(PLANES):
            _draw(line[2 * number], case, number, at, overlay=False)
            _draw(line[2 * number + 1], case, number, at, overlay=True)
            line[2 * number].set_title(plane if case is cases[0] else "", fontsize=8, loc="left")
        line[0].set_ylabel(f"{case.row['case']}\n{case.row['kind']}, AP {case.row['pixel_ap']:.2f}", fontsize=7)
    figure.subplots_adjust(0.08, 0.01, 0.995, 0.93, 0.03, 0.04)
    file = f"{split}-{name}.png"
    _save(figure, folder / file)
    titles = ", ".join(f"{case.row['case']} ({case.row['kind']}, {case.row['pixel_ap']:.3f})" for case in cases)
    return {
        "title": f"{split}: {name} cases",
        "caption": f"The abnormal cases with the {'highest' if name == 'best' else 'lowest'} average precision over "
        f"their own voxels: {titles}. Each plane through the middle of the anomaly (outline), without and with the "
        "map.",
        "alt": f"Three planes of {len(cases)} scans with the anomaly outlined and the map laid over",
        "files": [file],
    }


def _scrubber(folder: Path, split: str, case: Shown) -> dict[str, Any]:
    """Axial slices from bottom to top, one file each."""
    inside = np.flatnonzero(case.volume.max(axis=(0, 1)) > 0.05)
    files = []
    for number, k in enumerate(np.linspace(inside[0], inside[-1], SLICES).astype(int)):
        figure = _figure(5.0, 2.6)
        left, right = figure.subplots(1, 2)
        _draw(left, case, 0, (0, 0, k), overlay=False)
        _draw(right, case, 0, (0, 0, k), overlay=True)
        figure.subplots_adjust(0.01, 0.01, 0.99, 0.99, 0.02, 0)
        files.append(f"{split}-slices-{number:02d}.png")
        _save(figure, folder / files[-1])
    return {
        "title": f"{split}: {case.row['case']} slice by slice",
        "caption": (
            f"Axial slices of {case.row['case']} ({case.row['kind']}) from bottom to top; the anomaly is outlined."
        ),
        "alt": "Axial slices of one scan, beside each the same with the map laid over",
        "files": files,
    }


def _histogram(split: str, table: list[dict[str, Any]], alarm: float) -> Iterator[dict[str, Any]]:
    """Sample scores of healthy and abnormal cases, as shares of each."""
    scores = np.array([row["score"] for row in table])
    labels = np.array([row["label"] for row in table])
    edges = np.linspace(scores.min(), max(scores.max(), scores.min() + 1e-6), BINS + 1)
    lines = []
    for label, name in ((0, "healthy"), (1, "abnormal")):
        own = scores[labels == label]
        if len(own):
            shares = np.histogram(own, edges)[0] / len(own)
            middles = (edges[:-1] + edges[1:]) / 2
            lines.append(
                {"name": f"{name} ({len(own)})", "x": middles.round(5).tolist(), "y": shares.round(5).tolist()}
            )
    said = f"From {alarm:.3f} on a scan is alarming (one false alarm in ten scans)." if alarm <= 1 else ""
    yield {
        "title": f"{split}: scores of healthy and abnormal cases",
        "caption": f"Sample scores before calibration, the share of the cases in each of {BINS} bins. {said}".strip(),
        "x_label": "sample score",
        "y_label": "share of cases",
        "lines": lines,
    }


def _curves(splits: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Precision over recall of both tasks, a line a split."""
    for task, unit in (("pixel", "voxels"), ("sample", "cases")):
        lines = []
        for split, scores in splits.items():
            detail = scores["detail"]
            own = detail["curves"][task]
            if own["recall"]:
                name = f"{split}, average precision {detail[f'{task}_ap']:.3f} (chance {detail[f'{task}_chance']:.3f})"
                lines.append({"name": name, "x": own["recall"], "y": own["precision"]})
        if lines:
            yield {
                "title": f"Precision over recall, {unit}",
                "caption": f"Over all {unit} of a split at once, as the organisers score.",
                "x_label": "recall",
                "y_label": "precision",
                "lines": lines,
            }


def _middle(anomaly: np.ndarray) -> tuple[int, int, int]:
    """The voxel of the anomaly that is nearest to its centre; the middle of the grid where there is none."""
    places = np.argwhere(anomaly)
    if not len(places):
        return tuple(n // 2 for n in anomaly.shape)
    return tuple(places[np.linalg.norm(places - places.mean(axis=0), axis=1).argmin()].tolist())


def _draw(axes: Axes, case: Shown, plane: int, at: tuple[int, int, int], overlay: bool) -> None:
    """One plane through the voxel `at`: 0 axial, 1 coronal, 2 sagittal."""
    axis = 2 - plane
    cut = [np.take(array, at[axis], axis).T for array in (case.volume, case.scores, case.anomaly)]
    axes.imshow(cut[0], cmap="gray", vmin=0, vmax=1, origin="lower", interpolation="bilinear")
    if overlay:
        axes.imshow(cut[1], cmap="hot", vmin=0, vmax=1, alpha=np.clip(cut[1] * 1.4, 0, 0.85), origin="lower")
    if cut[2].any():
        axes.contour(cut[2], [0.5], colors=OUTLINE, linewidths=0.9)
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(False)


def _figure(width: float, height: float) -> Figure:
    """A figure of that many inches, free of pyplot's global state."""
    figure = Figure(figsize=(width, height), dpi=DOTS_PER_INCH)
    FigureCanvasAgg(figure)
    return figure


def _save(figure: Figure, path: Path) -> None:
    """Write a PNG without the note of the software that wrote it."""
    figure.savefig(path, metadata={"Software": None})
