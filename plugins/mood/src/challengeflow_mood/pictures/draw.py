"""Pictures of what was scored: best and worst cases in three planes, one case slice by slice, precision over recall,
and scores of healthy against abnormal cases.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from challengeflow import DrawJob, Shard
from challengeflow.arrays import Arrays, Predictions
from challengeflow.scoring import write_json
from challengeflow_mood.data import alignment
from challengeflow_mood.pictures import planes
from challengeflow_mood.pictures.planes import Shown

SHOWN = 3  # best cases, and as many worst ones
SLICES = 16  # of the case that is shown slice by slice
BINS = 20


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
    figure = planes.new_figure(9.6, 1.85 * len(cases) + planes.FOOT)
    axes = figure.subplots(len(cases), 6, squeeze=False)
    for line, case in zip(axes, cases, strict=True):
        planes.draw_row(line, case, planes.middle(case.anomaly), named=case is cases[0])
        said = f"{case.row['case']}\n{case.row['kind']}, AP {case.row['pixel_ap']:.2f}"
        line[0].set_ylabel(said, fontsize=planes.POINTS, color=planes.WRITING)
    height = figure.get_figheight()
    figure.subplots_adjust(0.08, planes.FOOT / height, 0.995, 1 - 0.25 / height, 0.03, 0.04)
    planes.draw_scale(figure)
    file = f"{split}-{name}.png"
    planes.save(figure, folder / file)
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
    """Axial slices from bottom to top, one file each; it opens at the anomaly."""
    inside, through = np.flatnonzero(case.volume.max(axis=(0, 1)) > 0.05), planes.middle(case.anomaly)[2]
    levels = np.linspace(inside[0], inside[-1], SLICES).astype(int)
    opens_at = int(np.abs(levels - through).argmin())
    levels[opens_at] = through  # a small anomaly lies between two of them
    files = []
    for number, k in enumerate(levels):
        figure = planes.new_figure(5.6, 2.8 + planes.FOOT)
        left, right = figure.subplots(1, 2)
        planes.draw_plane(left, case, 0, (0, 0, k), overlay=False)
        planes.draw_plane(right, case, 0, (0, 0, k), overlay=True)
        figure.subplots_adjust(0.01, planes.FOOT / figure.get_figheight(), 0.99, 0.99, 0.02, 0)
        planes.draw_scale(figure)
        files.append(f"{split}-slices-{number:02d}.png")
        planes.save(figure, folder / files[-1])
    return {
        "title": f"{split}: {case.row['case']} slice by slice",
        "caption": (
            f"Axial slices of {case.row['case']} ({case.row['kind']}) from bottom to top; the anomaly is outlined."
        ),
        "alt": "Axial slices of one scan, beside each the same with the map laid over",
        "files": files,
        "opens_at": opens_at,
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
