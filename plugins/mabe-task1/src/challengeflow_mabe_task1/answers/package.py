"""The submission AIcrowd accepts, checked as it would be, and the answers in a form people read.

Nothing is ever sent: the command that would do so is written beside the submission. The key it needs is AIcrowd's
business (`aicrowd login`); no key is read, written or logged here.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from challengeflow import Answers, InputError, PackageJob, __version__
from challengeflow_mabe_task1.answers import frame_scores, lab_tables, label_next, videos
from challengeflow_mabe_task1.answers.answered import Answered, answered, decision_of
from challengeflow_mabe_task1.data.layouts import read_submission, sample_submission
from challengeflow_mabe_task1.pictures import answer_ethograms

SLUGS = {"task1": "mabe-task-1-classical-classification"}
"""AIcrowd's names of the challenges, as far as they are known for sure."""


def package(job: PackageJob) -> None:
    """Write tables, pictures and a manifest for each dataset, and `submission.npy` or exports for other programs."""
    for dataset, answers in job.answers.items():
        folder = job.output if len(job.answers) == 1 else job.output / dataset
        folder.mkdir(exist_ok=True)
        sequences = answered(answers)
        lab_tables.write(folder, sequences, decision_of(answers), job.parameters["shortest_bout"])
        if job.submission == "npy":
            write_submission(folder / "submission.npy", answers, sequences)
            command = submit_command(dataset, answers.model)
            (folder / "how-to-submit.txt").write_text(command + "\n")
            job.progress.message(f"not sent; to submit: {command.splitlines()[-1]}")
        else:
            filmed = videos.beside(answers.source)
            lab_tables.export(folder, sequences, {name: path.name for name, path in filmed.items()})
            frame_scores.write(folder, sequences, job.parameters["frame_scores"])
            moments = label_next.choose(answers, job.parameters["label_next"])
            label_next.write(folder / "label_next.csv", moments)
            videos.write(job, folder, filmed, sequences, moments)
        answer_ethograms.draw(folder / "pictures", sequences, job.parameters["pictures"])
        write_manifest(folder, answers, sequences)


def write_submission(path: Path, answers: Answers, sequences: Sequence[Answered]) -> None:
    """Write sequence id -> list of Python ints, one a frame (task 3: below the behaviour's name), and check it."""
    names = decision_of(answers)["vocabulary"]
    labels = {one.id: [int(label) for label in one.labels] for one in sequences}
    value: dict[str, Any] = {names[0]: labels} if answers.dataset == "task3" else labels
    np.save(path, np.array(value, dtype=object), allow_pickle=True)
    validate_submission(path, {one.id: one.frames for one in sequences}, len(names))
    reference = None if answers.source in ("demo", "official") else sample_submission(Path(answers.source))
    if reference is not None:
        expected = {name: len(own) for name, own in read_submission(reference, names[0]).items()}
        validate_submission(path, expected, len(names))


def submit_command(dataset: str, model: str) -> str:
    """How a participant sends the submission, once they want to."""
    slug = SLUGS.get(dataset, "SLUG")
    where = "" if dataset in SLUGS else "# SLUG is the last part of the challenge's address on aicrowd.com\n"
    return (
        "# once: pip install aicrowd-cli (in an environment of its own with Python 3.9), then: aicrowd login\n"
        f'{where}aicrowd submission create -c {slug} -f submission.npy -d "challengeflow {model}"'
    )


def write_manifest(folder: Path, answers: Answers, sequences: Sequence[Answered]) -> None:
    """Write manifest.json: the sha256 of every file of the package, and what it answers."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "manifest.json")
    manifest = {
        "files": {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
        "dataset": answers.dataset,
        "model": answers.model,
        "sequences": len(sequences),
        "frames": sum(one.frames for one in sequences),
        "vocabulary": decision_of(answers)["vocabulary"],
        "challengeflow": __version__,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n")


def validate_submission(path: Path, frames: Mapping[str, int], classes: int) -> None:
    """Check a submission as AIcrowd's system does: keys and their order, lengths, whole numbers, range.

    frames: sequence id -> expected number of frames, in order. Raises InputError that names the first thing wrong.
    """
    submission = read_submission(path)
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
