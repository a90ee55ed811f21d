"""Raw tracks of a shard -> prepared tracks, each marked ok or with the reason why not, and one-hot gold apart."""

import re
from typing import Any

import numpy as np

from challengeflow import PreprocessJob, Sample
from challengeflow.arrays import Arrays, Writer
from challengeflow_mabe_task1.data import quality
from challengeflow_mabe_task1.data.layouts import MARS_PARTS
from challengeflow_mabe_task1.formats.labels import to_frames

FEWEST_FRAMES = 3
"""With fewer there is no motion to speak of."""


def preprocess(job: PreprocessJob) -> None:
    """Write `keypoints` (T, 2, 2, P) float32 pixels with the attributes vocabulary, fps, parts (names), annotator,
    pixels_per_cm (None: not known) and quality (`quality.assess`); gold `scores` (T, C) uint8.

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
                own = _classes(labels[sample.id], labels.attributes(sample.id), frames, classes, attributes["fps"])
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
    vocabulary = columns["vocabulary"].split("|") if columns["vocabulary"] else list(parameters["vocabulary"])
    status, points, doubtful = _track(raw, sample, parameters["least_confidence"])
    names: list[str] = []
    if status == "ok" and points is not None:
        status, names = _names(parameters["parts"], raw.attributes(sample.id)["parts"], points.shape[3])
    fps = float(columns["fps"] or parameters["fps"])
    frames = int(columns["frames"]) if points is None else len(points)
    scale = columns["pixels_per_cm"] or parameters["pixels_per_cm"]
    attributes: dict[str, Any] = {
        "status": status,
        "shape": [frames, len(vocabulary)],
        "vocabulary": vocabulary,
        "fps": fps,
        "annotator": int(float(columns["annotator"] or 0)),
        "pixels_per_cm": float(scale) if scale else None,
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
    if len(points) < FEWEST_FRAMES:
        return f"the track has {len(points)} frames; at least {FEWEST_FRAMES} are needed", points, 0.0
    if str(points.shape[3]) != sample.columns["parts"]:
        return f"{points.shape[3]} body parts where the other sequences have {sample.columns['parts']}", points, 0.0
    points, doubtful = _confident(points, raw[sample.id].get("confidence"), least_confidence)
    if np.isnan(points).all():
        return "no body part was seen in any frame", points, doubtful
    return "ok", points, doubtful


def _confident(points: np.ndarray, confidence: np.ndarray | None, least: float) -> tuple[np.ndarray, float]:
    """Points without those whose confidence is below `least` (NaN stays: trackers give none for what they infer)."""
    points = np.where(np.isfinite(points), points, np.float32(np.nan))
    if confidence is None or least <= 0:
        return points, 0.0
    low = confidence < least
    return np.where(low[:, :, None], np.float32(np.nan), points), float(low.mean())


def _names(wanted: list[str] | None, found: list[str] | None, parts: int) -> tuple[str, list[str]]:
    """Status and names of the body parts: those of the config, else of the file, else of MARS, else numbers.

    Names of a file are told as people say them ("Tail_base": "tail base"), so that trackers and models agree on them.
    """
    if wanted is not None and len(wanted) != parts:
        return f"{parts} body parts, but {len(wanted)} names in the parameter parts", []
    if wanted is not None:
        return "ok", list(wanted)
    if found is not None:
        plain = [re.sub(r"[\s_.-]+", " ", name).strip().lower() for name in found]
        return "ok", plain if len(set(plain)) == len(found) else list(found)
    return "ok", list(MARS_PARTS) if parts == len(MARS_PARTS) else [str(part) for part in range(parts)]


def _classes(entry: dict[str, np.ndarray], attributes: Any, frames: int, classes: int, fps: float) -> np.ndarray:
    """The class number of each labelled frame, from a number a frame or from bouts."""
    if "annotations" in entry:
        return entry["annotations"]
    rate = fps if attributes["unit"] == "seconds" else 1.0
    return to_frames(entry["bouts"], rate, attributes["span"], frames, classes)
