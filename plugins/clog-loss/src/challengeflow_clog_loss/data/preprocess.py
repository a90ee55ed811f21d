"""Raw videos of a shard to prepared arrays: the outlined cube, its mask and the figures of the surroundings.

Prepared arrays of a sample: `cube` uint8 (frames, rows, columns), the box of the region with its margin and without its
outline; `mask` uint8 (rows, columns), 1 inside the outline; `surroundings` float32 (frames, 5), see
surroundings.COLUMNS. Attributes: status, shape, frames, size [rows, columns] of the whole frame, codec_format, box
[top, left, bottom, right], found_by and region (see region.Region.quality), and what remarks are made of: repeats
(frames that are as an earlier one), absent (frames without the outline where it was found), black and bright (shares of
the region), other_colour (share of the frame), streams and declared (frames the file says it has). A video that cannot
be used has, where a frame could be decoded, `thumbnail` uint8 (rows, columns). A fetched video has bytes and sha256 as
well.
"""

import json
import os
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from challengeflow import InputError, PreprocessJob
from challengeflow.arrays import Writer
from challengeflow.outside.door import Unreadable, read_each
from challengeflow_clog_loss.data import gold_labels, manifest

if TYPE_CHECKING:
    from challengeflow_clog_loss.video.region import Region

SHAPE = [1]
FEWEST_FRAMES = 8  # that differ; of fewer nobody could tell; the shortest of the challenge has 17
SAME, SAME_MOST = 0.25, 2.0  # mean difference of luma in the region up to which a frame repeats another
SAME_SHARE = 0.15  # of what neighbouring frames differ by: a codec that predicts frames does not repeat them exactly
SHOWN = 1 / 3  # of the outline's strongest colour in any frame: a frame with less does not show it where it is
PART = 21  # frames of which an outline is looked for at a time where the first frames have none
LONGEST_LOOP, PIXELS = 100, 500  # frames back that are compared, by about so many pixels of the region
CUT_OFF = 0.9  # of the length that a file states
BLACK, BRIGHT = 18, 234  # luma at the ends of the camera's range
HELD_BYTES = 8 << 20  # of frames held until the region is found: 21 of 512 x 384 pixels
THUMBNAIL = 128  # columns at most
SECONDS_A_VIDEO = 600  # preparing one takes less than a second; a hanging decoder is ended


def preprocess(job: PreprocessJob) -> None:
    """Prepare every video of the shard in worker processes; each is kept in `job.work` until the shard is complete."""
    waiting = [sample for sample in job.samples if not _kept(job.work, sample.id).exists()]
    margin, no_region = job.parameters["margin"], job.parameters["no_region"]
    items = [
        (job.raw / f"{s.id}.mp4", _frames(s.columns["num_frames"]), margin, _kept(job.work, s.id), no_region)
        for s in waiting
    ]
    prepared = read_each(prepare, items, workers=job.threads, seconds=SECONDS_A_VIDEO, memory_mb=job.memory_mb)
    deaths = {
        waiting[place].id: result.reason
        for place, result in job.progress(prepared, "video", len(items))
        if isinstance(result, Unreadable)
    }
    _write(job, deaths)
    if job.labelled:
        gold_labels.write_gold(job.gold, job.index_gold / "labels.csv", job.samples)
    for sample in job.samples:
        _kept(job.work, sample.id).unlink(missing_ok=True)


def _write(job: PreprocessJob, deaths: dict[str, str]) -> None:
    attributes: dict[str, Any]
    arrays: dict[str, np.ndarray]
    fetched = manifest.read(job.raw)
    from challengeflow_clog_loss.video.region import NO_OUTLINE

    without_outline = []
    with Writer(job.prepared) as out:
        for sample in job.samples:
            if sample.id in deaths:
                attributes, arrays = {"status": deaths[sample.id], "shape": SHAPE}, {}
            else:
                attributes, arrays = read_kept(_kept(job.work, sample.id))
            known = fetched.get(sample.id, {})
            if known.get("problem"):
                attributes["status"] += f" ({known['problem']})"
            elif known:
                attributes |= {"bytes": int(known["bytes"]), "sha256": known["sha256"]}
            out.add(sample.id, attributes, **arrays)
            if attributes["status"].startswith(NO_OUTLINE):
                without_outline.append(sample.id)
    if without_outline and job.parameters["no_region"] == "fail":
        raise InputError(
            f"{len(without_outline)} videos of shard {job.shard} have no outline (the first: {without_outline[0]}); "
            "mend them, or set preprocess: no_region to safe or full-frame"
        )


def prepare(path: Path, frames: int | None, margin: int, target: Path, no_region: str = "safe") -> None:
    """Prepare one video into the file `target`, whole or not at all; whatever is wrong with it becomes its status."""
    try:
        attributes, arrays = prepared(path, frames, margin, no_region)
    except Exception as error:
        from challengeflow_clog_loss.video.decode import VideoError

        reason = str(error) if isinstance(error, VideoError) else f"{type(error).__name__}: {error}"
        attributes, arrays = {"status": reason, "shape": SHAPE}, _thumbnail(path)
    temporary = target.with_suffix(".part")
    with open(temporary, "wb") as file:
        kept = arrays | {"attributes": np.frombuffer(json.dumps(attributes).encode(), np.uint8)}
        np.savez(file, allow_pickle=False, **kept)
    os.replace(temporary, target)


