"""The submission file, checked as the challenge's system would check it, and a table that people read.

`submission.csv`: filename,stalled with whole numbers 0 and 1, every test video once, in the order of
submission_format.csv, LF line ends. `answers.csv`: probability, answer and reading status of each video.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from challengeflow import Answers, InputError, PackageJob
from challengeflow.arrays import Arrays, Predictions
from challengeflow_clog_loss import tables

COLUMNS = ("filename", "stalled")
ANSWER_COLUMNS = ("filename", "probability", "answer", "status")
UNUSUAL_SHARE = (0.02, 0.08)  # of stalled answers: the competition's best entries had 4 to 5 %


class Answer(NamedTuple):
    """What is said of one video."""

    position: int
    filename: str
    probability: float
    stalled: int
    status: str


def run(job: PackageJob) -> None:
    """Write the files of the submission `job.submission` ("csv" or "answers") and check them."""
    for dataset, given in job.answers.items():
        answers = read_answers(given)
        rows = [(a.filename, f"{a.probability:.6f}", ("flowing", "stalled")[a.stalled], a.status) for a in answers]
        tables.write_table(job.output / "answers.csv", ANSWER_COLUMNS, rows)
        share = sum(answer.stalled for answer in answers) / max(len(answers), 1)
        job.progress.message(f"{dataset}: {share:.1%} of {len(answers)} videos answered stalled")
        if given.source == "official" and not UNUSUAL_SHARE[0] <= share <= UNUSUAL_SHARE[1]:
            job.progress.message(
                "about 4 to 5 % of the competition's test videos are stalled; consider score: target_prevalence"
            )
        if job.submission == "csv":
            path = job.output / "submission.csv"
            tables.write_table(path, COLUMNS, [(answer.filename, answer.stalled) for answer in answers])
            validate_submission(path, [answer.filename for answer in answers])


def read_answers(given: Answers) -> list[Answer]:
    """The answers of a dataset's test videos in the order the organisers list them."""
    threshold = json.loads(Path(given.decision).read_text())["threshold"]
    answers = []
    for shard in given.shards:
        prepared, predictions = Arrays(shard.prepared), Predictions(shard.predictions)
        for sample in shard.samples:
            probability = float(predictions[sample.id].reshape(-1)[0])
            status = prepared.attributes(sample.id)["status"]
            place = int(sample.columns["position"])
            answers.append(
                Answer(place, sample.columns["filename"], probability, int(probability >= threshold), status)
            )
    return sorted(answers)


def validate_submission(path: Path, expected: Sequence[str]) -> None:
    """Raise InputError, naming the first wrong row, unless `path` answers the videos `expected`, in order."""
    try:
        text = path.read_bytes().decode("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as plain text ({error}); write it again with `package`") from None
    if "\r" in text or not text.endswith("\n"):
        raise InputError(f"{path} must have LF line ends, the last line too; write it again with `package`")
    header, *lines = text[:-1].split("\n")
    if header != ",".join(COLUMNS):
        raise InputError(
            f"{path}, line 1: found {header!r}, expected {','.join(COLUMNS)!r}; write it again with `package`"
        )
    for line, (row, filename) in enumerate(zip(lines, expected, strict=False), 2):
        name, _, stalled = row.partition(",")
        if name != filename:
            raise InputError(
                f"{path}, line {line}: found {name!r}, expected {filename}; keep the order of submission_format.csv"
            )
        if stalled not in ("0", "1"):
            raise InputError(
                f"{path}, line {line}: stalled is {stalled!r}, expected 0 or 1; submit answers, not probabilities"
            )
    if len(lines) != len(expected):
        raise InputError(f"{path} has {len(lines)} videos, expected {len(expected)}; every test video needs one row")
