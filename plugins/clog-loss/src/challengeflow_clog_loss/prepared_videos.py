"""Raw videos of a shard to prepared arrays: the outlined cube, its mask and the figures of the surroundings.

Prepared arrays of a sample: `cube` uint8 (frames, rows, columns), the box of the region with its margin and without
its outline; `mask` uint8 (rows, columns), 1 inside the outline; `surroundings` float32 (frames, 5), see
surroundings.COLUMNS. Attributes: status, shape, frames, size [rows, columns] of the whole frame, box [top, left,
bottom, right] and found_by.
"""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from challengeflow import PreprocessJob
from challengeflow.arrays import Writer
from challengeflow_clog_loss import gold_labels, workers

SHAPE = [1]


def run(job: PreprocessJob) -> None:
    """Prepare every video of the shard in worker processes; each is kept in `job.work` until the shard is complete."""
    waiting = [sample for sample in job.samples if not _kept(job.work, sample.id).exists()]
    items = [
        (job.raw / f"{s.id}.mp4", _frames(s.columns["num_frames"]), job.parameters["margin"], _kept(job.work, s.id))
        for s in waiting
    ]
    died = {
        waiting[place].id
        for place, survived in job.progress(workers.for_each(prepare, items, job.threads), "video", len(items))
        if not survived
    }
    with Writer(job.prepared) as out:
        for sample in job.samples:
            if sample.id in died:
                out.add(sample.id, {"status": "decoder died", "shape": SHAPE})
            else:
                attributes, arrays = _read(_kept(job.work, sample.id))
                out.add(sample.id, attributes, **arrays)
    if job.labelled:
        gold_labels.write_gold(job.gold, job.index_gold / "labels.csv", job.samples)
    for sample in job.samples:
        _kept(job.work, sample.id).unlink(missing_ok=True)


def prepare(path: Path, frames: int | None, margin: int, target: Path) -> None:
    """Prepare one video into the file `target`, whole or not at all; whatever is wrong with it becomes its status."""
    try:
        attributes, arrays = _prepared(path, frames, margin)
    except Exception as error:
        from challengeflow_clog_loss.video import VideoError

        reason = str(error) if isinstance(error, VideoError) else f"{type(error).__name__}: {error}"
        attributes, arrays = {"status": reason, "shape": SHAPE}, {}
    temporary = target.with_suffix(".part")
    with open(temporary, "wb") as file:
        np.savez(file, attributes=np.frombuffer(json.dumps(attributes).encode(), np.uint8), **arrays)
    os.replace(temporary, target)


def _prepared(path: Path, frames: int | None, margin: int) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    from challengeflow_clog_loss import region, surroundings, video

    decoded = video.decode(path, frames)
    found = region.find_region(decoded)
    rows, columns = box = found.box(margin)
    attributes = {
        "status": "ok",
        "shape": SHAPE,
        "frames": len(decoded.luma),
        "size": list(decoded.luma.shape[1:]),
        "box": [rows.start, columns.start, rows.stop, columns.stop],
        "found_by": found.found_by,
    }
    return attributes, {
        "cube": region.without_outline(decoded.luma[:, rows, columns], found.outline[box]),
        "mask": found.inside[box].astype(np.uint8),
        "surroundings": surroundings.measure(decoded.luma, found),
    }


def _kept(work: Path, sample: str) -> Path:
    return work / f"{sample}.npz"


def _read(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    with np.load(path, allow_pickle=False) as kept:
        arrays = {name: kept[name] for name in kept.files}
    return json.loads(arrays.pop("attributes").tobytes()), arrays


def _frames(text: str) -> int | None:
    """Frames the metadata promises; a folder of one's own says nothing."""
    return int(text) if text else None
