"""The submission AIcrowd accepts, checked as it would be, and the answers in a form people read."""

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from challengeflow import Answers, InputError, PackageJob, Sample
from challengeflow.arrays import Arrays, Predictions
from challengeflow.pickles import load_npy
from challengeflow_mabe_task1.decoding import decode
from challengeflow_mabe_task1.layouts import background, read_submission, sample_submission

BOUT_COLUMNS = ("sequence", "behaviour", "start_frame", "stop_frame", "start_s", "stop_s", "duration_s")
SUMMARY_COLUMNS = ("sequence", "status", "behaviour", "bouts", "total_s", "share", "latency_s", "mean_bout_s")


def run(job: PackageJob) -> None:
    """Write `submission.npy` with its manifest, or the tables `bouts.csv` and `summary.csv` of each dataset."""
    for dataset, answers in job.answers.items():
        folder = job.output if len(job.answers) == 1 else job.output / dataset
        folder.mkdir(exist_ok=True)
        write_tables(folder, answers, job.parameters["shortest_bout"])
        if job.submission == "npy":
            write_submission(folder / "submission.npy", answers)


def write_submission(path: Path, answers: Answers) -> None:
    """Write sequence id -> list of Python ints, one a frame, check what was written, and state its checksum."""
    frames = {sample.id: attributes["shape"][0] for sample, attributes, _ in _decoded(answers)}
    classes = len(_decision(answers)["vocabulary"])
    submission = {sample.id: [int(label) for label in labels] for sample, _, labels in _decoded(answers)}
    np.save(path, submission, allow_pickle=True)
    validate_submission(path, frames, classes)
    reference = _sample_submission(answers.source)
    if reference is not None:
        behaviour = _decision(answers)["vocabulary"][0]
        validate_submission(
            path, {name: len(labels) for name, labels in read_submission(reference, behaviour).items()}, classes
        )
    manifest = {
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "sequences": len(frames),
        "frames": sum(frames.values()),
        "model": answers.model,
    }
    (path.parent / "manifest.json").write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n")


def validate_submission(path: Path, frames: Mapping[str, int], classes: int) -> None:
    """Check a submission as AIcrowd's system does: keys and their order, lengths, whole numbers, range.

    frames: sequence id -> expected number of frames, in order. Raises InputError that names the first thing wrong.
    """
    submission = load_npy(path)
    if not isinstance(submission, dict):
        raise InputError(f"{path} holds a {type(submission).__name__}; expected a dictionary sequence -> class numbers")
    missing = [name for name in frames if name not in submission]
    surplus = [name for name in submission if name not in frames]
    if missing or surplus:
        wrong = f"lacks sequence {missing[0]!r}" if missing else f"has {surplus[0]!r}, which is no test sequence"
        raise InputError(f"{path} {wrong}; it must have exactly the {len(frames)} sequences of the test file")
    if list(submission) != list(frames):
        first = next(name for name, expected in zip(submission, frames, strict=True) if name != expected)
        raise InputError(f"{path} has sequence {first!r} out of order; list the sequences as the test file does")
    for name, labels in submission.items():
        _validate_labels(path, name, labels, frames[name], classes)


def _validate_labels(path: Path, name: str, labels: Any, frames: int, classes: int) -> None:
    if not isinstance(labels, list | tuple | np.ndarray) or np.ndim(labels) != 1:
        raise InputError(f"{path} has no flat list of class numbers for sequence {name!r}")
    if len(labels) != frames:
        raise InputError(
            f"{path} has {len(labels)} class numbers for sequence {name!r}; expected {frames}, one a frame"
        )
    for frame, label in enumerate(labels):
        if isinstance(label, bool | np.bool_) or not isinstance(label, int | np.integer):
            raise InputError(f"{path} has {label!r} at frame {frame} of sequence {name!r}; expected an int")
        if not 0 <= label < classes:
            raise InputError(f"{path} has {label} at frame {frame} of sequence {name!r}; expected 0 to {classes - 1}")


