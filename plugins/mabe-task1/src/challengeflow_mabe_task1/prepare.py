"""Raw tracks of a shard -> prepared tracks, each marked ok or with the reason why not, and one-hot gold apart."""

import numpy as np

from challengeflow import PreprocessJob, Sample
from challengeflow.arrays import Arrays, Writer


def run(job: PreprocessJob) -> None:
    """Write `keypoints` (T, 2, 2, P) float32 pixels with attributes vocabulary, fps, parts; gold `scores` (T, C) uint8.

    Gold rows are zero where a frame has no label. Labels that go on after the track are cut off; frames after the last
    label are unlabelled; both lengths are attributes of the gold.
    """
    raw = Arrays(job.raw)
    labels = Arrays(job.index_gold / "labels") if job.labelled else {}
    with Writer(job.prepared) as prepared, Writer(job.gold if job.labelled else job.work / "no-gold") as gold:
        for sample in job.progress(job.samples, "sequence"):
            vocabulary = sample.columns["vocabulary"].split("|") if sample.columns["vocabulary"] else None
            vocabulary = vocabulary or list(job.parameters["vocabulary"])
            status, points = _track(raw, sample)
            if status == "ok":
                status, names = _names(job.parameters["parts"], points.shape[3])
            frames = int(sample.columns["frames"]) if points is None else len(points)
            attributes = {"status": status, "shape": [frames, len(vocabulary)], "vocabulary": vocabulary}
            if status == "ok":
                attributes |= {"fps": float(job.parameters["fps"]), "parts": names}
                prepared.add(sample.id, attributes, keypoints=points)
            else:
                prepared.add(sample.id, attributes)
            if sample.id in labels:
                classes = labels[sample.id]["annotations"]
                lengths = {"frames": frames, "labels": len(classes)}
                gold.add(sample.id, lengths, scores=one_hot(classes, frames, len(vocabulary)))


def one_hot(labels: np.ndarray, frames: int, classes: int) -> np.ndarray:
    """Class numbers (any length; negative: none) as uint8 (frames, classes), cut off or left zero at the end."""
    result = np.zeros((frames, classes), np.uint8)
    labels = labels[:frames]
    known = np.flatnonzero(labels >= 0)
    result[known, labels[known]] = 1
    return result


def _track(raw: Arrays, sample: Sample) -> tuple[str, np.ndarray | None]:
    if sample.id not in raw:
        return f"file missing: {sample.columns['file']} has no such sequence", None
    status = raw.attributes(sample.id)["status"]
    if status != "ok":
        return status, None
    points = raw[sample.id]["keypoints"]
    if not len(points):
        return "the track has no frames", points
    if str(points.shape[3]) != sample.columns["parts"]:
        return f"{points.shape[3]} body parts where the other sequences have {sample.columns['parts']}", points
    if np.isnan(points).all():
        return "no body part was seen in any frame", points
    return "ok", points


def _names(names: list[str] | None, parts: int) -> tuple[str, list[str]]:
    from challengeflow_mabe_task1.layouts import MARS_PARTS

    if names is None:
        return "ok", list(MARS_PARTS) if parts == len(MARS_PARTS) else [str(part) for part in range(parts)]
    if len(names) != parts:
        return f"{parts} body parts, but {len(names)} names in the parameter parts", []
    return "ok", list(names)
