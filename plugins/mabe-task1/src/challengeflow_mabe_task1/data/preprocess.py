"""Raw tracks of a shard -> prepared tracks, each marked ok or with the reason why not, and one-hot gold apart."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from challengeflow import InputError, PreprocessJob, Sample
from challengeflow.arrays import Arrays, Writer
from challengeflow_mabe_task1.data import parts, quality, sequences
from challengeflow_mabe_task1.formats.labels import to_frames


def preprocess(job: PreprocessJob) -> None:
    """Write `keypoints` (T, 2, 2, P) float32 pixels with the attributes vocabulary, fps, first_frame (of the video),
    parts (names), annotator, pixels_per_cm (None: not known), notes (sentences) and quality (`quality.assess`); gold
    `scores` (T, C) uint8.

    Gold rows are zero where a frame has no label. Labels that go on after the track are cut off; frames after the last
    label are unlabelled; both lengths are attributes of the gold.
    """
    raw = Arrays(job.raw)
    labels = Arrays(job.index_gold / "labels") if job.labelled else None
    with Writer(job.prepared) as prepared, Writer(job.gold if job.labelled else job.work / "no-gold") as gold:
        for sample in job.progress(job.samples, "sequence"):
            attributes, arrays = _prepared(raw, sample, job.parameters)
            prepared.add(sample.id, attributes, **arrays)
            if labels is not None and sample.id in labels:
                frames, classes = attributes["shape"]
                own = _classes(labels[sample.id], labels.attributes(sample.id), attributes)
                gold.add(sample.id, {"frames": frames, "labels": len(own)}, scores=one_hot(own, frames, classes))


def one_hot(labels: np.ndarray, frames: int, classes: int) -> np.ndarray:
    """Class numbers (any length; negative: none) as uint8 (frames, classes), cut off or left zero at the end."""
    result = np.zeros((frames, classes), np.uint8)
    labels = labels[:frames]
    known = np.flatnonzero(labels >= 0)
    result[known, labels[known]] = 1
    return result


def _prepared(raw: Arrays, sample: Sample, parameters: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The attributes of a prepared sequence and its arrays: keypoints where they are sound, else none."""
    columns = sample.columns
    vocabulary = sequences.listed(columns["vocabulary"]) or list(parameters["vocabulary"])
    status, points, doubtful = _track(raw, sample, parameters["least_confidence"])
    names: list[str] = []
    if status == "ok" and points is not None:
        try:
            found, used = raw.attributes(sample.id)["parts"], sequences.listed(columns["parts"])
            names, places = parts.chosen(found, points.shape[3], used, parameters["parts"])
            points = points[..., places]
        except InputError as error:
            status = str(error)
    fps = float(columns["fps"] or parameters["fps"])
    frames = int(columns["frames"]) if points is None else len(points)
    scale = columns["pixels_per_cm"] or parameters["pixels_per_cm"]
    attributes: dict[str, Any] = {
        "status": status,
        "shape": [frames, len(vocabulary)],
        "vocabulary": vocabulary,
        "fps": fps,
        "first_frame": raw.attributes(sample.id).get("first_frame", 0) if sample.id in raw else 0,
        "annotator": int(float(columns["annotator"] or 0)),
        "pixels_per_cm": float(scale) if scale else None,
        "notes": [*sequences.listed(columns["notes"]), *_rate_notes(columns, parameters["fps"])],
    }
    if status != "ok" or points is None:
        return attributes, {}
    attributes |= {"parts": names, "quality": quality.assess(points, fps, doubtful)}
    return attributes, {"keypoints": points}


def _track(raw: Arrays, sample: Sample, least_confidence: float) -> tuple[str, np.ndarray | None, float]:
    """Status, points, and the share of points left out for low confidence."""
    if sample.id not in raw:
        return f"file missing: {sample.columns['file']} has no such sequence", None, 0.0
    status = raw.attributes(sample.id)["status"]
    if status != "ok":
        return status, None, 0.0
    points = raw[sample.id]["keypoints"]
    points, doubtful = _confident(points, raw[sample.id].get("confidence"), least_confidence)
    return quality.status(points), points, doubtful


def _confident(points: np.ndarray, confidence: np.ndarray | None, least: float) -> tuple[np.ndarray, float]:
    """Points without those whose confidence is below `least` (NaN stays: trackers give none for what they infer)."""
    points = np.where(np.isfinite(points), points, np.float32(np.nan))
    if confidence is None or least <= 0:
        return points, 0.0
    low = confidence < least
    return np.where(low[:, :, None], np.float32(np.nan), points), float(low.mean())


def _rate_notes(columns: Mapping[str, str], configured: float) -> list[str]:
    """Sentences where files, recordings.csv and the config do not agree on the frames a second."""
    used, stated, labels = (float(columns[name] or 0) for name in ("fps", "stated_fps", "label_rate"))
    if stated and used != stated:
        return [f"its files say {stated:g} frames a second, recordings.csv {used:g}; the latter is believed"]
    if stated and stated != configured:
        return [f"its files say {stated:g} frames a second, the config {configured:g}; the files are believed"]
    if labels and labels != (used or configured):
        return [f"its labels were made at {labels:g} frames a second, the track has {used or configured:g}"]
    return []


def _classes(entry: dict[str, np.ndarray], facts: Mapping[str, Any], prepared: Mapping[str, Any]) -> np.ndarray:
    """The class number of each labelled frame of a track, from a number a frame or from bouts."""
    if "annotations" in entry:
        return entry["annotations"]
    frames, classes = prepared["shape"]
    first, fps = prepared["first_frame"], prepared["fps"]
    return to_frames(entry["bouts"], entry["known"], facts, fps, first, frames, classes)