def write_tables(folder: Path, answers: Answers, shortest_bout: float) -> None:
    """Write the bouts of each behaviour ('other' aside) and, per sequence and behaviour, count, time and latency."""
    vocabulary = _decision(answers)["vocabulary"]
    with (
        open(folder / "bouts.csv", "w", newline="") as bout_file,
        open(folder / "summary.csv", "w", newline="") as summary_file,
    ):
        bout_table = csv.writer(bout_file, lineterminator="\n")
        summary_table = csv.writer(summary_file, lineterminator="\n")
        bout_table.writerow(BOUT_COLUMNS)
        summary_table.writerow(SUMMARY_COLUMNS)
        for sample, attributes, labels in _decoded(answers):
            fps = attributes.get("fps", 30.0)
            found = [bout for bout in bouts(labels) if (bout[2] - bout[1]) / fps >= shortest_bout]
            rest = background(vocabulary)
            for label, start, stop in found:
                if label != rest:
                    times = (_seconds(start, fps), _seconds(stop, fps), _seconds(stop - start, fps))
                    bout_table.writerow([sample.id, vocabulary[label], start, stop, *times])
            for label, behaviour in enumerate(vocabulary):
                own = [(start, stop) for which, start, stop in found if which == label]
                summary_table.writerow([sample.id, attributes["status"], behaviour, *_summary(own, len(labels), fps)])


def bouts(labels: np.ndarray) -> list[tuple[int, int, int]]:
    """Runs of one class as (class, first frame, frame after the last)."""
    if not len(labels):
        return []
    starts = np.append(0, np.flatnonzero(np.diff(labels)) + 1)
    stops = np.append(starts[1:], len(labels))
    return [(int(labels[start]), int(start), int(stop)) for start, stop in zip(starts, stops, strict=True)]


def _summary(own: list[tuple[int, int]], frames: int, fps: float) -> tuple:
    """Number of bouts, total seconds, share of the sequence, seconds to the first (empty: never), mean seconds."""
    total = sum(stop - start for start, stop in own)
    latency = _seconds(own[0][0], fps) if own else ""
    mean = _seconds(total / len(own), fps) if own else ""
    return len(own), _seconds(total, fps), f"{total / max(frames, 1):.5f}", latency, mean


def _seconds(frames: float, fps: float) -> str:
    return f"{frames / fps:.3f}"


def _decision(answers: Answers) -> dict[str, Any]:
    return json.loads(answers.decision.read_text())


def _decoded(answers: Answers) -> Iterator[tuple[Sample, dict[str, Any], np.ndarray]]:
    """Each test sequence in the order of the test file: its sample, attributes and class numbers (T,)."""
    decision = _decision(answers)
    places = [(sample, shard) for shard in answers.shards for sample in shard.samples]
    for sample, shard in sorted(places, key=lambda place: int(place[0].columns["position"])):
        attributes = Arrays(shard.prepared).attributes(sample.id)
        if attributes["vocabulary"] != decision["vocabulary"]:
            raise InputError(
                f"sequence {sample.id} has the behaviours {attributes['vocabulary']}, the decision "
                f"{decision['vocabulary']}; set the preprocess parameter 'vocabulary' to the latter"
            )
        scores = Predictions(shard.predictions)[sample.id]
        yield sample, attributes, _answer(scores, attributes, decision)


def _answer(scores: np.ndarray, attributes: dict[str, Any], decision: dict[str, Any]) -> np.ndarray:
    if attributes["status"] != "ok":
        return np.full(len(scores), background(decision["vocabulary"]), np.int16)
    return decode(scores, decision, attributes["fps"])


def _sample_submission(source: str) -> Path | None:
    """The organisers' sample submission beside local files, if it is there."""
    return None if source in ("demo", "official") else sample_submission(Path(source))