def prepared(
    path: Path, expected: int | None, margin: int, no_region: str
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Attributes and arrays of a video. Raises VideoError where it cannot be used, and whatever breaks its reader."""
    from challengeflow_clog_loss.video import decode, region, surroundings

    decoded = decode.frames(path)
    first = next(decoded, None)
    if first is None:
        raise decode.VideoError("no frames")
    held = deque([first, *islice(decoded, max(HELD_BYTES // (2 * first.luma.size), region.LOOKED_AT))])
    try:
        found = region.find_region(held)
    except decode.VideoError as reason:
        held, decoded = deque(), decode.frames(path)
        found = _found_later(path, expected) or region.whole_frame([first])
        if found.found_by == "whole frame" and no_region != "full-frame":
            raise reason from None
    rows, columns = box = found.box(margin)
    cube, sums, shown = [], [], []
    for frame in _let_go(held, decoded):
        cube.append(frame.luma[rows, columns].copy())
        sums.append(surroundings.blocks(frame.luma))
        shown.append(region.line_shown(frame, found) if found.found_by == "colour" else 1.0)
    _check_count(len(cube), expected)
    if (there := decode.share_there(path)) < CUT_OFF:
        raise decode.VideoError(f"damaged: cut off after {there:.0%} of its length")
    attributes = {
        "status": "ok",
        "shape": SHAPE,
        "frames": len(cube),
        "size": list(found.inside.shape),
        "codec_format": first.codec_format,
        "box": [rows.start, columns.start, rows.stop, columns.stop],
        "found_by": found.found_by,
        "region": found.quality(),
        "absent": int((np.array(shown) < SHOWN * max(shown)).sum()),
        "other_colour": first.other_colour(),
    }
    attributes["streams"], attributes["declared"] = decode.streams(path)
    whole = region.without_outline(np.stack(cube), found.outline[box])
    attributes |= _seen(whole[:, found.inside[box]])
    return attributes, {
        "cube": whole,
        "mask": found.inside[box].astype(np.uint8),
        "surroundings": surroundings.measure(sums, found),
    }


def _found_later(path: Path, expected: int | None) -> "Region | None":
    """The region that the outline's colour encloses in some part of the video, where the first frames show none."""
    from challengeflow_clog_loss.video import decode, region

    decoded, count, found = decode.frames(path), 0, None
    while part := list(islice(decoded, PART)):
        count += len(part)
        found = found or region.region_by_colour(part)
    _check_count(count, expected)
    return found


def _seen(pixels: np.ndarray) -> dict[str, Any]:
    """What the region's pixels, uint8 (frames, pixels), show; VideoError where too few frames differ."""
    from challengeflow_clog_loss.video.decode import VideoError

    repeats = _repeats(pixels)
    if len(pixels) - repeats < FEWEST_FRAMES:
        raise VideoError(f"too few different frames to see motion: {len(pixels) - repeats} of {len(pixels)}")
    black, bright = float((pixels <= BLACK).mean()), float((pixels >= BRIGHT).mean())
    return {"repeats": repeats, "black": round(black, 3), "bright": round(bright, 3)}


def _repeats(pixels: np.ndarray) -> int:
    """How many frames, uint8 (frames, pixels), are as one of the LONGEST_LOOP before."""
    some = pixels[:, :: max(1, pixels.shape[1] // PIXELS)].astype(np.int16)
    usual = np.quantile(np.abs(some[1:] - some[:-1]).mean(axis=1), 0.95)
    alike = np.clip(SAME_SHARE * usual, SAME, SAME_MOST)
    same = np.zeros(len(some), bool)
    for lag in range(1, min(len(some), LONGEST_LOOP + 1)):
        same[lag:] |= np.abs(some[lag:] - some[:-lag]).mean(axis=1) <= alike
    return int(same.sum())


def _let_go(held: deque, decoded: Iterator) -> Iterator:
    """The frames held, then the rest; each is let go of once used, so that the decoder takes its memory again."""
    while held:
        yield held.popleft()
    yield from decoded


def _check_count(found: int, expected: int | None) -> None:
    """A damaged stream would otherwise pass as a short one."""
    from challengeflow_clog_loss.video.decode import VideoError

    if expected is not None and found != expected:
        raise VideoError(f"{found} frames, expected {expected}")
    if found < FEWEST_FRAMES:
        raise VideoError(f"too few frames to see motion: {found}")


def _thumbnail(path: Path) -> dict[str, np.ndarray]:
    """The first frame, made small, as the array `thumbnail`; nothing where there is none."""
    from challengeflow_clog_loss.video import decode

    try:
        luma = next(decode.frames(path)).luma
    except (decode.VideoError, StopIteration):
        return {}
    step = -(-luma.shape[1] // THUMBNAIL)
    return {"thumbnail": luma[::step, ::step].copy()}


def _kept(work: Path, sample: str) -> Path:
    return work / f"{sample}.npz"


def read_kept(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    with np.load(path, allow_pickle=False) as kept:
        arrays = {name: kept[name] for name in kept.files}
    return json.loads(arrays.pop("attributes").tobytes()), arrays


def _frames(text: str) -> int | None:
    """Frames the metadata promises; a folder of one's own says nothing."""
    return int(text) if text else None
