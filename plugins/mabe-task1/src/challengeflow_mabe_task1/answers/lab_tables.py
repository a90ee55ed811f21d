"""Answers as a lab reads them: tables of bouts, recordings and quality, and files that Bento and BORIS open."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from challengeflow.tables import write_table
from challengeflow_mabe_task1.answers.answered import Answered, file_names
from challengeflow_mabe_task1.formats import bento, boris_project
from challengeflow_mabe_task1.formats.bouts import Bout

BOUT_COLUMNS = ("sequence", "behaviour", "start_frame", "stop_frame", "start_s", "stop_s", "duration_s")
SUMMARY_COLUMNS = ("sequence", "status", "behaviour", "bouts", "total_s", "share", "latency_s", "mean_bout_s")
QUALITY_COLUMNS = (
    "sequence",
    "status",
    "seconds",
    "fps",
    "resident_missing",
    "intruder_missing",
    "resident_longest_gap_s",
    "intruder_longest_gap_s",
    "resident_jumps",
    "intruder_jumps",
    "suspected_swaps",
    "low_confidence",
    "body_extent_px",
    "body_extent_cm",
    "warnings",
)


def write(folder: Path, sequences: Sequence[Answered], decision: dict[str, Any], shortest_bout: float) -> None:
    """Write bouts.csv, summary.csv, quality.csv, and shares.csv (class shares in train and here)."""
    write_table(folder / "bouts.csv", BOUT_COLUMNS, _bout_rows(sequences, shortest_bout))
    write_table(folder / "summary.csv", SUMMARY_COLUMNS, _summary_rows(sequences, shortest_bout))
    write_table(folder / "quality.csv", QUALITY_COLUMNS, map(_quality_row, sequences))
    write_table(folder / "shares.csv", ("behaviour", "train", "predicted"), _share_rows(sequences, decision))


def export(folder: Path, sequences: Sequence[Answered], videos: Mapping[str, str]) -> None:
    """Write what Bento and BORIS open: bento/NAME.annot of each sequence that could be read, answers.boris of all.

    videos: file names of those that are known; BORIS asks where the others are.
    """
    names = file_names(one.id for one in sequences)
    (folder / "bento").mkdir()
    readable = [one for one in sequences if one.attributes["status"] == "ok"]
    for one in readable:
        path = folder / "bento" / f"{names[one.id]}.annot"
        bento.write(path, one.bouts(), one.first + one.frames, one.fps, videos.get(one.id, one.id), one.behaviours)
    observed = [
        (one.id, videos.get(one.id, f"{one.id}.mp4"), one.bouts(), one.first + one.frames, one.fps) for one in readable
    ]
    boris_project.write(folder / "answers.boris", observed, readable[0].behaviours if readable else ())


def _bout_rows(sequences: Sequence[Answered], shortest: float) -> Iterable[tuple]:
    for one in sequences:
        for bout in one.bouts(shortest):
            times = (_seconds(frames, one.fps) for frames in (bout.start, bout.stop, bout.stop - bout.start))
            yield one.id, bout.behaviour, bout.start, bout.stop, *times


def _summary_rows(sequences: Sequence[Answered], shortest: float) -> Iterable[tuple]:
    for one in sequences:
        if one.attributes["status"] != "ok":
            yield one.id, one.attributes["status"], *[""] * 6
            continue
        found = one.bouts(shortest, background_too=True)
        for behaviour in one.attributes["vocabulary"]:
            own = [bout for bout in found if bout.behaviour == behaviour]
            yield one.id, one.attributes["status"], behaviour, *_summary(own, one)


def _summary(own: Sequence[Bout], one: Answered) -> tuple:
    """Number of bouts, total seconds, share of the sequence, seconds to the first (empty: never), mean seconds."""
    total = sum(bout.stop - bout.start for bout in own)
    latency = _seconds(own[0].start - one.first, one.fps) if own else ""
    mean = _seconds(total / len(own), one.fps) if own else ""
    return len(own), _seconds(total, one.fps), f"{total / max(one.frames, 1):.5f}", latency, mean


def _quality_row(one: Answered) -> tuple:
    found, scale = one.attributes.get("quality"), one.attributes["pixels_per_cm"]
    if found is None:
        return one.id, one.attributes["status"], _seconds(one.frames, one.fps), f"{one.fps:g}", *[""] * 11
    extent = found["body_extent_px"]
    return (
        one.id,
        "ok",
        _seconds(one.frames, one.fps),
        f"{one.fps:g}",
        *found["missing"],
        *found["longest_gap_s"],
        *found["jumps"],
        found["swaps"],
        found["doubtful"],
        extent,
        f"{extent / scale:.2f}" if scale else "",
        "; ".join([*one.attributes.get("notes", ()), *found["warnings"]]),
    )


def _share_rows(sequences: Sequence[Answered], decision: dict[str, Any]) -> Iterable[tuple]:
    frames = max(1, sum(one.frames for one in sequences))
    for k, behaviour in enumerate(decision["vocabulary"]):
        train = decision.get("train_shares")
        predicted = sum(int((one.labels == k).sum()) for one in sequences) / frames
        yield behaviour, "" if train is None else f"{train[k]:.5f}", f"{predicted:.5f}"


def _seconds(frames: float, fps: float) -> str:
    return f"{frames / fps:.3f}"
